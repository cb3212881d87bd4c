"""Stored files, each once by its hash, and where they are attached."""

from __future__ import annotations

import uuid

from django.db import models

from opsportal.audit.history import history
from opsportal.files.names import MAX_NAME
from opsportal.files.states import ATTACHMENT, STORED_FILE


class StoredFile(models.Model):
    """Bytes that the portal keeps, under their SHA-256 in the folder of files."""

    sha256 = models.CharField(max_length=64, primary_key=True)
    size = models.PositiveBigIntegerField(help_text="bytes")
    content_type = models.CharField(max_length=100)
    state = models.CharField(
        max_length=8, choices=STORED_FILE.choices, default=STORED_FILE.initial, editable=False
    )
    created_at = models.DateTimeField(editable=False)

    history = history()

    class Meta:
        constraints = [STORED_FILE.constraint("stored_file_state_known")]

    def __str__(self) -> str:
        return self.sha256


class Attachment(models.Model):
    """A stored file at something that an app has, by value. A removed one stays as a tombstone."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    file = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="attachments")
    subject_kind = models.CharField(max_length=40)
    subject_key = models.CharField(max_length=100)
    name = models.CharField(max_length=MAX_NAME)
    note = models.CharField(max_length=300, blank=True, default="")
    state = models.CharField(
        max_length=8, choices=ATTACHMENT.choices, default=ATTACHMENT.initial, editable=False
    )
    added_by_kind = models.CharField(max_length=20)
    added_by_id = models.CharField(max_length=64)
    added_at = models.DateTimeField()
    removed_by_kind = models.CharField(max_length=20, blank=True, default="")
    removed_by_id = models.CharField(max_length=64, blank=True, default="")
    removed_at = models.DateTimeField(null=True, blank=True)
    removed_reason = models.CharField(max_length=500, blank=True, default="")

    history = history()

    class Meta:
        constraints = [
            ATTACHMENT.constraint("attachment_state_known"),
            models.CheckConstraint(
                name="attachment_removal_whole",
                condition=models.Q(state="attached", removed_at__isnull=True)
                | models.Q(state="removed", removed_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["subject_kind", "subject_key", "added_at"], name="attachment_subject"),
            models.Index(fields=["file", "state"], name="attachment_file"),
            models.Index(
                fields=["removed_at"], name="attachment_removed", condition=models.Q(state="removed")
            ),
        ]

    def __str__(self) -> str:
        return self.name
