"""What is promised of figures beyond the rules of the standard: objectives, cost budgets, capacity."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from compliance.measuring.states import STANDING
from opsportal.audit.history import history
from opsportal.catalog.models import Service
from opsportal.core.keys import format_key

SLO_PREFIX = "SLO"


class Objective(models.Model):
    """A service level objective: so much of a window must be good. The rest is its error budget.

    `figure` is a share of what was good (availability, cache hits); `objective` stands in percent, below
    100: of 100 there is no budget, and a rule of the standard says that better. `window` carries its
    convention (`30d`, `30.42d`, `month`).
    """

    id = models.BigAutoField(primary_key=True)
    title = models.CharField(max_length=120)
    service = models.ForeignKey(
        Service, on_delete=models.PROTECT, null=True, blank=True, related_name="objectives"
    )
    component = models.CharField(max_length=60, blank=True, default="")
    figure = models.CharField(max_length=60)
    objective = models.DecimalField(max_digits=9, decimal_places=6, help_text="Percent")
    window = models.CharField(max_length=20, default="30d")
    state = models.CharField(max_length=8, choices=STANDING.choices, default=STANDING.initial, editable=False)
    created_at = models.DateTimeField(editable=False)
    updated_at = models.DateTimeField(editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    history = history()

    class Meta:
        ordering = ["id"]
        constraints = [
            STANDING.constraint("objective_state_known"),
            models.CheckConstraint(
                name="objective_has_budget", condition=Q(objective__gt=0, objective__lt=100)
            ),
            models.UniqueConstraint(
                fields=["figure", "service", "component", "window"],
                name="objective_once",
                condition=Q(state="active"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.title}"

    @property
    def key(self) -> str:
        return format_key(SLO_PREFIX, self.pk)


class CostBudget(models.Model):
    """What a component may cost a month, in the unit of its figure, and when somebody is told.

    From the month `since` on (its first day, UTC), to the month `until`, which belongs to it.
    """

    id = models.BigAutoField(primary_key=True)
    component = models.CharField(max_length=60)
    service = models.ForeignKey(
        Service, on_delete=models.PROTECT, null=True, blank=True, related_name="cost_budgets"
    )
    figure = models.CharField(max_length=60, default="cost")
    budget = models.DecimalField(max_digits=14, decimal_places=2)
    alert_at = models.DecimalField(max_digits=14, decimal_places=2)
    critical_at = models.DecimalField(max_digits=14, decimal_places=2)
    since = models.DateField()
    until = models.DateField(null=True, blank=True)
    state = models.CharField(max_length=8, choices=STANDING.choices, default=STANDING.initial, editable=False)
    created_at = models.DateTimeField(editable=False)
    updated_at = models.DateTimeField(editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    history = history()

    class Meta:
        ordering = ["component", "id"]
        constraints = [
            STANDING.constraint("cost_budget_state_known"),
            models.CheckConstraint(
                name="cost_budget_rises",
                condition=Q(alert_at__gt=0, alert_at__lte=F("critical_at"), critical_at__lte=F("budget")),
            ),
            models.CheckConstraint(
                name="cost_budget_months", condition=Q(until__isnull=True) | Q(until__gte=F("since"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.component} from {self.since:%Y-%m}"


class CapacityPlan(models.Model):
    """How a figure is expected to grow, month by month, against what is measured.

    `points` maps a month (from 1, which begins at `start`) to the value at its end, as text. `trigger` is
    the value at which something is scaled, `trigger_text` says what.
    """

    id = models.BigAutoField(primary_key=True)
    title = models.CharField(max_length=120)
    service = models.ForeignKey(
        Service, on_delete=models.PROTECT, null=True, blank=True, related_name="capacity_plans"
    )
    component = models.CharField(max_length=60, blank=True, default="")
    figure = models.CharField(max_length=60)
    start = models.DateField()
    points = models.JSONField()
    trigger = models.DecimalField(max_digits=20, decimal_places=6, null=True, blank=True)
    trigger_text = models.CharField(max_length=300, blank=True, default="")
    state = models.CharField(max_length=8, choices=STANDING.choices, default=STANDING.initial, editable=False)
    created_at = models.DateTimeField(editable=False)
    updated_at = models.DateTimeField(editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    history = history()

    class Meta:
        ordering = ["id"]
        constraints = [STANDING.constraint("capacity_plan_state_known")]

    def __str__(self) -> str:
        return self.title
