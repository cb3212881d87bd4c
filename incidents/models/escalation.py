"""Escalation policies, and the escalation of each incident with every step that it took."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from incidents.escalating import Plan
from incidents.escalation_form import plan_of
from incidents.models.response import Incident
from incidents.severities import CHOICES, SEVERITIES
from incidents.states import ESCALATION, POLICY
from opsportal.audit.history import history
from opsportal.audit.models import AppendOnly
from opsportal.catalog.models import Service


class EscalationPolicy(models.Model):
    """An organisation's own plan: whom silence tells. Its history keeps every version.

    `plan` is in the form of `incidents.escalation_form`. An incident copies it when it opens, so that an
    edit changes nothing that is in flight.
    """

    id = models.BigAutoField(primary_key=True)
    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    description = models.TextField(blank=True, default="")
    plan = models.JSONField()
    state = models.CharField(max_length=8, choices=POLICY.choices, default=POLICY.initial, editable=False)
    created_at = models.DateTimeField(editable=False)
    updated_at = models.DateTimeField(editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    history = history()

    class Meta:
        verbose_name_plural = "escalation policies"
        constraints = [POLICY.constraint("escalation_policy_state_known")]
        indexes = [models.Index(fields=["updated_at", "id"], name="escalation_policy_updated")]

    def __str__(self) -> str:
        return self.name

    @property
    def read_plan(self) -> Plan:
        return plan_of(self.plan)


class ServicePolicy(models.Model):
    """The policy of a service: that of its incidents, where their route names none."""

    service = models.OneToOneField(Service, on_delete=models.PROTECT, related_name="escalation")
    policy = models.ForeignKey(EscalationPolicy, on_delete=models.PROTECT, related_name="services")

    history = history()

    class Meta:
        verbose_name_plural = "service policies"

    def __str__(self) -> str:
        return f"{self.service_id}: {self.policy_id}"


class Escalation(models.Model):
    """The escalation of one episode of an incident, with the plan that was copied when it opened.

    `origin` says where the plan is from, `reference` which: the policy's slug, or the id in the standard.
    `step` is taken next, in `round`; `told` counts whom this round has told. `last_step` was taken last.
    `due_at` is when it moves by itself, `planned_at` when that was set. `passes` counts acknowledgements
    that lapsed, `moves` the rows of what it did.
    """

    class Origin(models.TextChoices):
        POLICY = "policy", "A policy"
        STANDARD = "standard", "The standard"
        FALLBACK = "fallback", "Nothing names anybody"

    id = models.BigAutoField(primary_key=True)
    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="escalations")
    origin = models.CharField(max_length=8, choices=Origin)
    reference = models.CharField(max_length=60, blank=True, default="")
    plan = models.JSONField()
    severity = models.CharField(max_length=4, choices=CHOICES)
    state = models.CharField(max_length=12, choices=ESCALATION.choices, default=ESCALATION.initial)
    step = models.PositiveSmallIntegerField(default=0)
    round = models.PositiveSmallIntegerField(default=0)
    told = models.PositiveIntegerField(default=0)
    last_step = models.PositiveSmallIntegerField(null=True, blank=True)
    last_round = models.PositiveSmallIntegerField(default=0)
    passes = models.PositiveIntegerField(default=0)
    moves = models.PositiveIntegerField(default=0)
    opened_at = models.DateTimeField()
    planned_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True, blank=True)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    history = history()

    class Meta:
        constraints = [
            ESCALATION.constraint("escalation_state_known"),
            models.CheckConstraint(name="escalation_severity_known", condition=Q(severity__in=SEVERITIES)),
            models.UniqueConstraint(
                fields=["incident"], name="escalation_one_at_a_time", condition=~Q(state="stopped")
            ),
            # Whoever still has to be told is due at some time; nothing that is over is.
            models.CheckConstraint(
                name="escalation_never_stuck",
                condition=Q(state__in=["running", "held"], due_at__isnull=False)
                | Q(state="acknowledged")
                | Q(state__in=["exhausted", "stopped"], due_at__isnull=True),
            ),
            models.CheckConstraint(
                name="escalation_over_when",
                condition=Q(state="stopped", ended_at__isnull=False)
                | (~Q(state="stopped") & Q(ended_at__isnull=True)),
            ),
        ]
        indexes = [
            models.Index(fields=["due_at", "id"], name="escalation_due", condition=Q(due_at__isnull=False)),
            # A clock that went back leaves plans that were made in its future.
            models.Index(fields=["planned_at"], name="escalation_planned", condition=Q(due_at__isnull=False)),
            models.Index(fields=["state", "id"], name="escalation_not_over", condition=~Q(state="stopped")),
        ]

    def __str__(self) -> str:
        return f"{self.state} {self.incident_id}"

    @property
    def read_plan(self) -> Plan:
        return plan_of(self.plan)


class EscalationMove(AppendOnly):
    """What an escalation did: whom a step told and why, whom it could not tell and why not.

    `told` and `skipped` are lists of `{"kind", "id", "why"}`: people by opaque id, channels by slug.
    """

    class Kind(models.TextChoices):
        TOLD = "told", "Told"
        PASSED = "passed", "Passed: it reaches nobody"
        NOBODY = "nobody", "Reached nobody at all"
        HELD = "held", "Held for working hours"
        LAPSED = "lapsed", "The acknowledgement lapsed"
        REPLANNED = "replanned", "Another plan"

    escalation = models.ForeignKey(Escalation, on_delete=models.PROTECT, related_name="log")
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=10, choices=Kind)
    step = models.PositiveSmallIntegerField(null=True)
    round = models.PositiveSmallIntegerField(default=0)
    pass_number = models.PositiveIntegerField(default=0)
    at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    told = models.JSONField(default=list)
    skipped = models.JSONField(default=list)
    page_key = models.CharField(max_length=120, blank=True, default="")

    class Meta:
        constraints = [
            # Two workers make no two moves of one.
            models.UniqueConstraint(fields=["escalation", "number"], name="escalation_move_once"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.escalation_id}"


class EscalationAcknowledgement(AppendOnly):
    """That somebody acknowledged, in which pass of the escalation."""

    escalation = models.ForeignKey(Escalation, on_delete=models.PROTECT, related_name="acknowledgements")
    person = models.CharField(max_length=64)
    at = models.DateTimeField()
    pass_number = models.PositiveIntegerField(default=0)

    class Meta:
        indexes = [models.Index(fields=["escalation", "pass_number"], name="escalation_acknowledged")]

    def __str__(self) -> str:
        return f"acknowledged {self.escalation_id}"
