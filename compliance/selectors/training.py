"""Reads of training, and who lacks which."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db.models import Max, QuerySet

from compliance.models import Training, TrainingAttendance, TrainingTopic
from opsportal.accounts.models import User
from opsportal.accounts.selectors import colleagues, holders_of, members_of
from opsportal.core.errors import NotFound

TRAINING_ORDERINGS: dict[str, tuple[str, ...]] = {
    "-at": ("-at", "-id"),
    "at": ("at", "id"),
    "updated_at": ("updated_at", "id"),
    "-updated_at": ("-updated_at", "-id"),
}


def trainings_loaded() -> QuerySet[Training]:
    """Return sessions with their topic and who was there."""
    return Training.objects.select_related("topic").prefetch_related("attendances")


def training_seen(pk: int) -> Training:
    """Return one session. Raises `NotFound`."""
    found = trainings_loaded().filter(pk=pk).first()
    if found is None:
        raise NotFound("There is no such training.")
    return found


def audience_of(topic: TrainingTopic, now: datetime) -> QuerySet[User]:
    """Return the active people who must have been taught this topic, by name."""
    on = now.astimezone(UTC).date()
    if topic.audience == "role":
        return holders_of(topic.audience_key, on)
    if topic.audience == "team":
        return members_of(topic.audience_key, on)
    return colleagues()


def lacking(topic: TrainingTopic, now: datetime) -> list[tuple[UUID, datetime | None]]:
    """Return who of its audience was not taught within its days, and when they last were. Two queries."""
    since = now - timedelta(days=topic.valid_days)
    attended = TrainingAttendance.objects.filter(
        outcome="attended", training__topic=topic, training__state="held"
    )
    last = dict(attended.values("person").annotate(at=Max("training__at")).values_list("person", "at"))
    people = audience_of(topic, now).order_by("full_name", "pk").values_list("pk", flat=True)
    return [
        (person, last.get(person)) for person in people if last.get(person) is None or last[person] < since
    ]
