"""Public holidays by country, from the library `holidays`; no database and no clock.

Its first question for a country takes a while, so that answers are kept for as long as the process lives.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache

import holidays

from opsportal.core.errors import InvalidInput

FIRST_YEAR, LAST_YEAR = 2000, 2200


@dataclass(frozen=True, slots=True)
class PublicHolidays:
    """The holidays of a country (ISO 3166-1 alpha-2, `""` for none) and of a part of it, and own free days.

    A container of days.
    """

    country: str = ""
    subdivision: str = ""
    own: frozenset[date] = frozenset()

    def with_days(self, days: Iterable[str]) -> PublicHolidays:
        """Return the same with own free days, given as ISO 8601 days."""
        return PublicHolidays(
            self.country, self.subdivision, frozenset(date.fromisoformat(day) for day in days)
        )

    def __contains__(self, day: object) -> bool:
        if not isinstance(day, date):
            return False
        return day in self.own or day in holidays_of(self.country, self.subdivision, day.year)


@lru_cache(maxsize=512)
def holidays_of(country: str, subdivision: str, year: int) -> Mapping[date, str]:
    """Return the public holidays of that year with their names; none for no country."""
    if not country or not FIRST_YEAR <= year <= LAST_YEAR:
        return {}
    return dict(holidays.country_holidays(country, subdiv=subdivision or None, years=year, language="en_US"))


@cache
def countries() -> Mapping[str, tuple[str, ...]]:
    """Return the countries that are known (alpha-2 codes), each with its parts."""
    known = holidays.list_supported_countries(include_aliases=False)
    return {code: tuple(parts) for code, parts in sorted(known.items())}


def clean_country(country: str, subdivision: str) -> tuple[str, str]:
    """Return both where they are known, in capital letters. Raises `InvalidInput`."""
    country, subdivision = country.strip().upper(), subdivision.strip().upper()
    if not country:
        if subdivision:
            raise InvalidInput.of("subdivision", "without_country", "Name the country first.")
        return "", ""
    if country not in countries():
        raise InvalidInput.of("country", "unknown", "Must be the two letters of a country, e.g. DE.")
    parts = {part.upper(): part for part in countries()[country]}
    if subdivision and subdivision not in parts:
        words = ", ".join(sorted(parts.values())[:40]) or "none"
        raise InvalidInput.of("subdivision", "unknown", f"This country has these parts: {words}.")
    return country, parts.get(subdivision, "")
