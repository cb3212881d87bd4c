"""Recurring checklists: what is asked, and who signed what for which period."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from compliance.governing.kinds import ANSWERS, PERIODS
from compliance.governing.lists import Item, items_of
from compliance.governing.states import CHECKLIST, RUN
from opsportal.audit.history import history
from opsportal.audit.models import AppendOnly


class Checklist(models.Model):
    """Something that is gone through once in each period. Its items are in its editions."""

    id = models.BigAutoField(primary_key=True)
    slug = models.SlugField(max_length=60, unique=True)
    title = models.CharField(max_length=120)
    period = models.CharField(max_length=7, choices=list(PERIODS.items()))
    # Who is asked to go through it, by slug; "" is everybody.
    owner_role = models.CharField(max_length=60, blank=True, default="")
    source = models.CharField(max_length=200, blank=True, default="")
    state = models.CharField(
        max_length=7, choices=CHECKLIST.choices, default=CHECKLIST.initial, editable=False
    )
    edition = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(editable=False)
    updated_at = models.DateTimeField(editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    history = history()

    class Meta:
        ordering = ["title", "id"]
        constraints = [
            CHECKLIST.constraint("checklist_state_known"),
            models.CheckConstraint(name="checklist_period_known", condition=Q(period__in=PERIODS)),
        ]

    def __str__(self) -> str:
        return self.title


class ChecklistEdition(AppendOnly):
    """The items of a checklist at one time. Runs keep the edition that they began with."""

    checklist = models.ForeignKey(Checklist, on_delete=models.PROTECT, related_name="editions")
    number = models.PositiveIntegerField()
    items = models.JSONField()
    written_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["checklist", "number"], name="checklist_edition_once")]

    def __str__(self) -> str:
        return f"{self.checklist_id} edition {self.number}"

    @property
    def listed(self) -> tuple[Item, ...]:
        return items_of(self.items)


class ChecklistRun(models.Model):
    """One checklist gone through for one period (its first and last UTC day)."""

    id = models.BigAutoField(primary_key=True)
    checklist = models.ForeignKey(Checklist, on_delete=models.PROTECT, related_name="runs")
    edition = models.ForeignKey(ChecklistEdition, on_delete=models.PROTECT, related_name="runs")
    first_day = models.DateField()
    last_day = models.DateField()
    state = models.CharField(max_length=6, choices=RUN.choices, default=RUN.initial, editable=False)
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    started_at = models.DateTimeField(editable=False)
    signed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", editable=False
    )
    signed_at = models.DateTimeField(null=True, editable=False)
    remark = models.TextField(blank=True, default="")
    updated_at = models.DateTimeField(editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    history = history()

    class Meta:
        constraints = [
            RUN.constraint("checklist_run_state_known"),
            models.UniqueConstraint(fields=["checklist", "first_day"], name="checklist_run_once"),
            models.CheckConstraint(
                name="checklist_run_signed_by",
                condition=Q(state="open", signed_by__isnull=True, signed_at__isnull=True)
                | Q(state="signed", signed_by__isnull=False, signed_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["state", "-first_day", "-id"], name="checklist_run_state"),
            models.Index(fields=["updated_at", "id"], name="checklist_run_updated"),
        ]

    def __str__(self) -> str:
        return f"{self.checklist_id} {self.first_day}"


class ChecklistAnswer(models.Model):
    """What somebody said about one item of a run. `figures` is what the portal knew of it then."""

    run = models.ForeignKey(ChecklistRun, on_delete=models.PROTECT, related_name="answers")
    item = models.CharField(max_length=60)
    answer = models.CharField(max_length=14, choices=list(ANSWERS.items()))
    note = models.TextField(blank=True, default="")
    figures = models.CharField(max_length=300, blank=True, default="")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    history = history()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "item"], name="checklist_answer_once"),
            models.CheckConstraint(
                name="checklist_answer_reasoned", condition=Q(answer="ticked") | ~Q(note="")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.item} {self.answer}"
