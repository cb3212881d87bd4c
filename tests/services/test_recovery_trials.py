"""Restore tests and exercises: steps, what was measured, who may say so, what the standard learns of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from compliance.models import Evidence, Exercise, RestoreTest
from compliance.services.recovery.evidence_files import trial_attach, trial_detach
from compliance.services.recovery.exercises import (
    exercise_abort,
    exercise_complete,
    exercise_edit,
    exercise_plan,
    exercise_start,
    exercise_step,
)
from compliance.services.recovery.restore_tests import (
    restore_test_abort,
    restore_test_edit,
    restore_test_finish,
    restore_test_plan,
    restore_test_record,
    restore_test_start,
    restore_test_step,
    restore_test_witness,
)
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, Forbidden, IllegalMove, InvalidInput, NotFound, Stale
from opsportal.files.models import Attachment
from tests.makers import NOW, make_user
from tests.recovering import HOUR, MACHINE, Cast, make_asset, make_cast, told
from tests.untouched import refused

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def planned(cast: Cast, **fields: Any) -> RestoreTest:
    told(cast.asset)
    return restore_test_plan(actor=cast.owner.actor, now=NOW, asset=cast.asset.pk, fields=fields)


def started(cast: Cast, **fields: Any) -> RestoreTest:
    return restore_test_start(actor=cast.owner.actor, now=NOW, pk=planned(cast, **fields).pk)


def finish(cast: Cast, test: RestoreTest, *, after: timedelta = 20 * MINUTE, **fields: Any) -> RestoreTest:
    given = {"level": "restored", "outcome": "passed", **fields}
    return restore_test_finish(actor=cast.owner.actor, now=NOW + after, pk=test.pk, fields=given)


def test_without_a_backup_there_is_nothing_to_test(cast: Cast) -> None:
    with refused(InvalidInput, "no_backup"):
        restore_test_plan(actor=cast.owner.actor, now=NOW, asset=cast.asset.pk, fields={})
    failed = told(cast.asset, result="failed")
    for number, code in ((failed.pk, "failed"), (99, "no_backup"), ("1", "unknown"), (True, "unknown")):
        with refused(InvalidInput, code):
            restore_test_plan(actor=cast.owner.actor, now=NOW, asset=cast.asset.pk, fields={"backup": number})
    other = told(make_asset(cast.owner))
    with refused(InvalidInput, "no_backup"):
        restore_test_plan(actor=cast.owner.actor, now=NOW, asset=cast.asset.pk, fields={"backup": other.pk})


def test_a_restore_is_measured_against_the_strictest_target(cast: Cast) -> None:
    test = finish(cast, started(cast))
    assert (test.state, test.rto, test.rpo) == ("finished", 20 * MINUTE, HOUR)
    assert (test.rto_target, test.rpo_target) == (15 * MINUTE, 24 * HOUR)
    facts = Evidence.objects.get(event="restore_test.recorded").facts
    assert (facts["restore_test.rung"], facts["restore_test.rto_met"], facts["restore_test.rpo_met"]) == (
        3,
        False,
        True,
    )
    assert facts["restore_test.witnessed"] is False


def test_a_checksum_is_no_restore_whatever_was_written_down(cast: Cast) -> None:
    test = finish(cast, started(cast), level="checksum", usable_at=NOW + MINUTE)
    assert (test.level, test.rto, test.rpo, test.usable_at) == ("checksum", None, None, None)
    assert "restore_test.rto" not in Evidence.objects.get(event="restore_test.recorded").facts


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"level": "hoped"}, "unknown"),
        ({"outcome": "well"}, "unknown"),
        ({"usable_at": NOW - HOUR}, "before_decision"),
        ({"decided_at": NOW - HOUR}, "before_backup"),
        ({"level": "checksum", "decided_at": NOW - HOUR}, "before_backup"),
        ({"usable_at": NOW + MINUTE, "data_until": NOW + 19 * MINUTE}, "after_use"),
        ({"usable_at": NOW + 2 * HOUR}, "in_the_future"),
        ({"data_until": NOW + 2 * HOUR}, "in_the_future"),
    ],
)
def test_results_that_cannot_be(cast: Cast, fields: dict[str, Any], code: str) -> None:
    test = started(cast)
    with refused(InvalidInput, code):
        finish(cast, test, **fields)


def test_the_top_rung_needs_an_exercise(cast: Cast) -> None:
    test = started(cast)
    with refused(Conflict, "no_exercise"):
        finish(cast, test, level="full_exercise")


def test_steps_of_a_procedure_are_ticked_off_before_the_end(cast: Cast) -> None:
    test = started(cast, procedure="staged-restore")
    assert test.steps.count() == 6
    with refused(Conflict, "steps_open"):
        finish(cast, test)
    act: dict[str, Any] = {"actor": cast.owner.actor, "now": NOW + MINUTE, "pk": test.pk}
    for number in range(1, 6):
        restore_test_step(**act, number=number, verb="do")
    with refused(InvalidInput, "required"):
        restore_test_step(**act, number=6, verb="fail")
    with refused(IllegalMove):
        restore_test_step(**act, number=1, verb="do")
    with refused(NotFound):
        restore_test_step(**act, number=7, verb="do")
    restore_test_step(**act, number=6, verb="fail", note="The login page stayed white.")
    with refused(Conflict, "step_failed"):
        finish(cast, test)
    restore_test_step(**act, number=6, verb="reopen")
    restore_test_step(**act, number=6, verb="do")
    finish(cast, test, level="application_verified")
    facts = Evidence.objects.get(event="restore_test.recorded").facts
    assert (facts["restore_test.steps_done"], facts["restore_test.procedure"]) == (True, "staged-restore")


def test_a_witness_is_somebody_else(cast: Cast) -> None:
    test = finish(cast, started(cast))
    with refused(Conflict, "own_work"):
        restore_test_witness(actor=cast.owner.actor, now=NOW, pk=test.pk)
    with refused(Forbidden):
        restore_test_witness(actor=MACHINE, now=NOW, pk=test.pk)
    late = NOW + 20 * MINUTE + 24 * HOUR
    with refused(Conflict, "too_late"):
        restore_test_witness(actor=cast.other.actor, now=late + MINUTE, pk=test.pk)
    with refused(Forbidden):
        guest = Actor.user(cast.other.pk, is_guest=True)
        restore_test_witness(actor=guest, now=late, pk=test.pk)
    seen = restore_test_witness(actor=cast.other.actor, now=late, pk=test.pk)
    assert seen.witness == cast.other
    newest = Evidence.objects.filter(event="restore_test.recorded").order_by("id").last()
    assert newest
    assert newest.facts["restore_test.witnessed"] is True
    with refused(Conflict, "witnessed"):
        restore_test_witness(actor=cast.admin.actor, now=NOW, pk=test.pk)


def test_who_steps_on_a_test_and_when(cast: Cast) -> None:
    test = planned(cast)
    with refused(Forbidden):
        restore_test_start(actor=cast.other.actor, now=NOW, pk=test.pk)
    with refused(Stale):
        restore_test_start(actor=cast.owner.actor, now=NOW, pk=test.pk, version=9)
    with refused(InvalidInput, "in_the_future"):
        restore_test_start(actor=cast.owner.actor, now=NOW, pk=test.pk, decided_at=NOW + HOUR)
    with refused(IllegalMove):
        finish(cast, test)
    edited = restore_test_edit(
        actor=cast.owner.actor, now=NOW, pk=test.pk, fields={"environment": "staging", "scope": "part"}
    )
    assert (edited.environment, edited.scope) == ("staging", "part")
    with refused(InvalidInput, "unknown"):
        restore_test_edit(actor=cast.owner.actor, now=NOW, pk=test.pk, fields={"steps": ["x"]})
    over = restore_test_abort(actor=cast.owner.actor, now=NOW, pk=test.pk, reason="The disk was full.")
    assert (over.state, over.findings) == ("aborted", "The disk was full.")
    assert not Evidence.objects.filter(event="restore_test.recorded").exists()
    with refused(IllegalMove):
        restore_test_start(actor=cast.owner.actor, now=NOW, pk=test.pk)


def test_a_machine_reports_a_test_that_is_over_in_one_call(cast: Cast) -> None:
    told(cast.asset, now=NOW - 70 * MINUTE)
    decided = NOW - HOUR
    result = {"level": "integrity_verified", "outcome": "passed", "decided_at": decided}
    act: dict[str, Any] = {"actor": MACHINE, "now": NOW, "asset": cast.asset.pk, "plan": {}}
    test = restore_test_record(**act, result={**result, "usable_at": NOW - 50 * MINUTE})
    assert (test.state, test.rto, test.rpo) == ("finished", 10 * MINUTE, 70 * MINUTE)
    assert (test.started_at, test.ended_at) == (decided, NOW - 50 * MINUTE)
    assert Evidence.objects.get(event="restore_test.recorded").observed_at == NOW - 50 * MINUTE
    assert restore_test_record(**act, result=result).rto == HOUR
    for wrong, pointer in (
        ({"level": "x"}, "/result/level"),
        ({"decided_at": NOW - 3 * HOUR}, "/result/decided_at"),
        ({"usable_at": NOW + HOUR}, "/result/usable_at"),
    ):
        with refused(InvalidInput) as caught:
            restore_test_record(**act, result={**result, **wrong})
        assert [one.pointer for one in caught.value.errors] == [pointer]


def test_a_machine_that_restored_is_not_told_of_newer_backups(cast: Cast) -> None:
    mine = told(cast.asset, finished_at=NOW - 3 * HOUR)
    told(cast.asset, finished_at=NOW - 2 * HOUR + 2 * MINUTE)
    told(cast.asset, finished_at=NOW - MINUTE)
    result = {"level": "restored", "outcome": "passed", "decided_at": NOW - 2 * HOUR}
    act: dict[str, Any] = {"actor": MACHINE, "now": NOW, "asset": cast.asset.pk}
    assert restore_test_record(**act, plan={}, result=result).backup == mine
    early = {**result, "decided_at": mine.finished_at - 2 * MINUTE}
    assert restore_test_record(**act, plan={}, result=early).backup == mine
    with refused(InvalidInput) as caught:
        restore_test_record(**act, plan={}, result={**result, "decided_at": "yesterday"})
    assert [one.pointer for one in caught.value.errors] == ["/result/decided_at"]


def exercise(cast: Cast, **fields: Any) -> Exercise:
    given = {
        "kind": "disaster_recovery",
        "title": "The region is gone",
        "planned_for": NOW,
        "services": ["payments-api"],
        "participants": [{"person": cast.owner.email, "part": "leads"}, str(cast.other.pk)],
        "steps": ["Fail over", "Tell everybody"],
        **fields,
    }
    return exercise_plan(actor=cast.owner.actor, now=NOW, fields=given)


def test_an_exercise_from_plan_to_findings(cast: Cast) -> None:
    found = exercise(cast)
    act: dict[str, Any] = {"actor": cast.owner.actor, "now": NOW, "pk": found.pk}
    exercise_edit(**act, fields={"participants": [{"person": str(cast.other.pk), "part": "watches"}]})
    exercise_start(**act)
    with refused(Conflict, "steps_open"):
        exercise_complete(**act, fields={"outcome": "passed"})
    exercise_step(**act, number=1, verb="do")
    exercise_step(**act, number=2, verb="skip", note="Nobody was awake.")
    with refused(InvalidInput, "required"):
        exercise_complete(**act, fields={"outcome": "partly"})
    over = exercise_complete(
        actor=cast.owner.actor,
        now=NOW + HOUR,
        pk=found.pk,
        fields={"outcome": "partly", "findings": "Telephone numbers were out of date."},
    )
    assert (over.state, over.led_by) == ("completed", cast.owner)
    rows = Evidence.objects.filter(record_key=over.key).order_by("id")
    assert [(row.event, row.subject_kind, row.subject_key) for row in rows] == [
        ("exercise.completed", "organisation", "organisation"),
        ("exercise.completed_for_service", "service", "payments-api"),
    ]
    facts = rows[0].facts
    assert (facts["exercise.kind"], facts["exercise.participants"], facts["exercise.steps_done"]) == (
        "disaster_recovery",
        1,
        False,
    )


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"kind": "party"}, "unknown"),
        ({"services": ["no-such"]}, "unknown"),
        ({"services": "payments-api"}, "not_a_list"),
        ({"participants": [{"person": "nobody@example.org"}]}, "unknown"),
        ({"steps": [""]}, "required"),
        ({"procedure": "magic"}, "unknown"),
        ({"title": ""}, "required"),
    ],
)
def test_exercises_that_cannot_be(cast: Cast, fields: dict[str, Any], code: str) -> None:
    with refused(InvalidInput, code):
        exercise(cast, **fields)


def test_an_exercise_is_conducted_by_the_teams_of_its_services_and_by_who_leads_it(cast: Cast) -> None:
    stranger = make_user().actor
    steps = {"steps": [], "services": ["payments-api"]}
    fields = {"kind": "game_day", "title": "A rack is dark", "planned_for": NOW, **steps}
    made = exercise_plan(actor=stranger, now=NOW, fields=fields)
    # Whoever planned it changes the plan and takes it back; that it took place others say.
    exercise_edit(actor=stranger, now=NOW, pk=made.pk, fields={"title": "Two racks are dark"})
    with refused(Forbidden):
        exercise_start(actor=stranger, now=NOW, pk=made.pk)
    with refused(Forbidden):
        exercise_edit(actor=cast.other.actor, now=NOW, pk=made.pk, fields={"title": "Mine"})
    exercise_start(actor=cast.owner.actor, now=NOW, pk=made.pk)
    with refused(Forbidden):
        exercise_complete(actor=stranger, now=NOW, pk=made.pk, fields={"outcome": "passed"})
    done = exercise_complete(actor=cast.owner.actor, now=NOW, pk=made.pk, fields={"outcome": "passed"})
    assert done.state == "completed"
    own = exercise_plan(actor=stranger, now=NOW, fields={**fields, "services": []})
    assert exercise_start(actor=stranger, now=NOW, pk=own.pk).led_by_id is not None


def test_the_top_rung_within_an_exercise(cast: Cast) -> None:
    made = exercise(cast)
    assert finish(cast, started(cast, exercise=made.key), level="full_exercise").exercise
    over = exercise_abort(actor=cast.owner.actor, now=NOW, pk=made.pk, reason="A real outage came between.")
    assert over.state == "aborted"


def test_evidence_is_attached_and_removed_with_a_reason(cast: Cast) -> None:
    test = started(cast)
    act: dict[str, Any] = {"now": NOW, "kind": "restore_test", "key": test.key}
    with refused(Forbidden):
        trial_attach(actor=cast.other.actor, **act, name="log.txt", chunks=[b"all rows are there"])
    kept = trial_attach(actor=cast.owner.actor, **act, name="log.txt", chunks=[b"all rows are there"])
    with refused(InvalidInput, "required"):
        trial_detach(actor=cast.owner.actor, **act, attachment=kept.pk, reason="")
    trial_detach(actor=cast.owner.actor, **act, attachment=kept.pk, reason="The wrong log.")
    assert Attachment.objects.get().state == "removed"
    with refused(NotFound):
        trial_attach(actor=cast.owner.actor, now=NOW, kind="change", key="CHG-1", name="a.txt", chunks=[b"a"])
