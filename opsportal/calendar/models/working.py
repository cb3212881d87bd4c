"""When the organisation works."""

from __future__ import annotations

from datetime import date

from django.db import models

from opsportal.audit.history import history
from opsportal.calendar.hours import WorkingTime
from opsportal.calendar.public_holidays import PublicHolidays

ORGANISATION = "organisation"


class WorkingCalendar(models.Model):
    """Working days and hours of the organisation, the country whose holidays it keeps, and its own days.

    There is one. `own_days` are `{"day": "2026-12-24", "title": …, "works": false}`, at most a few hundred.
    """

    slug = models.SlugField(primary_key=True, max_length=20, default=ORGANISATION, editable=False)
    zone = models.CharField(max_length=64)
    weekdays = models.JSONField(default=list)
    opens = models.TimeField()
    closes = models.TimeField()
    country = models.CharField(max_length=3, blank=True, default="")
    subdivision = models.CharField(max_length=20, blank=True, default="")
    own_days = models.JSONField(default=list, blank=True)
    updated_at = models.DateTimeField(editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    history = history()

    class Meta:
        constraints = [
            models.CheckConstraint(name="working_calendar_is_one", condition=models.Q(slug=ORGANISATION))
        ]

    def __str__(self) -> str:
        return "Working time of the organisation"

    @property
    def working_time(self) -> WorkingTime:
        """What the deciding parts know of it."""
        return WorkingTime(
            self.zone,
            frozenset(self.weekdays),
            self.opens,
            self.closes,
            PublicHolidays(self.country, self.subdivision).with_days(
                one["day"] for one in self.own_days if not one["works"]
            ),
            frozenset(date.fromisoformat(one["day"]) for one in self.own_days if one["works"]),
        )
