"""Scans and penetration tests, and the vulnerabilities that they found."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from compliance.governing.kinds import SCANS, SEVERITIES
from compliance.governing.states import UNFIXED, VULNERABILITY
from opsportal.audit.history import history
from opsportal.audit.models import AppendOnly
from opsportal.catalog.models import Service
from opsportal.core.keys import format_key

SCAN_PREFIX = "SCN"
VULNERABILITY_PREFIX = "VUL"


class Scan(AppendOnly):
    """One scan or test: of which service (none: of the organisation), with what, over what, what it found.

    `counts` maps each severity to how many results there were. `whole` says that it looked at all of its
    scope, so that what it does not name any more is gone. A repeated `external_id` finds the first row.
    """

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(max_length=14, choices=list(SCANS.items()))
    service = models.ForeignKey(Service, on_delete=models.PROTECT, null=True, related_name="scans")
    # Of an asset of recovery, by its key.
    asset = models.CharField(max_length=60, blank=True, default="")
    tool = models.CharField(max_length=120)
    scope = models.CharField(max_length=300, blank=True, default="")
    whole = models.BooleanField(default=False)
    report = models.CharField(max_length=500, blank=True, default="")
    summary = models.TextField(blank=True, default="")
    counts = models.JSONField(default=dict)
    digest = models.CharField(max_length=64, blank=True, default="")
    external_id = models.CharField(max_length=100, null=True)  # noqa: DJ001 (NULLs are not equal)
    performed_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    recorded_by_kind = models.CharField(max_length=20)
    recorded_by_id = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(name="scan_kind_known", condition=Q(kind__in=SCANS)),
            models.UniqueConstraint(fields=["external_id"], name="scan_external_once"),
            models.CheckConstraint(
                name="scan_not_ahead", condition=Q(performed_at__lte=models.F("recorded_at"))
            ),
        ]
        indexes = [
            models.Index(fields=["service", "kind", "-performed_at"], name="scan_service"),
            models.Index(fields=["-performed_at", "-id"], name="scan_performed"),
        ]

    def __str__(self) -> str:
        return self.key

    @property
    def key(self) -> str:
        return format_key(SCAN_PREFIX, self.pk)


class Vulnerability(models.Model):
    """One weakness in one place, from the scan that found it first until it is gone, accepted or no concern.

    `place` (SHA-256 of kind, tool, service, asset and scope) groups what scans of the same place found;
    `fingerprint` is what makes it the same thing there.
    """

    id = models.BigAutoField(primary_key=True)
    scan = models.ForeignKey(Scan, on_delete=models.PROTECT, related_name="vulnerabilities")
    service = models.ForeignKey(Service, on_delete=models.PROTECT, null=True, related_name="vulnerabilities")
    place = models.CharField(max_length=64, editable=False)
    fingerprint = models.CharField(max_length=64, editable=False)
    reference = models.CharField(max_length=200)
    component = models.CharField(max_length=300, blank=True, default="")
    title = models.CharField(max_length=200)
    detail = models.TextField(blank=True, default="")
    severity = models.CharField(max_length=8, choices=list(SEVERITIES.items()))
    state = models.CharField(
        max_length=14, choices=VULNERABILITY.choices, default=VULNERABILITY.initial, editable=False
    )
    found_at = models.DateTimeField(editable=False)
    due_at = models.DateTimeField(editable=False)
    standard_hash = models.CharField(max_length=64, blank=True, default="", editable=False)
    outcome = models.TextField(blank=True, default="")
    ended_at = models.DateTimeField(null=True, editable=False)
    ended_by_kind = models.CharField(max_length=20, blank=True, default="", editable=False)
    ended_by_id = models.CharField(max_length=64, blank=True, default="", editable=False)
    verified_by_scan = models.ForeignKey(
        Scan, on_delete=models.PROTECT, null=True, related_name="verified", editable=False
    )
    # Until when the risk is accepted; by which exception, by its key.
    accepted_until = models.DateTimeField(null=True, editable=False)
    exception_key = models.CharField(max_length=30, blank=True, default="")
    episode = models.PositiveIntegerField(default=1, editable=False)
    updated_at = models.DateTimeField(editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    history = history()

    class Meta:
        verbose_name_plural = "vulnerabilities"
        constraints = [
            VULNERABILITY.constraint("vulnerability_state_known"),
            models.CheckConstraint(name="vulnerability_severity_known", condition=Q(severity__in=SEVERITIES)),
            models.UniqueConstraint(fields=["place", "fingerprint"], name="vulnerability_once"),
            models.CheckConstraint(
                name="vulnerability_accepted_until",
                condition=Q(state="accepted", accepted_until__isnull=False)
                | (~Q(state="accepted") & Q(accepted_until__isnull=True)),
            ),
        ]
        indexes = [
            models.Index(fields=["due_at", "id"], name="vulnerability_due", condition=Q(state__in=UNFIXED)),
            models.Index(fields=["service", "state", "due_at"], name="vulnerability_service"),
            models.Index(
                fields=["accepted_until"], name="vulnerability_accepted", condition=Q(state="accepted")
            ),
            models.Index(fields=["updated_at", "id"], name="vulnerability_updated"),
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.title}"

    @property
    def key(self) -> str:
        return format_key(VULNERABILITY_PREFIX, self.pk)
