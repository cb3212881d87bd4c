"""An incident: what went wrong, who is at it, what was done about it."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q

from incidents.severities import CHOICES, SEVERITIES, TITLES
from incidents.states import INCIDENT, OPEN, TASK, WATCH
from opsportal.audit.history import history
from opsportal.audit.models import AppendOnly
from opsportal.catalog.models import Service
from opsportal.core.keys import format_key

PREFIX = "INC"


class Incident(models.Model):
    """An incident. Data and constraints only; `incidents.services.response` moves it.

    Who declared it, and what it came from, stand by value. `customer_facing` is empty until somebody has
    said whether customers notice it. `episode` counts how often it was opened, `clock` its events, so that
    each of them opens what is owed then once.
    """

    class DetectedBy(models.TextChoices):
        MONITOR = "monitor", "Monitoring"
        USER = "user", "A user"
        STAFF = "staff", "Our own people"

    class Visibility(models.TextChoices):
        OPEN = "open", "Open"
        RESTRICTED = "restricted", "Restricted"

    id = models.BigAutoField(primary_key=True)
    title = models.CharField(max_length=200)
    summary = models.TextField(blank=True, default="")
    severity = models.CharField(max_length=4, choices=CHOICES)
    state = models.CharField(
        max_length=12, choices=INCIDENT.choices, default=INCIDENT.initial, editable=False
    )
    visibility = models.CharField(max_length=10, choices=Visibility, default=Visibility.OPEN)
    security = models.BooleanField(default=False)
    customer_facing = models.BooleanField(null=True, blank=True)
    assessment = models.TextField(blank=True, default="")
    resolution = models.TextField(blank=True, default="")

    detected_at = models.DateTimeField()
    detected_by = models.CharField(max_length=8, choices=DetectedBy, default=DetectedBy.STAFF)
    declared_at = models.DateTimeField(editable=False)
    # When the present episode began: declared, or opened again after it was resolved.
    opened_at = models.DateTimeField(editable=False)
    declared_by_kind = models.CharField(max_length=20, editable=False)
    declared_by_id = models.CharField(max_length=64, blank=True, default="", editable=False)
    source_kind = models.CharField(max_length=40, blank=True, default="", editable=False)
    source_key = models.CharField(max_length=100, blank=True, default="", editable=False)
    group_key = models.CharField(max_length=255, blank=True, default="", editable=False)
    policy = models.CharField(max_length=60, blank=True, default="")
    # What it runs under, copied when it was declared: a new standard changes nothing that is in flight.
    standard_hash = models.CharField(max_length=64, editable=False)

    # The first time of each in the present episode; the timeline has them all.
    acknowledged_at = models.DateTimeField(null=True, blank=True, editable=False)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        editable=False,
    )
    assessed_at = models.DateTimeField(null=True, blank=True, editable=False)
    briefed_at = models.DateTimeField(null=True, blank=True, editable=False)
    mitigated_at = models.DateTimeField(null=True, blank=True, editable=False)
    resolved_at = models.DateTimeField(null=True, blank=True, editable=False)
    reported_at = models.DateTimeField(null=True, blank=True, editable=False)
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="assigned_incidents",
        editable=False,
    )
    merged_into = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="merged", editable=False
    )
    channel_url = models.URLField(max_length=500, blank=True, default="")
    episode = models.PositiveIntegerField(default=1, editable=False)
    clock = models.PositiveIntegerField(default=0, editable=False)
    updated_at = models.DateTimeField(editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    history = history()

    class Meta:
        constraints = [
            INCIDENT.constraint("incident_state_known"),
            models.CheckConstraint(name="incident_severity_known", condition=Q(severity__in=SEVERITIES)),
            models.CheckConstraint(
                name="incident_visibility_known", condition=Q(visibility__in=["open", "restricted"])
            ),
            models.CheckConstraint(
                name="incident_merged_into_something",
                condition=Q(state="merged", merged_into__isnull=False)
                | (~Q(state="merged") & Q(merged_into__isnull=True)),
            ),
            models.CheckConstraint(name="incident_not_into_itself", condition=~Q(merged_into=models.F("id"))),
            models.CheckConstraint(
                name="incident_resolved_when",
                condition=Q(state="resolved", resolved_at__isnull=False)
                | (~Q(state="resolved") & Q(resolved_at__isnull=True)),
            ),
            # What belongs together opens one incident, however many workers hear of it at once.
            models.UniqueConstraint(
                fields=["group_key"],
                name="incident_group_open_once",
                condition=Q(state__in=OPEN) & ~Q(group_key=""),
            ),
            # A deployment that was rolled back declares one incident, also when that is told twice.
            models.UniqueConstraint(
                fields=["source_key"],
                name="incident_deployment_once",
                condition=Q(source_kind="deployment"),
            ),
        ]
        indexes = [
            models.Index(fields=["-declared_at", "-id"], name="incident_declared"),
            models.Index(fields=["updated_at", "id"], name="incident_updated"),
            # What is open is little; pages and ticks read only that.
            models.Index(
                fields=["severity", "-declared_at", "-id"],
                name="incident_open",
                condition=Q(state__in=OPEN),
            ),
            models.Index(fields=["severity", "-declared_at", "-id"], name="incident_severity"),
            models.Index(
                fields=["assignee", "-declared_at"],
                name="incident_assigned",
                condition=Q(state__in=OPEN),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.title}"

    @property
    def key(self) -> str:
        return format_key(PREFIX, self.pk)

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @property
    def is_restricted(self) -> bool:
        return self.visibility == self.Visibility.RESTRICTED

    @property
    def severity_title(self) -> str:
        return TITLES[self.severity]

    @property
    def ended_at(self) -> datetime | None:
        """When it was over: resolved, or merged into another one."""
        return self.updated_at if self.state == "merged" else self.resolved_at


class IncidentService(models.Model):
    """A service that an incident touches: directly, or because it depends on one that is."""

    class Effect(models.TextChoices):
        DIRECT = "direct", "Affected"
        DEPENDANT = "dependant", "Depends on an affected one"

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="affected")
    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="incidents")
    effect = models.CharField(max_length=10, choices=Effect, default=Effect.DIRECT)

    history = history()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["incident", "service"], name="incident_service_once"),
            models.CheckConstraint(
                name="incident_service_effect", condition=Q(effect__in=["direct", "dependant"])
            ),
        ]
        indexes = [models.Index(fields=["service", "-incident"], name="incident_service_lately")]

    def __str__(self) -> str:
        return f"{self.service_id} in {self.incident_id}"


class IncidentEntry(AppendOnly):
    """One line of the timeline, written once. An edit is a new line that stands in the place of the old one.

    `at` is when it happened, `recorded_at` when it was written down. Whoever did it stands by value.
    """

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="entries")
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    kind = models.CharField(max_length=30)
    actor_kind = models.CharField(max_length=20)
    actor_id = models.CharField(max_length=64, blank=True, default="")
    text = models.TextField(blank=True, default="")
    data = models.JSONField(default=dict)
    replaces = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="replaced_by"
    )

    class Meta:
        verbose_name_plural = "incident entries"
        indexes = [
            models.Index(fields=["incident", "at", "id"], name="incident_timeline"),
            models.Index(fields=["incident", "kind", "id"], name="incident_entry_kind"),
        ]
        constraints = [
            # Of two who edit the same line at once, one has to read what the other wrote.
            models.UniqueConstraint(
                fields=["replaces"], name="incident_entry_edited_once", condition=Q(replaces__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.incident_id}"


class IncidentRole(models.Model):
    """Who does what in an incident, from when until when."""

    class Role(models.TextChoices):
        COMMANDER = "commander", "Incident commander"
        DEPUTY = "deputy", "Deputy"
        SCRIBE = "scribe", "Scribe"
        COMMUNICATIONS = "communications", "Communications"
        RESPONDER = "responder", "Responder"
        EXPERT = "expert", "Subject-matter expert"

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="roles")
    role = models.CharField(max_length=16, choices=Role)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="incident_roles"
    )
    # The schedule that named them; empty where somebody did.
    schedule = models.CharField(max_length=60, blank=True, default="")
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)

    history = history()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["incident", "role"],
                name="incident_role_one_at_a_time",
                condition=Q(until__isnull=True) & Q(role__in=["commander", "deputy", "scribe"]),
            ),
            models.UniqueConstraint(
                fields=["incident", "role", "person"],
                name="incident_role_once",
                condition=Q(until__isnull=True),
            ),
        ]
        indexes = [models.Index(fields=["person", "incident"], name="incident_role_person")]

    def __str__(self) -> str:
        return f"{self.role} of {self.incident_id}"


class IncidentTask(models.Model):
    """Something to do while an incident lasts, with an owner and a time."""

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="tasks")
    title = models.CharField(max_length=200)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="incident_tasks",
    )
    state = models.CharField(max_length=8, choices=TASK.choices, default=TASK.initial, editable=False)
    due_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(editable=False)
    ended_at = models.DateTimeField(null=True, blank=True, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    history = history()

    class Meta:
        constraints = [TASK.constraint("incident_task_state_known")]
        indexes = [
            models.Index(fields=["incident", "id"], name="incident_tasks"),
            models.Index(fields=["owner", "due_at"], name="incident_task_owed", condition=Q(state="open")),
        ]

    def __str__(self) -> str:
        return self.title


class IncidentLink(models.Model):
    """Something that has to do with an incident: a change, a deployment, another incident, a page."""

    class Kind(models.TextChoices):
        CHANGE = "change", "Change"
        DEPLOYMENT = "deployment", "Deployment"
        INCIDENT = "incident", "Incident"
        URL = "url", "Page"

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="links")
    kind = models.CharField(max_length=12, choices=Kind)
    # A key (CHG-1042) or an address.
    target = models.CharField(max_length=500)
    title = models.CharField(max_length=200, blank=True, default="")
    # Whether it brought the incident about, as far as people know.
    is_cause = models.BooleanField(default=False)
    added_at = models.DateTimeField(editable=False)

    history = history()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["incident", "kind", "target"], name="incident_link_once")
        ]
        indexes = [models.Index(fields=["target", "incident"], name="incident_link_target")]

    def __str__(self) -> str:
        return self.target


class IncidentWatch(models.Model):
    """That somebody chose to be told of an incident, or not to be. Who never chose is told of their part."""

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="watches")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=8, choices=WATCH.choices, default=WATCH.initial)
    since = models.DateTimeField()

    history = history()

    class Meta:
        verbose_name_plural = "incident watches"
        constraints = [
            WATCH.constraint("incident_watch_state_known"),
            models.UniqueConstraint(fields=["incident", "person"], name="incident_watch_once"),
        ]

    def __str__(self) -> str:
        return f"{self.state} {self.incident_id}"
