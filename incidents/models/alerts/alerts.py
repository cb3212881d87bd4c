"""What senders told, as they told it, and the alerts that came of it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from incidents.ingest.arrived import MAX_FINGERPRINT, MAX_TITLE
from incidents.models.alerts.integrations import Integration
from incidents.models.alerts.routes import AlertRoute
from incidents.models.response import Incident
from incidents.severities import CHOICES
from incidents.states import ALERT, HANDLING
from opsportal.audit.models import AppendOnly
from opsportal.catalog.models import Service

MAX_GROUP = 200


class AlertMessage(AppendOnly):
    """What a sender posted, byte for byte, as evidence; pictures inside it are left out.

    `sha256` is that of what arrived, pictures included.
    """

    id = models.BigAutoField(primary_key=True)
    integration = models.ForeignKey(Integration, on_delete=models.PROTECT, related_name="messages")
    format = models.CharField(max_length=20)
    received_at = models.DateTimeField()
    sha256 = models.CharField(max_length=64)
    body = models.BinaryField()
    alerts = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    truncated = models.PositiveIntegerField(default=0)
    correlation_id = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        indexes = [models.Index(fields=["integration", "-received_at"], name="alert_message_received")]

    def __str__(self) -> str:
        return f"message {self.pk} of {self.integration_id}"


class Alert(models.Model):
    """One occurrence of an alert of one integration, derived from its messages. Times are aware UTC.

    `is_latest` marks the newest occurrence of a fingerprint: there is one, and only it may be firing.
    `due_at` is when something is to be done about it next: find its route, look again when the work that
    suppresses it is over, or tell its incident that it was acknowledged or is over. `attempt` counts claims.
    """

    id = models.BigAutoField(primary_key=True)
    integration = models.ForeignKey(Integration, on_delete=models.PROTECT, related_name="alerts")
    fingerprint = models.CharField(max_length=MAX_FINGERPRINT)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, blank=True)
    state = models.CharField(max_length=8, choices=ALERT.choices, default=ALERT.initial)
    handling = models.CharField(max_length=10, choices=HANDLING.choices, default=HANDLING.initial)
    is_latest = models.BooleanField(default=True)
    title = models.CharField(max_length=MAX_TITLE)
    labels = models.JSONField(default=dict)
    annotations = models.JSONField(default=dict)
    links = models.JSONField(default=list)
    severity = models.CharField(max_length=4, choices=CHOICES)
    severity_word = models.CharField(max_length=200, blank=True, default="")
    category = models.CharField(max_length=12, default="operational")
    service = models.ForeignKey(
        Service, on_delete=models.PROTECT, null=True, blank=True, related_name="alerts"
    )
    route = models.ForeignKey(AlertRoute, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    route_version = models.PositiveIntegerField(null=True, blank=True)
    restricted = models.BooleanField(default=False)
    incident = models.ForeignKey(
        Incident, on_delete=models.PROTECT, null=True, blank=True, related_name="alerts"
    )
    group_key = models.CharField(max_length=MAX_GROUP, blank=True, default="")
    count = models.PositiveIntegerField(default=1)
    received_at = models.DateTimeField()
    last_received_at = models.DateTimeField()
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    suppressed_by = models.CharField(max_length=100, blank=True, default="")
    message = models.ForeignKey(AlertMessage, on_delete=models.PROTECT, related_name="+")
    due_at = models.DateTimeField(null=True, blank=True)
    attempt = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            ALERT.constraint("alert_state_known"),
            HANDLING.constraint("alert_handling_known", field="handling"),
            models.UniqueConstraint(
                fields=["integration", "fingerprint"], name="alert_latest_once", condition=Q(is_latest=True)
            ),
            models.CheckConstraint(
                name="alert_over_has_end",
                condition=Q(state="firing", ends_at__isnull=True, is_latest=True)
                | Q(state="resolved", ends_at__isnull=False),
            ),
            models.CheckConstraint(
                name="alert_due_until_handled",
                condition=~Q(handling__in=["waiting", "suppressed"]) | Q(due_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["due_at", "id"], name="alert_due", condition=Q(due_at__isnull=False)),
            models.Index(fields=["-id"], name="alert_firing", condition=Q(state="firing")),
            models.Index(fields=["service", "-id"], name="alert_service"),
            models.Index(fields=["integration", "-id"], name="alert_integration"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_firing(self) -> bool:
        return self.state == "firing"

    @property
    def incident_url(self) -> str:
        """The path of the page of its incident, `""` where it is in none."""
        return f"/incidents/{self.incident.key}/" if self.incident else ""


class ChangeReport(AppendOnly):
    """What a sender says was done elsewhere. Nobody is told; it stands among the recent changes."""

    id = models.BigAutoField(primary_key=True)
    integration = models.ForeignKey(Integration, on_delete=models.PROTECT, related_name="+")
    message = models.ForeignKey(AlertMessage, on_delete=models.PROTECT, related_name="+")
    service = models.ForeignKey(Service, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    summary = models.CharField(max_length=MAX_TITLE)
    source = models.CharField(max_length=200, blank=True, default="")
    at = models.DateTimeField()
    received_at = models.DateTimeField()
    details = models.JSONField(default=dict)
    links = models.JSONField(default=list)

    class Meta:
        indexes = [models.Index(fields=["service", "-at"], name="change_report_service")]

    def __str__(self) -> str:
        return self.summary
