"""Whether the rules about recovery and retention hold, asset by asset and class by class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import cast

from compliance.facts.recovery import asset_facts
from compliance.judging import Judgement
from compliance.models import Asset, Backup, Purge
from compliance.recovery.keeping import goes_before, kept_until, parse_span
from compliance.selectors.recovery import assets_loaded
from compliance.services.recovery.record_classes import BY_SLUG, RecordClass
from compliance.services.recovery.standing import WINDOW, Stand, stands
from compliance.services.recovery.targets import POINT
from opsportal.core.lengths import length_in_words
from opsportal.standards import engine
from opsportal.standards.rules import Rule, Standard
from opsportal.standards.standing import Recover, Retain, Span

BACKUPS = "backups"
OVERDUE = timedelta(days=31)
"""How long what may go may lie before a rule that wants it deleted is broken: a purge is monthly work."""


def recover_evaluate(rules: Sequence[Rule], standard: Standard, now: datetime) -> dict[str, list[Judgement]]:
    """Judge rules about recovery time and point by what was reported in the last 30 days and the tests.

    A recovery point of 0 is only shown by a restore or failover that lost nothing: copies at intervals
    cannot.
    """
    found: dict[str, list[Judgement]] = {rule.id: [] for rule in rules}
    assets = list(assets_loaded().filter(state="active").order_by("id"))
    for stand in stands(assets, begins=now - WINDOW, ends=now):
        for demanded in engine.standing(standard, POINT, asset_facts(stand.asset)):
            if demanded.rule_id in found and isinstance(demanded.demand, Recover):
                found[demanded.rule_id].append(_recover(demanded.demand, stand))
    return found


def retain_evaluate(rules: Sequence[Rule], standard: Standard, now: datetime) -> dict[str, list[Judgement]]:
    """Judge rules about keeping records: own ones by what is there and what was deleted, others by assets."""
    found: dict[str, list[Judgement]] = {}
    for rule in rules:
        demand = cast(Retain, rule.demand)
        if (own := BY_SLUG.get(demand.records)) is not None:
            found[rule.id] = [_own(own, demand, now)]
            if own.beside:
                # Others keep such records too; that the portal does proves nothing of theirs.
                part = replace(found[rule.id][0], subject=("records", own.slug), title=own.beside.rstrip("."))
                found[rule.id] = [part, *_elsewhere(demand, now)]
        elif demand.records == BACKUPS:
            found[rule.id] = _backups(demand.keep)
        else:
            found[rule.id] = _elsewhere(demand, now)
    return found


def _recover(demand: Recover, stand: Stand) -> Judgement:
    parts = [
        *([_rto(demand.rto, stand)] if demand.rto is not None else []),
        *([_rpo(demand.rpo, stand)] if demand.rpo is not None else []),
    ]
    status = next((word for word in ("breached", "no_data") if any(part[0] == word for part in parts)), "met")
    records = [("asset", stand.asset.key)]
    if stand.test is not None:
        records.append(("restore_test", stand.test.key))
    return Judgement(
        status=status,  # type: ignore[arg-type]  # one of the three words above
        subject=("asset", stand.asset.key),
        title=stand.asset.name,
        value=", ".join(part[1] for part in parts if part[1]),
        target=", ".join(
            f"{name} {length_in_words(limit)}"
            for name, limit in (("RTO", demand.rto), ("RPO", demand.rpo))
            if limit is not None
        ),
        because=" ".join(part[2] for part in parts),
        deliverer=f"the owner of {stand.asset.name}" if status == "no_data" else "",
        records=tuple(records),
    )


def _taken(length: timedelta) -> str:
    return length_in_words(length, up=True)


def _rto(limit: timedelta, stand: Stand) -> tuple[str, str, str]:
    """Return status, value and the reason in words."""
    test = stand.test
    if test is None:
        return "no_data", "", "Nothing was ever really restored from a backup of it."
    value = f"RTO {_taken(test.rto)}" if test.rto is not None else ""
    if test.outcome == "failed":
        return "breached", value, f"The restore test {test.key} failed."
    if test.rto is None:
        return "no_data", "", f"The restore test {test.key} measured no recovery time."
    if test.rto > limit:
        return "breached", value, f"{test.key} took {_taken(test.rto)}, {_taken(test.rto - limit)} too long."
    return "met", value, f"{test.key} took {_taken(test.rto)}."


def _rpo(limit: timedelta, stand: Stand) -> tuple[str, str, str]:
    test, worst = stand.test, stand.realised.worst
    if not limit:
        if test is None or test.rpo is None:
            return "no_data", "", "No restore or failover has shown yet that nothing is lost."
        kept = not test.rpo
        lost = "lost nothing" if kept else f"lost {_taken(test.rpo)} of data"
        return "met" if kept else "breached", f"RPO {_taken(test.rpo)}", f"{test.key} {lost}."
    if stand.newest is None:
        return "no_data", "", "No backup of it was ever reported."
    if worst is None:
        span = _taken(stand.realised.uncovered)
        return "breached", "", f"For {span} of the last 30 days nothing could have been restored."
    value = f"RPO {_taken(worst)}"
    if worst > limit:
        at = f"{stand.realised.worst_at:%Y-%m-%d %H:%M} UTC"
        return "breached", value, f"At {at} a disaster would have cost {_taken(worst)} of data."
    if test is not None and test.rpo is not None and test.rpo > limit:
        return "breached", value, f"The data that {test.key} restored was {_taken(test.rpo)} old."
    return "met", value, f"At most {_taken(worst)} of data could have been lost in the last 30 days."


def _own(records: RecordClass, demand: Retain, now: datetime) -> Judgement:
    oldest = records.oldest()
    since = f"The oldest is of {oldest:%Y-%m-%d}." if oldest else "There are none yet."
    target = f"kept {demand.keep}"
    for purge in Purge.objects.filter(records=records.slug).order_by("-id")[:200]:
        until = kept_until(purge.newest_at, demand.keep)
        if until is None or purge.at < until:
            return Judgement(
                "breached",
                value=f"deleted up to {purge.newest_at:%Y-%m-%d}",
                target=target,
                because=f"Records were deleted on {purge.at:%Y-%m-%d} that had to be kept.",
                records=(("purge", str(purge.pk)),),
            )
    if records.kept_because:
        return Judgement("met", value=since, target=target, because=f"Nothing is deleted. {since}")
    limit = goes_before(now - OVERDUE, demand.keep)
    is_over = limit is not None and oldest is not None and oldest < limit
    if demand.then == "delete" and limit is not None and is_over and records.before(limit).exists():
        return Judgement(
            "breached",
            value=since,
            target=target,
            because=f"What need not be kept any more has not been deleted. {since}",
        )
    return Judgement("met", value=since, target=target, because=f"Nothing was deleted too early. {since}")


def _backups(keep: Span) -> list[Judgement]:
    """Judge by asset whether its newest backup is kept long enough."""
    newest: dict[int, Backup] = {}
    assets = list(Asset.objects.filter(state="active").order_by("id"))
    for asset in assets:
        row = Backup.objects.filter(asset=asset, result="succeeded").order_by("-finished_at", "-id").first()
        if row is not None:
            newest[asset.pk] = row
    return [_backup(asset, newest.get(asset.pk), keep) for asset in assets]


def _backup(asset: Asset, backup: Backup | None, keep: Span) -> Judgement:
    subject, target = ("asset", asset.key), f"kept {keep}"
    owner = f"the owner of {asset.name}"
    if backup is None or backup.retention_until is None:
        missing = "No backup of it was ever reported." if backup is None else "Its backups say no end."
        return Judgement("no_data", subject, asset.name, "", target, missing, owner)
    until = kept_until(backup.finished_at, keep)
    # A period counts whole days; what is kept to the hour of its last day keeps it too.
    long_enough = until is not None and backup.retention_until >= until - timedelta(days=1)
    value = f"kept {length_in_words(backup.retention_until - backup.finished_at)}"
    words = "long enough" if long_enough else "too short"
    return Judgement(
        "met" if long_enough else "breached",
        subject,
        asset.name,
        value,
        target,
        f"Its newest backup is {value}: {words}.",
        "",
        (("backup", str(backup.pk)),),
    )


def _elsewhere(demand: Retain, now: datetime) -> list[Judgement]:
    """Judge records that the portal does not keep by what the owners of assets with them say."""
    assets = list(Asset.objects.filter(state="active", record_class=demand.records).order_by("id"))
    target = f"kept {demand.keep}"
    if not assets:
        return [
            Judgement(
                "no_data",
                target=target,
                because=f"No asset is of the class {demand.records}: nobody says how long others keep them.",
                deliverer="whoever keeps them, by writing down an asset of this class of records",
            )
        ]
    return [_declared(asset, demand, target, now) for asset in assets]


def _declared(asset: Asset, demand: Retain, target: str, now: datetime) -> Judgement:
    subject = ("asset", asset.key)
    if not asset.kept_for:
        because = "Its owner has not said for how long it keeps its records."
        return Judgement("no_data", subject, asset.name, "", target, because, f"the owner of {asset.name}")
    declared, demanded = kept_until(now, parse_span(asset.kept_for)), kept_until(now, demand.keep)
    kept = declared is None or (demanded is not None and declared >= demanded)
    value = f"kept {asset.kept_for}"
    because = f"Its owner says: {value}."
    return Judgement("met" if kept else "breached", subject, asset.name, value, target, because)
