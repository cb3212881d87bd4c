"""Break-glass by API and on pages."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.test import Client

from changes.models import BreakGlass
from changes.services.break_glass import break_glass_confirm
from opsportal.audit.models import AuditEntry
from tests.changing import Cast
from tests.deploying import SCOPES, body, make_stage
from tests.makers import NOW, make_token
from tests.reading import as_, shown, text_of
from tests.untouched import nothing_written

pytestmark = pytest.mark.django_db
URL = "/api/v1/break-glass/"
ASKED = {
    "services": ["payments-api"],
    "environment": "production",
    "reason": "Cards are declined.",
    "minutes": 30,
}


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def cast() -> Cast:
    return make_stage()


def post(client: Client, url: str, sent: Any, **headers: str) -> Any:
    return client.post(url, json.dumps(sent), content_type="application/json", headers=headers)


def test_two_people_break_it_and_a_pipeline_passes(cast: Cast) -> None:
    asker, second = as_(cast.bystander), as_(cast.board[0])
    asked = post(asker, URL, ASKED)
    assert (asked.status_code, asked.json()["state"]) == (201, "asked")
    key = asked.json()["key"]
    assert asked["Location"] == f"{URL}{key}/"
    done = post(second, f"{URL}{key}/confirm", {}, **{"If-Match": asked["ETag"]}).json()
    assert (done["state"], done["ends_at"], done["confirmed_by"]["name"]) == (
        "in_force",
        "2026-03-02T10:00:00Z",
        "Ada",
    )

    _, secret = make_token(SCOPES)
    ci = Client(headers={"authorization": f"Bearer {secret}"})
    gate = ci.get("/api/v1/gate/?service=payments-api&environment=production&version=2.14.0").json()
    assert (gate["decision"], gate["break_glass"], gate["change"]) == ("allowed", key, done["change"])
    passed = post(ci, "/api/v1/deployments/", body()).json()
    assert (passed["decision"], passed["break_glass"], passed["change"]) == ("allowed", key, done["change"])
    assert passed["reasons"][0]["code"] == "break_glass"
    listed = asker.get(f"{URL}?state=in_force").json()["results"]
    assert [one["key"] for one in listed] == [key]
    ended = post(second, f"{URL}{key}/revoke", {"reason": "Mended."}).json()
    assert (ended["state"], ended["over_reason"]) == ("revoked", "Mended.")


def test_refusals_are_problems_on_record(cast: Cast) -> None:
    key = post(as_(cast.bystander), URL, ASKED).json()["key"]
    _, secret = make_token(["changes:write", "changes:read"])
    machine = Client(headers={"authorization": f"Bearer {secret}"})
    with nothing_written(at_an_edge=True):
        for client, path, sent, status in (
            (machine, URL, ASKED, 403),
            (machine, f"{URL}{key}/confirm", {}, 403),
            (as_(cast.bystander), f"{URL}{key}/confirm", {}, 403),
            (as_(cast.board[0]), f"{URL}{key}/refuse", {}, 400),
            (as_(cast.board[0]), f"{URL}{key}/confirm", {"version": 7}, 409),
            (as_(cast.board[0]), f"{URL}BG-999/confirm", {}, 404),
            (as_(cast.bystander), URL, {**ASKED, "minutes": 1000}, 400),
            (as_(cast.bystander), URL, {**ASKED, "for": "ever"}, 400),
        ):
            answer = post(client, path, sent)
            assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json"), path
    assert AuditEntry.objects.latest("id").outcome == "refused"


def test_the_pages_ask_confirm_and_end_it(cast: Cast) -> None:
    asker, second = as_(cast.bystander), as_(cast.board[0])
    assert "The glass was never broken" in shown(asker, "/break-glass/")
    text = text_of(asker.post("/break-glass/", {**ASKED, "reason": ""}), 400)
    assert "This is needed." in text
    assert asker.post("/break-glass/", ASKED).status_code == 302
    key = BreakGlass.objects.get().key
    assert f"/break-glass/{key}/do/confirm/" not in shown(asker, f"/break-glass/{key}/")
    assert f"/break-glass/{key}/do/confirm/" in shown(second, f"/break-glass/{key}/")
    assert "Cards are declined." in shown(second, f"/break-glass/{key}/do/confirm/")
    assert second.post(f"/break-glass/{key}/do/confirm/", {}).status_code == 302
    # Every page says so now, to everybody.
    for path in ("/", "/services/", f"/break-glass/{key}/"):
        assert f"{key}: the glass is broken in Production" in shown(as_(cast.lead), path)
    assert second.post(f"/break-glass/{key}/do/revoke/", {"reason": ""}).status_code == 302
    assert "the glass is broken" not in shown(as_(cast.lead), "/")
    assert shown(second, "/break-glass/BG-99/", 404)
    assert second.post(f"/break-glass/{key}/do/burn/", {}).status_code == 404


def test_the_page_of_a_deployment_names_the_glass(cast: Cast) -> None:
    post(as_(cast.bystander), URL, ASKED)
    glass = break_glass_confirm(actor=cast.board[0].actor, now=NOW, pk=BreakGlass.objects.get().pk)
    _, secret = make_token(SCOPES)
    ci = Client(headers={"authorization": f"Bearer {secret}"})
    row = post(ci, "/api/v1/deployments/", body()).json()
    assert f"/break-glass/{glass.key}/" in shown(as_(cast.lead), f"/deployments/{row['key']}/")
