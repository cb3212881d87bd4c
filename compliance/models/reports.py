"""The monthly report: its figures as they were, to whom it goes, and each mail of it."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from compliance.measuring.states import REPORT_MAIL
from opsportal.audit.history import history
from opsportal.audit.models import AppendOnly


class MonthlyReport(AppendOnly):
    """The report on one month, written once. `content` is what every copy of it is made of, by name and
    opaque id alone; `content_hash` (SHA-256 of its canonical JSON) stands on each."""

    # `2026-10`
    month = models.CharField(max_length=7, unique=True)
    content = models.JSONField()
    content_hash = models.CharField(max_length=64)
    made_at = models.DateTimeField()

    class Meta:
        ordering = ["-month"]

    def __str__(self) -> str:
        return self.month


class ReportRecipient(models.Model):
    """Who gets the monthly report by mail: one person, or whoever holds a role (its slug) that day."""

    class Kind(models.TextChoices):
        USER = "user", "Person"
        ROLE = "role", "Role"

    kind = models.CharField(max_length=4, choices=Kind)
    key = models.CharField(max_length=64)
    created_at = models.DateTimeField(editable=False)

    history = history()

    class Meta:
        ordering = ["kind", "key"]
        constraints = [models.UniqueConstraint(fields=["kind", "key"], name="report_recipient_once")]

    def __str__(self) -> str:
        return f"{self.kind}:{self.key}"


class ReportMail(models.Model):
    """One copy of one report to one person. Sent by a tick, at least once, under one Message-ID.

    `attempt` counts claims and fences; `due_at` is when it may be claimed next, and while it is claimed
    the end of the lease.
    """

    report = models.ForeignKey(MonthlyReport, on_delete=models.PROTECT, related_name="mails")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=8, choices=REPORT_MAIL.choices, default=REPORT_MAIL.initial)
    attempt = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=100, blank=True, default="")

    class Meta:
        constraints = [
            REPORT_MAIL.constraint("report_mail_state_known"),
            models.UniqueConstraint(fields=["report", "person"], name="report_mail_once"),
        ]
        indexes = [
            models.Index(fields=["due_at", "id"], name="report_mail_due", condition=models.Q(state="waiting"))
        ]

    def __str__(self) -> str:
        return f"{self.state} {self.report_id}"
