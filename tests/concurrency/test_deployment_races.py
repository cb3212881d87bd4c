"""Pipelines and people at the same moment: one deployment for one key, one move, nothing stale allowed."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from changes.gate import GateAnswer
from changes.models import Change, Deployment, DeploymentEvent
from changes.services.drafts import change_revise
from changes.services.holding import change_hold
from opsportal.core.clock import edge_now
from opsportal.core.errors import Conflict
from tests import changing
from tests.changing import Cast, approved
from tests.databases import Database
from tests.deploying import (
    SCOPES,
    body,
    fresh,
    make_approved_template,
    make_stage,
    pipeline,
    register,
    report,
    rolled_out,
)
from tests.makers import NOW, make_token
from tests.racing import overtaken, race

URL = "/api/v1/deployments/"
HOUR = timedelta(hours=1)


@pytest.fixture
def cast(fresh_database: Database) -> Cast:
    return make_stage()


def answer_of(decided: Any) -> GateAnswer:
    assert decided.answer is not None
    answer: GateAnswer = decided.answer
    return answer


def test_eight_requests_with_one_key_make_one_deployment(cast: Cast) -> None:
    change = approved(cast, now=edge_now())
    _, secret = make_token(SCOPES, now=edge_now())
    sent = json.dumps(body(change=change.key))
    headers = {"authorization": f"Bearer {secret}", "idempotency-key": "run-1"}

    def post() -> tuple[int, dict[str, Any], str]:
        response: Any = Client().post(URL, sent, content_type="application/json", headers=headers)
        replayed = str(response.headers.get("Idempotency-Replayed", ""))
        return response.status_code, response.json(), replayed

    answers = [one for one in race(*[post] * 8) if isinstance(one, tuple)]
    assert len(answers) == 8
    assert {status for status, _, _ in answers} == {201}
    assert [content for _, content, _ in answers] == [answers[0][1]] * 8
    assert sorted(replayed for _, _, replayed in answers) == ["", *["true"] * 7]
    assert Deployment.objects.count() == 1


def test_two_pipelines_at_once_open_one_standard_change(cast: Cast) -> None:
    make_approved_template(cast)
    machine = pipeline()
    answers = race(*[lambda: register(machine)] * 6)
    assert [one.deployment.decision for one in answers if not isinstance(one, BaseException)] == [
        "allowed"
    ] * 6
    assert Change.objects.count() == 1
    assert set(Deployment.objects.values_list("change_id", flat=True)) == {Change.objects.get().pk}


def test_twins_that_tell_of_the_past_without_a_key_open_one_change(cast: Cast) -> None:
    machine = pipeline()
    past = {"started_at": NOW - 2 * HOUR, "finished_at": NOW - HOUR, "outcome": "succeeded"}
    answers = race(*[lambda: register(machine, **past)] * 6)
    told = {one.deployment.pk for one in answers if not isinstance(one, BaseException)}
    assert (told, len(answers)) == ({Deployment.objects.get().pk}, 6)
    assert not [one for one in answers if isinstance(one, BaseException)]
    assert Change.objects.get().opened_for == Deployment.objects.get().key


def test_two_starts_of_one_deployment_move_the_change_once(cast: Cast) -> None:
    change, machine = approved(cast), pipeline()
    decided = register(machine, change=change.key)
    told = race(*[lambda: report(machine, decided, "started")] * 6)
    assert [one.action for one in told if not isinstance(one, BaseException)] == ["continue"] * 6
    assert changing.told(change).count("change.started") == 1
    assert changing.fresh(change).state == "implementing"
    effects = list(DeploymentEvent.objects.values_list("effect", flat=True))
    assert sorted(effects) == ["applied", *["ignored"] * 5]


def test_starts_of_several_deployments_of_one_change_move_it_once(cast: Cast) -> None:
    change = approved(cast, environments=["staging", "production"])
    machine = pipeline()
    rows = [
        register(machine, change=change.key, environment=place) for place in ("staging", "production")
    ] * 3
    told = race(*[lambda row=row: report(machine, row, "started") for row in rows])
    assert [one for one in told if isinstance(one, BaseException)] == []
    assert changing.told(change).count("change.started") == 1


def test_the_last_two_successes_at_once_implement_the_change_once(cast: Cast) -> None:
    change = approved(cast, services=["payments-api", "ledger"], environments=["staging"])
    machine = pipeline()
    rows = [
        register(machine, change=change.key, environment="staging", service=service)
        for service in ("payments-api", "ledger")
    ]
    for row in rows:
        report(machine, row, "started")
    told = race(*[lambda row=row: report(machine, row, "succeeded") for row in rows])
    assert [one for one in told if isinstance(one, BaseException)] == []
    assert changing.fresh(change).state == "implemented"
    assert changing.told(change).count("change.implemented") == 1


def test_one_report_that_is_sent_six_times_at_once_counts_once(cast: Cast) -> None:
    machine = pipeline()
    decided = register(machine, environment="staging")
    told = race(*[lambda: report(machine, decided, "started", id="run-1")] * 6)
    answers = [one for one in told if not isinstance(one, BaseException)]
    assert [one.action for one in answers] == ["continue"] * 6
    assert sum(one.replayed for one in answers) == 5
    assert DeploymentEvent.objects.count() == 1


def test_what_is_registered_while_its_change_is_edited_is_never_allowed_with_stale_content(
    cast: Cast,
) -> None:
    machine = pipeline()
    for number in range(6):
        change = approved(cast)

        def edit(pk: int = change.pk, text: str = f"Plan {number}.") -> str:
            return change_revise(actor=cast.requester.actor, now=NOW, pk=pk, fields={"plan": text}).state

        def ship(key: str = change.key) -> str:
            decided = register(machine, change=key)
            return report(machine, decided, "started").action

        outcomes = race(edit, ship, ship)
        row = changing.fresh(change)
        if isinstance(outcomes[0], Conflict):
            assert row.state == "implementing"  # it was started first, and cannot be edited any more
        else:
            assert row.state == "draft"
            assert outcomes[1:] == ["hold", "hold"]
        for deployment in Deployment.objects.filter(change=change, decision="allowed"):
            assert deployment.change_content_hash == change.content_hash
            assert deployment.state == "deploying" or row.state == "draft"
        started = Deployment.objects.filter(change=change, state="deploying").count()
        assert (started > 0) == (row.state == "implementing")


def test_holding_and_starting_at_once_end_in_one_of_the_two(cast: Cast) -> None:
    machine = pipeline()
    for _ in range(4):
        change = approved(cast)
        decided = register(machine, change=change.key)

        def hold(pk: int = change.pk) -> str:
            return change_hold(actor=cast.requester.actor, now=NOW, pk=pk, reason="Wait.").state

        def start(row: Any = decided) -> str:
            return report(machine, row, "started").action

        outcomes = race(hold, start)
        state = changing.fresh(change).state
        assert (state == "implementing") == (outcomes[1] == "continue")
        assert fresh(decided).state == ("deploying" if state == "implementing" else "registered")


def test_reading_a_pending_deployment_and_starting_it_at_once_do_not_lock_each_other_out(cast: Cast) -> None:
    _, secret = make_token(SCOPES, now=edge_now())
    machine = pipeline()
    now = edge_now()
    change = changing.submitted(cast, now=now)
    rows = [register(machine, change=change.key, now=now) for _ in range(3)]
    for voter in (cast.lead, *cast.board[:2]):
        changing.vote(change, voter, now=now)

    def read(row: Any) -> int:
        client = Client(headers={"authorization": f"Bearer {secret}"})
        status: int = client.get(f"{URL}{row.deployment.key}/").status_code
        return status

    outcomes = race(
        *[lambda row=row: read(row) for row in rows],
        *[lambda row=row: report(machine, row, "started", now=now).action for row in rows],
    )
    assert outcomes == [200] * 3 + ["continue"] * 3
    assert changing.fresh(change).state == "implementing"


def test_what_is_registered_while_the_last_vote_is_cast_is_judged_by_what_the_vote_came_to(
    cast: Cast,
) -> None:
    machine = pipeline()
    change = changing.submitted(cast)
    changing.vote(change, cast.lead)
    changing.vote(change, cast.board[0])

    _, answer = overtaken(
        lambda: changing.vote(change, cast.board[1]),
        lambda: answer_of(register(machine, change=change.key)),
    )
    assert (answer.decision, answer.reasons) == ("allowed", ())


def test_many_rollouts_at_once_end_without_a_deadlock(cast: Cast) -> None:
    change = approved(cast, services=["payments-api", "ledger"], environments=["staging", "production"])
    machine = pipeline()
    places = [(s, e) for s in ("payments-api", "ledger") for e in ("staging", "production")]
    rows = [register(machine, change=change.key, service=s, environment=e) for s, e in places]
    told = race(*[lambda row=row: rolled_out(machine, row) for row in rows])
    assert [one for one in told if isinstance(one, BaseException)] == []
    assert changing.fresh(change).state == "implemented"
