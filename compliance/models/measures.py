"""Measurements: series, their points, and what is kept of each hour and day of them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from compliance.measuring.states import PULL
from opsportal.audit.history import history
from opsportal.catalog.models import Service


class Series(models.Model):
    """What one source measures of one figure, of the organisation, a service, or a part of either.

    Made by the first point that arrives. The unit is the figure's when it was made; later points are
    converted to it. `component` is a slug, `""` for the whole.
    """

    class SubjectKind(models.TextChoices):
        ORGANISATION = "organisation", "Organisation"
        SERVICE = "service", "Service"

    id = models.BigAutoField(primary_key=True)
    figure = models.CharField(max_length=60)
    unit = models.CharField(max_length=20)
    subject_kind = models.CharField(max_length=12, choices=SubjectKind)
    # The slug of a service, "" for the organisation.
    subject_key = models.CharField(max_length=60, blank=True, default="")
    component = models.CharField(max_length=60, blank=True, default="")
    # `api`, `portal`, or `pull:<slug>`.
    source = models.CharField(max_length=70)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "series"
        constraints = [
            models.UniqueConstraint(
                fields=["figure", "subject_kind", "subject_key", "component", "source"], name="series_once"
            ),
            models.CheckConstraint(
                name="series_of_somebody",
                condition=Q(subject_kind="organisation", subject_key="")
                | (Q(subject_kind="service") & ~Q(subject_key="")),
            ),
        ]
        indexes = [models.Index(fields=["subject_key", "figure"], name="series_subject")]

    def __str__(self) -> str:
        where = "/".join(part for part in (self.subject_key or "organisation", self.component) if part)
        return f"{self.figure} of {where} by {self.source}"


class Measurement(models.Model):
    """One point of a series: 32 bytes of it, since there are a hundred million. Never changed.

    A second one of the same series and time is the same one again. On PostgreSQL a BRIN index on `at`
    (a migration of its own) finds what is old.
    """

    id = models.BigAutoField(primary_key=True)
    series = models.ForeignKey(Series, on_delete=models.PROTECT, related_name="points", db_index=False)
    at = models.DateTimeField()
    value = models.FloatField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["series", "at"], name="measurement_once")]

    def __str__(self) -> str:
        return f"{self.value} at {self.at:%Y-%m-%d %H:%M}"


class Rollup(models.Model):
    """What is kept of the points of one series in one hour or day of UTC; written with each point.

    `sketch` (of days) counts them by bins that grow by 2 %, for percentiles within 1 %.
    """

    class Grain(models.TextChoices):
        HOUR = "hour", "Hour"
        DAY = "day", "Day"

    id = models.BigAutoField(primary_key=True)
    series = models.ForeignKey(Series, on_delete=models.PROTECT, related_name="rollups", db_index=False)
    grain = models.CharField(max_length=4, choices=Grain)
    start = models.DateTimeField()
    count = models.PositiveIntegerField()
    total = models.FloatField()
    least = models.FloatField()
    most = models.FloatField()
    last = models.FloatField()
    last_at = models.DateTimeField()
    sketch = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["series", "grain", "start"], name="rollup_once"),
            models.CheckConstraint(name="rollup_grain_known", condition=Q(grain__in=["hour", "day"])),
        ]

    def __str__(self) -> str:
        return f"{self.grain} from {self.start:%Y-%m-%d %H:%M}"


class PullSource(models.Model):
    """A Prometheus server that is asked a query again and again; its answers become measurements.

    `service` is whose figures they are; where it is empty, the label `service_label` of each series names
    the service, and without both they are the organisation's. `fetched_until` is how far its answers were
    taken; `next_at` when it is asked again, and while it is asked the end of the lease.
    """

    slug = models.SlugField(max_length=60, unique=True)
    title = models.CharField(max_length=120)
    base_url = models.CharField(max_length=300)
    query = models.TextField()
    figure = models.CharField(max_length=60)
    unit = models.CharField(max_length=20, blank=True, default="")
    service = models.ForeignKey(
        Service, on_delete=models.PROTECT, null=True, blank=True, related_name="pull_sources"
    )
    service_label = models.CharField(max_length=60, blank=True, default="")
    component_label = models.CharField(max_length=60, blank=True, default="")
    step = models.PositiveIntegerField(help_text="Seconds between two points.")
    # Sealed; a bearer token that the server asks for.
    token = models.TextField(blank=True, default="", editable=False)
    state = models.CharField(max_length=6, choices=PULL.choices, default=PULL.initial, editable=False)
    next_at = models.DateTimeField(editable=False)
    fetched_until = models.DateTimeField(null=True, blank=True, editable=False)
    pulled_at = models.DateTimeField(null=True, blank=True, editable=False)
    points = models.PositiveIntegerField(default=0, editable=False)
    failures = models.PositiveIntegerField(default=0, editable=False)
    error = models.CharField(max_length=300, blank=True, default="", editable=False)
    created_at = models.DateTimeField(editable=False)
    updated_at = models.DateTimeField(editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    history = history(excluded=["token", "next_at", "fetched_until", "pulled_at", "points", "failures"])

    class Meta:
        ordering = ["slug"]
        constraints = [
            PULL.constraint("pull_source_state_known"),
            models.CheckConstraint(name="pull_source_step", condition=Q(step__gte=15, step__lte=86_400)),
        ]
        indexes = [
            models.Index(fields=["next_at", "id"], name="pull_source_due", condition=Q(state="active"))
        ]

    def __str__(self) -> str:
        return self.slug
