"""What is to be audited, the audits themselves, who works on them, and their reports."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from compliance.auditing.states import AUDIT, PROGRAMME, UNDER_WAY
from compliance.auditing.tables import EVERY, OPINIONS
from opsportal.audit.history import history
from opsportal.audit.models import AppendOnly
from opsportal.core.keys import format_key
from opsportal.obligations.terms import parted

AUDIT_PREFIX = "AUD"


class AuditProgramme(models.Model):
    """An audit that comes again and again: what it is of, and how often. `kind` is what rules count."""

    title = models.CharField(max_length=200, unique=True)
    kind = models.SlugField(max_length=40)
    every = models.CharField(max_length=10, choices=list(EVERY.items()))
    framework = models.CharField(max_length=60, blank=True, default="")
    objective = models.TextField(blank=True, default="")
    criteria = models.TextField(blank=True, default="")
    lead = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    state = models.CharField(
        max_length=8, choices=PROGRAMME.choices, default=PROGRAMME.initial, editable=False
    )
    created_at = models.DateTimeField(editable=False)
    updated_at = models.DateTimeField(editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    history = history()

    class Meta:
        ordering = ["title"]
        verbose_name = "programme entry"
        verbose_name_plural = "audit programme"
        constraints = [
            PROGRAMME.constraint("audit_programme_state_known"),
            models.CheckConstraint(name="audit_programme_every_known", condition=Q(every__in=EVERY)),
        ]

    def __str__(self) -> str:
        return self.title


class Audit(models.Model):
    """One audit: its scope (framework, services, period), who leads it, and how far it is.

    `services` are slugs between bars (`|a|b|`), none for all; the period's days are both part of it.
    """

    id = models.BigAutoField(primary_key=True)
    programme = models.ForeignKey(
        AuditProgramme, on_delete=models.PROTECT, null=True, blank=True, related_name="audits"
    )
    title = models.CharField(max_length=200)
    kind = models.SlugField(max_length=40)
    objective = models.TextField(blank=True, default="")
    criteria = models.TextField(blank=True, default="")
    framework = models.CharField(max_length=60, blank=True, default="")
    # From the catalogue, between bars: `|soc2|iso27001|`, `|CTL-1|CTL-7|`. What else is audited stands above.
    frameworks = models.TextField(blank=True, default="", db_default="")
    controls = models.TextField(blank=True, default="", db_default="")
    services = models.TextField(blank=True, default="")
    period_from = models.DateField()
    period_until = models.DateField()
    lead = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    due_at = models.DateTimeField("report due")
    state = models.CharField(max_length=10, choices=AUDIT.choices, default=AUDIT.initial, editable=False)
    conclusion = models.TextField(blank=True, default="")
    opinion = models.CharField(max_length=26, choices=list(OPINIONS.items()), blank=True, default="")
    # Why the opinion is given although something speaks against it.
    opinion_reason = models.TextField(
        "why, although something is open", blank=True, default="", db_default=""
    )
    created_at = models.DateTimeField(editable=False)
    begun_at = models.DateTimeField(null=True, editable=False)
    closed_at = models.DateTimeField(null=True, editable=False)
    cancelled_reason = models.TextField(blank=True, default="", editable=False)
    updated_at = models.DateTimeField(editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    history = history()

    class Meta:
        constraints = [
            AUDIT.constraint("audit_state_known"),
            models.CheckConstraint(
                name="audit_period_runs_forward", condition=Q(period_until__gte=F("period_from"))
            ),
            models.CheckConstraint(
                name="audit_closed_when", condition=~Q(state="closed") | Q(closed_at__isnull=False)
            ),
        ]
        indexes = [
            models.Index(fields=["due_at", "id"], name="audit_due", condition=Q(state__in=UNDER_WAY)),
            models.Index(fields=["updated_at", "id"], name="audit_updated"),
            models.Index(fields=["kind", "closed_at"], name="audit_kind_closed"),
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.title}"

    @property
    def key(self) -> str:
        return format_key(AUDIT_PREFIX, self.pk)

    @property
    def service_slugs(self) -> tuple[str, ...]:
        return parted(self.services)

    @property
    def framework_slugs(self) -> tuple[str, ...]:
        return parted(self.frameworks)

    @property
    def control_keys(self) -> tuple[str, ...]:
        return parted(self.controls)

    @property
    def begins(self) -> datetime:
        """The first instant of the period (UTC)."""
        return datetime.combine(self.period_from, time(), UTC)

    @property
    def ends(self) -> datetime:
        """The first instant after the period (UTC)."""
        return datetime.combine(self.period_until, time(), UTC) + timedelta(days=1)


class AuditMember(models.Model):
    """Somebody who works on an audit beside its lead."""

    audit = models.ForeignKey(Audit, on_delete=models.PROTECT, related_name="members")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField()

    history = history()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["audit", "person"], name="audit_member_once")]

    def __str__(self) -> str:
        return f"{self.person_id} in AUD-{self.audit_id}"


class AuditReport(AppendOnly):
    """The report of an audit as it was issued. `content_hash` is the SHA-256 of its canonical JSON."""

    audit = models.ForeignKey(Audit, on_delete=models.PROTECT, related_name="reports")
    number = models.PositiveIntegerField()
    content = models.JSONField()
    content_hash = models.CharField(max_length=64)
    issued_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    issued_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["audit", "number"], name="audit_report_once")]

    def __str__(self) -> str:
        return f"report {self.number} of AUD-{self.audit_id}"
