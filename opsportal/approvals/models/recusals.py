"""Stated conflicts of interest: written once."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from opsportal.approvals.models.requests import ApprovalRequest
from opsportal.audit.models import AppendOnly

MAX_REASON = 1_000


class Recusal(AppendOnly):
    """One person who has said why they must not decide in one round; they are kept out of it since."""

    request = models.ForeignKey(ApprovalRequest, on_delete=models.PROTECT, related_name="recusals")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=MAX_REASON)
    stated_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["request", "person"], name="recusal_once")]

    def __str__(self) -> str:
        return f"conflict of interest of {self.person_id}"
