"""Votes: written once."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models.functions import Coalesce

from opsportal.approvals.models.requests import ApprovalRequest, ApprovalStage
from opsportal.approvals.outcome import Decision
from opsportal.audit.models import AppendOnly


class Vote(AppendOnly):
    """What one person decided in one stage, and the hash of what they saw.

    `on_behalf_of` is the member who was away and in whose place they voted; empty for their own vote.
    Either way it takes one seat, and one person votes once: the database holds both. `hat` is empty, so
    that a person has one vote in a request; in a stage for which the standard lets people wear several
    hats, it is the stage's id.
    """

    class Choice(models.TextChoices):
        APPROVE = Decision.APPROVE.value, "Approve"
        REJECT = Decision.REJECT.value, "Reject"
        ABSTAIN = Decision.ABSTAIN.value, "Abstain"

    request = models.ForeignKey(ApprovalRequest, on_delete=models.PROTECT, related_name="votes")
    stage = models.ForeignKey(ApprovalStage, on_delete=models.PROTECT, related_name="votes")
    voter = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    on_behalf_of = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    hat = models.CharField(max_length=60, blank=True, default="")
    decision = models.CharField(max_length=7, choices=Choice)
    content_hash = models.CharField(max_length=64)
    comment = models.TextField(blank=True, default="")
    cast_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["request", "voter", "hat"], name="vote_once"),
            models.UniqueConstraint(
                "request", Coalesce("on_behalf_of", "voter"), "hat", name="vote_once_per_seat"
            ),
            models.CheckConstraint(
                name="vote_on_behalf_of_another",
                condition=models.Q(on_behalf_of__isnull=True) | ~models.Q(on_behalf_of=models.F("voter")),
            ),
            models.CheckConstraint(
                name="vote_decision_known", condition=models.Q(decision__in=["approve", "reject", "abstain"])
            ),
        ]
        indexes = [models.Index(fields=["stage", "id"], name="vote_stage")]

    def __str__(self) -> str:
        return f"{self.decision} in {self.stage_id}"

    @property
    def seat_id(self) -> UUID:
        """The id of the person whose seat this vote took."""
        return self.on_behalf_of_id or self.voter_id
