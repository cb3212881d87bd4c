"""A change request, and the services and environments that it names."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from changes.models.templates import ChangeTemplate
from changes.states import CHANGE, RETROSPECTIVE
from opsportal.audit.history import history
from opsportal.catalog.models import Environment, Service
from opsportal.core.keys import format_key

PREFIX = "CHG"


class Change(models.Model):
    """A change request. Data and constraints only; `changes.services` moves it."""

    class Type(models.TextChoices):
        STANDARD = "standard", "Standard"
        NORMAL = "normal", "Normal"
        EMERGENCY = "emergency", "Emergency"

    class Outcome(models.TextChoices):
        IMPLEMENTED = "implemented", "Implemented"
        FAILED = "failed", "Failed"
        ROLLED_BACK = "rolled_back", "Rolled back"

    class Risk(models.TextChoices):
        LOW = "low", "Low"
        MEDIUM = "medium", "Medium"
        HIGH = "high", "High"

    id = models.BigAutoField(primary_key=True)
    type = models.CharField(max_length=10, choices=Type)
    title = models.CharField(max_length=200)
    description = models.TextField(blank=True, default="")
    justification = models.TextField(blank=True, default="")
    risk = models.CharField(max_length=6, choices=Risk, default=Risk.MEDIUM)
    risk_assessment = models.TextField(blank=True, default="")
    impact = models.TextField(blank=True, default="")
    plan = models.TextField(blank=True, default="")
    test_evidence = models.TextField(blank=True, default="")
    rollback_plan = models.TextField(blank=True, default="")
    window_start = models.DateTimeField(null=True, blank=True)
    window_end = models.DateTimeField(null=True, blank=True)
    tags = models.JSONField(default=list, blank=True)

    requester = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="requested_changes",
    )
    implementer = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="implemented_changes",
    )
    # Opaque ids of everybody who wrote part of the present content: none of them may approve it.
    author_ids = models.JSONField(default=list, editable=False)
    template = models.ForeignKey(
        ChangeTemplate, on_delete=models.PROTECT, null=True, blank=True, related_name="changes"
    )

    # Content hash of the stored standard that carrying it out puts in force.
    activates = models.CharField(max_length=64, blank=True, default="", db_default="")

    # The template's content as it was copied: a template that was revised since approves nothing.
    template_hash = models.CharField(max_length=64, blank=True, default="", editable=False)

    state = models.CharField(max_length=12, choices=CHANGE.choices, default=CHANGE.initial, editable=False)
    retrospective_state = models.CharField(
        max_length=10, choices=RETROSPECTIVE.choices, default=RETROSPECTIVE.initial, editable=False
    )
    # What those who ran ahead say to a board that rejected it afterwards.
    objection_answer = models.TextField(blank=True, default="", db_default="", editable=False)
    # It was carried out, and a pipeline took it back afterwards: a fact, for which there is no state.
    rolled_back_later_at = models.DateTimeField(null=True, blank=True, editable=False)
    # The key of what the portal opened it for, after the fact: nothing else is deployed under it.
    opened_for = models.CharField(max_length=24, blank=True, default="", db_default="", editable=False)
    held_at = models.DateTimeField(null=True, blank=True, editable=False)
    held_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        editable=False,
    )
    held_reason = models.TextField(blank=True, default="", editable=False)
    revision = models.PositiveIntegerField(default=1, editable=False)
    # How often it was submitted: each submission is a round of approval of its own.
    submissions = models.PositiveIntegerField(default=0, editable=False)
    content_hash = models.CharField(max_length=64, editable=False)
    # What it runs under, copied at submission: a new standard changes nothing that is in flight.
    standard_hash = models.CharField(max_length=64, blank=True, default="", editable=False)

    # Whoever began it, who need not be the implementer that it names. A pipeline is in the audit trail.
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        editable=False,
    )
    # How the implementation ended; it stays known when the change is closed.
    outcome = models.CharField(max_length=12, choices=Outcome, blank=True, default="", editable=False)

    review = models.TextField("post-implementation review", blank=True, default="")
    lessons_learned = models.TextField(blank=True, default="")

    created_at = models.DateTimeField(editable=False)
    updated_at = models.DateTimeField(editable=False)
    submitted_at = models.DateTimeField(null=True, blank=True, editable=False)
    decided_at = models.DateTimeField(null=True, blank=True, editable=False)
    started_at = models.DateTimeField(null=True, blank=True, editable=False)
    finished_at = models.DateTimeField(null=True, blank=True, editable=False)
    closed_at = models.DateTimeField(null=True, blank=True, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    history = history()

    class Meta:
        constraints = [
            CHANGE.constraint("change_state_known"),
            RETROSPECTIVE.constraint("change_retrospective_known", "retrospective_state"),
            models.CheckConstraint(
                name="change_window_whole",
                condition=models.Q(window_start__isnull=True, window_end__isnull=True)
                | models.Q(window_end__gt=models.F("window_start")),
            ),
            models.CheckConstraint(
                name="change_hold_whole",
                condition=models.Q(held_at__isnull=True, held_by__isnull=True)
                | models.Q(held_at__isnull=False, held_by__isnull=False),
            ),
            models.CheckConstraint(
                name="change_outcome_known",
                condition=models.Q(outcome__in=["", "implemented", "failed", "rolled_back"]),
            ),
            models.CheckConstraint(
                name="change_requested_by_somebody",
                condition=models.Q(requester__isnull=False) | models.Q(template__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["-updated_at", "-id"], name="change_updated"),
            models.Index(fields=["created_at", "id"], name="change_created"),
            models.Index(fields=["state", "-updated_at", "-id"], name="change_state"),
            models.Index(fields=["requester", "state"], name="change_requester"),
            models.Index(fields=["window_start", "id"], name="change_window"),
            # Emergencies are few: what is counted of them never reads the others.
            models.Index(
                fields=["created_at", "state"], name="change_emergency", condition=models.Q(type="emergency")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.title}"

    @property
    def key(self) -> str:
        return format_key(PREFIX, self.pk)


class ChangeTarget(models.Model):
    """One service in one environment that a change names."""

    change = models.ForeignKey(Change, on_delete=models.PROTECT, related_name="targets")
    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="change_targets")
    environment = models.ForeignKey(Environment, on_delete=models.PROTECT, related_name="change_targets")

    history = history()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["change", "service", "environment"], name="change_target_once"),
        ]
        indexes = [models.Index(fields=["service", "environment", "change"], name="change_target_place")]

    def __str__(self) -> str:
        return f"{self.service_id} in {self.environment_id}"
