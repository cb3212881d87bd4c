"""The report on backups: what could have been lost, what was restored, each against its target."""

from __future__ import annotations

from datetime import datetime

from compliance.recovery.ladder import TITLES
from compliance.selectors.recovery import assets_loaded
from compliance.selectors.reports.report import Report, seconds
from compliance.services.recovery.standing import Stand, stands
from opsportal.core.actor import Actor
from opsportal.core.lengths import length_in_words
from opsportal.web.printing import Facts, Paragraph, Table

MOST = 1_000
STATUSES = {
    "fine": "Targets are kept",
    "late": "A target is broken",
    "silent": "No backup was ever reported",
    "unknown": "No rule says anything, or nothing was measured",
}
COLUMNS = (
    "key",
    "asset",
    "tier",
    "status",
    "succeeded",
    "failed",
    "newest_at",
    "rpo_seconds",
    "rpo_target_seconds",
    "uncovered_seconds",
    "gaps",
    "restore_test",
    "restore_level",
    "restored_at",
    "rto_seconds",
    "rto_target_seconds",
    "since",
)
NOTE = (
    "What could have been lost is computed from the backups that were reported, at the worst moment of this"
    " time, from the first backup of an asset on or from when it was due. Times of restores are those of the"
    " newest test in which something was really restored."
)


def backup_stands(start: datetime, end: datetime) -> list[Stand]:
    """Return how the assets in use stood between two instants (aware UTC), by name; 1,000 at most."""
    assets = list(assets_loaded().filter(state="active").order_by("name", "id")[:MOST])
    return stands(assets, begins=start, ends=end)


def report(actor: Actor, now: datetime, start: datetime, end: datetime) -> Report:
    """Return the report on backups over that time."""
    found = backup_stands(start, min(end, now))
    counts = {name: sum(one.status == name for one in found) for name in STATUSES}
    return Report(
        name="backups",
        title="Backups",
        lead=f"Of {len(found)} assets, {counts['fine']} kept their targets, {counts['late']} did not.",
        start=start,
        end=end,
        blocks=(
            Facts([(STATUSES[name], str(count)) for name, count in counts.items()]),
            Table(
                (
                    "Asset",
                    "Status",
                    "Backups",
                    "Failed",
                    "Could be lost",
                    "May be lost",
                    "Restored",
                    "Took",
                    "May take",
                ),
                [_line(one, start) for one in found],
            ),
            Paragraph(NOTE, small=True),
        ),
        data={},
        columns=COLUMNS,
        rows=[cells_of(one) for one in found],
    )


def cells_of(stand: Stand) -> tuple[object, ...]:
    """Return an asset as a row of the sheet, under `COLUMNS`; lengths are whole seconds."""
    test, targets = stand.test, stand.targets
    return (
        stand.asset.key,
        stand.asset.slug,
        stand.asset.tier,
        stand.status,
        stand.succeeded,
        stand.failed,
        stand.newest,
        seconds(stand.realised.worst),
        seconds(targets.rpo.limit if targets.rpo else None),
        seconds(stand.realised.uncovered),
        len(stand.realised.gaps),
        test.key if test else None,
        test.level if test else None,
        test.ended_at if test else None,
        seconds(test.rto if test else None),
        seconds(targets.rto.limit if targets.rto else None),
        stand.since,
    )


def _lost(stand: Stand, start: datetime) -> str:
    if not stand.was_looked_at:
        return "–"
    worst = stand.realised.worst
    words = "all of it" if worst is None else length_in_words(worst, up=True)
    return f"{words}, since {stand.since:%Y-%m-%d}" if stand.since > start else words


def _line(stand: Stand, start: datetime) -> tuple[str, ...]:
    targets, test = stand.targets, stand.test
    return (
        stand.asset.name,
        STATUSES[stand.status],
        str(stand.succeeded),
        str(stand.failed),
        _lost(stand, start),
        length_in_words(targets.rpo.limit) if targets.rpo else "–",
        f"{test.ended_at:%Y-%m-%d}, {TITLES[test.level].lower()}" if test else "never",
        length_in_words(test.rto, up=True) if test and test.rto is not None else "–",
        length_in_words(targets.rto.limit) if targets.rto else "–",
    )
