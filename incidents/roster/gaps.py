"""Times in which a role that must be covered is empty. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from incidents.oncall.schedule import Segment
from incidents.roster.spans import Span


@dataclass(frozen=True, slots=True)
class Gap:
    """A time without somebody in the `missing` roles."""

    span: Span
    missing: tuple[str, ...]


def gaps_in(segments: Iterable[Segment], within: Span) -> list[Gap]:
    """Return the gaps of a final schedule, in order, cut to `within`; those that touch are one.

    A time is a gap where a role is missing. Where nothing must be covered there is none.
    """
    found: list[Gap] = []
    for segment in segments:
        span = Span(segment.start, segment.end).cut(within)
        if not span.length or not segment.missing:
            continue
        if found and found[-1].span.end == span.start:
            roles = dict.fromkeys((*found[-1].missing, *segment.missing))
            found[-1] = Gap(Span(found[-1].span.start, span.end), tuple(roles))
        else:
            found.append(Gap(span, segment.missing))
    return found


def met(gap: Gap, span: Span) -> bool:
    """Return whether a gap and a span have time in common."""
    return gap.span.start < span.end and span.start < gap.span.end
