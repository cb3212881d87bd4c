"""The same pipeline under each shipped pack: adopting another standard breaks no pipeline."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.test import Client

from changes.services.deployment_fields import COMMON_METRICS
from changes.services.gate import COMMON_CHECKS
from opsportal.standards.selectors import active_standard
from opsportal.standards.services import standard_activate
from opsportal.standards.shipped import shipped_names, shipped_standard
from opsportal.standards.vocabulary import Vocabulary
from tests.deploying import SCOPES
from tests.makers import NOW, ROOT, make_environment, make_service, make_token
from tests.vocabulary import DECLARATIONS

pytestmark = pytest.mark.django_db

URL = "/api/v1/deployments/"
EXAMPLE: dict[str, Any] = {
    "service": "payments-api",
    "version": "2.14.0",
    "commit": "9fceb02d0ae598e95dc970b74767f19372d61af8",
    "artifact_digest": "sha256:" + "0" * 64,
    "checks": {"code_review": "passed", "tests": "passed", "security_scan": "passed", "staging": "passed"},
}


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture(params=shipped_names())
def api(request: pytest.FixtureRequest) -> Client:
    standard_activate(actor=ROOT, now=NOW, name=request.param)
    make_service("payments-api", tier="critical")
    make_environment("production")
    make_environment("staging", kind="staging")
    _, secret = make_token(SCOPES)
    return Client(headers={"authorization": f"Bearer {secret}"})


def post(client: Client, url: str, sent: Any) -> Any:
    return client.post(url, json.dumps(sent), content_type="application/json")


def test_production_without_a_change_is_blocked_and_recorded(api: Client) -> None:
    sent = {**EXAMPLE, "environment": "production", "policy_hash": active_standard().policy_hash or None}
    response = post(api, URL, sent)
    assert (response.status_code, response.json()["decision"]) == (201, "blocked"), response.content
    codes = [reason["code"] for reason in response.json()["reasons"]]
    # Checks of the pack's own that this pipeline has never heard of are waited for, not refused.
    assert (codes[0], set(codes[1:]) - {"evidence_missing"}) == ("change_required", set())
    assert post(api, f"{URL}?enforce=1", sent).status_code == 409


def test_the_metrics_of_the_contract_are_understood(api: Client) -> None:
    sent = {**EXAMPLE, "environment": "staging", "policy_hash": active_standard().policy_hash or None}
    registered = post(api, URL, sent).json()
    assert registered["decision"] == "allowed", registered
    url = f"{URL}{registered['key']}/events/"
    assert post(api, url, {"event": "started"}).json()["action"] == "continue"
    metrics = {"error_rate": 0.004, "latency_p95_ms": 210}
    response = post(api, url, {"event": "rollout", "percent": 10, "metrics": metrics})
    assert (response.status_code, response.json()["action"]) == (200, "continue"), response.content
    metrics["error_rate"] = 0.5
    assert post(api, url, {"event": "rollout", "percent": 50, "metrics": metrics}).status_code == 200
    assert post(api, url, {"event": "verified", "metrics": {"speed": 1}}).status_code == 400


def test_what_a_pipeline_reports_under_one_pack_is_known_under_every_other() -> None:
    """Adopting another shipped standard breaks no pipeline."""
    vocabulary = Vocabulary.of(DECLARATIONS)
    packs = [shipped_standard(name, vocabulary) for name in shipped_names()]
    assert {check.id for pack in packs for check in pack.checks} == set(COMMON_CHECKS)
    assert {one.id: one.type for pack in packs for one in pack.metrics} == dict(COMMON_METRICS)


def test_a_name_that_nobody_knows_is_still_bad_input(api: Client) -> None:
    sent = {**EXAMPLE, "environment": "staging", "checks": {"tsets": "passed"}}
    assert post(api, URL, sent).status_code == 400
