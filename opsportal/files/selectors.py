"""Reads of attachments."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet

from opsportal.core.errors import NotFound
from opsportal.files.models import Attachment


def attachments_of(kind: str, key: str) -> QuerySet[Attachment]:
    """Return what is and was attached to this object, oldest first, at one time by name, with its file."""
    rows = Attachment.objects.filter(subject_kind=kind, subject_key=key)
    return rows.select_related("file").order_by("added_at", "name", "id")


def attachment_of(kind: str, key: str, identifier: UUID) -> Attachment:
    """Return one attachment of this object, removed ones too. Raises `NotFound`."""
    found = attachments_of(kind, key).filter(pk=identifier).first()
    if found is None:
        raise NotFound("There is no such attachment.")
    return found
