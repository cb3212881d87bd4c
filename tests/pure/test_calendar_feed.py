"""Calendar files: RFC 5545 to the letter, stable, and without surprises in them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from icalendar import Calendar

from opsportal.calendar.feed_text import answer, calendar_file, fingerprint
from opsportal.core.registry import CalendarEntry

NOW = datetime(2026, 11, 21, 12, 0, 0, 7, tzinfo=UTC)
ADDRESS = "https://portal.example"


def entry(**more: Any) -> CalendarEntry:
    fields: dict[str, Any] = {
        "key": "CHG-1",
        "title": "Upgrade",
        "kind": "change",
        "start": datetime(2026, 11, 22, 3, tzinfo=UTC),
        "end": datetime(2026, 11, 22, 5, tzinfo=UTC),
        "url": "/changes/CHG-1/",
        **more,
    }
    return CalendarEntry(**fields)


def text(*entries: CalendarEntry, name: str = "opsportal") -> str:
    return calendar_file(entries, name=name, address=ADDRESS, now=NOW).decode()


def test_a_file_is_as_the_standard_wants_it() -> None:
    made = text(entry(version=3, state="in_review", services=("a",)))
    assert made.startswith("BEGIN:VCALENDAR\r\n")
    assert made.endswith("END:VCALENDAR\r\n")
    assert "\n" not in made.replace("\r\n", "")
    for line in (
        "VERSION:2.0",
        "METHOD:PUBLISH",
        "REFRESH-INTERVAL;VALUE=DURATION:PT1H",
        "X-PUBLISHED-TTL:PT1H",
        "UID:CHG-1@portal.example",
        "DTSTAMP:20261121T120000Z",
        "DTSTART:20261122T030000Z",
        "DTEND:20261122T050000Z",
        "SEQUENCE:3",
        "STATUS:CONFIRMED",
        "URL:https://portal.example/changes/CHG-1/",
    ):
        assert f"\r\n{line}\r\n" in made, line


def test_text_is_escaped_and_long_lines_are_folded_and_come_back() -> None:
    title = "R&D; a, b\\ c\nBEGIN:VEVENT " + "é" * 90 + " 🚀"
    made = text(entry(title=title), name="Ops; portal, ours")
    assert all(len(line.encode()) <= 75 for line in made.split("\r\n"))
    assert made.count("\r\nBEGIN:VEVENT\r\n") == 1
    assert "NAME:Ops\\; portal\\, ours" in made
    event = Calendar.from_ical(made).walk("VEVENT")[0]
    assert event["summary"] == f"Change: {title}"


def test_what_was_called_off_stays_as_cancelled_and_an_instant_has_no_end() -> None:
    due = datetime(2026, 11, 22, 3, tzinfo=UTC)
    made = text(entry(kind="obligation", start=due, end=due, cancelled=True))
    assert "STATUS:CANCELLED" in made
    assert "DTEND" not in made
    assert "TRANSP:TRANSPARENT" in made


def test_times_are_utc_whatever_zone_they_come_in() -> None:
    berlin = datetime.fromisoformat("2026-11-22T04:00:00+01:00")
    assert text(entry(start=berlin)) == text(entry())


def test_a_reader_that_has_it_is_sent_nothing() -> None:
    entries = [entry()]
    first = answer("", entries, name="n", address=ADDRESS, now=NOW)
    assert first.content is not None
    later = NOW + timedelta(hours=1)
    for known in (first.etag, f'"other", W/{first.etag}'):
        assert answer(known, entries, name="n", address=ADDRESS, now=later).content is None
    assert answer(first.etag, [entry(version=2)], name="n", address=ADDRESS, now=NOW).content is not None
    assert fingerprint(entries, name="m") != fingerprint(entries, name="n")
