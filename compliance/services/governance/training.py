"""Training: topics with their audience, sessions with who was there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from compliance.governing.kinds import ATTENDANCE, AUDIENCES
from compliance.governing.states import TRAINING
from compliance.models import Training, TrainingAttendance, TrainingTopic
from compliance.permissions.governance import TrainingCase
from compliance.services.governance.fields import (
    cleaned,
    line,
    link,
    moment,
    one_of,
    people,
    person,
    prose,
    slug,
    whole,
)
from compliance.services.governance.records import ORGANISATION, counted, told
from opsportal.accounts.models import Role, Team
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, FieldError, InvalidInput, NotFound
from opsportal.core.text import clean_text
from opsportal.core.versions import require_version
from opsportal.core.writes import write

KIND = "training"
TOPIC_FIELDS = ("slug", "title", "audience", "audience_key", "valid_days")
FIELDS = ("at", "trainer", "trainer_person", "material", "material_version", "note")
MAX_REASON = 1_000


def topic_define(*, actor: Actor, now: datetime, fields: Mapping[str, Any]) -> TrainingTopic:
    """Make a topic of training and return it. `fields`: `TOPIC_FIELDS`; `slug` and `title` are needed.

    Raises `Forbidden`, `InvalidInput`.
    """
    given = cleaned(fields, _TOPIC, required=("slug", "title"))
    with write(actor=actor, now=now):
        require(actor, "training.define")
        if TrainingTopic.objects.filter(slug=given["slug"]).exists():
            raise InvalidInput.of("slug", "taken", "There is a topic with this slug already.")
        topic = TrainingTopic(created_at=now)
        _apply_topic(topic, given)
        topic.save(force_insert=True)
        told("training_topic.defined", kind="training-topic", key=topic.slug, actor=actor, now=now)
        return topic


def topic_edit(
    *, actor: Actor, now: datetime, slug: str, fields: Mapping[str, Any], version: int | None = None
) -> TrainingTopic:
    """Change a topic (all but its slug) and return it.

    Raises `NotFound`, `Forbidden`, `InvalidInput`, `Stale`.
    """
    given = cleaned(fields, {name: reader for name, reader in _TOPIC.items() if name != "slug"})
    with write(actor=actor, now=now):
        require(actor, "training.define")
        topic = TrainingTopic.objects.select_for_update().filter(slug=slug).first()
        if topic is None:
            raise NotFound("There is no such topic.")
        require_version(topic, version)
        _apply_topic(topic, given)
        topic.version += 1
        topic.save()
        told("training_topic.edited", kind="training-topic", key=topic.slug, actor=actor, now=now)
        return topic


def training_plan(*, actor: Actor, now: datetime, topic: str, fields: Mapping[str, Any]) -> Training:
    """Plan a session of a topic (its slug) and return it. `fields`: those of `FIELDS`; `at` is needed.

    Raises `Forbidden`, `InvalidInput`.
    """
    given = cleaned(fields, _CLEANERS, required=("at",))
    with write(actor=actor, now=now):
        about = TrainingTopic.objects.filter(slug=topic).first()
        if about is None:
            raise InvalidInput.of("topic", "unknown", "There is no such topic.")
        require(actor, "training.plan", case_of_topic(about, now))
        training = Training(topic=about, recorded_at=now, updated_at=now, at=given["at"])
        _apply(training, given)
        training.save(force_insert=True)
        _told(training, "planned", actor=actor, now=now)
        return training


def training_edit(
    *, actor: Actor, now: datetime, pk: int, fields: Mapping[str, Any], version: int | None = None
) -> Training:
    """Change a session that is only planned. Raises as `training_hold`."""
    given = cleaned(fields, _CLEANERS)
    with write(actor=actor, now=now):
        training = training_locked(pk)
        require(actor, "training.record", case_of(training, now))
        require_version(training, version)
        training.state = TRAINING.move(training.state, "edit")
        _apply(training, given)
        _save(training, now)
        _told(training, "edited", actor=actor, now=now)
        return training


def training_hold(
    *,
    actor: Actor,
    now: datetime,
    pk: int,
    attended: object,
    absent: object = (),
    excused: object = (),
    version: int | None = None,
) -> Training:
    """Say that a session was held and who was there (ids of people), and return it.

    Somebody was there, and it does not lie ahead. Raises `NotFound`, `Forbidden`, `InvalidInput`, `Stale`,
    `IllegalMove`, `Conflict` (`ahead`).
    """
    lists = _attendance({"attended": attended, "absent": absent, "excused": excused})
    with write(actor=actor, now=now):
        training = training_locked(pk)
        require(actor, "training.record", case_of(training, now))
        require_version(training, version)
        training.state = TRAINING.move(training.state, "hold")
        if training.at > now:
            raise Conflict("It has not begun yet; change its time first.", code="ahead")
        if not lists["attended"]:
            raise InvalidInput.of("attended", "required", "Say who was there.")
        _attend(training, lists, now)
        _save(training, now)
        _told(training, "held", actor=actor, now=now)
        counted(
            "training.held",
            subject=ORGANISATION,
            record=(KIND, training.key),
            facts={
                "training.topic": training.topic.slug,
                "training.attended": len(lists["attended"]),
            },
            at=training.at,
            actor=actor,
            now=now,
            summary=training.topic.title,
        )
        return training


def training_attend(
    *,
    actor: Actor,
    now: datetime,
    pk: int,
    attended: object = (),
    absent: object = (),
    excused: object = (),
    version: int | None = None,
) -> Training:
    """Correct or complete who was at a session, and return it. Raises as `training_hold`."""
    lists = _attendance({"attended": attended, "absent": absent, "excused": excused})
    with write(actor=actor, now=now):
        training = training_locked(pk)
        require(actor, "training.record", case_of(training, now))
        require_version(training, version)
        training.state = TRAINING.move(training.state, "attend")
        _attend(training, lists, now)
        _save(training, now)
        _told(training, "attended", actor=actor, now=now)
        return training


def training_cancel(
    *, actor: Actor, now: datetime, pk: int, reason: object, version: int | None = None
) -> Training:
    """Cancel a planned session, with a reason, and return it. Raises as `training_hold`."""
    said = clean_text(reason, field="reason", max_length=MAX_REASON, required=True)
    with write(actor=actor, now=now, reason=said[:500]):
        training = training_locked(pk)
        require(actor, "training.record", case_of(training, now))
        require_version(training, version)
        training.state = TRAINING.move(training.state, "cancel")
        training.note = "\n\n".join(part for part in (training.note, said) if part)
        _save(training, now)
        _told(training, "cancelled", actor=actor, now=now)
        return training


def case_of_topic(topic: TrainingTopic, now: datetime) -> TrainingCase:
    """Return what permissions ask of a session that is planned on a topic at `now` (aware UTC)."""
    return TrainingCase("", topic.audience_key if topic.audience == "team" else "", now)


def case_of(training: Training, now: datetime) -> TrainingCase:
    """Return what permissions ask of a session at `now` (aware UTC)."""
    return replace(case_of_topic(training.topic, now), trainer=str(training.trainer_person_id or ""))


def training_locked(pk: int) -> Training:
    """Lock a session and return it, with its topic. Raises `NotFound`."""
    rows = Training.objects.select_for_update(of=("self",)).select_related("topic")
    found = rows.filter(pk=pk).first()
    if found is None:
        raise NotFound("There is no such training.")
    return found


def _attendance(given: Mapping[str, object]) -> dict[str, list[str]]:
    lists: dict[str, list[str]] = cleaned(given, {name: people(name) for name in ATTENDANCE})
    seen: set[str] = set()
    errors: list[FieldError] = []
    for name, ids in lists.items():
        if seen & set(ids):
            errors.append(FieldError(f"/{name}", "twice", "Somebody stands in two of the lists."))
        seen |= set(ids)
    if errors:
        raise InvalidInput(errors)
    return lists


def _attend(training: Training, lists: Mapping[str, list[str]], now: datetime) -> None:
    standing = {str(row.person_id): row for row in training.attendances.all()}
    for outcome, ids in lists.items():
        for identifier in ids:
            known = standing.get(identifier)
            if known is not None and known.outcome == outcome:
                continue
            row = known or TrainingAttendance(training=training, person_id=UUID(identifier))
            row.outcome, row.recorded_at = outcome, now
            row.save()


def _apply_topic(topic: TrainingTopic, given: Mapping[str, Any]) -> None:
    for name, value in given.items():
        setattr(topic, name, value)
    if topic.audience == "everyone":
        topic.audience_key = ""
        return
    rows = Role.objects if topic.audience == "role" else Team.objects
    if not rows.filter(slug=topic.audience_key).exists():
        raise InvalidInput.of("audience_key", "unknown", f"There is no such {topic.audience}.")


def _apply(training: Training, given: Mapping[str, Any]) -> None:
    for name, value in given.items():
        setattr(training, name, value)
    if training.trainer_person_id is not None:
        training.trainer = ""


def _save(training: Training, now: datetime) -> None:
    training.version += 1
    training.updated_at = now
    training.save()


def _told(training: Training, event: str, *, actor: Actor, now: datetime) -> None:
    counts = dict.fromkeys(ATTENDANCE, 0)
    for outcome in training.attendances.values_list("outcome", flat=True):
        counts[outcome] += 1
    data = {"topic": training.topic.slug, "at": training.at.isoformat(), **counts}
    data["held_at"] = data.pop("at")
    told(f"training.{event}", kind=KIND, key=training.key, actor=actor, now=now, data=data)


def _maybe_person(value: object) -> Any:
    return None if value in ("", None) else person("trainer_person")(value)


_TOPIC = {
    "slug": slug("slug"),
    "title": line("title", 120, required=True),
    "audience": one_of("audience", AUDIENCES),
    "audience_key": line("audience_key", 60),
    "valid_days": whole("valid_days", 1, 3660),
}
_CLEANERS = {
    "at": moment("at"),
    "trainer": line("trainer", 120),
    "trainer_person": _maybe_person,
    "material": link("material"),
    "material_version": line("material_version", 60),
    "note": prose("note", 2_000),
}
