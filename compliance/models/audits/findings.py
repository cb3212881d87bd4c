"""What the auditee has to do with: evidence requests, findings, corrective actions."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from compliance.auditing.states import ACTION, FINDING, OPEN_FINDINGS, REQUEST
from compliance.auditing.tables import REQUEST_KINDS, SEVERITIES
from compliance.models.audits.fieldwork import ControlTest, SampleItem
from compliance.models.audits.plan import Audit
from opsportal.audit.history import history
from opsportal.core.keys import format_key

FINDING_PREFIX, ACTION_PREFIX, REQUEST_PREFIX = "FND", "CAP", "ERQ"


def _person() -> models.ForeignKey:  # type: ignore[type-arg]
    return models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", editable=False
    )


class EvidenceRequest(models.Model):
    """Something that the auditor asks somebody for, by a time. The answer may have files and links."""

    id = models.BigAutoField(primary_key=True)
    audit = models.ForeignKey(Audit, on_delete=models.PROTECT, related_name="requests")
    test = models.ForeignKey(
        ControlTest, on_delete=models.PROTECT, null=True, blank=True, related_name="requests"
    )
    item = models.ForeignKey(
        SampleItem, on_delete=models.PROTECT, null=True, blank=True, related_name="requests"
    )
    kind = models.CharField(max_length=11, choices=list(REQUEST_KINDS.items()), default="document")
    title = models.CharField(max_length=200)
    detail = models.TextField(blank=True, default="")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    due_at = models.DateTimeField()
    state = models.CharField(max_length=9, choices=REQUEST.choices, default=REQUEST.initial, editable=False)
    answer = models.TextField(blank=True, default="", editable=False)
    links = models.TextField(blank=True, default="", editable=False)
    remark = models.TextField(blank=True, default="", editable=False)
    rounds = models.PositiveSmallIntegerField(default=0, editable=False)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", editable=False
    )
    asked_at = models.DateTimeField(editable=False)
    answered_by = _person()
    answered_at = models.DateTimeField(null=True, editable=False)
    settled_at = models.DateTimeField(null=True, editable=False)
    updated_at = models.DateTimeField(editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    history = history()

    class Meta:
        constraints = [
            REQUEST.constraint("evidence_request_state_known"),
            models.CheckConstraint(name="evidence_request_kind_known", condition=Q(kind__in=REQUEST_KINDS)),
        ]
        indexes = [
            models.Index(
                fields=["owner", "due_at", "id"], name="evidence_request_owed", condition=Q(state="open")
            ),
            models.Index(fields=["audit", "state"], name="evidence_request_audit"),
            models.Index(fields=["updated_at", "id"], name="evidence_request_updated"),
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.title}"

    @property
    def key(self) -> str:
        return format_key(REQUEST_PREFIX, self.pk)


class Finding(models.Model):
    """What is, what should be, why it differs, what that may lead to. A draft is the team's alone."""

    id = models.BigAutoField(primary_key=True)
    audit = models.ForeignKey(Audit, on_delete=models.PROTECT, related_name="findings")
    test = models.ForeignKey(
        ControlTest, on_delete=models.PROTECT, null=True, blank=True, related_name="findings"
    )
    item = models.ForeignKey(
        SampleItem, on_delete=models.PROTECT, null=True, blank=True, related_name="findings"
    )
    title = models.CharField(max_length=200)
    severity = models.CharField(max_length=11, choices=list(SEVERITIES.items()))
    condition = models.TextField("condition (what is)")
    criteria = models.TextField("criteria (what should be)")
    cause = models.TextField(blank=True, default="")
    effect = models.TextField(blank=True, default="")
    recommendation = models.TextField(blank=True, default="")
    service = models.CharField(max_length=60, blank=True, default="")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    due_at = models.DateTimeField(null=True, blank=True)
    state = models.CharField(max_length=11, choices=FINDING.choices, default=FINDING.initial, editable=False)
    # What the auditee answers: the management response, or why it is disputed.
    response = models.TextField("management response", blank=True, default="", editable=False)
    responded_by = _person()
    responded_at = models.DateTimeField(null=True, editable=False)
    outcome = models.TextField("re-test", blank=True, default="", editable=False)
    raised_by = _person()
    raised_at = models.DateTimeField(editable=False)
    reported_at = models.DateTimeField(null=True, editable=False)
    verified_by = _person()
    verified_at = models.DateTimeField(null=True, editable=False)
    closed_at = models.DateTimeField(null=True, editable=False)
    updated_at = models.DateTimeField(editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    history = history()

    class Meta:
        constraints = [
            FINDING.constraint("finding_state_known"),
            models.CheckConstraint(name="finding_severity_known", condition=Q(severity__in=SEVERITIES)),
            models.CheckConstraint(
                name="finding_told_to_somebody",
                condition=Q(state__in=["draft", "withdrawn"])
                | Q(owner__isnull=False, due_at__isnull=False, reported_at__isnull=False),
            ),
            # Four eyes, whatever a service forgets.
            models.CheckConstraint(
                name="finding_verified_by_another",
                condition=Q(verified_by__isnull=True) | ~Q(verified_by=F("owner")),
            ),
        ]
        indexes = [
            models.Index(
                fields=["owner", "due_at", "id"], name="finding_owed", condition=Q(state__in=OPEN_FINDINGS)
            ),
            models.Index(fields=["audit", "state"], name="finding_audit"),
            models.Index(fields=["due_at", "id"], name="finding_due"),
            models.Index(fields=["updated_at", "id"], name="finding_updated"),
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.title}"

    @property
    def key(self) -> str:
        return format_key(FINDING_PREFIX, self.pk)


class CorrectiveAction(models.Model):
    """What somebody does about a finding by a time; somebody else verifies it by a re-test."""

    id = models.BigAutoField(primary_key=True)
    finding = models.ForeignKey(Finding, on_delete=models.PROTECT, related_name="actions")
    title = models.CharField(max_length=200)
    detail = models.TextField(blank=True, default="")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    due_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=ACTION.choices, default=ACTION.initial, editable=False)
    outcome = models.TextField("what was done", blank=True, default="", editable=False)
    retest = models.TextField("re-test", blank=True, default="", editable=False)
    opened_at = models.DateTimeField(editable=False)
    done_by = _person()
    done_at = models.DateTimeField(null=True, editable=False)
    verified_by = _person()
    verified_at = models.DateTimeField(null=True, editable=False)
    updated_at = models.DateTimeField(editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    history = history()

    class Meta:
        constraints = [
            ACTION.constraint("corrective_action_state_known"),
            models.CheckConstraint(
                name="corrective_action_done_when",
                condition=Q(state__in=["done", "verified"], done_at__isnull=False)
                | Q(state__in=["open", "dropped"], done_at__isnull=True),
            ),
            models.CheckConstraint(
                name="corrective_action_verified_by_another",
                condition=Q(verified_by__isnull=True)
                | (~Q(verified_by=F("owner")) & ~Q(verified_by=F("done_by"))),
            ),
        ]
        indexes = [
            models.Index(
                fields=["owner", "due_at", "id"], name="corrective_action_owed", condition=Q(state="open")
            ),
            models.Index(fields=["finding", "state"], name="corrective_action_finding"),
            models.Index(fields=["updated_at", "id"], name="corrective_action_updated"),
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.title}"

    @property
    def key(self) -> str:
        return format_key(ACTION_PREFIX, self.pk)
