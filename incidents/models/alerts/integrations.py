"""Where alerts come from."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from incidents.severities import CHOICES
from incidents.states import INTEGRATION, TOKEN
from opsportal.accounts.models import ServiceAccount, Team
from opsportal.audit.history import history
from opsportal.catalog.models import Service


class Integration(models.Model):
    """A sender of alerts: what it speaks, and what is taken for granted where it does not say.

    `account` is set for the one that stands for a service account's own bearer token. `severity_table` maps
    the sender's words to severities; `group_by` are names of labels, and none means the usual ones.
    `silent_after` is in seconds; without it, silence is nothing to tell of. The secret of signatures is
    not stored: it is derived from the portal's own key and `signature_generation`.
    """

    class Kind(models.TextChoices):
        ALERTMANAGER = "alertmanager", "Prometheus Alertmanager"
        GRAFANA = "grafana", "Grafana"
        PAGERDUTY = "pagerduty", "PagerDuty Events API v2"
        OWN = "own", "The portal's own format"
        PORTAL = "portal", "The portal itself"

    id = models.BigAutoField(primary_key=True)
    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=12, choices=Kind)
    account = models.ForeignKey(
        ServiceAccount, on_delete=models.PROTECT, null=True, blank=True, related_name="+", editable=False
    )
    team = models.ForeignKey(Team, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    service = models.ForeignKey(Service, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    severity = models.CharField("default severity", max_length=4, choices=CHOICES, default="sev3")
    severity_label = models.CharField(max_length=200, blank=True, default="")
    severity_table = models.JSONField(default=dict, blank=True)
    service_label = models.CharField(max_length=200, blank=True, default="service")
    group_by = models.JSONField(default=list, blank=True)
    silent_after = models.PositiveIntegerField("silent after (seconds)", null=True, blank=True)
    signature_header = models.CharField(max_length=100, blank=True, default="")
    timestamp_header = models.CharField(max_length=100, blank=True, default="")
    signature_skew = models.PositiveIntegerField("tolerance of the time (seconds)", default=300)
    signature_generation = models.PositiveIntegerField(default=1, editable=False)
    state = models.CharField(
        max_length=5, choices=INTEGRATION.choices, default=INTEGRATION.initial, editable=False
    )
    created_at = models.DateTimeField(editable=False)
    updated_at = models.DateTimeField(editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    history = history()

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            INTEGRATION.constraint("integration_state_known"),
            models.UniqueConstraint(
                fields=["account", "kind"],
                name="integration_account_once",
                condition=Q(account__isnull=False),
            ),
        ]
        indexes = [models.Index(fields=["updated_at", "id"], name="integration_updated")]

    def __str__(self) -> str:
        return self.name


class IntegrationToken(models.Model):
    """A secret by which a sender is known. Only its SHA-256 is kept; it is shown once.

    Two of an integration are good at a time, so that one can be replaced while the other is in use.
    """

    id = models.BigAutoField(primary_key=True)
    integration = models.ForeignKey(Integration, on_delete=models.PROTECT, related_name="tokens")
    prefix = models.CharField(max_length=12)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    state = models.CharField(max_length=8, choices=TOKEN.choices, default=TOKEN.initial, editable=False)
    created_at = models.DateTimeField(editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)

    history = history(excluded=["digest"])

    class Meta:
        ordering = ["-id"]
        constraints = [TOKEN.constraint("integration_token_state_known")]

    def __str__(self) -> str:
        return f"{self.prefix}…"
