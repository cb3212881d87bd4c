"""Remarks and questions. They are not part of what is approved."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from changes.models import ChangeComment
from changes.services.events import record
from changes.services.scene import scene_locked
from opsportal.core.actor import Actor
from opsportal.core.errors import InvalidInput
from opsportal.core.text import clean_text
from opsportal.core.writes import write

MAX_COMMENT = 4_000
_ACTIONS = {ChangeComment.Kind.REMARK: "commented", ChangeComment.Kind.QUESTION: "asked"}


def change_comment(
    *, actor: Actor, now: datetime, pk: int, text: object, kind: str = ChangeComment.Kind.REMARK
) -> ChangeComment:
    """Add a remark, or a question of which the requester is told, and return it. In any state.

    Raises `InvalidInput`, `NotFound` and `Forbidden`.
    """
    words = clean_text(text, field="text", max_length=MAX_COMMENT, required=True)
    if kind not in ChangeComment.Kind.values:
        raise InvalidInput.of("kind", "unknown", f"Must be one of: {', '.join(ChangeComment.Kind.values)}.")
    with write(actor=actor, now=now):
        scene = scene_locked(pk)
        scene.require(actor, "comment", now)
        comment = ChangeComment.objects.create(
            change=scene.change, author_id=UUID(actor.id), kind=kind, text=words, created_at=now
        )
        record(
            scene,
            actor=actor,
            now=now,
            action=_ACTIONS[ChangeComment.Kind(kind)],
            data={"comment": comment.pk},
        )
        return comment
