"""Freezes on the way of a change: they refuse its schedule, its start and its deployment, or are passed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from changes.services.deployment_fields import clean_question
from changes.services.gate import gate_ask
from changes.services.implementation import change_start
from changes.services.schedule import change_schedule
from changes.services.submission import change_submit
from opsportal.audit.models import AuditEntry
from opsportal.audit.selectors import entries_about, entry_data
from opsportal.calendar.places import Scope
from opsportal.core.errors import RuleRefused
from tests import deploying
from tests.changing import (
    AHEAD,
    BOARD,
    HOUR,
    LEAD,
    URGENT,
    activate,
    approved,
    draft,
    fresh,
    make_cast,
    refused_as,
    rule,
    submitted,
    told,
    window,
)
from tests.freezing import DAY, PRODUCTION, make_freeze, make_window, make_working_time
from tests.makers import NOW, grant, make_role

pytestmark = pytest.mark.django_db


def test_a_change_does_not_start_in_a_freeze_and_is_told_which_until_when_and_who_may_pass() -> None:
    cast = make_cast()
    change = approved(cast)
    make_role("captain", "job")
    freeze = make_freeze(scope=PRODUCTION, pass_roles=["captain"])
    with refused_as(RuleRefused, "frozen") as caught:
        change_start(actor=cast.requester.actor, now=NOW, pk=change.pk)
    assert caught.value.reasons[0].detail == (
        f"{freeze.key} “Quarter's end” freezes this until 2026-03-03 09:30 UTC. Who may pass: captain."
    )
    change_start(actor=cast.requester.actor, now=freeze.ends_at, pk=change.pk)


def test_whoever_holds_a_passing_role_today_starts_it_and_leaves_a_trace() -> None:
    cast = make_cast()
    change = approved(cast)
    freeze = make_freeze(pass_roles=[make_role("captain", "job").slug])
    grant("captain", cast.requester, until=NOW.date())
    change_start(actor=cast.requester.actor, now=NOW, pk=change.pk)
    assert told(change)[-2:] == ["change.freeze_passed", "change.started"]
    entry = entries_about("change", change.key).get(action="change.freeze_passed")
    assert entry_data(entry) == {"freeze": freeze.key, "step": "start", "passed_by": "person"}


@pytest.mark.parametrize(("roles", "passes"), [(["board"], True), (["lead"], True), (["security"], False)])
def test_what_a_passing_role_has_approved_starts(roles: list[str], passes: bool) -> None:
    cast = make_cast()
    change = approved(cast)
    make_freeze(pass_roles=roles)
    if not passes:
        with refused_as(RuleRefused, "frozen"):
            change_start(actor=cast.requester.actor, now=NOW, pk=change.pk)
        return
    assert change_start(actor=cast.requester.actor, now=NOW, pk=change.pk).state == "implementing"


@pytest.mark.parametrize(
    "scope",
    [
        Scope(environments=("staging",)),
        Scope(services=("ledger",)),
        Scope(tiers=("critical",)),
        Scope(services=("payments-api",), environment_kinds=("staging",)),
    ],
)
def test_a_freeze_of_something_else_stops_nothing(scope: Scope) -> None:
    cast = make_cast()
    change = approved(cast)
    make_freeze(scope=scope)
    assert change_start(actor=cast.requester.actor, now=NOW, pk=change.pk).state == "implementing"


def test_a_change_is_not_scheduled_into_a_freeze_that_is_yet_to_come() -> None:
    cast = make_cast()
    inside = approved(cast, **window(2 * DAY))
    make_freeze(starts_at=NOW + 2 * DAY + HOUR, ends_at=NOW + 5 * DAY)
    with refused_as(RuleRefused, "frozen"):
        change_schedule(actor=cast.requester.actor, now=NOW, pk=inside.pk)
    before = approved(cast, **window(2 * DAY - HOUR))
    assert change_schedule(actor=cast.requester.actor, now=NOW, pk=before.pk).state == "scheduled"


def test_an_emergency_passes_where_the_standard_permits_it() -> None:
    cast = make_cast()
    make_freeze()
    emergency = submitted(cast, type="emergency")
    with refused_as(RuleRefused, "frozen"):
        change_start(actor=cast.requester.actor, now=NOW, pk=emergency.pk)
    passing = rule(
        "pass", "change.start", '{ permit = "start_in_freeze" }', when='change.type == "emergency"'
    )
    activate(LEAD, BOARD, URGENT, AHEAD, passing, version="2")
    emergency = submitted(cast, type="emergency")
    assert change_start(actor=cast.requester.actor, now=NOW, pk=emergency.pk).state == "implementing"
    assert "change.freeze_passed" in told(emergency)


def test_the_gate_blocks_what_is_frozen_and_lets_pass_what_a_passing_role_approved() -> None:
    cast = deploying.make_stage()
    change = approved(cast)
    freeze = make_freeze(scope=PRODUCTION)
    pipeline = deploying.pipeline()
    blocked = deploying.register(pipeline, change=change.key)
    assert blocked.answer is not None
    assert (blocked.deployment.decision, [one["code"] for one in blocked.deployment.reasons]) == (
        "blocked",
        ["frozen"],
    )
    assert blocked.answer.retry_at == freeze.ends_at
    make_freeze(pass_roles=["board"], scope=PRODUCTION)
    still = deploying.register(pipeline, change=change.key)
    assert [one["code"] for one in still.deployment.reasons] == ["frozen"]
    type(freeze).objects.filter(pk=freeze.pk).update(state="lifted")
    passed = deploying.register(pipeline, change=change.key)
    assert passed.deployment.decision == "allowed"
    assert AuditEntry.objects.filter(action="deployment.freeze_passed").count() == 1
    deploying.report(pipeline, passed, "started")
    assert fresh(change).state == "implementing"


def test_a_freeze_that_begins_between_registration_and_start_stops_the_start() -> None:
    cast = deploying.make_stage()
    approved(cast)
    pipeline = deploying.pipeline()
    allowed = deploying.register(pipeline)
    assert allowed.deployment.decision == "allowed"
    make_freeze()
    told_by = deploying.report(pipeline, allowed, "started")
    assert told_by.action == "hold"
    assert [one["code"] for one in told_by.reasons] == ["deployment_not_allowed", "frozen"]


def test_a_freeze_elsewhere_does_not_hold_up_a_pipeline() -> None:
    cast = deploying.make_stage()
    approved(cast, environments=["production", "staging"])
    make_freeze(scope=Scope(environments=("staging",)))
    pipeline = deploying.pipeline()
    deployment = deploying.register(pipeline)
    assert deploying.report(pipeline, deployment, "started").action == "continue"


def test_the_gate_reads_the_calendar_with_what_it_reads_anyway() -> None:
    cast = deploying.make_stage()
    approved(cast, **window())
    make_window()
    make_working_time()
    make_freeze(scope=Scope(tiers=("critical",)))
    pipeline = deploying.pipeline()
    question = clean_question({"service": "payments-api", "environment": "production", "version": "1"})
    gate_ask(actor=pipeline, now=NOW, asked=question)
    with CaptureQueriesContext(connection) as seen:
        gate_ask(actor=pipeline, now=NOW, asked=question)
    assert len(seen) == 2


SAYS = 'message = "Choose another window."'
IN_WINDOW = rule("maintained", "change.submit", "{ require = 'change.in_maintenance_window' }", more=SAYS)
EARLY = rule("early", "change.submit", "{ require = 'change.business_lead_time >= 8h' }", more=SAYS)
THAWED = rule("thawed", "change.submit", "{ require = 'not change.frozen' }", more=SAYS)


@pytest.mark.parametrize(
    ("needs", "more", "codes"),
    [
        (IN_WINDOW, window(5 * DAY + 17.5 * HOUR, 2 * HOUR), []),  # Sunday, 03:00
        (IN_WINDOW, window(5 * DAY + 17.5 * HOUR, 2 * HOUR + timedelta(minutes=1)), ["requirement_not_met"]),
        (IN_WINDOW, {}, ["evidence_missing"]),
        (EARLY, window(DAY), []),
        (EARLY, window(DAY - HOUR), ["requirement_not_met"]),
        (THAWED, window(3 * DAY), []),
        (THAWED, window(12 * HOUR), ["requirement_not_met"]),
    ],
)  # fmt: skip
def test_rules_ask_the_calendar(needs: str, more: dict[str, Any], codes: list[str]) -> None:
    cast = make_cast()
    activate(needs, version="2")
    make_window()
    make_working_time()
    make_freeze()
    change = draft(cast, **more)
    if codes:
        with refused_as(RuleRefused, *codes):
            change_submit(actor=cast.requester.actor, now=NOW, pk=change.pk)
    else:
        assert change_submit(actor=cast.requester.actor, now=NOW, pk=change.pk).state == "approved"


def test_a_lead_time_in_working_time_is_not_known_while_nobody_has_said_when_that_is() -> None:
    cast = make_cast()
    activate(EARLY, version="2")
    change = draft(cast, **window(30 * DAY))
    with refused_as(RuleRefused, "evidence_missing"):
        change_submit(actor=cast.requester.actor, now=NOW, pk=change.pk)
