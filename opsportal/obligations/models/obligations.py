"""What somebody owes, about what, by when."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import Q

from opsportal.audit.history import history
from opsportal.obligations.states import OBLIGATION
from opsportal.obligations.terms import Owner, parted, scope_of


class Obligation(models.Model):
    """One thing owed. All that it runs under is copied in when it is opened: rule, steps, what ends it.

    It is owed for as long as `ended_at` is empty, also after a breach. `next_at` is when the tick has
    something to do about it. Owner, subject and scope stand by value; `owner_key` is a user's id, or
    role slugs between bars.
    """

    class OwnerKind(models.TextChoices):
        USER = "user", "One person"
        ROLE = "role", "Holders of a role"

    id = models.BigAutoField(primary_key=True)
    subject_kind = models.CharField(max_length=40)
    subject_key = models.CharField(max_length=100)
    subject_title = models.CharField(max_length=200, blank=True, default="")
    rule_id = models.CharField(max_length=120)
    standard_hash = models.CharField(max_length=64)
    source = models.JSONField(default=dict)
    occurrence = models.CharField(max_length=100)
    what = models.CharField(max_length=300)
    owner_kind = models.CharField(max_length=10, choices=OwnerKind)
    owner_key = models.TextField()
    scope = models.TextField(blank=True, default="")
    steps = models.JSONField()
    steps_done = models.PositiveSmallIntegerField(default=0)
    met_by = models.JSONField(default=list)
    void_by = models.JSONField(default=list)
    blocks = models.JSONField(default=list)
    state = models.CharField(max_length=10, choices=OBLIGATION.choices, default=OBLIGATION.initial)
    opened_at = models.DateTimeField()
    due_at = models.DateTimeField()
    next_at = models.DateTimeField(null=True)
    breached_at = models.DateTimeField(null=True)
    met_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    waiver = models.TextField(blank=True, default="")
    updated_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1, editable=False)

    history = history()

    class Meta:
        constraints = [
            OBLIGATION.constraint("obligation_state"),
            models.UniqueConstraint(
                fields=["subject_kind", "subject_key", "rule_id", "occurrence"], name="obligation_once"
            ),
            models.CheckConstraint(
                name="obligation_owner_kind", condition=Q(owner_kind__in=["user", "role"]) & ~Q(owner_key="")
            ),
            models.CheckConstraint(
                name="obligation_ended_has_no_steps",
                condition=Q(ended_at__isnull=True) | Q(next_at__isnull=True),
            ),
            models.CheckConstraint(
                name="obligation_dates_fit_state",
                condition=Q(state="open", breached_at=None, ended_at=None, met_at=None)
                | Q(state="met", breached_at=None, ended_at__isnull=False, met_at__isnull=False)
                | Q(state="breached", breached_at__isnull=False, ended_at=None, met_at=None)
                | Q(state="breached", breached_at__isnull=False, ended_at__isnull=False, met_at__isnull=False)
                | (Q(state="waived", ended_at__isnull=False, met_at=None) & ~Q(waiver=""))
                | Q(state="void", ended_at__isnull=False, met_at=None),
            ),
        ]
        indexes = [
            models.Index(fields=["next_at", "id"], name="obligation_due", condition=Q(next_at__isnull=False)),
            models.Index(
                fields=["owner_key", "due_at"],
                name="obligation_owed_by_person",
                condition=Q(ended_at__isnull=True, owner_kind="user"),
            ),
            models.Index(fields=["due_at", "id"], name="obligation_by_due"),
            models.Index(fields=["due_at", "id"], name="obligation_late", condition=Q(ended_at__isnull=True)),
            models.Index(fields=["updated_at", "id"], name="obligation_updated"),
        ]

    def __str__(self) -> str:
        return f"{self.what} ({self.subject_key})"

    @property
    def is_owed(self) -> bool:
        return self.ended_at is None

    @property
    def owner(self) -> Owner:
        services, teams = scope_of(self.scope)
        if self.owner_kind == self.OwnerKind.USER:
            return Owner.user(self.owner_key)
        return Owner.role(*parted(self.owner_key), services=services, teams=teams)

    @property
    def standing(self) -> str:
        """The state in words that also say whether a breach has been made good."""
        if self.state == "breached":
            return "Met late" if self.met_at else "Overdue"
        return OBLIGATION.names[self.state]

    def is_overdue(self, at: datetime) -> bool:
        """Return whether it is owed and its time has passed at `at` (aware UTC)."""
        return self.is_owed and self.due_at <= at
