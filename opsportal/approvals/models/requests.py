"""What is asked to be approved, and the stages that it goes through."""

from __future__ import annotations

from django.db import models

from opsportal.approvals.outcome import Quorum, Reject
from opsportal.approvals.states import REQUEST, STAGE
from opsportal.audit.history import history
from opsportal.obligations.terms import parted, scope_of

_LIVE = ~models.Q(state="void")


class ApprovalRequest(models.Model):
    """One round of approval of one revision of something, named by value.

    What it runs under is copied in: a new standard changes nothing that is in flight. `excluded` are
    the people who are kept from voting, as `|id|id|`: by the separation of duties, or by a conflict of
    interest that they have stated.
    """

    id = models.BigAutoField(primary_key=True)
    subject_kind = models.CharField(max_length=40)
    subject_key = models.CharField(max_length=100)
    revision = models.PositiveIntegerField()
    content_hash = models.CharField(max_length=64)
    standard_hash = models.CharField(max_length=64)
    excluded = models.TextField(blank=True, default="")
    state = models.CharField(max_length=10, choices=REQUEST.choices, default=REQUEST.initial)
    opened_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, blank=True)
    voided_at = models.DateTimeField(null=True, blank=True)

    history = history()

    class Meta:
        constraints = [
            REQUEST.constraint("approval_request_state_known"),
            models.UniqueConstraint(
                fields=["subject_kind", "subject_key"], condition=_LIVE, name="approval_request_one_live"
            ),
            models.CheckConstraint(
                name="approval_request_dates_fit_state",
                condition=models.Q(state="open", decided_at__isnull=True, voided_at__isnull=True)
                | models.Q(
                    state__in=["approved", "rejected"], decided_at__isnull=False, voided_at__isnull=True
                )
                | models.Q(state="void", voided_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["subject_kind", "subject_key", "-id"], name="approval_request_subject")
        ]

    def __str__(self) -> str:
        return f"approval of {self.subject_key}, revision {self.revision}"

    @property
    def excluded_people(self) -> frozenset[str]:
        """The ids of those who may not vote."""
        return frozenset(parted(self.excluded))


class ApprovalStage(models.Model):
    """One stage: who decides by which quorum, and the rule that asks for it. Copied at submission.

    `roles` are the slugs of which any holder may vote, as `|cab|`; `scope` are the services and teams
    for which a role held for those only counts, too.
    """

    request = models.ForeignKey(ApprovalRequest, on_delete=models.PROTECT, related_name="stages")
    position = models.PositiveSmallIntegerField()
    order = models.IntegerField()
    stage_id = models.CharField(max_length=60)
    title = models.CharField(max_length=200)
    roles = models.TextField()
    quorum = models.CharField(max_length=10)
    reject = models.CharField(max_length=6)
    several_hats = models.BooleanField(default=False)
    scope = models.TextField(blank=True, default="")
    rule = models.CharField(max_length=120)
    source = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=STAGE.choices, default=STAGE.initial)
    opened_at = models.DateTimeField(null=True, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)

    history = history()

    class Meta:
        ordering = ["request", "position"]
        constraints = [
            STAGE.constraint("approval_stage_state_known"),
            models.UniqueConstraint(fields=["request", "stage_id"], name="approval_stage_once"),
            models.CheckConstraint(
                name="approval_stage_reject_known", condition=models.Q(reject__in=["ends", "counts"])
            ),
        ]
        indexes = [
            models.Index(
                fields=["opened_at", "id"], name="approval_stage_open", condition=models.Q(state="open")
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def role_slugs(self) -> tuple[str, ...]:
        """The roles of which any holder may vote; the stage is named after the first."""
        return parted(self.roles)

    @property
    def services_and_teams(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The services and the teams for which a scoped role counts."""
        return scope_of(self.scope)

    @property
    def quorum_value(self) -> Quorum:
        match self.quorum:
            case "any" | "all" | "majority":
                return self.quorum
            case _:
                return int(self.quorum)

    @property
    def reject_value(self) -> Reject:
        return "counts" if self.reject == "counts" else "ends"

    @property
    def hat(self) -> str:
        """What a vote here is unique by, beside request and voter: nothing, or the stage."""
        return self.stage_id if self.several_hats else ""
