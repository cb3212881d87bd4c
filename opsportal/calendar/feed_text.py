"""A calendar file (RFC 5545) of entries. Pure: the same entries give the same file but for its DTSTAMP.

Times are UTC: a floating time shifts in some readers. What was called off stays, as cancelled, so that
readers take it out; a higher version of a thing is a higher SEQUENCE of the same UID.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from icalendar import Calendar, Event, vDuration, vText

from opsportal.core.registry import CalendarEntry

CONTENT_TYPE = "text/calendar; charset=utf-8"
PRODUCT = "-//opsportal//calendar//EN"
REFRESH = timedelta(hours=1)
_KINDS = {
    "change": "Change",
    "window": "Maintenance window",
    "freeze": "Freeze",
    "meeting": "Meeting",
    "obligation": "Owed",
    "shift": "On call",
}
# Only these take a person's time; the rest is shown as free.
_BUSY = frozenset({"change", "meeting"})


def calendar_file(entries: Iterable[CalendarEntry], *, name: str, address: str, now: datetime) -> bytes:
    """Return the file. `address` is the portal's own (`https://portal.example`), `now` its DTSTAMP."""
    calendar = Calendar()
    for key, value in (
        ("version", "2.0"),
        ("prodid", PRODUCT),
        ("calscale", "GREGORIAN"),
        ("method", "PUBLISH"),
        ("name", vText(name)),
        ("x-wr-calname", vText(name)),
        ("x-published-ttl", vText("PT1H")),
    ):
        calendar.add(key, value)
    calendar.add("refresh-interval", vDuration(REFRESH), parameters={"VALUE": "DURATION"})
    for entry in entries:
        calendar.add_component(_event(entry, address, now))
    return bytes(calendar.to_ical())


@dataclass(frozen=True, slots=True)
class Answer:
    """What a reader is sent: the ETag, and the file unless the reader has it already."""

    etag: str
    content: bytes | None


def answer(known: str, entries: Sequence[CalendarEntry], *, name: str, address: str, now: datetime) -> Answer:
    """Return what to send to whoever has the copies `known` (the header If-None-Match)."""
    etag = f'"{fingerprint(entries, name=name)}"'
    if etag in {tag.strip().removeprefix("W/") for tag in known.split(",")}:
        return Answer(etag, None)
    return Answer(etag, calendar_file(entries, name=name, address=address, now=now))


def fingerprint(entries: Iterable[CalendarEntry], *, name: str) -> str:
    """Return what stands for the file's content: the same as long as nothing in it differs."""
    digest = hashlib.sha256(name.encode())
    for entry in entries:
        digest.update(repr(entry).encode())
    return digest.hexdigest()


def _event(entry: CalendarEntry, address: str, now: datetime) -> Event:
    event = Event()
    host = address.partition("://")[2].partition("/")[0]
    event.add("uid", f"{entry.key}@{host}")
    event.add("dtstamp", _second(now))
    event.add("dtstart", _second(entry.start))
    if _second(entry.end) > _second(entry.start):  # an event without an end is an instant
        event.add("dtend", _second(entry.end))
    event.add("summary", f"{_KINDS[entry.kind]}: {entry.title}")
    words = [entry.state.replace("_", " ").capitalize()] if entry.state else []
    places = [", ".join(entry.services), ", ".join(entry.environments)]
    words += [place for place in places if place]
    if words:
        event.add("description", "\n".join(words))
    event.add("url", f"{address}{entry.url}")
    event.add("categories", [_KINDS[entry.kind]])
    event.add("sequence", entry.version)
    if entry.changed_at is not None:
        event.add("last-modified", _second(entry.changed_at))
    event.add("status", "CANCELLED" if entry.cancelled else "CONFIRMED")
    event.add("transp", "OPAQUE" if entry.kind in _BUSY else "TRANSPARENT")
    return event


def _second(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=0)
