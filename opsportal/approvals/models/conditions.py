"""What a yes was tied to: tasks that are done and confirmed before what was approved may start."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from opsportal.approvals.models.requests import ApprovalRequest, ApprovalStage
from opsportal.approvals.models.votes import Vote
from opsportal.approvals.states import CONDITION
from opsportal.audit.history import history

MAX_CONDITION = 240
MAX_CONDITIONS = 10
MAX_EVIDENCE = 4_000
MAX_REMARK = 1_000


class Condition(models.Model):
    """One condition of one vote.

    `tries` counts how often it was sent back; `remark` is why it was sent back or withdrawn.
    `settled_by` confirmed or withdrew it.
    """

    request = models.ForeignKey(ApprovalRequest, on_delete=models.PROTECT, related_name="conditions")
    stage = models.ForeignKey(ApprovalStage, on_delete=models.PROTECT, related_name="conditions")
    vote = models.ForeignKey(Vote, on_delete=models.PROTECT, related_name="conditions")
    text = models.CharField(max_length=MAX_CONDITION)
    state = models.CharField(max_length=10, choices=CONDITION.choices, default=CONDITION.initial)
    tries = models.PositiveSmallIntegerField(default=0)
    evidence = models.TextField(blank=True, default="")
    remark = models.TextField(blank=True, default="")
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    done_at = models.DateTimeField(null=True, blank=True)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    settled_at = models.DateTimeField(null=True, blank=True)

    history = history()

    class Meta:
        ordering = ["id"]
        constraints = [
            CONDITION.constraint("condition_state_known"),
            models.CheckConstraint(
                name="condition_dates_fit_state",
                condition=models.Q(state="open", done_at=None, settled_at=None)
                | models.Q(state="done", done_at__isnull=False, settled_at=None)
                | models.Q(state="confirmed", done_at__isnull=False, settled_at__isnull=False)
                | models.Q(state="withdrawn", settled_at__isnull=False)
                | models.Q(state="void"),
            ),
            # Four eyes, whatever a service forgets.
            models.CheckConstraint(
                name="condition_confirmed_by_another",
                condition=~models.Q(state="confirmed") | ~models.Q(settled_by=models.F("done_by")),
            ),
        ]

    def __str__(self) -> str:
        return self.text

    @property
    def is_met(self) -> bool:
        """Whether it stands in nobody's way any more."""
        return self.state not in {"open", "done"}
