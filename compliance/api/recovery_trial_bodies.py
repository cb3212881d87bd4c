"""What goes in and out about restore tests and exercises."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from compliance.api.recovery_bodies import URL, VERSION_HELP, RecoveryPersonOut, person_out
from compliance.models import Exercise, ProcedureStep, RestoreTest
from compliance.recovery.ladder import LADDER
from compliance.recovery.procedures import LONGEST_STEP, MOST_STEPS, PROCEDURES
from compliance.recovery.states import EXERCISE, RESTORE_TEST, STEP
from compliance.recovery.words import EXERCISE_KINDS, EXERCISE_OUTCOMES, SCOPES, TEST_OUTCOMES
from compliance.services.recovery.fields import (
    MAX_NOTE,
    MAX_PEOPLE,
    MAX_SERVICES,
    MAX_TEXT,
    MAX_TITLE,
    MAX_WORD,
)
from compliance.services.recovery.steps import MAX_NOTE as MAX_STEP_NOTE
from opsportal.api.serializers import Body, Moment, Text, WholeNumber, utc

PROCEDURE_CHOICES = [(one.slug, one.title) for one in PROCEDURES]


class RestoreTestResult(Body):
    """What a test reached and measured."""

    level = serializers.ChoiceField(LADDER, help_text="A checksum never counts as a restore.")
    outcome = serializers.ChoiceField(TEST_OUTCOMES)
    decided_at = Moment(required=False, help_text="When the outage began or somebody decided to restore.")
    usable_at = Moment(required=False, help_text="When the data was usable again; without it, now.")
    data_until = Moment(required=False, help_text="Up to when the restored data reached.")
    findings = Text(max_length=MAX_TEXT, lines=True, required=False)


class RestoreTestFinishBody(RestoreTestResult):
    """The end of a test."""

    version = WholeNumber(required=False, min_value=1, help_text=VERSION_HELP)


class RestoreTestPlanFields(Body):
    """What is to be restored, when and where to."""

    backup = WholeNumber(required=False, min_value=1, help_text="Its id; without it, the newest good one.")
    exercise = Text(max_length=30, required=False, help_text="The exercise that it is part of, e.g. EXR-2.")
    scope = serializers.ChoiceField(SCOPES, required=False)
    environment = Text(max_length=MAX_WORD, required=False)
    planned_for = Moment(required=False)


class RestoreTestBody(RestoreTestPlanFields):
    """A new test: a plan, or with `result` one that a machine has carried out already."""

    asset = Text(max_length=MAX_WORD, blank=False, help_text="Slug or key of the asset.")
    procedure = serializers.ChoiceField(PROCEDURE_CHOICES, required=False)
    steps = serializers.ListField(
        child=Text(max_length=LONGEST_STEP, lines=True, blank=False), required=False, max_length=MOST_STEPS
    )
    result = RestoreTestResult(required=False)


class RestoreTestPatch(RestoreTestPlanFields):
    """What is to be different in the plan."""

    version = WholeNumber(required=False, min_value=1, help_text=VERSION_HELP)


class RestoreTestStartBody(Body):
    """The beginning of a test."""

    decided_at = Moment(required=False, help_text="When the clock began to run; without it, now.")
    version = WholeNumber(required=False, min_value=1, help_text=VERSION_HELP)


class TrialAbortBody(Body):
    """Why it ended without a result."""

    reason = Text(max_length=MAX_NOTE, lines=True, blank=False)
    version = WholeNumber(required=False, min_value=1, help_text=VERSION_HELP)


class TrialVersionBody(Body):
    """A step of its life."""

    version = WholeNumber(required=False, min_value=1, help_text=VERSION_HELP)


class ProcedureTickBody(Body):
    """What somebody saw at a step; needed where it is skipped or failed."""

    note = Text(max_length=MAX_STEP_NOTE, lines=True, required=False)
    version = WholeNumber(required=False, min_value=1, help_text="The step's version that was read.")


class ProcedureStepOut(Body):
    """One step of a test or an exercise."""

    number = WholeNumber()
    text = Text(max_length=LONGEST_STEP)
    state = serializers.ChoiceField(STEP.choices)
    note = Text(max_length=MAX_STEP_NOTE)
    by = Text(max_length=64, allow_null=True, help_text="The id of who ticked it off.")
    at = Moment(allow_null=True)
    version = WholeNumber()


class RestoreTestOut(Body):
    """A restore test. Times are whole seconds."""

    key = Text(max_length=30)
    asset = Text(max_length=MAX_WORD)
    backup = WholeNumber()
    exercise = Text(max_length=30, allow_null=True)
    scope = serializers.ChoiceField(SCOPES)
    environment = Text(max_length=MAX_WORD)
    procedure = Text(max_length=MAX_WORD)
    state = serializers.ChoiceField(RESTORE_TEST.choices)
    level = serializers.ChoiceField(LADDER, allow_null=True)
    outcome = serializers.ChoiceField(TEST_OUTCOMES, allow_null=True)
    findings = Text(max_length=MAX_TEXT)
    planned_for = Moment()
    started_at = Moment(allow_null=True)
    decided_at = Moment(allow_null=True)
    usable_at = Moment(allow_null=True)
    data_until = Moment(allow_null=True)
    ended_at = Moment(allow_null=True)
    rto_seconds = WholeNumber(allow_null=True)
    rpo_seconds = WholeNumber(allow_null=True)
    rto_target_seconds = WholeNumber(allow_null=True)
    rpo_target_seconds = WholeNumber(allow_null=True)
    witness = RecoveryPersonOut(allow_null=True)
    witnessed_at = Moment(allow_null=True)
    updated_at = Moment()
    version = WholeNumber()


class RestoreTestDetailOut(RestoreTestOut):
    """A restore test with its steps."""

    steps = ProcedureStepOut(many=True)


class RestoreTestPage(Body):
    """One page of restore tests."""

    next = Text(max_length=URL, allow_null=True)
    previous = Text(max_length=URL, allow_null=True)
    results = RestoreTestOut(many=True)


class ParticipantBody(Body):
    """Somebody who takes part."""

    person = Text(max_length=254, blank=False, help_text="Id or address.")
    part = Text(max_length=MAX_WORD, required=False)


class ExerciseFields(Body):
    """The plan of an exercise."""

    kind = serializers.ChoiceField(EXERCISE_KINDS, required=False)
    title = Text(max_length=MAX_TITLE, blank=False, required=False)
    scenario = Text(max_length=MAX_TEXT, lines=True, required=False)
    plan = Text(max_length=MAX_TEXT, lines=True, required=False)
    environment = Text(max_length=MAX_WORD, required=False)
    services = serializers.ListField(
        child=Text(max_length=MAX_WORD, blank=False), required=False, max_length=MAX_SERVICES
    )
    participants = serializers.ListField(child=ParticipantBody(), required=False, max_length=MAX_PEOPLE)
    planned_for = Moment(required=False)


class ExerciseBody(ExerciseFields):
    """A new exercise."""

    kind = serializers.ChoiceField(EXERCISE_KINDS)
    title = Text(max_length=MAX_TITLE, blank=False)
    planned_for = Moment()
    procedure = serializers.ChoiceField(PROCEDURE_CHOICES, required=False)
    steps = serializers.ListField(
        child=Text(max_length=LONGEST_STEP, lines=True, blank=False), required=False, max_length=MOST_STEPS
    )


class ExercisePatch(ExerciseFields):
    """What is to be different in the plan."""

    version = WholeNumber(required=False, min_value=1, help_text=VERSION_HELP)


class ExerciseCompleteBody(Body):
    """How an exercise ended; findings are needed where it did not pass."""

    outcome = serializers.ChoiceField(EXERCISE_OUTCOMES)
    findings = Text(max_length=MAX_TEXT, lines=True, required=False)
    version = WholeNumber(required=False, min_value=1, help_text=VERSION_HELP)


class ParticipantOut(Body):
    """Somebody who took part."""

    person = RecoveryPersonOut()
    part = Text(max_length=MAX_WORD)


class ExerciseOut(Body):
    """An exercise."""

    key = Text(max_length=30)
    kind = serializers.ChoiceField(EXERCISE_KINDS)
    title = Text(max_length=MAX_TITLE)
    scenario = Text(max_length=MAX_TEXT)
    plan = Text(max_length=MAX_TEXT)
    environment = Text(max_length=MAX_WORD)
    services = serializers.ListField(child=Text(max_length=MAX_WORD))
    participants = ParticipantOut(many=True)
    planned_for = Moment()
    state = serializers.ChoiceField(EXERCISE.choices)
    outcome = serializers.ChoiceField(EXERCISE_OUTCOMES, allow_null=True)
    findings = Text(max_length=MAX_TEXT)
    started_at = Moment(allow_null=True)
    ended_at = Moment(allow_null=True)
    updated_at = Moment()
    version = WholeNumber()


class ExerciseDetailOut(ExerciseOut):
    """An exercise with its playbook."""

    steps = ProcedureStepOut(many=True)


class ExercisePage(Body):
    """One page of exercises."""

    next = Text(max_length=URL, allow_null=True)
    previous = Text(max_length=URL, allow_null=True)
    results = ExerciseOut(many=True)


def procedure_step_out(step: ProcedureStep) -> dict[str, Any]:
    """Return what the API says of a step."""
    return {
        "number": step.number,
        "text": step.text,
        "state": step.state,
        "note": step.note,
        "by": str(step.by_id) if step.by_id else None,
        "at": utc(step.at),
        "version": step.version,
    }


def restore_test_out(test: RestoreTest) -> dict[str, Any]:
    """Return what the API says of a restore test, loaded with asset, exercise and witness."""
    moments = ("planned_for", "started_at", "decided_at", "usable_at", "data_until", "ended_at")
    spans = ("rto", "rpo", "rto_target", "rpo_target")
    return {
        "key": test.key,
        "asset": test.asset.slug,
        "backup": test.backup_id,
        "exercise": test.exercise.key if test.exercise else None,
        "scope": test.scope,
        "environment": test.environment,
        "procedure": test.procedure,
        "state": test.state,
        "level": test.level or None,
        "outcome": test.outcome or None,
        "findings": test.findings,
        **{name: utc(getattr(test, name)) for name in moments},
        **{f"{name}_seconds": _seconds(getattr(test, name)) for name in spans},
        "witness": person_out(test.witness),
        "witnessed_at": utc(test.witnessed_at),
        "updated_at": utc(test.updated_at),
        "version": test.version,
    }


def exercise_out(exercise: Exercise) -> dict[str, Any]:
    """Return what the API says of an exercise, loaded with services and people."""
    same = ("key", "kind", "title", "scenario", "plan", "environment", "state", "findings", "version")
    return {
        **{name: getattr(exercise, name) for name in same},
        "services": [one.service.slug for one in exercise.concerned.all()],
        "participants": [
            {"person": person_out(one.person), "part": one.part} for one in exercise.people.all()
        ],
        "outcome": exercise.outcome or None,
        "planned_for": utc(exercise.planned_for),
        "started_at": utc(exercise.started_at),
        "ended_at": utc(exercise.ended_at),
        "updated_at": utc(exercise.updated_at),
    }


def _seconds(span: Any) -> int | None:
    return None if span is None else round(span.total_seconds())
