"""What went wrong in the demo organisation in three months, from `incidents.toml`.

Pure: the same `now` gives the same outages.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.resources import files

FIRST_DAY = 86
LAST_DAY = 3
"""Days ago of the first and the last outage."""


@dataclass(frozen=True, slots=True)
class Outage:
    """One incident of the past. Minutes count from its detection."""

    service: str
    severity: str
    found_by: str
    title: str
    summary: str
    alarm: str
    who: str
    taken: int
    stopped: int
    over: int
    cause: str
    resolution: str
    notes: tuple[str, ...] = ()
    public: tuple[str, ...] = ()
    report: bool = False
    category: str = "unknown"
    action: str = ""


def outages(now: datetime) -> Iterator[tuple[datetime, Outage]]:
    """Yield each outage with when it was detected (aware UTC), oldest first: at any hour, any day."""
    text = files("opsportal.portal.demo").joinpath("incidents.toml").read_text(encoding="utf-8")
    entries = tomllib.loads(text)["incident"]
    apart = (FIRST_DAY - LAST_DAY) / (len(entries) - 1)
    for number, entry in enumerate(entries):
        day = now - timedelta(days=FIRST_DAY - number * apart)
        at = day.replace(hour=number * 7 % 24, minute=number * 23 % 60, second=0, microsecond=0)
        lists = {name: tuple(entry.get(name, ())) for name in ("notes", "public")}
        yield min(at, now - timedelta(days=2)), Outage(**(entry | lists))
