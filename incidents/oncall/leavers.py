"""Taking out of a schedule who can no longer be on call: what they leave open is a gap. Pure.

Nobody comes forward in their place by themselves: who takes their turns is for people to say, by the
rotation or an override, and until then it shows as what it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import pairwise

from incidents.oncall.schedule import Segment, Version, settings_at


def without(
    segments: Iterable[Segment], gone: Mapping[str, datetime], versions: Sequence[Version]
) -> list[Segment]:
    """Return a final schedule without those who are `gone` (id -> since when, aware), cut at that instant.

    What was before stays as it was. Roles that must be covered (by the `versions` in force then) and that
    nobody has any more are missing. Neighbours that have become alike are one.
    """
    found: list[Segment] = []
    for segment in segments:
        for piece in _cut(segment, sorted({at for at in gone.values() if segment.start < at < segment.end})):
            kept = _kept(piece, gone, versions)
            if found and _same(found[-1], kept):
                found[-1] = replace(found[-1], end=kept.end)
            else:
                found.append(kept)
    return found


def _cut(segment: Segment, moments: Sequence[datetime]) -> list[Segment]:
    bounds = [segment.start, *moments, segment.end]
    return [replace(segment, start=start, end=end) for start, end in pairwise(bounds)]


def _kept(segment: Segment, gone: Mapping[str, datetime], versions: Sequence[Version]) -> Segment:
    duties = tuple(
        duty for duty in segment.duties if duty.user_id not in gone or segment.start < gone[duty.user_id]
    )
    if len(duties) == len(segment.duties):
        return segment
    settings = settings_at(versions, segment.start)
    present = {duty.role for duty in duties}
    missing = tuple(role for role in (settings.must_cover if settings else ()) if role not in present)
    return replace(segment, duties=duties, missing=missing)


def _same(one: Segment, other: Segment) -> bool:
    return (one.duties, one.missing, one.overrides) == (other.duties, other.missing, other.overrides)
