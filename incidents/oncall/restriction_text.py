"""Restrictions as people write them: "mon-fri 09:00-17:00", "fri 18:00 to mon 08:00". Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from incidents.oncall.restrictions import DAYS, DayStretch, Restriction

EXAMPLES = "mon-fri 09:00-17:00, or every day 22:00-06:00, or fri 18:00 to mon 08:00"

_TIME = r"(\d{1,2}:\d{2})"
_DAY = r"([a-z]+)"
_DAILY = re.compile(rf"(?P<days>[a-z, -]+?)\s+{_TIME}\s*(?:-|to)\s*{_TIME}")
_WEEKLY = re.compile(rf"{_DAY}\s+{_TIME}\s*(?:-|to)\s*{_DAY}\s+{_TIME}")


def restriction_lines(restrictions: Sequence[Restriction]) -> str:
    """Return restrictions as text, one a line, that `restrictions_data` reads back."""
    return "\n".join(_line(one) for one in restrictions)


def restrictions_data(text: str) -> list[dict[str, Any]]:
    """Return the restrictions of a text as JSON data. Raises `ValueError` with words for a wrong line."""
    return [_data(line.strip()) for line in text.splitlines() if line.strip()]


def _line(one: Restriction) -> str:
    if isinstance(one, DayStretch):
        return f"{_days_words(one.days)} {one.begins:%H:%M}-{one.ends:%H:%M}"
    return f"{DAYS[one.begins_day]} {one.begins:%H:%M} to {DAYS[one.ends_day]} {one.ends:%H:%M}"


def _days_words(days: Sequence[int]) -> str:
    if len(days) == len(DAYS):
        return "every day"
    if len(days) > 2 and days[-1] - days[0] == len(days) - 1:
        return f"{DAYS[days[0]]}-{DAYS[days[-1]]}"
    return ", ".join(DAYS[day] for day in days)


def _data(line: str) -> dict[str, Any]:
    plain = line.lower().replace("–", "-").replace("—", "-")
    if match := _WEEKLY.fullmatch(plain):
        begins_day, begins, ends_day, ends = match.groups()
        return {
            "begins_day": DAYS[_day(begins_day, line)],
            "begins": _padded(begins),
            "ends_day": DAYS[_day(ends_day, line)],
            "ends": _padded(ends),
        }
    if match := _DAILY.fullmatch(plain):
        days, begins, ends = match.groups()
        chosen = [DAYS[day] for day in _days(days, line)]
        return {"days": chosen, "begins": _padded(begins), "ends": _padded(ends)}
    raise ValueError(f"“{line}” is not understood. Write {EXAMPLES}.")


def _days(text: str, line: str) -> list[int]:
    if text.strip() in {"every day", "daily"}:
        return list(range(len(DAYS)))
    found: list[int] = []
    for part in text.split(","):
        first, dash, last = (word.strip() for word in part.partition("-"))
        start = _day(first, line)
        end = _day(last, line) if dash else start
        found += [day % len(DAYS) for day in range(start, end + 1 if end >= start else end + 1 + len(DAYS))]
    return sorted(set(found))


def _day(word: str, line: str) -> int:
    for number, day in enumerate(DAYS):
        if len(word) >= len(day) and word.startswith(day):
            return number
    raise ValueError(f"“{word}” in “{line}” is no weekday. Write {EXAMPLES}.")


def _padded(at: str) -> str:
    return at.zfill(len("09:00"))
