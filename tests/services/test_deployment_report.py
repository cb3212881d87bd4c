"""What pipelines report of a deployment, what they are told, and what moves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from changes.models import Change, Deployment, DeploymentEvent
from changes.selectors import timeline
from changes.services.deployment_events import deployment_report
from changes.services.deployments import Decided
from changes.services.drafts import change_revise
from changes.services.holding import change_hold
from changes.services.submission import change_submit
from changes.web.timeline import moments_of
from opsportal.audit.selectors import entries_about
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, Forbidden, InvalidInput, NotFound
from tests import changing, deploying, gatepack
from tests.changing import Cast, approved, scheduled, submitted
from tests.deploying import (
    codes,
    effects,
    fresh,
    make_approved_template,
    make_stage,
    pipeline,
    register,
    report,
    rolled_out,
    state_of,
)
from tests.makers import NOW
from tests.once import made_once
from tests.untouched import nothing_written, refused

pytestmark = pytest.mark.django_db


@dataclass(frozen=True)
class Played:
    """What has happened when a test begins."""

    cast: Cast
    ci: Actor
    change: Change | None = None
    going: Deployment | None = None


@made_once
def at_the_stage() -> Played:
    return Played(make_stage(), pipeline())


@made_once
def with_a_change() -> Played:
    played = at_the_stage()
    return replace(played, change=approved(played.cast))


@made_once
def under_way() -> Played:
    played = with_a_change()
    assert played.change is not None
    decided = register(played.ci, change=played.change.key)
    report(played.ci, decided, "started")
    return replace(played, going=fresh(decided))


@pytest.fixture
def played(request: pytest.FixtureRequest) -> Played:
    """As far as the test asks for: each step takes the services long, and is made once."""
    if "going" in request.fixturenames:
        return under_way()
    return with_a_change() if "change" in request.fixturenames else at_the_stage()


@pytest.fixture
def cast(played: Played) -> Cast:
    return played.cast


@pytest.fixture
def ci(played: Played) -> Actor:
    return played.ci


@pytest.fixture
def change(played: Played) -> Change:
    assert played.change is not None
    return played.change


@pytest.fixture
def going(played: Played) -> Deployment:
    """A deployment to production that has started."""
    assert played.going is not None
    return played.going


def told(row: Decided) -> list[str]:
    return [entry.action for entry in entries_about("deployment", row.deployment.key)]


def test_started_moves_the_change_to_implementing(ci: Actor, change: Change) -> None:
    decided = register(ci, change=change.key)
    answer = report(ci, decided, "started")
    assert (answer.action, answer.reasons, answer.effect) == ("continue", (), "applied")
    row = fresh(decided)
    assert (row.state, row.started_at, row.row_version) == ("deploying", NOW, 2)
    assert state_of(change) == "implementing"
    assert told(decided) == ["deployment.registered", "deployment.started"]


def test_a_scheduled_change_is_started_too(cast: Cast, ci: Actor) -> None:
    change = scheduled(cast)
    report(ci, register(ci, change=change.key), "started")
    assert state_of(change) == "implementing"


def test_an_emergency_starts_ahead_of_its_approval_and_owes_it(cast: Cast, ci: Actor) -> None:
    change = submitted(cast, type="emergency")
    assert report(ci, register(ci, change=change.key), "started").action == "continue"
    row = changing.fresh(change)
    assert (row.state, row.retrospective_state) == ("implementing", "open")
    assert ("in-retrospect", "open") in changing.owed(change)


def test_a_whole_rollout_makes_the_change_implemented(ci: Actor, change: Change) -> None:
    decided = register(ci, change=change.key)
    assert rolled_out(ci, decided).action == "continue"
    row = fresh(decided)
    assert (row.state, row.percent, row.finished_at) == ("succeeded", 100, NOW)
    assert state_of(change) == "implemented"
    assert told(decided) == [
        "deployment.registered",
        "deployment.started",
        "deployment.rolled_out",
        "deployment.rolled_out",
        "deployment.rolled_out",
        "deployment.verified",
        "deployment.succeeded",
    ]


def test_the_change_is_implemented_when_every_place_has_succeeded(cast: Cast, ci: Actor) -> None:
    change = approved(cast, services=["payments-api", "ledger"], environments=["production"])
    first = register(ci, change=change.key)
    second = register(ci, change=change.key, service="ledger")
    rolled_out(ci, first)
    assert state_of(change) == "implementing"
    rolled_out(ci, second)
    assert state_of(change) == "implemented"


def test_a_success_that_was_not_allowed_does_not_count(cast: Cast, ci: Actor) -> None:
    change = approved(cast, services=["payments-api", "ledger"], environments=["production"])
    rolled_out(ci, register(ci, change=change.key))
    blocked = register(ci, change=change.key, service="ledger", policy_hash="wrong")
    rolled_out(ci, blocked)
    assert (fresh(blocked).state, state_of(change)) == ("registered", "implementing")


def test_the_second_deployment_of_a_change_does_not_start_it_again(cast: Cast, ci: Actor) -> None:
    change = approved(cast, environments=["staging", "production"])
    report(ci, register(ci, change=change.key), "started")
    report(ci, register(ci, change=change.key, environment="staging"), "started")
    assert changing.told(change).count("change.started") == 1


# --- started decides again ----------------------------------------------------------------------------
def test_started_is_decided_again_with_the_change_as_it_is_now(cast: Cast, ci: Actor, change: Change) -> None:
    decided = register(ci, change=change.key)
    change_revise(actor=cast.requester.actor, now=NOW, pk=change.pk, fields={"plan": "Otherwise."})
    answer = report(ci, decided, "started")
    assert (answer.action, answer.effect) == ("hold", "flagged")
    assert codes(answer) == ["deployment_not_allowed", "change_withdrawn", "content_changed"]
    row = fresh(decided)
    assert (row.decision, row.state) == ("withdrawn", "registered")
    assert state_of(change) == "draft"
    assert told(decided) == ["deployment.registered", "deployment.decided", "deployment.flagged"]


def test_what_was_approved_anew_after_an_edit_needs_a_new_registration(
    cast: Cast, ci: Actor, change: Change
) -> None:
    decided = register(ci, change=change.key)
    change_revise(actor=cast.requester.actor, now=NOW, pk=change.pk, fields={"plan": "Otherwise."})
    change_submit(actor=cast.requester.actor, now=NOW, pk=change.pk)
    for voter in (cast.lead, *cast.board[:2]):
        changing.vote(change, voter)
    assert state_of(change) == "approved"
    answer = report(ci, decided, "started")
    assert (answer.action, fresh(decided).decision) == ("hold", "blocked")
    assert codes(answer) == ["deployment_not_allowed", "content_changed"]
    assert state_of(change) == "approved"


def test_a_hold_that_came_in_between_stops_the_start(cast: Cast, ci: Actor, change: Change) -> None:
    decided = register(ci, change=change.key)
    change_hold(actor=cast.requester.actor, now=NOW, pk=change.pk, reason="Freeze.")
    answer = report(ci, decided, "started")
    assert (answer.action, fresh(decided).decision, state_of(change)) == ("hold", "pending", "approved")
    assert codes(answer) == ["deployment_not_allowed", "change_held"]


def test_a_window_that_ended_in_between_stops_the_start(cast: Cast, ci: Actor) -> None:
    change = approved(cast, **changing.window())
    decided = register(ci, change=change.key)
    answer = report(ci, decided, "started", now=NOW + timedelta(hours=3))
    assert (answer.action, fresh(decided).decision, state_of(change)) == ("hold", "expired", "approved")


def test_what_became_allowed_in_between_starts(cast: Cast, ci: Actor) -> None:
    change = submitted(cast)
    decided = register(ci, change=change.key)
    assert decided.deployment.decision == "pending"
    for voter in (cast.lead, *cast.board[:2]):
        changing.vote(change, voter)
    assert report(ci, decided, "started").action == "continue"
    assert (fresh(decided).decision, state_of(change)) == ("allowed", "implementing")


def test_a_rule_that_came_in_between_holds_too(ci: Actor, change: Change) -> None:
    decided = register(ci, change=change.key)
    stricter = [*deploying.GATE_RULES, gatepack.STAGING_FIRST]
    deploying.activate(*stricter, version="2")
    answer = report(ci, decided, "started")
    assert (answer.action, fresh(decided).decision, state_of(change)) == ("hold", "blocked", "approved")


def test_a_change_that_was_approved_in_between_does_not_disturb_a_deployment_without_one(
    cast: Cast, ci: Actor
) -> None:
    decided = register(ci, environment="staging")
    for _ in range(2):
        approved(cast, environments=["staging"])
    assert report(ci, decided, "started").action == "continue"
    assert fresh(decided).change is None


# --- not allowed ------------------------------------------------------------------------------------
def test_reports_on_what_is_not_allowed_are_recorded_flagged_and_held(cast: Cast, ci: Actor) -> None:
    change = changing.draft(cast)
    decided = register(ci, change=change.key)
    first = report(ci, decided, "started")
    assert (first.action, codes(first)) == ("hold", ["deployment_not_allowed", "change_not_submitted"])
    second = report(ci, decided, "rollout", 10, error_rate=0.0)
    assert second.action == "roll_back"
    assert report(ci, decided, "succeeded").action == "roll_back"
    assert effects(decided) == [("started", "flagged"), ("rollout", "flagged"), ("succeeded", "flagged")]
    row = fresh(decided)
    assert (row.state, row.percent, row.decision, state_of(change)) == ("registered", 0, "blocked", "draft")
    assert told(decided)[1:] == ["deployment.flagged"] * 3


def test_a_blocked_deployment_stays_blocked_whatever_happens_to_its_change(cast: Cast, ci: Actor) -> None:
    change = changing.draft(cast)
    decided = register(ci, change=change.key)
    change_submit(actor=cast.requester.actor, now=NOW, pk=change.pk)
    for voter in (cast.lead, *cast.board[:2]):
        changing.vote(change, voter)
    assert report(ci, decided, "started").action == "hold"
    assert (fresh(decided).decision, state_of(change)) == ("blocked", "approved")


# --- rollout ------------------------------------------------------------------------------------------
def test_a_skipped_step_holds_and_the_step_does_not_count(ci: Actor, going: Deployment) -> None:
    answer = report(ci, going, "rollout", 50, error_rate=0.0)
    assert (answer.action, codes(answer), answer.effect) == ("hold", ["rollout_step"], "flagged")
    assert fresh(going).percent == 0
    assert report(ci, going, "rollout", 10, error_rate=0.0).action == "continue"
    assert report(ci, going, "rollout", 50, error_rate=0.0).action == "continue"


def test_a_passed_threshold_asks_to_roll_back(ci: Actor, going: Deployment, change: Change) -> None:
    answer = report(ci, going, "rollout", 10, error_rate=0.02)
    assert (answer.action, codes(answer)) == ("roll_back", ["threshold_passed"])
    assert answer.reasons[0]["rule"] == "errors"
    assert report(ci, going, "rolled_back").action == "continue"
    assert (fresh(going).state, state_of(change)) == ("rolled_back", "implementing")


def test_a_missing_metric_holds(ci: Actor, going: Deployment) -> None:
    answer = report(ci, going, "rollout", 10)
    assert (answer.action, codes(answer)) == ("hold", ["evidence_missing"])
    assert report(ci, going, "rollout", 10, error_rate=0.0).action == "continue"


def test_success_before_the_last_step_is_not_taken(ci: Actor, going: Deployment, change: Change) -> None:
    report(ci, going, "rollout", 10, error_rate=0.0)
    answer = report(ci, going, "succeeded")
    assert (answer.action, codes(answer)) == ("hold", ["rollout_incomplete"])
    assert (fresh(going).state, state_of(change)) == ("deploying", "implementing")


def test_a_hold_on_the_change_holds_the_rollout(
    cast: Cast, ci: Actor, going: Deployment, change: Change
) -> None:
    change_hold(actor=cast.requester.actor, now=NOW, pk=change.pk, reason="Something is odd.")
    answer = report(ci, going, "rollout", 10, error_rate=0.0)
    assert (answer.action, codes(answer)) == ("hold", ["change_held"])


def test_the_rollout_keeps_the_standard_that_it_started_under(ci: Actor, going: Deployment) -> None:
    deploying.activate(gatepack.CHANGE_NEEDED, version="2")
    assert report(ci, going, "rollout", 50, error_rate=0.0).action == "hold"


def test_a_failure_is_recorded_and_nothing_goes_further(ci: Actor, going: Deployment, change: Change) -> None:
    answer = report(ci, going, "failed")
    assert (answer.action, codes(answer)) == ("hold", ["deployment_failed"])
    assert (fresh(going).state, fresh(going).finished_at, state_of(change)) == ("failed", NOW, "implementing")
    assert report(ci, going, "rolled_back").action == "continue"
    assert fresh(going).state == "rolled_back"


# --- twice, late, out of order --------------------------------------------------------------------------
def test_started_twice_changes_nothing_more(ci: Actor, going: Deployment, change: Change) -> None:
    before = fresh(going)
    assert report(ci, going, "started").action == "continue"
    assert fresh(going).row_version == before.row_version
    assert changing.told(change).count("change.started") == 1
    assert effects(going) == [("started", "applied"), ("started", "ignored")]


def test_a_report_before_the_start_holds_and_changes_nothing(ci: Actor, change: Change) -> None:
    decided = register(ci, change=change.key)
    for event in ("verified", "succeeded", "rolled_back"):
        assert codes(report(ci, decided, event)) == ["not_started"]
    assert (fresh(decided).state, state_of(change)) == ("registered", "approved")
    assert report(ci, decided, "started").action == "continue"


def test_a_late_step_changes_nothing(ci: Actor, going: Deployment) -> None:
    report(ci, going, "rollout", 10, error_rate=0.0)
    report(ci, going, "rollout", 50, error_rate=0.0)
    assert report(ci, going, "rollout", 10, error_rate=0.0).action == "continue"
    assert fresh(going).percent == 50


def test_a_success_after_the_roll_back_changes_nothing(ci: Actor, going: Deployment, change: Change) -> None:
    report(ci, going, "rolled_back")
    answer = report(ci, going, "succeeded")
    assert (answer.action, codes(answer), answer.effect) == ("hold", ["deployment_over"], "ignored")
    assert (fresh(going).state, state_of(change)) == ("rolled_back", "implementing")


def test_a_rolled_back_deployment_can_be_tried_again_under_the_same_change(
    ci: Actor, going: Deployment, change: Change
) -> None:
    report(ci, going, "rolled_back")
    again = register(ci, change=change.key, version="2.14.1")
    assert again.deployment.decision == "allowed"
    rolled_out(ci, again)
    assert state_of(change) == "implemented"


def test_the_timeline_tells_apart_what_was_taken_and_what_was_refused(
    ci: Actor, going: Deployment, change: Change, cast: Cast
) -> None:
    report(ci, going, "rollout", 10, error_rate=0.001)
    report(ci, going, "succeeded")
    report(ci, going, "started")
    report(ci, going, "rolled_back")
    key = going.key
    reports = [one.words for one in timeline(change)[0] if one.words.startswith("reported")]
    assert reports == [
        f"reported that {key} was rolled back",
        f"reported that {key} started; it changed nothing",
        f"reported that {key} succeeded, and was told to hold; it changed nothing",
        f"reported that {key} reached 10 %",
        f"reported that {key} started",
    ]
    shown = [one for one in moments_of(change, {}, cast.lead.actor)[0] if one.title in reports]
    assert [(one.title, one.tone) for one in shown][2] == (reports[2], "waiting")


def test_a_report_with_the_same_id_gets_the_same_answer_and_no_second_row(ci: Actor, change: Change) -> None:
    decided = register(ci, change=change.key)
    first = report(ci, decided, "started", id="run-1")
    with nothing_written():
        second = report(ci, decided, "started", id="run-1", now=NOW + timedelta(hours=1))
    assert (second.action, second.reasons, second.replayed) == (first.action, first.reasons, True)


def test_a_repeated_step_gets_the_answer_of_its_first_time(ci: Actor, going: Deployment) -> None:
    first = report(ci, going, "rollout", 10, error_rate=0.5, id="step-1")
    report(ci, going, "rollout", 10, error_rate=0.0, id="step-2")
    assert first.action == "roll_back"
    assert report(ci, going, "rollout", 10, error_rate=0.5, id="step-1").action == "roll_back"


@pytest.mark.parametrize(
    "other",
    [{"percent": 50}, {"error_rate": 0.9}, {"at": NOW}, {"event": "verified"}],
    ids=str,
)
def test_the_same_id_with_another_report_is_refused(
    ci: Actor, going: Deployment, other: dict[str, Any]
) -> None:
    sent: dict[str, Any] = {"event": "rollout", "percent": 10, "error_rate": 0.0, "id": "one"}
    report(ci, going, **{**sent, "at": NOW - timedelta(seconds=1)})
    if other.get("event") == "verified":
        sent |= {"percent": None}
    with refused(Conflict, "event_conflict"):
        report(ci, going, **{**sent, "at": NOW - timedelta(seconds=1), **other})


def test_one_id_may_come_on_two_deployments(ci: Actor, change: Change, cast: Cast) -> None:
    first, second = register(ci, change=change.key), register(ci, environment="staging")
    for row in (first, second):
        assert report(ci, row, "started", id="same").effect == "applied"


def test_the_pipelines_own_time_is_kept(ci: Actor, going: Deployment) -> None:
    at = NOW - timedelta(minutes=2)
    report(ci, going, "verified", at=at)
    event = DeploymentEvent.objects.latest("id")
    assert (event.at, event.received_at) == (at, NOW)


# --- refused ------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("sent", "pointer"),
    [
        ({}, "/event"),
        ({"event": "begun"}, "/event"),
        ({"event": ["started"]}, "/event"),
        ({"event": None}, "/event"),
        ({"event": "rollout"}, "/percent"),
        ({"event": "rollout", "percent": 101}, "/percent"),
        ({"event": "rollout", "percent": -1}, "/percent"),
        ({"event": "rollout", "percent": 10.5}, "/percent"),
        ({"event": "rollout", "percent": True}, "/percent"),
        ({"event": "rollout", "percent": "10"}, "/percent"),
        ({"event": "started", "metrics": {"eror_rate": 1}}, "/metrics/eror_rate"),
        ({"event": "started", "metrics": {"error_rate": "low"}}, "/metrics/error_rate"),
        ({"event": "started", "metrics": {"error_rate": True}}, "/metrics/error_rate"),
        ({"event": "started", "metrics": {"critical_failure": 1}}, "/metrics/critical_failure"),
        ({"event": "started", "metrics": {"error_rate": float("inf")}}, "/metrics/error_rate"),
        ({"event": "started", "metrics": {"error_rate": 10**400}}, "/metrics/error_rate"),
        ({"event": "started", "metrics": {"error_rate": None}}, "/metrics/error_rate"),
        ({"event": "started", "metrics": [1]}, "/metrics"),
        ({"event": "started", "id": "x" * 101}, "/id"),
        ({"event": "started", "id": 7}, "/id"),
        ({"event": "started", "at": "yesterday"}, "/at"),
        ({"event": "started", "at": NOW + timedelta(minutes=6)}, "/at"),
        ({"event": "started", "at": NOW - timedelta(days=2)}, "/at"),
        ({"event": "started", "at": NOW.replace(tzinfo=None)}, "/at"),
        ({"event": "started", "action": "continue"}, "/action"),
    ],
)
def test_bad_input_is_refused_with_its_pointer_and_nothing_is_written(
    ci: Actor, change: Change, sent: dict[str, Any], pointer: str
) -> None:
    decided = register(ci, change=change.key)
    with nothing_written(), pytest.raises(InvalidInput) as caught:
        deployment_report(actor=ci, now=NOW, number=decided.deployment.pk, body=sent)
    assert [error.pointer for error in caught.value.errors] == [pointer]


def test_a_clock_that_is_a_little_ahead_is_borne_with(ci: Actor, going: Deployment) -> None:
    assert report(ci, going, "verified", at=NOW + timedelta(minutes=5)).effect == "applied"


def test_an_unknown_deployment_is_not_found(cast: Cast, ci: Actor) -> None:
    with refused(NotFound):
        deployment_report(actor=ci, now=NOW, number=999, body={"event": "started"})


def test_only_a_pipeline_with_the_scope_reports(cast: Cast, ci: Actor, change: Change) -> None:
    decided = register(ci, change=change.key)
    reader = pipeline("deployments:read", "gate:read")
    for actor in (reader, cast.requester.actor):
        with refused(Forbidden):
            report(actor, decided, "started")
    assert Deployment.objects.get().state == "registered"


def test_one_approval_carries_one_release_at_a_time(ci: Actor, change: Change, going: Deployment) -> None:
    other = register(ci, change=change.key, version="9.9.9")
    told = report(ci, other, "started")
    assert (told.action, codes(told), told.effect) == ("hold", ["change_running_here"], "flagged")
    assert fresh(other).state == "registered"
    same = register(ci, change=change.key)
    assert report(ci, same, "started").action == "continue"
    report(ci, going, "failed")
    report(ci, same, "rolled_back")
    assert report(ci, other, "started").action == "continue"


@pytest.mark.parametrize(
    ("events", "state"),
    [(("failed",), "failed"), (("rolled_back",), "rolled_back"), (("failed", "rolled_back"), "rolled_back")],
)
def test_what_a_registration_opened_ends_as_badly_as_its_deployment(
    cast: Cast, ci: Actor, events: tuple[str, ...], state: str
) -> None:
    make_approved_template(cast)
    first = register(ci).deployment
    assert first.change is not None
    for event in ("started", *events):
        report(ci, first, event)
    assert state_of(first.change) == state
    again = register(ci, version="2.14.1").deployment
    assert (again.decision, again.change_id == first.change_id) == ("allowed", False)


def test_a_change_that_somebody_asked_for_waits_for_its_people(
    ci: Actor, change: Change, going: Deployment
) -> None:
    report(ci, going, "rolled_back")
    assert state_of(change) == "implementing"


def test_the_change_goes_on_while_another_deployment_of_it_does(cast: Cast, ci: Actor) -> None:
    make_approved_template(cast)
    first, second = register(ci).deployment, register(ci).deployment
    assert first.change is not None
    assert first.change_id == second.change_id
    for deployment in (first, second):
        report(ci, deployment, "started")
    report(ci, first, "failed")
    assert state_of(first.change) == "implementing"
    report(ci, second, "failed")
    assert state_of(first.change) == "failed"
