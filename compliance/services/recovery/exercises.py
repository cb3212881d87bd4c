"""Exercises of any kind: planned, carried out by a playbook, completed with what was found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from compliance.models import Exercise, ExercisePerson, ExerciseService, ProcedureStep
from compliance.permissions.recovery import ExerciseCase
from compliance.recovery.states import EXERCISE
from compliance.recovery.words import EXERCISE_KINDS, EXERCISE_OUTCOMES
from compliance.selectors.recovery import exercises_loaded
from compliance.services.recovery import fields as read
from compliance.services.recovery.exercise_telling import tell_completed
from compliance.services.recovery.steps import VERBS, step_tick, steps_add, steps_over
from opsportal.accounts.models import User
from opsportal.audit.services import audit_record
from opsportal.catalog.models import Service
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import InvalidInput, NotFound
from opsportal.core.text import clean_text
from opsportal.core.versions import require_version
from opsportal.core.writes import write
from opsportal.outbox.services import outbox_put

KIND = "exercise"
PLAN = {
    "kind": read.one_of("kind", EXERCISE_KINDS),
    "title": read.text("title", read.MAX_TITLE, required=True),
    "scenario": read.text("scenario", read.MAX_TEXT, lines=True),
    "plan": read.text("plan", read.MAX_TEXT, lines=True),
    "environment": read.text("environment", read.MAX_WORD),
    "services": read.services,
    "participants": read.participants,
    "planned_for": read.moment("planned_for"),
    "procedure": read.procedure,
    "steps": read.steps,
}
RESULT = {
    "outcome": read.one_of("outcome", EXERCISE_OUTCOMES),
    "findings": read.text("findings", read.MAX_TEXT, lines=True),
}


def exercise_plan(*, actor: Actor, now: datetime, fields: Mapping[str, Any]) -> Exercise:
    """Plan an exercise and return it.

    `fields` are those of `PLAN`; `kind`, `title` and `planned_for` are needed. The playbook is the steps of
    `procedure`, or `steps` that somebody wrote. Raises `InvalidInput` and `Forbidden`.
    """
    with write(actor=actor, now=now):
        require(actor, "exercise.plan")
        cleaned = read.cleaned(fields, PLAN)
        read.need(cleaned, "kind", "title", "planned_for")
        exercise = Exercise(
            planned_by_kind=actor.kind.value, planned_by_id=actor.id, created_at=now, updated_at=now
        )
        services, people = cleaned.pop("services", []), cleaned.pop("participants", [])
        procedure, steps = cleaned.pop("procedure", ""), cleaned.pop("steps", [])
        for name, value in cleaned.items():
            setattr(exercise, name, value)
        exercise.save(force_insert=True)
        _take_part(exercise, services, people)
        steps_add(exercise, procedure=procedure, own=steps)
        _record(exercise, "planned", actor=actor, now=now, data={"kind": exercise.kind})
        return exercise


def exercise_edit(
    *, actor: Actor, now: datetime, pk: int, fields: Mapping[str, Any], version: int | None = None
) -> Exercise:
    """Change the plan of an exercise that has not begun, and return it. Its steps stay.

    Raises `InvalidInput`, `NotFound`, `Forbidden`, `Stale` and `IllegalMove`.
    """
    with write(actor=actor, now=now):
        exercise = _conducting(pk, "edit", actor=actor, now=now, version=version)
        changeable = {name: PLAN[name] for name in PLAN if name not in {"steps", "procedure"}}
        cleaned = read.cleaned(fields, changeable)
        services, people = cleaned.pop("services", None), cleaned.pop("participants", None)
        for name, value in cleaned.items():
            setattr(exercise, name, value)
        _take_part(exercise, services, people)
        _save(exercise, now)
        _record(exercise, "edited", actor=actor, now=now)
        return exercise


def exercise_start(*, actor: Actor, now: datetime, pk: int, version: int | None = None) -> Exercise:
    """Begin a planned exercise and return it. Whoever begins it leads it. Raises as `exercise_edit`."""
    with write(actor=actor, now=now):
        exercise = _conducting(pk, "start", actor=actor, now=now, version=version)
        exercise.started_at = now
        exercise.led_by_id = actor.id if actor.is_user else None
        _save(exercise, now)
        _record(exercise, "started", actor=actor, now=now)
        return exercise


def exercise_step(
    *,
    actor: Actor,
    now: datetime,
    pk: int,
    number: int,
    verb: str,
    note: object = "",
    version: int | None = None,
) -> ProcedureStep:
    """Tick off one step of the playbook (`do`, `skip`, `fail`, `reopen`) and return it.

    `version` is the step's. Raises as `step_tick`, and `Forbidden`.
    """
    with write(actor=actor, now=now):
        exercise = _conducting(pk, "step", actor=actor, now=now, version=None)
        step = step_tick(exercise, number, verb, note=note, version=version, actor=actor, now=now)
        _save(exercise, now)
        _record(exercise, VERBS[verb], actor=actor, now=now, data={"step": number})
        return step


def exercise_complete(
    *, actor: Actor, now: datetime, pk: int, fields: Mapping[str, Any], version: int | None = None
) -> Exercise:
    """End an exercise with its outcome and what was found, and return it.

    `fields` are those of `RESULT`; `outcome` is needed, and `findings` where it did not pass. Raises
    `InvalidInput`, `NotFound`, `Forbidden`, `Stale`, `IllegalMove`, and `Conflict` (`steps_open`,
    `step_failed`).
    """
    with write(actor=actor, now=now):
        exercise = _conducting(pk, "complete", actor=actor, now=now, version=version)
        cleaned = read.cleaned(fields, RESULT)
        read.need(cleaned, "outcome")
        if cleaned["outcome"] != "passed" and not cleaned.get("findings"):
            raise InvalidInput.of("findings", "required", "Say what was found: it did not pass as a whole.")
        states = steps_over(exercise, passed=cleaned["outcome"] == "passed")
        exercise.outcome, exercise.findings = cleaned["outcome"], cleaned.get("findings", "")
        exercise.ended_at = now
        _save(exercise, now)
        _record(exercise, "completed", actor=actor, now=now, data={"outcome": exercise.outcome})
        tell_completed(exercise, states, actor=actor, now=now)
        return exercise


def exercise_abort(
    *, actor: Actor, now: datetime, pk: int, reason: object = "", version: int | None = None
) -> Exercise:
    """End an exercise that proved nothing, with the reason, and return it. Raises as `exercise_edit`."""
    said = clean_text(reason, field="reason", max_length=read.MAX_NOTE, required=True)
    with write(actor=actor, now=now, reason=said):
        exercise = _conducting(pk, "abort", actor=actor, now=now, version=version)
        exercise.findings, exercise.ended_at = said, now
        _save(exercise, now)
        _record(exercise, "aborted", actor=actor, now=now)
        return exercise


def exercise_locked(pk: int) -> Exercise:
    """Lock an exercise and return it, loaded. Raises `NotFound`."""
    if not Exercise.objects.select_for_update().filter(pk=pk).exists():
        raise NotFound("There is no such exercise.")
    return exercises_loaded().get(pk=pk)


def permission_of(verb: str, state: str) -> str:
    """Return the permission of a step: a plan is its planner's, too, until it begins."""
    return "exercise.edit" if verb == "edit" or (verb, state) == ("abort", "planned") else "exercise.conduct"


