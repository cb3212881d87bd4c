"""A machine's request passes few middlewares, and is answered as if it had passed all of them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.conf import settings as portal
from django.test import Client

from tests.deploying import SCOPES, body, make_stage
from tests.makers import make_token, make_user
from tests.reading import as_

LANE = "opsportal.web.lane.MachineLaneMiddleware"
OWN = {"X-Correlation-ID": "the-same"}


def told(response: Any) -> tuple[int, dict[str, object], Any]:
    headers: dict[str, object] = dict(response.items())
    headers["Content-Security-Policy"] = set(str(headers["Content-Security-Policy"]).split("; "))
    return response.status_code, headers, response.content


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("method", "path", "bearer"),
    [
        ("get", "/api/v1/gate/?service=payments-api&environment=production&version=1", True),
        ("get", "/api/v1/gate?service=payments-api&environment=production&version=1", True),
        ("get", "/api/v1/gate/", True),
        ("get", "/api/v1/deployments/", True),
        ("get", "/api/v1/deployments/DEP-9/", True),
        ("get", "/api/v1/changes/", True),
        ("get", "/api/v1/nothing/here", True),
        ("options", "/api/v1/gate/", True),
        ("delete", "/api/v1/gate/", True),
        ("post", "/api/v1/deployments/", True),
        ("get", "/api/v1/gate/", "opk_wrong"),
        ("get", "/api/v1/docs/", True),
        ("post", "/api/v1/alerts/", True),
        ("post", "/api/v1/alerts/alertmanager/opi_0123456789012345678901234567/", True),
        ("post", "/v2/enqueue", True),
        ("get", "/v2/change/enqueue/", True),
    ],
)
def test_it_is_answered_as_everybody_is(method: str, path: str, bearer: bool | str, settings: Any) -> None:
    assert LANE in portal.MIDDLEWARE
    make_stage()
    _, secret = make_token(SCOPES)
    token = secret if bearer is True else bearer
    answers = []
    for middleware in (portal.MIDDLEWARE, [name for name in portal.MIDDLEWARE if name != LANE]):
        settings.MIDDLEWARE = middleware
        client = Client(headers={"authorization": f"Bearer {token}", **OWN})
        answers.append(told(getattr(client, method)(path)))
    assert answers[0] == answers[1]


@pytest.mark.django_db
def test_a_foreign_host_is_refused_alike(settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["portal.example"]
    answers = []
    for middleware in (portal.MIDDLEWARE, [name for name in portal.MIDDLEWARE if name != LANE]):
        settings.MIDDLEWARE = middleware
        client = Client(headers={"authorization": "Bearer opk_x", **OWN})
        answers.append(told(client.get("/api/v1/gate/", headers={"host": "evil.example"})))
    assert answers[0] == answers[1]
    assert answers[0][0] == 400


@pytest.mark.django_db
def test_a_session_beside_a_token_counts_for_nothing() -> None:
    make_stage()
    person = as_(make_user(), headers={"authorization": "Bearer opk_wrong"}, enforce_csrf_checks=True)
    answer = person.post("/api/v1/deployments/", json.dumps(body()), content_type="application/json")
    assert answer.status_code == 401
