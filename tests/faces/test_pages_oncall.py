"""Pages of on-call: the list, a schedule, its form with preview, exceptions, and what other pages show."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from incidents.models import Override, Schedule
from opsportal.accounts.models import User
from opsportal.accounts.services import user_deactivate
from tests.makers import NOW, ROOT, make_service, make_team, make_user
from tests.once import made_once
from tests.rostering import make_override, make_schedule
from tests.untouched import nothing_written

pytestmark = pytest.mark.django_db

FORM = {
    "name": "Payments",
    "slug": "payments",
    "team": "nights",
    "time_zone": "Europe/Berlin",
    "must_cover": ["primary"],
    "gap_policy": "tell",
    "layers": "1",
    "layer-0-name": "Weeks",
    "layer-0-role": "primary",
    "layer-0-priority": "1",
    "layer-0-start": "2026-03-01T09:00",
    "layer-0-every": "1",
    "layer-0-unit": "week",
    "layer-0-advance": "calendar",
    "layer-0-people": "Ada Byron, ben@example.org\nBen Nye",
    "layer-0-covers": "mon-fri 09:00-17:00\nsat, sun 22:00-06:00",
    "do": "save",
}


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@made_once
def cast() -> tuple[User, User]:
    """Ada and Ben of the team "nights"."""
    ada, ben = make_user("ada@example.org", name="Ada Byron"), make_user("ben@example.org", name="Ben Nye")
    make_team("nights", ada, ben)
    return ada, ben


@pytest.fixture
def people() -> tuple[User, User, Client]:
    ada, ben = cast()
    client = Client()
    client.force_login(ada)
    return ada, ben, client


def page(response: Any) -> str:
    return " ".join(response.content.decode().split())


def test_a_schedule_is_written_previewed_saved_and_changed(people: tuple[User, User, Client]) -> None:
    *_, client = people
    assert client.get("/oncall/new/").status_code == 200
    with nothing_written():
        preview = client.post("/oncall/new/", FORM | {"do": "preview"})
    assert preview.status_code == 200
    assert "Preview of four weeks" in page(preview)
    assert "Primary, by Weeks" in page(preview)
    assert "gaps." in page(preview)
    saved = client.post("/oncall/new/", FORM)
    assert (saved.status_code, saved.headers["Location"]) == (302, "/oncall/payments/")
    shown = page(client.get("/oncall/payments/edit/"))
    assert "Ada Byron, Ben Nye Ben Nye" in shown
    assert "mon-fri 09:00-17:00 sat, sun 22:00-06:00" in shown
    changed = client.post("/oncall/payments/edit/", FORM | {"version": "1", "layer-0-people": "Ben Nye"})
    assert changed.status_code == 302
    schedule = Schedule.objects.get(slug="payments")
    assert (schedule.version, schedule.latest) == (2, 2)
    again = client.post("/oncall/payments/edit/", FORM | {"version": "1"})
    assert again.status_code == 409
    assert "Somebody else" in page(again) or "by now" in page(again)


def test_layers_are_added_and_removed_without_a_script(people: tuple[User, User, Client]) -> None:
    *_, client = people
    with nothing_written():
        more = page(client.post("/oncall/new/", FORM | {"do": "add"}))
        assert 'name="layers" value="2"' in more
        assert "Layer 2" in more
        assert "Ada Byron, ben@example.org" in more
        less = page(client.post("/oncall/new/", FORM | {"do": "remove-0"}))
    assert 'name="layers" value="0"' in less
    assert "only exceptions put somebody on call" in less


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"layer-0-people": "Eve"}, "Turn 1: There is no such active person"),
        ({"layer-0-people": ""}, "is missing. "),
        ({"layer-0-covers": "someday 09:00-10:00"}, "is no weekday"),
        ({"layer-0-covers": "always"}, "is not understood"),
        ({"layer-0-covers": "mon 09:00-10:00\nmon 09:30-11:00"}, "overlaps another time"),
        ({"layer-0-start": "soon"}, "Must be a local time"),
        ({"layer-0-advance": "covered_days"}, "Choose the unit day"),
        ({"layer-0-every": "0"}, "greater than or equal to 1"),
        ({"time_zone": "Mars/Olympus"}, "Must be a time zone"),
        ({"slug": "new"}, "is a page already"),
        ({"layer-0-effective_from": "2026-04-01T00:00", "layer-0-effective_until": "2026-03-31T00:00"},
         "Must be after effective_from"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_at_its_field(
    people: tuple[User, User, Client], wrong: dict[str, str], words: str
) -> None:
    *_, client = people
    with nothing_written(at_an_edge=True):
        refused = client.post("/oncall/new/", FORM | wrong)
    assert refused.status_code == 400
    assert words in page(refused)
    assert "Weeks" in page(refused)  # what was typed is kept


def test_a_schedule_names_who_was_barred_and_shows_the_gap(people: tuple[User, User, Client]) -> None:
    _, ben, client = people
    make_schedule(ben, slug="payments", team="nights")
    assert "can no longer be on call" not in page(client.get("/oncall/payments/"))
    user_deactivate(actor=ROOT, now=NOW, user_id=ben.pk)
    shown = page(client.get("/oncall/payments/"))
    assert "can no longer be on call." in shown
    assert "Nobody is on call now." in shown
    assert "Nobody" in page(client.get("/oncall/"))


def test_a_schedule_shows_who_is_on_call_now_and_then(people: tuple[User, User, Client]) -> None:
    ada, ben, client = people
    schedule = make_schedule(ada, ben, slug="payments", team="nights")
    make_override(schedule, "also", ben, start=NOW + timedelta(hours=1))
    shown = page(client.get("/oncall/payments/"))
    assert "On call now" in shown
    assert "Primary, by exception" in shown
    assert "Exceptions that stand" in shown
    assert "2 Mar, 10:30" in shown
    assert (
        page(client.get("/oncall/payments/?view=month&date=2026-04-01")).count("by Days") == 31
    )  # the first began in March
    past = page(client.get("/oncall/payments/?date=2026-02-01"))
    assert "as it was then" in past
    assert "Nobody is on call" in past
    listed = page(client.get("/oncall/"))
    assert "Ada Byron" in listed
    assert client.get("/oncall/payments/?view=year").status_code == 400
    assert client.get("/oncall/payments/?date=never").status_code == 400
    assert client.get("/oncall/nothing/").status_code == 404


def test_an_exception_is_made_and_cancelled(people: tuple[User, User, Client]) -> None:
    ada, ben, client = people
    make_schedule(ada, ben, slug="payments")
    path = "/oncall/payments/exceptions/new/"
    assert "Ben Nye" in page(client.get(f"{path}?kind=instead&people=Ben+Nye"))
    given = {
        "kind": "instead",
        "people": "Ben Nye",
        "instead_of": "ada byron",
        "start": "2026-03-02T12:00",
        "end": "2026-03-02T14:00",
    }
    refused = client.post(path, given | {"people": "Eve"})
    assert refused.status_code == 400
    assert "There is no such active person" in page(refused)
    assert client.post(path, given).status_code == 302
    [override] = Override.objects.all()
    assert (override.people, override.instead_of) == ([str(ben.pk)], str(ada.pk))
    assert client.post(f"/oncall/payments/exceptions/{override.pk}/cancel/").status_code == 302
    override.refresh_from_db()
    assert override.state == "cancelled"


def test_a_schedule_is_retired(people: tuple[User, User, Client]) -> None:
    ada, _, client = people
    make_schedule(ada, slug="payments", team="nights")
    assert client.post("/oncall/payments/retire/").status_code == 302
    shown = page(client.get("/oncall/payments/"))
    assert "Retired" in shown
    assert "/oncall/payments/edit/" not in shown
    assert client.post("/oncall/payments/edit/", FORM).status_code == 409
    assert "payments" not in page(client.get("/oncall/"))
    assert "payments" in page(client.get("/oncall/?state=any"))


def test_other_pages_show_it(people: tuple[User, User, Client]) -> None:
    ada, ben, client = people
    make_schedule(ada, ben, slug="payments", team="nights")
    service = make_service("shop", owner_team="nights")
    assert "You are on call" in page(client.get("/"))
    assert "On call now" in page(client.get(f"/services/{service.slug}/"))
    assert "On call now" in page(client.get("/teams/nights/"))
    assert "/oncall/payments/" in page(client.get(f"/people/{ben.pk}/"))
    assert "/oncall/payments/" in page(client.get("/search/?q=payments"))


def test_a_stranger_looks_but_changes_nothing(people: tuple[User, User, Client]) -> None:
    ada, *_ = people
    make_schedule(ada, slug="payments", team="nights")
    client, stranger = Client(), make_user()
    client.force_login(stranger)
    shown = page(client.get("/oncall/payments/"))
    assert "/oncall/payments/edit/" not in shown
    assert "exceptions/new" not in shown
    with nothing_written(at_an_edge=True):
        assert client.get("/oncall/payments/edit/").status_code == 403
        assert client.post("/oncall/payments/retire/").status_code == 403
        assert client.post("/oncall/payments/exceptions/new/", {}).status_code == 403
        assert client.post("/oncall/new/", FORM | {"team": ""}).status_code == 403
    assert Client().get("/oncall/payments/").status_code == 302
