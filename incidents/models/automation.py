"""Automated response: which webhook does what, and what was done by itself in an incident."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from incidents.models.response import Incident
from incidents.states import RESPONSE
from opsportal.audit.history import history
from opsportal.audit.models import AppendOnly
from opsportal.catalog.models import Service
from opsportal.notify.models import ChannelTarget


class ResponseTarget(models.Model):
    """The signed webhook that does an action (`restart_service`): for one service, or for all others."""

    action = models.CharField(max_length=60)
    service = models.ForeignKey(
        Service, on_delete=models.PROTECT, null=True, blank=True, related_name="response_targets"
    )
    target = models.ForeignKey(ChannelTarget, on_delete=models.PROTECT, related_name="response_targets")

    history = history()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["action", "service"], name="response_target_once"),
            models.UniqueConstraint(
                fields=["action"],
                name="response_target_everywhere_once",
                condition=models.Q(service__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return self.action


class AutomatedResponse(models.Model):
    """What a trigger has set off in an incident; of each trigger one at most, so nothing goes in circles.

    `plan` is copied from the standard. `step` is the action that is next or under way; `attempt` fences
    those who call out, `tries` counts them for this action. `handed_over_at`: its outcome is awaited.
    """

    id = models.BigAutoField(primary_key=True)
    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="responses")
    trigger = models.CharField(max_length=60)
    title = models.CharField(max_length=200)
    plan = models.JSONField()
    alert = models.BigIntegerField()
    state = models.CharField(max_length=10, choices=RESPONSE.choices, default=RESPONSE.initial)
    step = models.PositiveSmallIntegerField(default=0)
    attempt = models.PositiveIntegerField(default=0)
    tries = models.PositiveSmallIntegerField(default=0)
    failures = models.PositiveSmallIntegerField(default=0)
    token_hash = models.CharField(max_length=64, blank=True, default="", editable=False)
    handed_over_at = models.DateTimeField(null=True, blank=True)
    opened_at = models.DateTimeField()
    deadline_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    history = history(excluded=["token_hash"])

    class Meta:
        constraints = [
            RESPONSE.constraint("automated_response_state_known"),
            models.UniqueConstraint(fields=["incident", "trigger"], name="automated_response_once"),
            models.CheckConstraint(
                name="automated_response_never_stuck",
                condition=Q(state__in=["waiting", "running"], due_at__isnull=False, ended_at__isnull=True)
                | (~Q(state__in=["waiting", "running"]) & Q(due_at__isnull=True, ended_at__isnull=False)),
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at", "id"], name="automated_response_due", condition=Q(due_at__isnull=False)
            ),
            models.Index(fields=["token_hash"], name="automated_response_token", condition=~Q(token_hash="")),
        ]

    def __str__(self) -> str:
        return f"{self.trigger} {self.incident_id}"


class ResponseMove(AppendOnly):
    """What a response did: an action handed over, what came of it, who was told."""

    response = models.ForeignKey(AutomatedResponse, on_delete=models.PROTECT, related_name="log")
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=12)
    action = models.CharField(max_length=60, blank=True, default="")
    detail = models.CharField(max_length=300, blank=True, default="")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["response", "number"], name="response_move_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.action}"
