"""Files at a change. Like comments, they are not part of what is approved."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from changes.services.reasons import clean_reason
from changes.services.scene import KIND, scene_locked
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict
from opsportal.core.writes import write
from opsportal.files import store
from opsportal.files.models import Attachment
from opsportal.files.names import clean_name
from opsportal.files.selectors import attachment_of
from opsportal.files.services import attachment_add, attachment_remove


def change_attach(
    *, actor: Actor, now: datetime, pk: int, name: str, chunks: Iterable[bytes], note: object = ""
) -> Attachment:
    """Store a file and attach it to a change in any state; return the attachment.

    The bytes are on the disk before the transaction begins, so that no upload holds a lock. Raises
    `Forbidden`, `TooLarge`, `InvalidInput` (for what is not taken), `NotFound` and `Conflict`.
    """
    require(actor, "change.attach")
    kept = store.keep(chunks, name=clean_name(name))
    with write(actor=actor, now=now):
        scene = scene_locked(pk)
        scene.require(actor, "attach", now)
        return attachment_add(
            actor=actor,
            now=now,
            subject_kind=KIND,
            subject_key=scene.key,
            kept=kept,
            name=name,
            note=note,
        )


def change_detach(*, actor: Actor, now: datetime, pk: int, attachment: UUID, reason: object) -> Attachment:
    """Remove a file from a change, with a reason; that it was there stays. Return the attachment.

    Whoever attached it may, and those who work on the change. Raises `InvalidInput`, `NotFound`,
    `Forbidden`, `IllegalMove` for one that is removed, and `Conflict` with code `closed` on a closed change,
    whose record is complete.
    """
    text = clean_reason(reason, required=True)
    with write(actor=actor, now=now, reason=text):
        scene = scene_locked(pk)
        found = attachment_of(KIND, scene.key, attachment)
        own = (found.added_by_kind, found.added_by_id) == (actor.kind.value, actor.id)
        scene.require(actor, "attach" if own else "detach", now)
        if scene.change.state == "closed":
            raise Conflict("The change is closed: what was attached to it stays.", code="closed")
        return attachment_remove(
            actor=actor, now=now, subject_kind=KIND, subject_key=scene.key, pk=attachment, reason=text
        )
