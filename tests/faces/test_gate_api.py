"""The gate by API: asking without registering."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
import time_machine
from django.core.handlers.base import BaseHandler
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from tests.changing import Cast, approved, submitted
from tests.deploying import make_approved_template, make_stage
from tests.gatepack import POLICY_HASH
from tests.makers import NOW, make_token
from tests.untouched import nothing_written

pytestmark = pytest.mark.django_db

GOOD: list[tuple[str, str]] = [
    ("service", "payments-api"),
    ("environment", "production"),
    ("version", "2.14.0"),
    ("policy_hash", POLICY_HASH),
    ("check", "tests:passed"),
    ("check", "security_scan:passed"),
]


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def cast() -> Cast:
    return make_stage()


@pytest.fixture
def api(cast: Cast) -> Client:
    _, secret = make_token(["gate:read"])
    return Client(headers={"authorization": f"Bearer {secret}"})


def ask(client: Client, *more: tuple[str, str], without: str = "") -> Any:
    asked = [pair for pair in GOOD if pair[0] != without]
    with nothing_written(at_an_edge=True):
        return client.get(f"/api/v1/gate/?{urlencode([*asked, *more])}")


def test_an_allowed_question(cast: Cast, api: Client) -> None:
    change = approved(cast)
    response = ask(api)
    assert response.status_code == 200
    assert response.json() == {
        "decision": "allowed",
        "reasons": [],
        "change": change.key,
        "url": f"http://127.0.0.1:8000/changes/{change.key}/",
        "opens": None,
        "break_glass": None,
    }


def test_a_pending_question_says_when_to_ask_again(cast: Cast, api: Client) -> None:
    response = ask(api, ("change", submitted(cast).key))
    assert (response.json()["decision"], response["Retry-After"]) == ("pending", "15")


@pytest.mark.parametrize("missing", ["version", "policy_hash", "check"])
def test_what_was_not_supplied_is_pending_and_never_allowed(cast: Cast, api: Client, missing: str) -> None:
    approved(cast)
    answer = ask(api, without=missing).json()
    assert answer["decision"] == "pending"
    assert {reason["code"] for reason in answer["reasons"]} == {"evidence_missing"}


def test_it_names_the_template_that_would_open_a_change(cast: Cast, api: Client) -> None:
    make_approved_template(cast)
    answer = ask(api).json()
    assert (answer["decision"], answer["change"], answer["opens"]) == ("allowed", None, "routine-release")


@pytest.mark.parametrize(
    ("more", "pointer"),
    [
        (("change", "CHG-999"), "/change"),
        (("change", "x"), "/change"),
        (("check", "tests"), "/check"),
        (("check", "tests:passed"), "/check"),
        (("check", "tsets:passed"), "/checks/tsets"),
        (("check", "scan:ok"), "/checks/scan"),
        (("checks", "tests:passed"), "/checks"),
        (("commit", "xyz"), "/commit"),
        (("page_size", "5"), "/page_size"),
        (("service", "ledger"), "/service"),
        (("environment", "staging"), "/environment"),
    ],
    ids=str,
)
def test_a_wrong_parameter_is_a_400(cast: Cast, api: Client, more: tuple[str, str], pointer: str) -> None:
    response = ask(api, more)
    assert response.status_code == 400
    assert [error["pointer"] for error in response.json()["errors"]] == [pointer]


@pytest.mark.parametrize("missing", ["service", "environment"])
def test_service_and_environment_are_needed(cast: Cast, api: Client, missing: str) -> None:
    response = ask(api, without=missing)
    assert [error["pointer"] for error in response.json()["errors"]] == [f"/{missing}"]


def test_an_unknown_service_is_a_400(cast: Cast, api: Client) -> None:
    response = ask(api, ("service", "nothing"), without="service")
    assert [error["pointer"] for error in response.json()["errors"]] == ["/service"]


def test_people_may_ask_and_other_tokens_may_not(cast: Cast) -> None:
    person = Client()
    person.force_login(cast.bystander)
    assert ask(person).status_code == 200
    _, secret = make_token(["deployments:write"])
    assert ask(Client(headers={"authorization": f"Bearer {secret}"})).status_code == 403
    assert ask(Client()).status_code == 401


def test_it_takes_at_most_three_statements_whatever_there_is(cast: Cast, api: Client) -> None:
    make_approved_template(cast)
    ask(api)
    with CaptureQueriesContext(connection) as few:
        api.get(f"/api/v1/gate/?{urlencode(GOOD)}")
    for _ in range(4):
        approved(cast, environments=["staging", "production"])
    with CaptureQueriesContext(connection) as many:
        api.get(f"/api/v1/gate/?{urlencode(GOOD)}")
    assert (len(few), len(many)) == (3, 3)


@pytest.mark.parametrize("more", [[], [("check", "colour:blue")]], ids=["answered", "refused"])
def test_nothing_of_a_request_is_left_to_the_garbage_collector(
    cast: Cast, more: list[tuple[str, str]]
) -> None:
    approved(cast)
    _, secret = make_token(["gate:read"])
    headers = {"authorization": f"Bearer {secret}"}
    handler = BaseHandler()
    handler.load_middleware()

    def ask_and_let_go() -> None:
        asked = RequestFactory(headers=headers).get(f"/api/v1/gate/?{urlencode([*GOOD, *more])}")
        assert handler.get_response(asked).status_code == (400 if more else 200)

    ask_and_let_go()
    gc.collect()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        ask_and_let_go()
        gc.collect()
        left = {type(one).__module__ for one in gc.garbage}
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
    assert left & {"changes.api.gate", "rest_framework.request", "rest_framework.response"} == set()
