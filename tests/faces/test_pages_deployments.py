"""Pages of deployments."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from changes.models import Deployment
from changes.services.deployment_events import deployment_report
from changes.services.deployments import deployment_register
from tests.changing import Cast, approved, submitted, vote
from tests.deploying import body, make_stage, pipeline
from tests.makers import NOW
from tests.reading import as_, shown

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def cast() -> Cast:
    return make_stage()


def registered(**more: object) -> Deployment:
    return deployment_register(actor=pipeline(), now=NOW, body=body(**more)).deployment


def test_an_empty_list_says_how_one_comes_about(cast: Cast) -> None:
    text = shown(as_(cast.bystander), "/deployments/")
    assert "No pipeline has registered a deployment yet" in text


def test_the_list_is_filtered_by_service_environment_gate_and_state(cast: Cast) -> None:
    approved(cast)
    one, two = registered(), registered(environment="staging", version="3.0")
    client = as_(cast.bystander)
    for query, keys in {
        "": {one.key, two.key},
        "?environment=staging": {two.key},
        "?service=payments-api": {one.key, two.key},
        "?service=ledger": set(),
        "?decision=allowed": {row.key for row in (one, two) if row.decision == "allowed"},
        "?state=failed": set(),
        "?change=none": {two.key},
        "?registration=late": set(),
    }.items():
        text = shown(client, f"/deployments/{query}")
        assert {key for key in (one.key, two.key) if f">{key}<" in text} == keys, query


@pytest.mark.parametrize(
    "query", ["decision=maybe", "state=gone", "service=%00", "after=x", "service=nope", "environment=nope"]
)
def test_what_the_list_does_not_know_is_refused(cast: Cast, query: str) -> None:
    shown(as_(cast.bystander), f"/deployments/?{query}", 400)


def test_one_shows_the_gates_answer_with_all_reasons_and_links(cast: Cast) -> None:
    deployment = registered(checks={"tests": "failed"}, policy_hash="<wrong>")
    text = shown(as_(cast.bystander), f"/deployments/{deployment.key}/")
    assert "The gate says: blocked" in text
    for reason in deployment.reasons:
        assert f"#rule-{reason['rule']}" in text
    assert "&lt;wrong&gt;" in text


def test_one_shows_what_the_pipeline_reported_and_was_told(cast: Cast) -> None:
    approved(cast)
    ci = pipeline()
    deployment = deployment_register(actor=ci, now=NOW, body=body()).deployment
    assert deployment.decision == "allowed", deployment.reasons
    for report in ({"event": "started"}, {"event": "rollout", "percent": 10, "metrics": {"error_rate": 0.9}}):
        deployment_report(actor=ci, now=NOW, number=deployment.pk, body=report)
    text = shown(as_(cast.bystander), f"/deployments/{deployment.key}/")
    assert "Started. Told to continue." in text
    assert "Rollout at 10 %. Told to" in text
    assert "error rate 0.9" in text


@pytest.mark.parametrize(
    ("address", "linked"), [("https://ci.example/1", True), ("javascript:alert(1)", False), ("//x", False)]
)
def test_only_an_address_of_the_web_becomes_a_link(cast: Cast, address: str, linked: bool) -> None:
    deployment = registered()
    Deployment.objects.filter(pk=deployment.pk).update(pipeline={"run_url": address, "actor": "<b>x</b>"})
    text = shown(as_(cast.bystander), f"/deployments/{deployment.key}/")
    assert (f'href="{address}"' in text) is linked
    assert "<b>x</b>" not in text


@pytest.mark.parametrize("key", ["DEP-99999", "CHG-1", "x", "DEP-99999999999999999999"])
def test_a_key_that_leads_nowhere_is_404(cast: Cast, key: str) -> None:
    shown(as_(cast.bystander), f"/deployments/{key}/", 404)


def test_the_list_costs_the_same_for_many_rows_as_for_few_and_does_not_count(cast: Cast) -> None:
    client = as_(cast.bystander)
    costs: list[int] = []
    for _ in range(2):
        for number in range(3):
            registered(version=f"{len(costs)}.{number}")
        with CaptureQueriesContext(connection) as queries:
            shown(client, "/deployments/")
        costs.append(len(queries))
        assert not [q for q in queries.captured_queries if "COUNT(" in q["sql"].upper()]
    assert costs[0] == costs[1]


def test_what_waits_is_decided_anew_at_each_look(cast: Cast) -> None:
    change = submitted(cast)
    row = registered(change=change.key)
    client = as_(cast.bystander)
    assert "The gate says: pending" in shown(client, f"/deployments/{row.key}/")
    vote(change, cast.lead)
    for member in cast.board[:2]:
        vote(change, member)
    assert "The gate says: allowed" in shown(client, f"/deployments/{row.key}/")
    row.refresh_from_db()
    assert row.decision == "allowed"
