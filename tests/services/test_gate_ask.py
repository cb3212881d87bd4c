"""Asking the gate without registering."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from changes.gate import GateAnswer
from changes.models import Change
from changes.services.conditions import change_condition_confirm, change_condition_do
from changes.services.deployment_fields import clean_question
from changes.services.gate import gate_ask
from opsportal.approvals.models import Condition
from opsportal.core.actor import Actor
from opsportal.core.errors import Forbidden, InvalidInput
from tests import changing, deploying
from tests.changing import Cast, approved, submitted, vote
from tests.deploying import body, make_approved_template, make_stage, pipeline
from tests.makers import NOW
from tests.untouched import nothing_written, refused

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> Cast:
    return make_stage()


@pytest.fixture
def ci() -> Actor:
    return pipeline()


def ask(actor: Actor, **more: Any) -> GateAnswer:
    with nothing_written():
        return gate_ask(actor=actor, now=NOW, asked=clean_question(body(**more)))


def codes(answer: GateAnswer) -> list[str]:
    return [reason.code for reason in answer.reasons]


def test_it_gives_the_answer_of_a_registration_and_writes_nothing(cast: Cast, ci: Actor) -> None:
    change = approved(cast)
    answer = ask(ci)
    assert (answer.decision, answer.change and answer.change.key) == ("allowed", change.key)
    assert codes(ask(ci, change=submitted(cast).key)) == ["change_not_approved"]


def test_a_condition_of_the_approval_holds_the_release_up_until_it_is_confirmed(
    cast: Cast, ci: Actor
) -> None:
    change = submitted(cast)
    vote(change, cast.lead, conditions=["Take a snapshot"])
    for member in cast.board[:2]:
        vote(change, member)
    answer = ask(ci, change=change.key)
    assert (answer.decision, codes(answer)) == ("pending", ["condition_open"])
    assert "Take a snapshot" in answer.reasons[0].detail
    number = Condition.objects.get().pk
    change_condition_do(
        actor=cast.requester.actor, now=NOW, pk=change.pk, number=number, evidence="Snapshot 7."
    )
    assert codes(ask(ci, change=change.key)) == ["condition_open"]
    change_condition_confirm(actor=cast.lead.actor, now=NOW, pk=change.pk, number=number)
    assert ask(ci, change=change.key).decision == "allowed"


def test_people_may_ask_too(cast: Cast) -> None:
    assert ask(cast.bystander.actor).decision == "blocked"


def test_a_fact_that_was_not_supplied_is_never_allowed(cast: Cast, ci: Actor) -> None:
    change = approved(cast)
    for missing in ("version", "checks", "policy_hash"):
        answer = ask(ci, change=change.key, **{missing: None})
        assert answer.decision == "pending"
        assert set(codes(answer)) == {"evidence_missing"}


def test_it_says_that_a_registration_would_open_a_change(cast: Cast, ci: Actor) -> None:
    make_approved_template(cast)
    answer = ask(ci)
    assert (answer.decision, answer.change) == ("allowed", None)
    assert answer.opens is not None
    assert answer.opens.slug == "routine-release"
    assert not Change.objects.exists()


def test_it_says_that_the_change_which_would_be_opened_needs_votes(cast: Cast, ci: Actor) -> None:
    stage = changing.stage("manager", "manager", when='change.type == "standard"')
    deploying.activate(*deploying.GATE_RULES, stage, version="2")
    make_approved_template(cast)
    answer = ask(ci)
    assert (answer.decision, codes(answer)) == ("pending", ["change_not_approved"])


def test_an_unknown_name_has_its_pointer(cast: Cast, ci: Actor) -> None:
    with pytest.raises(InvalidInput) as caught:
        ask(ci, service="nothing", change="CHG-999")
    assert [error.pointer for error in caught.value.errors] == ["/service"]
    with pytest.raises(InvalidInput) as caught:
        ask(ci, change="CHG-999")
    assert [error.pointer for error in caught.value.errors] == ["/change"]


def test_a_token_without_the_scope_may_not_ask(cast: Cast) -> None:
    machine = pipeline("deployments:write")
    with refused(Forbidden):
        ask(machine)


def test_it_takes_two_statements_whatever_there_is(cast: Cast, ci: Actor) -> None:
    make_approved_template(cast)
    for _ in range(3):
        approved(cast, environments=["staging", "production"])
    ask(ci)
    with CaptureQueriesContext(connection) as seen:
        gate_ask(actor=ci, now=NOW, asked=clean_question(body()))
    assert len(seen) == 2
