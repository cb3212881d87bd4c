"""The page Conformance and its CSV, and the same by API."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from rest_framework.test import APIClient

from compliance.selectors.judged_figures import is_about_figures
from compliance.services.core import conformance_evaluate
from opsportal.standards.standing import Retain
from tests.makers import NOW, make_token, make_user
from tests.packs import activate

pytestmark = pytest.mark.django_db


@pytest.fixture
def client() -> Client:
    client = Client()
    client.force_login(make_user())
    return client


def test_every_rule_is_there_and_before_anything_happened_only_nothing_was_deleted(client: Client) -> None:
    standard = activate()
    conformance_evaluate(clock=lambda: NOW)
    page = client.get("/conformance/").content.decode()
    for rule in standard.rules:
        assert f"/conformance/rules/{rule.id}/" in page
    # What is met is folded until somebody looks for something.
    assert re.findall(r"<details[^>]*?( open)?>", page[page.index("<main") :])[-1] == ""
    page = client.get("/conformance/?status=met").content.decode()
    assert re.findall(r"<details[^>]*?( open)?>", page[page.index("<main") :])[-1] == " open"
    met = re.findall(r"/conformance/rules/([a-z0-9-]+)/", page)
    kept = {rule.id for rule in standard.rules if isinstance(rule.demand, Retain)}
    assert met
    assert set(met) <= kept


def test_a_rule_has_a_page_with_its_sentence_and_twelve_months(client: Client) -> None:
    rule = activate().rules[0]
    conformance_evaluate(clock=lambda: NOW - timedelta(days=40))
    page = client.get(f"/conformance/rules/{rule.id}/").content.decode()
    assert rule.source.quote in page
    assert page.count('data-label="Met, of the time with data"') == 12
    assert client.get("/conformance/rules/nothing-of-this/").status_code == 404


def test_how_a_rule_is_held_is_said_by_what_it_demands(client: Client) -> None:
    standard = activate()
    conformance_evaluate(clock=lambda: NOW)
    retain = next(rule for rule in standard.rules if isinstance(rule.demand, Retain))
    page = client.get(f"/conformance/rules/{retain.id}/").content.decode()
    assert "The purge deletes nothing of it before its time" in page
    assert "The portal refuses what breaks it" not in page


def test_a_rule_of_retention_or_figures_is_not_called_a_gate(client: Client) -> None:
    standard = activate()
    conformance_evaluate(clock=lambda: NOW)
    retain = next(rule for rule in standard.rules if isinstance(rule.demand, Retain))
    assert retain.kind == "gate"
    found = client.get("/conformance/?kind=retention").content.decode()
    assert f"/conformance/rules/{retain.id}/" in found
    assert '<span class="op-key">retention</span>' in found
    assert '<span class="op-key">gate</span>' not in found
    assert f"/conformance/rules/{retain.id}/" not in client.get("/conformance/?kind=gate").content.decode()
    for one in standard.rules:
        if is_about_figures(one):
            assert f"/conformance/rules/{one.id}/" in client.get("/conformance/?kind=target").content.decode()


def test_the_list_goes_as_csv(client: Client) -> None:
    standard = activate()
    conformance_evaluate(clock=lambda: NOW)
    sent = client.get("/conformance/export/")
    lines = b"".join(sent).decode("utf-8-sig").splitlines()
    assert len(lines) > len(standard.rules)
    assert lines[0].startswith('"rule","title","kind","status"')


def test_the_api_tells_the_same_and_refuses_what_it_does_not_know() -> None:
    standard = activate()
    conformance_evaluate(clock=lambda: NOW)
    api = APIClient(headers={"Authorization": f"Bearer {make_token(['compliance:read'])[1]}"})
    told = api.get("/api/v1/conformance/").json()
    assert told["hash"] == standard.content_hash
    assert (told["next"], told["previous"]) == (None, None)
    assert told["met"] + told["breached"] + told["no_data"] == len(standard.rules)
    one = api.get(f"/api/v1/conformance/{standard.rules[0].id}").json()
    assert (one["status"], len(one["months"])) == ("no_data", 12)
    assert api.get("/api/v1/conformance/?status=fine").status_code == 400
    assert api.get("/api/v1/conformance/?service=nowhere").json()["errors"][0]["pointer"] == "/service"


def test_the_first_page_leads_everywhere(client: Client) -> None:
    activate()
    conformance_evaluate(clock=lambda: NOW)
    page = client.get("/compliance/").content.decode()
    assert "No data" in page
    assert 'href="/conformance/"' in page
