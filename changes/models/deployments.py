"""Deployments that CI registers, and what it reports of them."""

from __future__ import annotations

from django.db import models

from changes.models.break_glass import BreakGlass
from changes.models.changes import Change
from changes.states import DEPLOYMENT
from opsportal.accounts.models import ServiceAccount
from opsportal.audit.history import history
from opsportal.audit.models import AppendOnly
from opsportal.catalog.models import Environment, Service
from opsportal.core.keys import format_key

PREFIX = "DEP"


class Deployment(models.Model):
    """One try to bring one version of one service to one environment, with the gate's answer."""

    class Decision(models.TextChoices):
        ALLOWED = "allowed", "Allowed"
        PENDING = "pending", "Pending"
        BLOCKED = "blocked", "Blocked"
        EXPIRED = "expired", "Expired"
        WITHDRAWN = "withdrawn", "Withdrawn"

    class Registration(models.TextChoices):
        AHEAD = "ahead", "Ahead"
        LATE = "late", "After the fact"

    id = models.BigAutoField(primary_key=True)
    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="deployments")
    environment = models.ForeignKey(Environment, on_delete=models.PROTECT, related_name="deployments")
    # "version" is the software's; the row's own counter is `row_version`.
    release = models.CharField("version", max_length=120)
    commit = models.CharField(max_length=64, blank=True, default="")
    artifact_digest = models.CharField(max_length=200, blank=True, default="")
    environment_url = models.URLField(max_length=500, blank=True, default="")
    pipeline = models.JSONField(default=dict, blank=True)
    checks = models.JSONField(default=dict, blank=True)
    policy_hash = models.CharField(max_length=128, blank=True, default="")
    change = models.ForeignKey(
        Change, on_delete=models.PROTECT, null=True, blank=True, related_name="deployments"
    )
    # The change was named by the pipeline, not found by the portal: only then does "another one" not do.
    change_named = models.CharField(max_length=24, blank=True, default="")
    change_content_hash = models.CharField(max_length=64, blank=True, default="")
    # What let it pass although rules stood against it.
    break_glass = models.ForeignKey(
        BreakGlass, on_delete=models.PROTECT, null=True, blank=True, related_name="deployments"
    )

    registration = models.CharField(
        max_length=5, choices=Registration, default=Registration.AHEAD, db_default=Registration.AHEAD
    )
    decision = models.CharField(max_length=10, choices=Decision)
    reasons = models.JSONField(default=list)
    decided_at = models.DateTimeField()
    standard_hash = models.CharField(max_length=64)
    state = models.CharField(max_length=12, choices=DEPLOYMENT.choices, default=DEPLOYMENT.initial)
    percent = models.PositiveSmallIntegerField(default=0)
    registered_by = models.ForeignKey(
        ServiceAccount, on_delete=models.PROTECT, null=True, blank=True, related_name="deployments"
    )
    registered_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    row_version = models.PositiveIntegerField(default=1, editable=False)

    # Who started the pipeline is told for people to see now, and never in what cannot be erased.
    history = history(excluded=["pipeline"])

    class Meta:
        constraints = [
            DEPLOYMENT.constraint("deployment_state_known"),
            models.CheckConstraint(
                name="deployment_decision_known",
                condition=models.Q(decision__in=["allowed", "pending", "blocked", "expired", "withdrawn"]),
            ),
            models.CheckConstraint(
                name="deployment_registration_known", condition=models.Q(registration__in=["ahead", "late"])
            ),
            models.CheckConstraint(name="deployment_percent", condition=models.Q(percent__lte=100)),
        ]
        indexes = [
            models.Index(fields=["-registered_at", "-id"], name="deployment_registered"),
            models.Index(fields=["service", "environment", "-id"], name="deployment_place"),
            models.Index(fields=["change", "id"], name="deployment_change"),
            models.Index(fields=["release", "service", "state"], name="deployment_release"),
            models.Index(fields=["updated_at", "id"], name="deployment_updated"),
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.release}"

    @property
    def key(self) -> str:
        return format_key(PREFIX, self.pk)


class DeploymentEvent(AppendOnly):
    """What CI reported, and what it was told. Written once; a repeated `id` of CI's finds its first row."""

    class Effect(models.TextChoices):
        APPLIED = "applied", "Applied"
        IGNORED = "ignored", "Changed nothing"
        FLAGGED = "flagged", "Not allowed"

    deployment = models.ForeignKey(Deployment, on_delete=models.PROTECT, related_name="events")
    event = models.CharField(max_length=12)
    percent = models.PositiveSmallIntegerField(null=True, blank=True)
    metrics = models.JSONField(default=dict, blank=True)
    external_id = models.CharField(max_length=100, null=True, blank=True)  # noqa: DJ001 (NULLs are not equal)
    at = models.DateTimeField()
    received_at = models.DateTimeField()
    effect = models.CharField(max_length=8, choices=Effect)
    action = models.CharField(max_length=10)
    reasons = models.JSONField(default=list)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["deployment", "external_id"], name="deployment_event_once"),
        ]
        indexes = [models.Index(fields=["deployment", "id"], name="deployment_event_order")]

    def __str__(self) -> str:
        return f"{self.event} of {self.deployment_id}"
