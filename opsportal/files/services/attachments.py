"""Attaching a stored file to something, and taking it away again.

The app that has the subject asks for the permission, under its own lock, and calls these inside its write.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from opsportal.audit.canonical import JSON
from opsportal.audit.services import audit_record
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, NotFound
from opsportal.core.text import clean_text
from opsportal.core.writes import write
from opsportal.files.models import Attachment, StoredFile
from opsportal.files.names import clean_name
from opsportal.files.states import ATTACHMENT, STORED_FILE
from opsportal.files.store import Kept

MAX_NOTE = 300
MOST = 50


def attachment_add(
    *,
    actor: Actor,
    now: datetime,
    subject_kind: str,
    subject_key: str,
    kept: Kept,
    name: str,
    note: object = "",
) -> Attachment:
    """Attach bytes that `opsportal.files.store.keep` has written to a subject that the caller has locked.

    Raises `InvalidInput`, and `Conflict` with code `too_many` where 50 are attached already.
    """
    words = clean_text(note, field="note", max_length=MAX_NOTE, lines=False)
    with write(actor=actor, now=now):
        standing = Attachment.objects.filter(
            subject_kind=subject_kind, subject_key=subject_key, state="attached"
        )
        if standing.count() >= MOST:
            raise Conflict(
                f"{MOST} files are attached already. Remove what is no longer needed.", code="too_many"
            )
        attachment = Attachment(
            file=_stored(kept, now),
            subject_kind=subject_kind,
            subject_key=subject_key,
            name=clean_name(name),
            note=words,
            added_by_kind=actor.kind.value,
            added_by_id=actor.id,
            added_at=now,
        )
        attachment.save(force_insert=True)
        _record(attachment, actor=actor, now=now, action="file.attached")
        return attachment


def attachment_remove(
    *, actor: Actor, now: datetime, subject_kind: str, subject_key: str, pk: UUID, reason: str
) -> Attachment:
    """Take an attachment away from a subject that the caller has locked; who, when and why stays.

    Its bytes are deleted 30 days later, unless they are attached elsewhere. Raises `NotFound` and
    `IllegalMove` for one that is removed already.
    """
    with write(actor=actor, now=now, reason=reason):
        attachment = (
            Attachment.objects.select_for_update(of=("self",))
            .select_related("file")
            .filter(pk=pk, subject_kind=subject_kind, subject_key=subject_key)
            .first()
        )
        if attachment is None:
            raise NotFound("There is no such attachment.")
        attachment.state = ATTACHMENT.move(attachment.state, "remove")
        attachment.removed_by_kind, attachment.removed_by_id = actor.kind.value, actor.id
        attachment.removed_at, attachment.removed_reason = now, reason
        attachment.save()
        _record(attachment, actor=actor, now=now, action="file.removed")
        return attachment


def _stored(kept: Kept, now: datetime) -> StoredFile:
    """Return the row of these bytes, made where it is missing, and kept from now on whatever it was."""
    stored, made = StoredFile.objects.get_or_create(
        sha256=kept.sha256,
        defaults={"size": kept.size, "content_type": kept.content_type, "created_at": now},
    )
    if not made:
        stored = StoredFile.objects.select_for_update().get(pk=stored.pk)
        state = STORED_FILE.move(stored.state, "store")
        if state != stored.state:
            stored.state = state
            stored.save()
    return stored


def _record(attachment: Attachment, *, actor: Actor, now: datetime, action: str) -> None:
    data: dict[str, JSON] = {
        "attachment": str(attachment.pk),
        "content_type": attachment.file.content_type,
        "sha256": attachment.file_id,
        "size": attachment.file.size,
    }
    audit_record(
        actor=actor,
        now=now,
        action=action,
        object_kind=attachment.subject_kind,
        object_key=attachment.subject_key,
        data=data,
    )
