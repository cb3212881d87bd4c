"""The improvement plan: phases with what is done in each, and how mature operations are judged to be."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from compliance.governing.kinds import LEVELS
from compliance.governing.states import IMPROVEMENT, IMPROVEMENT_OWED
from opsportal.audit.history import history
from opsportal.audit.models import AppendOnly
from opsportal.core.keys import format_key

IMPROVEMENT_PREFIX = "IMP"


class ImprovementPhase(models.Model):
    """A stretch of the plan, by its first and last UTC day."""

    id = models.BigAutoField(primary_key=True)
    number = models.PositiveSmallIntegerField(unique=True)
    title = models.CharField(max_length=120)
    # Who plans what is done in it, beside the administrators.
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    first_day = models.DateField()
    last_day = models.DateField()
    version = models.PositiveIntegerField(default=1, editable=False)

    history = history()

    class Meta:
        ordering = ["number"]
        constraints = [
            models.CheckConstraint(name="improvement_phase_days", condition=Q(last_day__gte=F("first_day")))
        ]

    def __str__(self) -> str:
        return self.title


class ImprovementItem(models.Model):
    """Something that becomes better, by somebody, by a time."""

    id = models.BigAutoField(primary_key=True)
    phase = models.ForeignKey(ImprovementPhase, on_delete=models.PROTECT, related_name="items")
    title = models.CharField(max_length=200)
    detail = models.TextField(blank=True, default="")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="improvements")
    due_at = models.DateTimeField()
    state = models.CharField(
        max_length=11, choices=IMPROVEMENT.choices, default=IMPROVEMENT.initial, editable=False
    )
    outcome = models.TextField(blank=True, default="")
    opened_at = models.DateTimeField(editable=False)
    ended_at = models.DateTimeField(null=True, editable=False)
    updated_at = models.DateTimeField(editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    history = history()

    class Meta:
        constraints = [IMPROVEMENT.constraint("improvement_state_known")]
        indexes = [
            models.Index(
                fields=["owner", "due_at", "id"],
                name="improvement_owed",
                condition=Q(state__in=IMPROVEMENT_OWED),
            ),
            models.Index(fields=["updated_at", "id"], name="improvement_updated"),
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.title}"

    @property
    def key(self) -> str:
        return format_key(IMPROVEMENT_PREFIX, self.pk)


class MaturityAssessment(AppendOnly):
    """How mature operations were judged to be, what they are to become, and why."""

    level = models.PositiveSmallIntegerField(choices=list(LEVELS.items()))
    target = models.PositiveSmallIntegerField(choices=list(LEVELS.items()))
    strengths = models.TextField(blank=True, default="")
    gaps = models.TextField(blank=True, default="")
    assessed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    assessed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="maturity_levels", condition=Q(level__in=list(LEVELS), target__in=list(LEVELS))
            )
        ]
        indexes = [models.Index(fields=["-assessed_at", "-id"], name="maturity_assessed")]

    def __str__(self) -> str:
        return f"level {self.level}"
