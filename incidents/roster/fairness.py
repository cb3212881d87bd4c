"""How evenly the coming shifts are spread, as a score whose inputs are all shown. Pure.

The score is 0 to 100: how much of the time somebody is on call, times how evenly the hours are spread; half
of the latter is all hours, half the unsocial ones (nights, weekends, holidays). 100 means that no minute is
uncovered and everybody has the same; 0, that nobody is there or that one person of several has it all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from incidents.roster.hours import Hours, Reckoning, hours_by_person
from incidents.roster.spans import Shift, Span, total, union

AHEAD = timedelta(weeks=52)
"""How far ahead it looks."""
OVERLOADED = 15
"""Who has so many per cent more than the mean is called overloaded."""


@dataclass(frozen=True, slots=True)
class Share:
    """What one person has of it. `above` is by how many per cent they are over (or under) the mean."""

    user: str
    hours: Hours
    above: int
    unsocial_above: int

    @property
    def is_overloaded(self) -> bool:
        return max(self.above, self.unsocial_above) > OVERLOADED


@dataclass(frozen=True, slots=True)
class Fairness:
    """The score and its inputs: per cent of time covered, evenness of all and of unsocial hours, shares."""

    score: int
    covered: int
    even: int
    unsocial_even: int
    shares: tuple[Share, ...]


def fairness_of(
    shifts: Iterable[Shift],
    period: Span,
    reckoning: Reckoning,
    *,
    members: Collection[str] = (),
    by_design: Iterable[Span] = (),
) -> Fairness:
    """Return the score for `period`. `members` count with nothing where they have no shift.

    Means and evenness are those of the members, so that a stand-in for an hour makes nobody overloaded; those
    of all where no member has a shift. `by_design` is time in which nobody is meant to be on call. Evenness
    is judged by the first in line and by who stands by alike: both keep people at home.
    """
    known = list(shifts)
    hours: dict[str, Hours] = {user: Hours() for user in members}
    hours |= hours_by_person(known, period, reckoning)
    wanted = period.length - total(span.cut(period) for span in by_design)
    covered = _covered(known, period, list(by_design), wanted)
    all_hours = {user: one.total for user, one in hours.items()}
    unsocial = {user: one.unsocial for user, one in hours.items()}
    usual, usual_unsocial = _of(members, all_hours), _of(members, unsocial)
    even, unsocial_even = evenness(usual), evenness(usual_unsocial)
    shares = tuple(
        Share(user, one, _above(all_hours[user], usual), _above(unsocial[user], usual_unsocial))
        for user, one in sorted(hours.items(), key=lambda item: (-item[1].total, item[0]))
    )
    score = round(covered * (even + unsocial_even) / 200) if hours else 0
    return Fairness(score, round(covered), round(even), round(unsocial_even), shares)


def evenness(amounts: Mapping[str, timedelta]) -> float:
    """Return 0 to 100: 100 where all have the same, 0 where one of several has everything.

    It is one less the share of the time that would have to change hands, of the most that ever would.
    """
    whole = sum(amounts.values(), timedelta())
    if len(amounts) < 2 or not whole:
        return 100.0
    mean = whole / len(amounts)
    to_move = sum((max(amount - mean, timedelta()) for amount in amounts.values()), timedelta())
    return max(0.0, 100.0 * (1 - to_move / (whole - mean)))


def _of(members: Collection[str], amounts: Mapping[str, timedelta]) -> Mapping[str, timedelta]:
    found = {user: amounts[user] for user in members}
    return found if any(found.values()) else amounts


def _above(amount: timedelta, usual: Mapping[str, timedelta]) -> int:
    whole = sum(usual.values(), timedelta())
    return round(100 * (amount * len(usual) / whole - 1)) if whole else 0


def _covered(shifts: list[Shift], period: Span, by_design: list[Span], wanted: timedelta) -> float:
    if not wanted:
        return 100.0
    there = union(shift.span.cut(period) for shift in shifts)
    also = total([*there, *(span.cut(period) for span in by_design)])
    meant = total(span.cut(period) for span in by_design)
    return 100.0 * ((also - meant) / wanted)
