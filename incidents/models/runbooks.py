"""Runbooks, their versions, what they are attached to, and their runs."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from incidents.models.response import Incident
from incidents.runbook.states import RUN, RUNBOOK, STEP
from incidents.runbook.templates import KINDS
from opsportal.accounts.models import Team
from opsportal.audit.history import history
from opsportal.audit.models import AppendOnly
from opsportal.catalog.models import Service


class Runbook(models.Model):
    """A procedure for common work or trouble. What it says stands in its versions.

    `latest` is the number of the newest version, `published` the one that people follow (None before the
    first). `keeper` owes its review, by `review_due_at`.
    """

    slug = models.SlugField(max_length=60, unique=True)
    title = models.CharField(max_length=200)
    kind = models.CharField(max_length=12, choices=KINDS, default="outage")
    owner_team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="runbooks")
    keeper = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="kept_runbooks"
    )
    state = models.CharField(max_length=10, choices=RUNBOOK.choices, default=RUNBOOK.initial, editable=False)
    latest = models.PositiveIntegerField(default=1, editable=False)
    published = models.PositiveIntegerField(null=True, editable=False)
    published_at = models.DateTimeField(null=True, editable=False)
    review_every_days = models.PositiveSmallIntegerField(default=180)
    reviewed_at = models.DateTimeField(null=True, editable=False)
    review_due_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(editable=False)
    updated_at = models.DateTimeField(editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    history = history()

    class Meta:
        ordering = ["title", "id"]
        constraints = [
            RUNBOOK.constraint("runbook_state_known"),
            models.CheckConstraint(
                name="runbook_published_has_a_version", condition=~Q(state="published") | Q(published__gt=0)
            ),
        ]
        indexes = [
            models.Index(fields=["title", "id"], name="runbook_title"),
            models.Index(fields=["updated_at", "id"], name="runbook_updated"),
        ]

    def __str__(self) -> str:
        return self.title


class RunbookVersion(AppendOnly):
    """What a runbook said from one edit to the next. Its author stands by value, as in the audit trail."""

    runbook = models.ForeignKey(Runbook, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    text = models.TextField()
    content_hash = models.CharField(max_length=64)
    note = models.CharField(max_length=300, blank=True, default="")
    actor_kind = models.CharField(max_length=20)
    actor_id = models.CharField(max_length=64, blank=True)
    written_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["runbook", "number"], name="runbook_version_once")]

    def __str__(self) -> str:
        return f"{self.runbook_id} v{self.number}"


class RunbookTarget(models.Model):
    """Where a runbook is offered: for a service, or for alerts with these labels (one of both)."""

    runbook = models.ForeignKey(Runbook, on_delete=models.PROTECT, related_name="targets")
    service = models.ForeignKey(
        Service, on_delete=models.PROTECT, null=True, blank=True, related_name="runbook_targets"
    )
    labels = models.JSONField(default=dict, blank=True)

    history = history()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["runbook", "service"], name="runbook_service_once", condition=Q(service__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.runbook_id} for {self.service_id or self.labels}"


class RunbookRun(models.Model):
    """One time that somebody follows a runbook, step by step, in the version of its start."""

    class Occasion(models.TextChoices):
        INCIDENT = "incident", "An incident"
        EXERCISE = "exercise", "An exercise (game day)"
        ROUTINE = "routine", "Regular work"

    runbook = models.ForeignKey(Runbook, on_delete=models.PROTECT, related_name="runs")
    content = models.ForeignKey(RunbookVersion, on_delete=models.PROTECT, related_name="+")
    occasion = models.CharField(max_length=10, choices=Occasion)
    incident = models.ForeignKey(
        Incident, on_delete=models.PROTECT, null=True, blank=True, related_name="runbook_runs"
    )
    state = models.CharField(max_length=10, choices=RUN.choices, default=RUN.initial, editable=False)
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    started_at = models.DateTimeField()
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    ended_at = models.DateTimeField(null=True)
    outcome = models.TextField(blank=True, default="")
    updated_at = models.DateTimeField(editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    history = history()

    class Meta:
        constraints = [
            RUN.constraint("runbook_run_state_known"),
            models.CheckConstraint(
                name="runbook_run_end_fits_state",
                condition=Q(state="running", ended_at=None)
                | Q(state__in=["completed", "abandoned"], ended_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["runbook", "-id"], name="runbook_run_of"),
            models.Index(fields=["incident", "id"], name="runbook_run_incident"),
        ]

    def __str__(self) -> str:
        return f"run {self.pk} of {self.runbook_id}"


class RunbookStep(models.Model):
    """One step of a run, as the version said it when the run began."""

    run = models.ForeignKey(RunbookRun, on_delete=models.PROTECT, related_name="steps")
    number = models.PositiveSmallIntegerField()
    section = models.CharField(max_length=200, blank=True, default="")
    text = models.TextField()
    state = models.CharField(max_length=10, choices=STEP.choices, default=STEP.initial)
    note = models.TextField(blank=True, default="")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1, editable=False)

    history = history()

    class Meta:
        ordering = ["number"]
        constraints = [
            STEP.constraint("runbook_step_state_known"),
            models.UniqueConstraint(fields=["run", "number"], name="runbook_step_once"),
        ]

    def __str__(self) -> str:
        return f"step {self.number} of run {self.run_id}"


class RunbookLink(models.Model):
    """An address that a published runbook names, and whether it answers. Found out by a tick."""

    class State(models.TextChoices):
        UNKNOWN = "unknown", "Not looked at yet"
        FINE = "fine", "Answers"
        BROKEN = "broken", "Broken"
        CLOSED = "closed", "Cannot be seen from here"

    runbook = models.ForeignKey(Runbook, on_delete=models.PROTECT, related_name="links")
    address = models.TextField()
    # Long addresses do not fit into an index; their digest does.
    digest = models.CharField(max_length=64)
    state = models.CharField(max_length=10, choices=State, default=State.UNKNOWN)
    detail = models.CharField(max_length=200, blank=True, default="")
    failures = models.PositiveSmallIntegerField(default=0)
    checked_at = models.DateTimeField(null=True)
    next_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["runbook", "digest"], name="runbook_link_once"),
            models.CheckConstraint(
                name="runbook_link_state_known",
                condition=Q(state__in=["unknown", "fine", "broken", "closed"]),
            ),
        ]
        indexes = [models.Index(fields=["next_at", "id"], name="runbook_link_due")]

    def __str__(self) -> str:
        return self.address
