"""Routes: what is done about which alert."""

from __future__ import annotations

from django.db import models

from incidents.severities import CHOICES
from incidents.states import ROUTE
from opsportal.audit.history import history
from opsportal.catalog.models import Service


class AlertRoute(models.Model):
    """Which alerts, and what is done about them. The first that fits, by `position`, is taken.

    `matchers` is a list of `{"label", "op", "value"}` that must all hold. What is empty is as the
    integration and the alert say. `policy` is the short name of an escalation policy.
    """

    class Action(models.TextChoices):
        INCIDENT = "incident", "Open an incident"
        KEEP = "keep", "Keep it, tell nobody"

    id = models.BigAutoField(primary_key=True)
    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    position = models.PositiveIntegerField()
    matchers = models.JSONField(default=list, blank=True)
    action = models.CharField(max_length=8, choices=Action, default=Action.INCIDENT)
    severity = models.CharField(max_length=4, choices=CHOICES, blank=True, default="")
    service = models.ForeignKey(Service, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    policy = models.CharField("escalation policy", max_length=60, blank=True, default="")
    group_by = models.JSONField(default=list, blank=True)
    suppress_in_windows = models.BooleanField("suppress while announced work goes on", default=False)
    restricted = models.BooleanField(default=False)
    auto_resolve = models.BooleanField("resolve its incidents by themselves", default=True)
    state = models.CharField(max_length=8, choices=ROUTE.choices, default=ROUTE.initial, editable=False)
    created_at = models.DateTimeField(editable=False)
    updated_at = models.DateTimeField(editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    history = history()

    class Meta:
        ordering = ["position", "id"]
        constraints = [ROUTE.constraint("alert_route_state_known")]

    def __str__(self) -> str:
        return self.name
