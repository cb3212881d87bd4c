"""Breaking the glass: two people, a short time, on record, reviewed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from changes.models import BreakGlass, Change, Deployment
from changes.services.break_glass import (
    break_glass_ask,
    break_glass_confirm,
    break_glass_refuse,
    break_glass_revoke,
    break_glasses_advance,
)
from changes.services.closing import change_close, change_review
from changes.services.deployments import deployment_decide
from compliance.measuring.windows import Span
from compliance.selectors.measures.own import OwnFigures
from opsportal.accounts.models import User
from opsportal.approvals.selectors import eligible, live_request
from opsportal.audit.selectors import entries_about
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, Forbidden, IllegalMove, InvalidInput, RuleRefused, Stale
from opsportal.notify.models import Notification
from opsportal.obligations.models import Obligation
from opsportal.obligations.services import obligations_advance
from opsportal.outbox.services import messages_handle
from tests import changing
from tests.changing import Cast, approved, submitted, vote
from tests.deploying import codes, fresh, make_stage, pipeline, register, report, state_of
from tests.makers import NOW, make_user
from tests.untouched import refused

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
ASKED: dict[str, Any] = {
    "services": ["payments-api"],
    "environment": "production",
    "reason": "Cards are declined; the board is asleep.",
    "minutes": 30,
}


@pytest.fixture
def cast() -> Cast:
    return make_stage()


@pytest.fixture
def ci(cast: Cast) -> Actor:
    return pipeline()


def ask(cast: Cast, *, by: User | None = None, **more: Any) -> BreakGlass:
    return break_glass_ask(actor=(by or cast.bystander).actor, now=NOW, fields={**ASKED, **more})


def broken(cast: Cast, **more: Any) -> BreakGlass:
    """Return one in force since NOW: asked by the bystander, confirmed by a member of the board."""
    return break_glass_confirm(actor=cast.board[0].actor, now=NOW, pk=ask(cast, **more).pk)


def change_of(glass: BreakGlass) -> Change:
    assert glass.change is not None
    return glass.change


def tick(now: datetime) -> int:
    return break_glasses_advance(clock=lambda: now)


def told(glass: BreakGlass) -> list[str]:
    return [entry.action for entry in entries_about("break_glass", glass.key)]


# --- two people ---------------------------------------------------------------------------------------
def test_asking_alone_lets_nothing_pass(cast: Cast, ci: Actor) -> None:
    glass = ask(cast)
    assert (glass.state, glass.due_at, told(glass)) == ("asked", NOW + 60 * MINUTE, ["break_glass.asked"])
    assert codes(register(ci)) == ["change_required"]


@pytest.mark.parametrize("who", ["board", "owner"])
def test_a_second_person_who_answers_for_it_confirms(cast: Cast, who: str) -> None:
    second = cast.board[0] if who == "board" else cast.requester
    glass = break_glass_confirm(actor=second.actor, now=NOW, pk=ask(cast).pk)
    assert (glass.state, glass.ends_at, glass.confirmed_by) == ("in_force", NOW + 30 * MINUTE, second)


def test_nobody_confirms_their_own_nor_without_a_say(cast: Cast) -> None:
    own, other = ask(cast, by=cast.board[0]), ask(cast)
    admin = make_user(staff=True)
    for actor, glass in (
        (cast.board[0].actor, own),
        (cast.bystander.actor, other),
        (admin.actor, other),
        (pipeline("changes:write"), other),
    ):
        with refused(Forbidden):
            break_glass_confirm(actor=actor, now=NOW, pk=glass.pk)
        with refused(Forbidden):
            break_glass_refuse(actor=actor, now=NOW, pk=glass.pk, reason="No.")


def test_a_machine_never_asks(cast: Cast) -> None:
    machine = pipeline("changes:write", "deployments:write")
    with refused(Forbidden):
        break_glass_ask(actor=machine, now=NOW, fields=ASKED)


@pytest.mark.parametrize(
    ("more", "pointer"),
    [
        ({"services": []}, "/services"),
        ({"services": ["nope"]}, "/services/0"),
        ({"environment": "nope"}, "/environment"),
        ({"reason": " "}, "/reason"),
        ({"minutes": 4}, "/minutes"),
        ({"minutes": 241}, "/minutes"),
        ({"minutes": True}, "/minutes"),
        ({"until": "noon"}, "/until"),
    ],
)
def test_what_is_asked_wrongly_is_told_where(cast: Cast, more: dict[str, Any], pointer: str) -> None:
    with refused(InvalidInput) as caught:
        ask(cast, **more)
    assert [error.pointer for error in caught.value.errors] == [pointer]


def test_a_request_is_decided_once_and_in_time(cast: Cast) -> None:
    glass = ask(cast)
    with refused(Stale):
        break_glass_confirm(actor=cast.board[0].actor, now=NOW, pk=glass.pk, version=9)
    with refused(Conflict, "expired"):
        break_glass_confirm(actor=cast.board[0].actor, now=NOW + 60 * MINUTE, pk=glass.pk)
    done = break_glass_refuse(actor=cast.board[0].actor, now=NOW, pk=glass.pk, reason="Wait for the lead.")
    assert (done.state, done.over_by_id, done.over_reason) == (
        "refused",
        cast.board[0].pk,
        "Wait for the lead.",
    )
    with refused(IllegalMove):
        break_glass_confirm(actor=cast.board[1].actor, now=NOW, pk=glass.pk)


def test_it_is_not_broken_where_nobody_else_could_judge_it(cast: Cast) -> None:
    changing.activate(changing.stage("sole", "manager"), version="2")
    glass = ask(cast, by=cast.manager)
    with refused(RuleRefused):
        break_glass_confirm(actor=cast.board[0].actor, now=NOW, pk=glass.pk)


# --- what it lets pass --------------------------------------------------------------------------------
def test_a_deployment_passes_and_says_through_what(cast: Cast, ci: Actor) -> None:
    glass = broken(cast)
    row = fresh(register(ci, checks={"tests": "failed"}))
    assert (row.decision, row.break_glass, row.change) == ("allowed", glass, glass.change)
    assert codes(row) == ["break_glass", "change_required", "check_failed", "evidence_missing"]
    assert report(ci, row, "started").action == "continue"
    for percent in (10, 50, 100):
        assert report(ci, row, "rollout", percent, error_rate=0.001).action == "continue"
    assert report(ci, row, "succeeded").action == "continue"
    assert state_of(change_of(glass)) == "implementing"
    assert told(glass) == ["break_glass.asked", "break_glass.confirmed", "break_glass.used"]


def test_what_passed_behind_it_is_not_what_the_gate_allowed(cast: Cast, ci: Actor) -> None:
    broken(cast)
    report(ci, register(ci), "started")
    day = timedelta(days=1)
    own = OwnFigures(Span(NOW - day, NOW + day, NOW + day), NOW + day)
    assert own.values("gate_compliance") == {"": 0.0, "payments-api": 0.0}


@pytest.mark.parametrize("more", [{"environment": "staging"}, {"services": ["ledger"]}])
def test_it_is_for_its_place_only(cast: Cast, ci: Actor, more: dict[str, Any]) -> None:
    broken(cast, **more)
    assert codes(register(ci)) == ["change_required"]


def test_a_fitting_change_is_used_in_place_of_the_glass(cast: Cast, ci: Actor) -> None:
    broken(cast)
    change = approved(cast)
    row = fresh(register(ci))
    assert (row.decision, row.change, row.break_glass, row.reasons) == ("allowed", change, None, [])


def test_what_waited_passes_and_belongs_to_the_glass_then(cast: Cast, ci: Actor) -> None:
    waiting = register(ci, change=submitted(cast).key).deployment
    assert waiting.decision == "pending"
    glass = broken(cast)
    row = deployment_decide(now=NOW, deployment=Deployment.objects.get(pk=waiting.pk)).deployment
    assert (row.decision, row.change_id, row.break_glass_id) == ("allowed", glass.change_id, glass.pk)
    assert report(ci, row, "started").action == "continue"


def test_a_pass_that_was_not_used_in_time_is_none(cast: Cast, ci: Actor) -> None:
    broken(cast)
    row = register(ci)
    late = report(ci, row, "started", now=NOW + 30 * MINUTE)
    assert (late.action, fresh(row).state) == ("hold", "registered")
    assert fresh(row).decision != "allowed"


def test_a_used_pass_is_not_used_again(cast: Cast, ci: Actor) -> None:
    broken(cast)
    row = register(ci)
    report(ci, row, "started")
    report(ci, row, "failed")
    again = report(ci, row, "started", now=NOW + 40 * MINUTE)
    assert (again.effect, fresh(row).state) == ("ignored", "failed")


def test_a_registration_takes_no_statement_more_while_nothing_is_broken(cast: Cast, ci: Actor) -> None:
    approved(cast)
    register(ci, environment="staging")
    with CaptureQueriesContext(connection) as whole:
        register(ci)
    broken(cast, services=["ledger"])
    with CaptureQueriesContext(connection) as elsewhere:
        register(ci)
    assert len(elsewhere) == len(whole)


# --- over ---------------------------------------------------------------------------------------------
def test_it_is_over_by_itself_whether_or_not_the_tick_came_by(cast: Cast, ci: Actor) -> None:
    glass = broken(cast)
    end = NOW + 30 * MINUTE
    assert register(ci, now=end - MINUTE).deployment.decision == "allowed"
    assert codes(register(ci, now=end)) == ["change_required"]
    assert (tick(end - MINUTE), tick(end), tick(end)) == (0, 1, 0)
    glass.refresh_from_db()
    assert (glass.state, glass.over_at, glass.over_by, glass.due_at) == ("ended", end, None, None)
    assert state_of(change_of(glass)) == "implemented"


def test_one_that_nobody_confirmed_expires(cast: Cast) -> None:
    glass = ask(cast)
    assert tick(NOW + 60 * MINUTE) == 1
    glass.refresh_from_db()
    assert (glass.state, glass.change, Change.objects.count()) == ("expired", None, 0)


def test_it_is_ended_by_hand_by_those_who_answer_for_it(cast: Cast, ci: Actor) -> None:
    glass = broken(cast)
    with refused(Forbidden):
        break_glass_revoke(actor=cast.lead.actor, now=NOW, pk=glass.pk)
    admin = make_user(staff=True)
    row = break_glass_revoke(actor=admin.actor, now=NOW + MINUTE, pk=glass.pk, reason="It is mended.")
    assert (row.state, row.over_by_id) == ("revoked", admin.pk)
    assert codes(register(ci, now=NOW + MINUTE)) == ["change_required"]
    with refused(IllegalMove):
        break_glass_revoke(actor=admin.actor, now=NOW + MINUTE, pk=glass.pk)


# --- on record, loud, reviewed ------------------------------------------------------------------------
def test_an_emergency_is_opened_that_neither_of_the_two_decides_on(cast: Cast) -> None:
    glass = broken(cast)
    change = change_of(glass)
    assert (change.type, change.state, change.retrospective_state) == ("emergency", "implementing", "open")
    assert (change.requester, change.title) == (
        cast.bystander,
        f"Break-glass {glass.key}: Payments Api in Production",
    )
    request = live_request("change", change.key)
    assert request is not None
    stage = request.stages.get()
    assert set(eligible(stage, NOW.date())) == {cast.board[1], cast.board[2]}
    owed = Obligation.objects.get(rule_id="portal.emergency-review", subject_key=change.key)
    assert (owed.owner_key, owed.due_at, owed.blocks) == (
        str(cast.bystander.pk),
        NOW + timedelta(hours=24),
        ["change.close"],
    )


def test_its_review_is_overdue_after_a_day_and_closes_nothing_before(cast: Cast) -> None:
    glass = broken(cast)
    change, actor = change_of(glass), cast.bystander.actor
    tick(NOW + 30 * MINUTE)
    vote(change, cast.board[1])
    with refused(RuleRefused) as caught:
        change_close(actor=actor, now=NOW, pk=change.pk, attestations={"documentation": "None."})
    assert "portal.emergency-review" in {reason.rule for reason in caught.value.reasons}
    obligations_advance(clock=lambda: NOW + timedelta(hours=24))
    owed = Obligation.objects.get(rule_id="portal.emergency-review")
    assert owed.state == "breached"
    change_review(actor=actor, now=NOW, pk=change.pk, review="It held.", lessons_learned="Page the board.")
    owed.refresh_from_db()
    assert owed.met_at is not None
    change_close(actor=actor, now=NOW, pk=change.pk, attestations={"documentation": "None."})
    assert state_of(change) == "closed"


def test_boards_administrators_and_owners_are_told_at_each_step(cast: Cast, ci: Actor) -> None:
    admin = make_user(staff=True)
    glass = broken(cast)
    register(ci)
    tick(NOW + 30 * MINUTE)
    while messages_handle(clock=lambda: NOW + 30 * MINUTE):
        pass
    rows = Notification.objects.filter(message_key__startswith=f"break_glass:{glass.pk}:")
    heard = {
        name: [
            row.message_key.split(":")[2]
            for row in rows.filter(recipient=person).order_by("created_at", "pk")
        ]
        for name, person in {"admin": admin, "owner": cast.requester, "second": cast.board[0]}.items()
    }
    assert sorted(heard["admin"]) == sorted(heard["owner"]) == ["asked", "confirmed", "ended", "used"]
    assert sorted(heard["second"]) == ["asked", "ended", "used"]
    assert set(rows.values_list("urgency", flat=True)) == {"high"}
