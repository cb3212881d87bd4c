"""A change that puts a standard in force, as its page, its form and the API show it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import time_machine

from changes.selectors import change_by_key
from opsportal.standards.selectors import active_standard
from opsportal.standards.services import standard_store
from tests.changing import Cast, fields, implementing, make_cast
from tests.faces.test_changes_api import URL, as_person, send
from tests.makers import NOW, ROOT
from tests.packs import own_pack
from tests.reading import as_, shown
from tests.untouched import nothing_written

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def cast() -> Cast:
    return make_cast()


@pytest.fixture
def wanted(cast: Cast) -> str:
    return standard_store(actor=ROOT, now=NOW, source=own_pack().encode()).content_hash


def test_the_api_names_it_and_puts_it_in_force(cast: Cast, wanted: str) -> None:
    client = as_person(cast.requester)
    body = {**fields(), "activates": wanted}
    made = send(client, "POST", URL, body).json()
    assert made["activates"] == wanted
    wrong = send(client, "POST", URL, {**body, "activates": "0" * 64}).json()
    assert wrong["errors"][0]["pointer"] == "/activates"
    change = implementing(cast, activates=wanted)
    seen = client.get(f"{URL}{change.key}/").json()
    assert seen["next_step"].startswith("It is being carried out. Put the standard in force")
    assert "activate-standard" in seen["allowed"]
    assert "complete" not in seen["allowed"]
    with nothing_written(at_an_edge=True):
        early = send(client, "POST", f"{URL}{change.key}/complete/").json()
        assert (early["status"], early["reasons"][0]["code"]) == (409, "standard_not_in_force")
    for _ in range(2):
        done = send(client, "POST", f"{URL}{change.key}/activate-standard/")
        assert done.status_code == 200
        assert "complete" in done.json()["allowed"]
    assert active_standard().content_hash == wanted


def test_the_form_offers_what_is_stored_and_not_in_force(cast: Cast, wanted: str) -> None:
    page = shown(as_(cast.requester), f"/changes/new/?type=normal&activates={wanted}")
    assert "Standard to put in force" in page
    assert f'<option value="{wanted}" selected>Our own standard 1 (' in page
    assert active_standard().content_hash not in page
    client = as_(cast.requester)
    answer = client.post("/changes/new/", {**fields(), "activates": wanted, "risk": "low", "action": "draft"})
    key = answer["Location"].rstrip("/").rpartition("/")[2]
    assert change_by_key(key).activates == wanted
    assert "Our own standard" in shown(client, answer["Location"])


def test_the_page_has_the_button_until_it_is_done(cast: Cast, wanted: str) -> None:
    change = implementing(cast, activates=wanted)
    client = as_(cast.requester)
    page = shown(client, f"/changes/{change.key}/")
    assert "Put the standard in force" in page
    assert "Report as done" not in page
    client.post(f"/changes/{change.key}/do/activate_standard/", {"version": change.version})
    page = shown(client, f"/changes/{change.key}/")
    assert "in force since" in page
    assert "put the standard in force" in page
    assert f'/changes/{change.key}/">{change.key}</a>' in shown(client, "/standards/active/")
    assert "Report as done" in page


def test_without_another_standard_the_form_asks_for_none(cast: Cast) -> None:
    assert "Standard to put in force" not in shown(as_(cast.requester), "/changes/new/?type=normal")
