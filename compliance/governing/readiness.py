"""Whether a service is ready to be run: from what the portal sees and what its owner stated. Pure.

What the portal has a record of by itself wins over what somebody stated, unless the record is the older
one of two that say no. What nobody knows is "no data", never "met".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from compliance.governing.kinds import READINESS

FRESH_ALERT = timedelta(days=90)
"""An alert that arrived from the service this recently has shown that its alerts arrive."""
FRESH_ROLLBACK = timedelta(days=365)
"""So long a rollback, in earnest or in an exercise, shows that it can be done."""
FRESH_BACKUP = timedelta(days=31)
VALID = timedelta(days=180)
"""How long a statement holds where nobody says until when."""


_WORDS = {
    "health_check": ("health",),
    "logs": ("log", "logs", "logging", "loki", "kibana"),
    "metrics": ("metrics", "dashboard", "dashboards", "grafana", "prometheus"),
    "traces": ("trace", "traces", "tracing", "jaeger", "tempo"),
}


def item_of_link(title: str) -> str:
    """Return the item that a link of the catalogue with this title shows, `""` for none."""
    words = set(title.lower().replace("-", " ").replace("/", " ").split())
    return next((item for item, known in _WORDS.items() if words.intersection(known)), "")


@dataclass(frozen=True, slots=True)
class Sign:
    """Something that the portal has seen, or that somebody stated. `record` is (kind, key)."""

    item: str
    met: bool
    because: str
    at: datetime
    record: tuple[str, str]
    stated: bool = False
    valid_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one item stands: `met`, `not_met` or `no_data`, why, and by which record."""

    item: str
    status: str
    because: str
    at: datetime | None = None
    record: tuple[str, str] | None = None
    stated: bool = False
    valid_until: datetime | None = None

    @property
    def title(self) -> str:
        return READINESS[self.item]


def standing_of(item: str, signs: Iterable[Sign], now: datetime) -> Standing:
    """Return where `item` stands at `now` (aware UTC) by what is known of it."""
    mine = [sign for sign in signs if sign.item == item]
    valid = [sign for sign in mine if sign.valid_until is None or sign.valid_until > now]
    if not valid:
        over = max(mine, key=lambda sign: sign.at, default=None)
        if over is None:
            return Standing(item, "no_data", _ASKS[item])
        return Standing(item, "no_data", f"{over.because} This ran out.", over.at, over.record, over.stated)
    seen = [sign for sign in valid if not sign.stated]
    said = [sign for sign in valid if sign.stated]
    latest_seen = max(seen, key=lambda sign: (sign.met, sign.at), default=None)
    latest_said = max(said, key=lambda sign: sign.at, default=None)
    chosen = _chosen(latest_seen, latest_said)
    return Standing(
        item,
        "met" if chosen.met else "not_met",
        chosen.because,
        chosen.at,
        chosen.record,
        chosen.stated,
        chosen.valid_until,
    )


def _chosen(seen: Sign | None, said: Sign | None) -> Sign:
    if seen is None or said is None:
        chosen = seen or said
        assert chosen is not None  # noqa: S101 - the caller has one of both
        return chosen
    # Who states that it does not work any more is believed over an older record that it did.
    if seen.met and not said.met and said.at > seen.at:
        return said
    if not seen.met and said.met:
        return seen
    return seen


def all_standings(signs: Iterable[Sign], now: datetime) -> dict[str, Standing]:
    """Return where each item stands."""
    known = list(signs)
    return {item: standing_of(item, known, now) for item in READINESS}


def summed(standings: Mapping[str, Standing]) -> tuple[int, int, int]:
    """Return how many items are met, not met, and without data."""
    counts = [sum(one.status == status for one in standings.values()) for status in _STATUSES]
    return counts[0], counts[1], counts[2]


_STATUSES = ("met", "not_met", "no_data")
_ASKS = {
    "health_check": "No health check is linked or stated. Link it in the catalogue, or state where it is.",
    "logs": "No place of its logs is linked or stated. Link it in the catalogue, or state where they are.",
    "metrics": "No metrics or dashboard are linked or stated. Link them in the catalogue, or state where.",
    "traces": "Nobody has stated where its traces are.",
    "alert": "No alert of this service has arrived in 90 days. Send a test alert.",
    "runbook": "No published runbook names this service. Attach one.",
    "backup": "No backup of an asset of this service is recorded, and nobody states that it keeps no data.",
    "on_call": "No escalation policy covers this service. Give it one with a schedule that has people.",
    "rollback": "No rollback of this service is recorded in a year. Roll one back in an exercise.",
}
