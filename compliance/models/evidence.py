"""What proves that something has happened, and what is so of each rule."""

from __future__ import annotations

from django.db import models

from compliance.judging import STATUS_WORDS
from opsportal.audit.models import AppendOnly


class Evidence(AppendOnly):
    """Something that a rule may count has happened to a subject; the portal notes it by itself.

    Subject and record stand by value. `facts` are those of the moment, as `facts_as_data` writes them;
    `digest` is the SHA-256 of what proves it, `""` where the record itself does. Never a person's name.
    """

    id = models.BigAutoField(primary_key=True)
    event = models.CharField(max_length=60)
    subject_kind = models.CharField(max_length=40)
    subject_key = models.CharField(max_length=100)
    record_kind = models.CharField(max_length=40)
    record_key = models.CharField(max_length=100)
    summary = models.CharField(max_length=300, blank=True, default="")
    facts = models.JSONField(default=dict)
    digest = models.CharField(max_length=64, blank=True, default="")
    observed_at = models.DateTimeField()
    received_at = models.DateTimeField()
    valid_until = models.DateTimeField(null=True)
    actor_kind = models.CharField(max_length=20)
    actor_id = models.CharField(max_length=64, blank=True)

    class Meta:
        verbose_name_plural = "evidence"
        indexes = [
            models.Index(
                fields=["event", "subject_kind", "subject_key", "-observed_at", "-id"],
                name="evidence_happened",
            ),
            # The newest of a kind: a migration of its own makes it beside whoever writes.
            models.Index(fields=["event", "-observed_at", "-id"], name="evidence_newest"),
            models.Index(fields=["record_kind", "record_key", "id"], name="evidence_record"),
            models.Index(fields=["received_at"], name="evidence_received"),
        ]

    def __str__(self) -> str:
        return f"{self.event} {self.subject_key}"


class ConformanceState(models.Model):
    """What is so of one rule for one subject, as it was found last. Its turns stand in `ConformanceTurn`.

    `subject_kind` and `subject_key` are `""` for the organisation as a whole.
    """

    id = models.BigAutoField(primary_key=True)
    rule_id = models.CharField(max_length=120)
    subject_kind = models.CharField(max_length=40, blank=True, default="")
    subject_key = models.CharField(max_length=100, blank=True, default="")
    subject_title = models.CharField(max_length=200, blank=True, default="")
    standard_hash = models.CharField(max_length=64)
    status = models.CharField(max_length=10, choices=list(STATUS_WORDS.items()))
    value = models.CharField(max_length=200, blank=True, default="")
    target = models.CharField(max_length=200, blank=True, default="")
    because = models.CharField(max_length=500, blank=True, default="")
    deliverer = models.CharField(max_length=200, blank=True, default="")
    records = models.JSONField(default=list)
    since = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["rule_id", "subject_kind", "subject_key"], name="conformance_state_once"
            ),
            models.CheckConstraint(
                name="conformance_state_known", condition=models.Q(status__in=list(STATUS_WORDS))
            ),
        ]
        indexes = [
            models.Index(fields=["status", "rule_id"], name="conformance_status"),
            models.Index(fields=["subject_kind", "subject_key"], name="conformance_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.rule_id} {self.subject_key}: {self.status}"


class ConformanceTurn(AppendOnly):
    """From `at` on, a rule had this status for one subject. `""` as status: it is no longer about it."""

    id = models.BigAutoField(primary_key=True)
    rule_id = models.CharField(max_length=120)
    subject_kind = models.CharField(max_length=40, blank=True, default="")
    subject_key = models.CharField(max_length=100, blank=True, default="")
    standard_hash = models.CharField(max_length=64)
    status = models.CharField(max_length=10, blank=True)
    value = models.CharField(max_length=200, blank=True, default="")
    because = models.CharField(max_length=500, blank=True, default="")
    at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["rule_id", "subject_kind", "subject_key", "at"], name="conformance_turns"),
            models.Index(fields=["at"], name="conformance_turned"),
        ]

    def __str__(self) -> str:
        return f"{self.rule_id} {self.subject_key}: {self.status}"
