"""On-call schedules, their settings from time to time, and the exceptions from them."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from incidents.oncall.overrides import KINDS
from incidents.states import OVERRIDE, SCHEDULE
from opsportal.accounts.models import Team
from opsportal.audit.history import history
from opsportal.audit.models import AppendOnly


class Schedule(models.Model):
    """Who is on call when. What it says stands in its versions; `latest` is the number of the last one.

    `time_zone` and `content_hash` are those of that version. Of a retired schedule the last version has no
    layers, so that nobody is on call by it.
    """

    class GapPolicy(models.TextChoices):
        TELL = "tell", "Tell of gaps ahead"
        BY_DESIGN = "by_design", "Gaps are by design"

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    description = models.TextField(blank=True, default="")
    time_zone = models.CharField(max_length=64, editable=False)
    team = models.ForeignKey(
        Team, on_delete=models.PROTECT, null=True, blank=True, related_name="oncall_schedules"
    )
    gap_policy = models.CharField(max_length=10, choices=GapPolicy, default=GapPolicy.TELL)
    state = models.CharField(
        max_length=10, choices=SCHEDULE.choices, default=SCHEDULE.initial, editable=False
    )
    latest = models.PositiveIntegerField(default=1, editable=False)
    content_hash = models.CharField(max_length=64, editable=False)
    created_at = models.DateTimeField(editable=False)
    updated_at = models.DateTimeField(editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    history = history()

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            SCHEDULE.constraint("oncall_schedule_state_known"),
            models.CheckConstraint(
                name="oncall_schedule_gap_policy_known", condition=Q(gap_policy__in=["tell", "by_design"])
            ),
        ]
        indexes = [models.Index(fields=["state", "name", "id"], name="oncall_schedule_listed")]

    def __str__(self) -> str:
        return self.name


class ScheduleVersion(AppendOnly):
    """The whole settings of a schedule, in force from `valid_from` until that of the next version.

    People stand in it by their opaque id; whoever wrote it by value, as in the audit trail.
    """

    schedule = models.ForeignKey(Schedule, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    valid_from = models.DateTimeField()
    settings = models.JSONField()
    content_hash = models.CharField(max_length=64)
    actor_kind = models.CharField(max_length=20)
    actor_id = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ["schedule", "number"]
        constraints = [models.UniqueConstraint(fields=["schedule", "number"], name="schedule_version_once")]

    def __str__(self) -> str:
        return f"{self.schedule_id} v{self.number}"


class Override(models.Model):
    """An exception from a schedule's layers, from `starts_at` to `ends_at`; the one with the highest id wins.

    `people` and `instead_of` are ids of people. `source` is what it came from, by value: a swap, an import.
    A cancelled one acted until `cancelled_at`.
    """

    id = models.BigAutoField(primary_key=True)
    schedule = models.ForeignKey(Schedule, on_delete=models.PROTECT, related_name="overrides")
    kind = models.CharField(max_length=10, choices=[(kind, kind) for kind in KINDS])
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    people = models.JSONField(default=list)
    instead_of = models.CharField(max_length=64, blank=True, default="")
    role = models.CharField(max_length=20, blank=True, default="")
    reason = models.CharField(max_length=200, blank=True, default="")
    source_kind = models.CharField(max_length=40, blank=True, default="", editable=False)
    source_key = models.CharField(max_length=100, blank=True, default="", editable=False)
    state = models.CharField(
        max_length=10, choices=OVERRIDE.choices, default=OVERRIDE.initial, editable=False
    )
    cancelled_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(editable=False)
    created_by_kind = models.CharField(max_length=20, editable=False)
    created_by_id = models.CharField(max_length=64, blank=True, default="", editable=False)

    # Why somebody is away is nobody's business for ever.
    history = history(excluded=["reason"])

    class Meta:
        ordering = ["-id"]
        constraints = [
            OVERRIDE.constraint("override_state_known"),
            models.CheckConstraint(name="override_kind_known", condition=Q(kind__in=KINDS)),
            models.CheckConstraint(name="override_ends_after_start", condition=Q(ends_at__gt=F("starts_at"))),
            models.CheckConstraint(
                name="override_cancelled_when",
                condition=Q(state="cancelled", cancelled_at__isnull=False)
                | (~Q(state="cancelled") & Q(cancelled_at__isnull=True)),
            ),
        ]
        indexes = [models.Index(fields=["schedule", "ends_at", "starts_at"], name="override_when")]

    def __str__(self) -> str:
        return f"{self.kind} {self.schedule_id} {self.starts_at:%Y-%m-%d %H:%M}"
