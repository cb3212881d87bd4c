"""Restore tests and exercises: what was tried, step by step, and what came of it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from compliance.models.recovery.assets import Asset, Backup
from compliance.recovery.ladder import LADDER
from compliance.recovery.states import EXERCISE, RESTORE_TEST, STEP
from compliance.recovery.words import EXERCISE_KINDS, EXERCISE_OUTCOMES, SCOPES, TEST_OUTCOMES
from opsportal.audit.history import history
from opsportal.catalog.models import Service
from opsportal.core.keys import format_key

EXERCISE_PREFIX = "EXR"
RESTORE_TEST_PREFIX = "RST"


class Exercise(models.Model):
    """A disaster exercise, a game day, a drill, a load test: planned, carried out, and what was found."""

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(max_length=18, choices=EXERCISE_KINDS)
    title = models.CharField(max_length=200)
    scenario = models.TextField(blank=True, default="")
    plan = models.TextField(blank=True, default="")
    environment = models.CharField(max_length=60, blank=True, default="")
    planned_for = models.DateTimeField()
    state = models.CharField(
        max_length=10, choices=EXERCISE.choices, default=EXERCISE.initial, editable=False
    )
    outcome = models.CharField(max_length=8, choices=EXERCISE_OUTCOMES, blank=True, default="")
    findings = models.TextField(blank=True, default="")
    planned_by_kind = models.CharField(max_length=20, editable=False)
    planned_by_id = models.CharField(max_length=64, blank=True, editable=False)
    led_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    started_at = models.DateTimeField(null=True, editable=False)
    ended_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(editable=False)
    updated_at = models.DateTimeField(editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    history = history()

    class Meta:
        constraints = [
            EXERCISE.constraint("exercise_state_known"),
            models.CheckConstraint(
                name="exercise_outcome_at_its_end",
                condition=Q(state="completed", ended_at__isnull=False) & ~Q(outcome="")
                | ~Q(state="completed") & Q(outcome=""),
            ),
        ]
        indexes = [
            models.Index(fields=["state", "planned_for", "id"], name="exercise_planned"),
            models.Index(fields=["updated_at", "id"], name="exercise_updated"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def key(self) -> str:
        return format_key(EXERCISE_PREFIX, self.pk)


class ExerciseService(models.Model):
    """A service takes part in an exercise."""

    exercise = models.ForeignKey(Exercise, on_delete=models.PROTECT, related_name="concerned")
    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="exercised")

    history = history()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["exercise", "service"], name="exercise_service_once")]

    def __str__(self) -> str:
        return f"{self.service_id} in {self.exercise_id}"


class ExercisePerson(models.Model):
    """Somebody takes part in an exercise, as what they say."""

    exercise = models.ForeignKey(Exercise, on_delete=models.PROTECT, related_name="people")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    part = models.CharField(max_length=60, blank=True, default="")

    history = history()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["exercise", "person"], name="exercise_person_once")]

    def __str__(self) -> str:
        return f"{self.person_id} in {self.exercise_id}"


class RestoreTest(models.Model):
    """One attempt to bring an asset back from one of its backups, and what it proved.

    `level` is the rung that was really reached. `decided_at` is when the outage began or somebody decided
    to restore, `usable_at` when the data was usable again, `data_until` up to when it reached; `rto` and
    `rpo` are computed from these. The targets are those of the standard at the end, copied.
    """

    id = models.BigAutoField(primary_key=True)
    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="restore_tests")
    backup = models.ForeignKey(Backup, on_delete=models.PROTECT, related_name="restore_tests")
    exercise = models.ForeignKey(
        Exercise, on_delete=models.PROTECT, null=True, blank=True, related_name="restore_tests"
    )
    scope = models.CharField(max_length=6, choices=SCOPES, default="whole")
    environment = models.CharField(max_length=60, blank=True, default="")
    procedure = models.CharField(max_length=60, blank=True, default="")
    planned_for = models.DateTimeField()
    state = models.CharField(
        max_length=8, choices=RESTORE_TEST.choices, default=RESTORE_TEST.initial, editable=False
    )
    level = models.CharField(max_length=20, choices=LADDER, blank=True, default="")
    outcome = models.CharField(max_length=6, choices=TEST_OUTCOMES, blank=True, default="")
    findings = models.TextField(blank=True, default="")
    decided_at = models.DateTimeField(null=True)
    usable_at = models.DateTimeField(null=True)
    data_until = models.DateTimeField(null=True)
    rto = models.DurationField(null=True, editable=False)
    rpo = models.DurationField(null=True, editable=False)
    rto_target = models.DurationField(null=True, editable=False)
    rpo_target = models.DurationField(null=True, editable=False)
    standard_hash = models.CharField(max_length=64, blank=True, default="", editable=False)
    conducted_by_kind = models.CharField(max_length=20, editable=False)
    conducted_by_id = models.CharField(max_length=64, blank=True, editable=False)
    witness = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    witnessed_at = models.DateTimeField(null=True, editable=False)
    started_at = models.DateTimeField(null=True, editable=False)
    ended_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(editable=False)
    updated_at = models.DateTimeField(editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    history = history()

    class Meta:
        constraints = [
            RESTORE_TEST.constraint("restore_test_state_known"),
            models.CheckConstraint(
                name="restore_test_result_at_its_end",
                condition=Q(state="finished", ended_at__isnull=False) & ~Q(level="") & ~Q(outcome="")
                | ~Q(state="finished") & Q(level="", outcome=""),
            ),
            models.CheckConstraint(
                name="restore_test_times_in_order",
                condition=Q(usable_at__isnull=True) | Q(usable_at__gte=F("decided_at")),
            ),
        ]
        indexes = [
            models.Index(fields=["asset", "-ended_at", "-id"], name="restore_test_of_asset"),
            models.Index(fields=["state", "planned_for", "id"], name="restore_test_planned"),
            models.Index(fields=["updated_at", "id"], name="restore_test_updated"),
        ]

    def __str__(self) -> str:
        return self.key

    @property
    def key(self) -> str:
        return format_key(RESTORE_TEST_PREFIX, self.pk)


class ProcedureStep(models.Model):
    """One step of a restore test or of an exercise (one of both), as its procedure said it at the start."""

    restore_test = models.ForeignKey(
        RestoreTest, on_delete=models.PROTECT, null=True, blank=True, related_name="steps"
    )
    exercise = models.ForeignKey(
        Exercise, on_delete=models.PROTECT, null=True, blank=True, related_name="steps"
    )
    number = models.PositiveSmallIntegerField()
    text = models.TextField()
    state = models.CharField(max_length=10, choices=STEP.choices, default=STEP.initial)
    note = models.TextField(blank=True, default="")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1, editable=False)

    history = history()

    class Meta:
        ordering = ["number", "id"]
        constraints = [
            STEP.constraint("procedure_step_state_known"),
            models.CheckConstraint(
                name="procedure_step_of_one",
                condition=Q(restore_test__isnull=True, exercise__isnull=False)
                | Q(restore_test__isnull=False, exercise__isnull=True),
            ),
            models.UniqueConstraint(fields=["restore_test", "number"], name="procedure_step_of_test_once"),
            models.UniqueConstraint(fields=["exercise", "number"], name="procedure_step_of_exercise_once"),
        ]

    def __str__(self) -> str:
        return f"step {self.number}"
