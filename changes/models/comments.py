"""What people say about a change."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from changes.models.changes import Change
from opsportal.audit.history import history


class ChangeComment(models.Model):
    """A remark, or a question that a board asks the requester. Not part of what is approved."""

    class Kind(models.TextChoices):
        REMARK = "remark", "Comment"
        QUESTION = "question", "Question"

    change = models.ForeignKey(Change, on_delete=models.PROTECT, related_name="comments")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.REMARK)
    text = models.TextField()
    created_at = models.DateTimeField()
    edited_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1, db_default=1, editable=False)

    history = history()

    class Meta:
        indexes = [models.Index(fields=["change", "id"], name="comment_change")]

    def __str__(self) -> str:
        return f"{self.kind} on {self.change_id}"
