"""The same pack that nobody has shipped, in use: on the page of a change, in reminders, at the gate."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.test import Client

from opsportal.accounts.models import User
from opsportal.notify.models import Notification
from opsportal.notify.services import deliveries_send
from opsportal.obligations.models import Obligation
from opsportal.obligations.services import obligations_advance
from opsportal.outbox.services import messages_handle
from opsportal.standards.services import standard_install
from tests.faces.test_standards_own_pack import PACK
from tests.makers import NOW, ROOT, grant, make_environment, make_service, make_token, make_user

pytestmark = pytest.mark.django_db


@dataclass(frozen=True)
class Farm:
    """A change under the pack, and the two shepherds who decide it."""

    key: str
    content_hash: str
    engineer: User
    first: User
    second: User
    token: str


def as_person(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def post(client: Client, path: str, body: object, **headers: str) -> Any:
    return client.post(f"/api/v1{path}", json.dumps(body), content_type="application/json", headers=headers)


def tell_everybody(minutes: float) -> None:
    """Let the ticks run so many minutes later."""
    at = NOW + timedelta(minutes=minutes)
    obligations_advance(clock=lambda: at)
    messages_handle(clock=lambda: at)
    deliveries_send(clock=lambda: at)


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def farm() -> Farm:
    standard_install(actor=ROOT, now=NOW, source=PACK.encode(), file="shepherds.toml")
    make_service("sheep-api")
    make_environment("production")
    engineer, first, second = make_user(), make_user("first@example.org"), make_user("second@example.org")
    grant("release-shepherd", first)
    grant("release-shepherd", second)
    body = {"type": "normal", "title": "Shear", "services": ["sheep-api"], "environments": ["production"]}
    client = as_person(engineer)
    key = post(client, "/changes/", body).json()["key"]
    submitted = post(client, f"/changes/{key}/submit/", {}).json()
    assert submitted["state"] == "in_review"
    _, secret = make_token(["deployments:write", "gate:read"])
    return Farm(key, submitted["content_hash"], engineer, first, second, secret)


def vote(farm: Farm, person: User) -> Any:
    return post(as_person(person), f"/changes/{farm.key}/approve/", {"content_hash": farm.content_hash})


def test_the_page_of_the_change_shows_its_stage_and_rule(farm: Farm) -> None:
    html = as_person(farm.first).get(f"/changes/{farm.key}/").content.decode()
    assert "Blessing" in html
    assert "0 of 2 yes" in html
    assert "/standards/active/#rule-shepherd-blessing" in html
    assert "Bless the change" in html


def test_only_its_role_decides_and_both_are_needed(farm: Farm) -> None:
    assert vote(farm, make_user()).status_code == 403
    assert vote(farm, farm.first).json()["state"] == "in_review"
    assert vote(farm, farm.second).json()["state"] == "approved"


def test_its_deadline_is_reminded_of_and_climbs(farm: Farm) -> None:
    owed = Obligation.objects.get(rule_id="blessed-in-time")
    assert owed.due_at == NOW + timedelta(minutes=77)
    tell_everybody(1)
    mail.outbox.clear()
    vote(farm, farm.first)
    tell_everybody(60)
    # Who has voted is not reminded any more.
    assert [message.to for message in mail.outbox] == [["second@example.org"]]
    assert "Bless the change" in mail.outbox[0].body
    tell_everybody(85)
    owed.refresh_from_db()
    assert owed.state == "breached"
    assert Notification.objects.filter(recipient=farm.second).count() >= 3


def test_its_threshold_holds_a_rollout(farm: Farm) -> None:
    vote(farm, farm.first)
    vote(farm, farm.second)
    client, headers = Client(), {"authorization": f"Bearer {farm.token}"}
    body = {"service": "sheep-api", "environment": "production", "version": "1", "change": farm.key}
    registered = post(client, "/deployments/", body, **headers).json()
    assert registered["decision"] == "allowed"
    events = f"/deployments/{registered['key']}/events/"
    assert post(client, events, {"event": "started"}, **headers).json()["action"] == "continue"
    calm = {"event": "rollout", "percent": 50, "metrics": {"queue_depth": 776}}
    assert post(client, events, calm, **headers).json()["action"] == "continue"
    deep = {"event": "rollout", "percent": 60, "metrics": {"queue_depth": 777}}
    told = post(client, events, deep, **headers).json()
    assert (told["action"], [reason["rule"] for reason in told["reasons"]]) == ("hold", ["queue-too-deep"])
