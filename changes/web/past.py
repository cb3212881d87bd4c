"""What became of a change: its field history as differences."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from changes.models import Change, ChangeTarget
from changes.states import CHANGE
from changes.web.differences import Run, difference

_TEXTS = (
    "title",
    "description",
    "justification",
    "risk_assessment",
    "impact",
    "plan",
    "test_evidence",
    "rollback_plan",
    "review",
    "lessons_learned",
)
_WORDS = ("type", "risk", "revision", "activates")
_MOMENTS = ("window_start", "window_end")
_PEOPLE = ("implementer_id",)
SHOWN = 20
_LABELS = {
    "implementer_id": "Implementer",
    "window_start": "Window from",
    "window_end": "Window until",
    "activates": "Standard to put in force",
}


@dataclass(frozen=True, slots=True)
class Edit:
    """One field before and after: runs of text, instants or people by id."""

    label: str
    kind: str
    before: Any
    after: Any
    runs: tuple[Run, ...] = ()


@dataclass(frozen=True, slots=True)
class Revision:
    """One write: when, by whom, why, and what it changed."""

    at: datetime
    actor_kind: str
    actor_id: str
    reason: str
    edits: tuple[Edit, ...]
    state: str


def revisions_of(change: Change) -> list[Revision]:
    """Return the last `SHOWN` writes that changed something to read, newest first. Two queries."""
    rows = list(change.history.order_by("-history_id")[: SHOWN + 1])[::-1]
    revisions = [_revision(before, after) for before, after in pairwise(rows)]
    shown = [one for one in revisions if one.edits]
    return sorted([*shown, *_target_revisions(change)], key=lambda one: one.at, reverse=True)[:SHOWN]


def edits_since(change: Change, version: int | None) -> list[Edit]:
    """Return what differs between `version` of a change and the present one; nothing for an unknown one."""
    newest_first = change.history.order_by("-history_id")
    base, present = newest_first.filter(version=version).first(), newest_first.first()
    if base is None:
        return []
    edits = list(_edits(base, present))
    for revision in _target_revisions(change):
        if revision.at > base.history_date:
            edits.extend(revision.edits)
    return edits


def _revision(before: Any, after: Any) -> Revision:
    kind, _, identifier = str(after.history_user_id or "").partition(":")
    return Revision(
        at=after.history_date.astimezone(UTC),
        actor_kind=kind,
        actor_id=identifier,
        reason=after.history_change_reason or "",
        edits=tuple(_edits(before, after)),
        state=CHANGE.names.get(after.state, after.state),
    )


def _edits(before: Any, after: Any) -> Iterator[Edit]:
    for name in (*_TEXTS, *_WORDS, *_MOMENTS, *_PEOPLE):
        old, new = getattr(before, name), getattr(after, name)
        if old == new:
            continue
        label = _LABELS.get(name, name.replace("_", " ").capitalize())
        if name in _TEXTS:
            yield Edit(label, "text", old, new, tuple(difference(old, new)))
        else:
            kind = "moment" if name in _MOMENTS else "person" if name in _PEOPLE else "word"
            yield Edit(label, kind, old, new)


def _target_revisions(change: Change) -> Iterator[Revision]:
    """Yield what was added to and taken from the targets after the change was made."""
    rows = ChangeTarget.history.filter(change_id=change.pk).select_related("service", "environment")
    by_write: dict[tuple[str, datetime], list[Any]] = {}
    for row in list(rows.order_by("-history_id")[:500])[::-1]:
        by_write.setdefault((str(row.history_user_id or ""), row.history_date), []).append(row)
    for (actor, at), written in by_write.items():
        if at == change.created_at:
            continue
        kind, _, identifier = actor.partition(":")
        gone = ", ".join(_place(row) for row in written if row.history_type == "-")
        new = ", ".join(_place(row) for row in written if row.history_type == "+")
        edit = Edit("Services and environments", "word", gone or "–", new or "–")
        yield Revision(at.astimezone(UTC), kind, identifier, "", (edit,), "")


def _place(row: Any) -> str:
    return f"{row.service.name} in {row.environment.name}"
