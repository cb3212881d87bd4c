"""Training: topics, who must know them, when they were taught and who was there."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from compliance.governing.kinds import ATTENDANCE, AUDIENCES
from compliance.governing.states import TRAINING
from opsportal.audit.history import history
from opsportal.core.keys import format_key

TRAINING_PREFIX = "TRN"


class TrainingTopic(models.Model):
    """Something that an audience must have been taught within the last `valid_days` days."""

    id = models.BigAutoField(primary_key=True)
    slug = models.SlugField(max_length=60, unique=True)
    title = models.CharField(max_length=120)
    audience = models.CharField(max_length=8, choices=list(AUDIENCES.items()), default="everyone")
    # The slug of the role or team.
    audience_key = models.CharField(max_length=60, blank=True, default="")
    valid_days = models.PositiveIntegerField(default=365)
    created_at = models.DateTimeField(editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    history = history()

    class Meta:
        ordering = ["title", "id"]
        constraints = [
            models.CheckConstraint(
                name="training_topic_audience",
                condition=Q(audience="everyone", audience_key="")
                | (Q(audience__in=["role", "team"]) & ~Q(audience_key="")),
            ),
            models.CheckConstraint(
                name="training_topic_valid", condition=Q(valid_days__gte=1, valid_days__lte=3660)
            ),
        ]

    def __str__(self) -> str:
        return self.title


class Training(models.Model):
    """One session of one topic. `material` is where it is (an address or a key), with its version."""

    id = models.BigAutoField(primary_key=True)
    topic = models.ForeignKey(TrainingTopic, on_delete=models.PROTECT, related_name="trainings")
    at = models.DateTimeField("held at")
    trainer = models.CharField(max_length=120, blank=True, default="")
    trainer_person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    material = models.CharField(max_length=500, blank=True, default="")
    material_version = models.CharField(max_length=60, blank=True, default="")
    state = models.CharField(max_length=9, choices=TRAINING.choices, default=TRAINING.initial, editable=False)
    note = models.TextField(blank=True, default="")
    recorded_at = models.DateTimeField(editable=False)
    updated_at = models.DateTimeField(editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    # A trainer from outside is a person: their name stays out of what cannot be erased.
    history = history(excluded=["trainer"])

    class Meta:
        constraints = [TRAINING.constraint("training_state_known")]
        indexes = [
            models.Index(fields=["topic", "state", "-at"], name="training_topic_at"),
            models.Index(fields=["updated_at", "id"], name="training_updated"),
        ]

    def __str__(self) -> str:
        return self.key

    @property
    def key(self) -> str:
        return format_key(TRAINING_PREFIX, self.pk)


class TrainingAttendance(models.Model):
    """Whether one person was there."""

    training = models.ForeignKey(Training, on_delete=models.PROTECT, related_name="attendances")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="training_attendances"
    )
    outcome = models.CharField(max_length=8, choices=list(ATTENDANCE.items()))
    recorded_at = models.DateTimeField()

    history = history()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["training", "person"], name="training_attendance_once"),
            models.CheckConstraint(name="training_attendance_known", condition=Q(outcome__in=ATTENDANCE)),
        ]
        indexes = [models.Index(fields=["person", "outcome"], name="training_attendance_person")]

    def __str__(self) -> str:
        return f"{self.person_id} {self.outcome}"
