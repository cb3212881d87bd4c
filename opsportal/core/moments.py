"""Instants that people and machines send in, and how they are told. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo

from opsportal.core.errors import InvalidInput

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)


def clean_moment(value: datetime, *, field: str) -> datetime:
    """Return an aware instant in UTC. Raises `InvalidInput` without a zone or outside the years 2000 to 2200.

    At the ends of the calendar an instant cannot be shown in every zone, and nobody plans there.
    """
    if value.tzinfo is None:
        raise InvalidInput.of(field, "no_zone", "Must name its zone, e.g. end with Z.")
    try:
        moment = value.astimezone(UTC)
    except (OverflowError, ValueError):
        moment = None
    if moment is None or not EARLIEST <= moment < LATEST:
        raise InvalidInput.of(field, "out_of_range", "Must lie between the years 2000 and 2200.")
    return moment


def in_words(moment: datetime, zone: tzinfo) -> str:
    """Return an aware instant on the clock of `zone`, which is named: "17 March 2026, 09:00 CET".

    For what is read by people and kept: the same wherever and whenever it is read.
    """
    local = moment.astimezone(zone)
    name = local.tzname() or ""
    named = f"UTC{name}" if name[:1] in {"+", "-"} else name
    return f"{local.day} {local:%B} {local.year}, {local:%H:%M} {named}".rstrip()
