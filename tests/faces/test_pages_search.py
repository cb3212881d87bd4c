"""The search page shows where it stands, safely (B6)."""

from __future__ import annotations

import importlib
import pkgutil

import pytest
from django.urls import resolve

import compliance.models
from compliance.services.recovery.exercises import exercise_plan
from opsportal.core.registry import key_urls
from tests import governing, recovering
from tests.changing import draft, make_cast
from tests.makers import NOW
from tests.reading import as_, shown

pytestmark = pytest.mark.django_db


def test_a_hit_is_marked_and_markup_stays_text() -> None:
    cast = make_cast()
    change = draft(cast, title="<i>Plain</i>", plan='Stop <script>alert("x")</script> the pump, then wait.')
    text = shown(as_(cast.bystander), "/search/?q=pum+script")
    assert f'href="/changes/{change.key}/"' in text
    assert "<mark>pump</mark>" in text
    assert "&lt;<mark>script</mark>&gt;alert(&quot;x&quot;)" in text
    assert "<script>alert" not in text
    assert "<i>Plain" not in text


def test_no_words_find_nothing() -> None:
    cast = make_cast()
    draft(cast)
    assert "Nothing found" in shown(as_(cast.bystander), "/search/?q=%22%22")


def prefixes() -> set[str]:
    """Return the prefix of every kind of key in compliance, as its models name them."""
    found = set()
    for module in pkgutil.walk_packages(compliance.models.__path__, "compliance.models."):
        names = vars(importlib.import_module(module.name))
        found |= {value for name, value in names.items() if name.endswith("_PREFIX")}
    return found


def test_every_kind_of_key_in_compliance_leads_to_a_page() -> None:
    assert len(prefixes()) > 20
    for prefix in prefixes():
        path = key_urls[prefix](1).partition("#")[0]
        assert resolve(path).url_name, prefix


def test_what_is_to_be_recovered_is_found_by_key_and_by_name() -> None:
    cast = recovering.make_cast()
    owner = as_(cast.owner)
    fields = {
        "kind": "game_day",
        "title": "The ledger is gone",
        "planned_for": NOW,
        "services": ["payments-api"],
    }
    exercise = exercise_plan(actor=cast.owner.actor, now=NOW, fields=fields)
    for key, path in ((cast.asset.key, "assets"), (exercise.key, "exercises")):
        assert owner.get(f"/search/?q={key}")["Location"] == f"/{path}/{key}/"
    assert cast.asset.key in shown(owner, "/search/?q=payments+db")
    assert exercise.key in shown(owner, "/search/?q=ledger")
    page = shown(owner, "/services/payments-api/")
    assert cast.asset.key in page
    assert exercise.key in page


def test_requests_of_persons_are_found_by_key_alone() -> None:
    cast = governing.make_organisation()
    member = as_(cast.member)
    assert member.get("/search/?q=PRQ-7")["Location"] == "/compliance/person-requests/PRQ-7/"
    assert "Nothing found" in shown(member, "/search/?q=customer-4711")