def case_of(exercise: Exercise, now: datetime) -> ExerciseCase:
    """Return what permissions ask of an exercise at `now` (aware UTC)."""
    teams = exercise.concerned.values_list("service__owner_team__slug", flat=True)
    planner = exercise.planned_by_id if exercise.planned_by_kind == "user" else ""
    return ExerciseCase(exercise.kind, planner, str(exercise.led_by_id or ""), frozenset(teams), now)


def _conducting(pk: int, verb: str, *, actor: Actor, now: datetime, version: int | None) -> Exercise:
    exercise = exercise_locked(pk)
    require(actor, permission_of(verb, exercise.state), case_of(exercise, now))
    require_version(exercise, version)
    exercise.state = EXERCISE.move(exercise.state, verb)
    return exercise


def _take_part(
    exercise: Exercise, services: Sequence[Service] | None, people: Sequence[tuple[User, str]] | None
) -> None:
    """Make those who take part the given ones, of each kind that is given."""
    if services is not None:
        wanted = {service.pk: service for service in services}
        for concerned in ExerciseService.objects.filter(exercise=exercise):
            if wanted.pop(concerned.service_id, None) is None:
                concerned.delete()
        for service in wanted.values():
            ExerciseService.objects.create(exercise=exercise, service=service)
    if people is not None:
        parts = {person.pk: (person, part) for person, part in people}
        for taking in ExercisePerson.objects.filter(exercise=exercise):
            person, part = parts.pop(taking.person_id, (None, ""))
            if person is None:
                taking.delete()
            elif part != taking.part:
                taking.part = part
                taking.save()
        for person, part in parts.values():
            ExercisePerson.objects.create(exercise=exercise, person=person, part=part)


def _save(exercise: Exercise, now: datetime) -> None:
    exercise.version += 1
    exercise.updated_at = now
    exercise.save()


def _record(
    exercise: Exercise, event: str, *, actor: Actor, now: datetime, data: Mapping[str, Any] | None = None
) -> None:
    audit_record(
        actor=actor,
        now=now,
        action=f"exercise.{event}",
        object_kind=KIND,
        object_key=exercise.key,
        data=dict(data or {}),
    )
    outbox_put(
        now=now,
        topic=f"compliance.exercise.{event}",
        key=exercise.key,
        payload={"exercise": exercise.key, "kind": exercise.kind, "at": now.isoformat()},
    )
