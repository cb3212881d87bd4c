"""On what an opinion rests, and what speaks against it. Pure.

An auditor concludes on what was tested. An opinion that says that controls work needs finished tests and
samples, and no grave finding that is still open; where it is given all the same, the report says why. An
adverse opinion may rest on what was found so far, and no opinion needs nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

_CLAIMS = ("effective", "effective_with_exceptions")


@dataclass(frozen=True, slots=True)
class Standing:
    """How far the work is: names of tests and findings, and (what of, untested, size) of samples."""

    untested: tuple[str, ...] = ()
    unfinished: tuple[tuple[str, int, int], ...] = ()
    exceptions: tuple[tuple[str, int], ...] = ()
    not_met: tuple[str, ...] = ()
    not_verifiable: tuple[str, ...] = ()
    critical: tuple[str, ...] = ()
    high: tuple[str, ...] = ()
    other: tuple[str, ...] = ()
    requests: int = 0


def open_points(standing: Standing) -> tuple[str, ...]:
    """Return all that is open or was not met, a sentence each."""
    return (
        *_unfinished(standing),
        *(f"{one}: not met." for one in standing.not_met),
        *(f"{one}: not verifiable." for one in standing.not_verifiable),
        *_odd(standing),
        *(f"{one} is critical and open." for one in standing.critical),
        *(f"{one} is of high severity and open." for one in standing.high),
        *(f"{one} is open." for one in standing.other),
        *((f"{many(standing.requests, 'evidence request')} not settled.",) if standing.requests else ()),
    )


def against(opinion: str, standing: Standing) -> tuple[str, ...]:
    """Return what speaks against `opinion` (a key of `OPINIONS`, `""` for none), a sentence each."""
    if opinion not in _CLAIMS:
        return ()
    grave = [f"{one} is critical and open." for one in standing.critical]
    if opinion == "effective_with_exceptions":
        return (*_unfinished(standing), *grave)
    return (
        *_unfinished(standing),
        *(f"{one}: not met." for one in standing.not_met),
        *(f"{one}: not verifiable." for one in standing.not_verifiable),
        *_odd(standing),
        *grave,
        *(f"{one} is of high severity and open." for one in standing.high),
    )


def many(count: int, thing: str) -> str:
    """Return "1 draft", "2 drafts"."""
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


def _odd(standing: Standing) -> tuple[str, ...]:
    return tuple(f"{of}: {many(count, 'exception')}." for of, count in standing.exceptions)


def _unfinished(standing: Standing) -> tuple[str, ...]:
    return (
        *(f"{one}: not tested." for one in standing.untested),
        *(f"{of}: {left} of {size} not tested." for of, left, size in standing.unfinished),
    )


def outside_scope(scope: Iterable[str], tested: Iterable[str]) -> list[str]:
    """Return the keys of controls that are tested and not in the audit's scope, each once, in their order.

    An audit that names no controls has no such bound: its frameworks say what is in scope.
    """
    bound = set(scope)
    return [key for key in dict.fromkeys(tested) if key not in bound] if bound else []
