"""The register of decisions: what boards decided, in words that are corrected beside themselves."""

from __future__ import annotations

from django.db import models

from opsportal.audit.models import AppendOnly
from opsportal.core.keys import format_key

DECISION_PREFIX = "DEC"


class BoardDecision(AppendOnly):
    """One decision of one board (the slug of its role). Its words are in `texts`; the last one holds.

    `supersedes` is the older decision that this one takes the place of.
    """

    id = models.BigAutoField(primary_key=True)
    board = models.CharField(max_length=60)
    decided_on = models.DateField()
    supersedes = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, related_name="superseded_by"
    )
    recorded_by_kind = models.CharField(max_length=20)
    recorded_by_id = models.CharField(max_length=64, blank=True, default="")
    recorded_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["board", "-decided_on", "-id"], name="board_decision_board"),
            models.Index(fields=["-decided_on", "-id"], name="board_decision_day"),
        ]

    def __str__(self) -> str:
        return self.key

    @property
    def key(self) -> str:
        return format_key(DECISION_PREFIX, self.pk)


class BoardDecisionText(AppendOnly):
    """What was decided, as it was written down. A correction is the next number, with its reason.

    `participants` are ids of people, `links` keys of the portal (`CHG-1042`) or addresses.
    """

    decision = models.ForeignKey(BoardDecision, on_delete=models.PROTECT, related_name="texts")
    number = models.PositiveIntegerField()
    question = models.CharField(max_length=300)
    options = models.TextField(blank=True, default="")
    outcome = models.TextField()
    reasons = models.TextField(blank=True, default="")
    participants = models.JSONField(default=list)
    links = models.JSONField(default=list)
    correction = models.TextField(blank=True, default="")
    written_by_kind = models.CharField(max_length=20)
    written_by_id = models.CharField(max_length=64, blank=True, default="")
    written_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["decision", "number"], name="board_decision_text_once")
        ]

    def __str__(self) -> str:
        return f"{self.decision_id} text {self.number}"
