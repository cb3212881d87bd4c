"""Pages of people: my profile, everybody, teams, boards."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.test import Client

from opsportal.accounts.models import User
from opsportal.accounts.services import user_erase, user_update
from tests.makers import (
    LONG_AGO,
    NOW,
    ROOT,
    TODAY,
    grant,
    join,
    make_role,
    make_service,
    make_team,
    make_user,
)
from tests.untouched import nothing_written

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def ada() -> User:
    return make_user("ada@example.org", name="Ada Lovelace")


@pytest.fixture
def client(ada: User) -> Client:
    client = Client()
    client.force_login(ada)
    return client


def page(client: Client, path: str, status: int = 200) -> str:
    response = client.get(path)
    assert response.status_code == status, response.content
    return str(response.content.decode())


def save(client: Client, **values: Any) -> Any:
    return client.post("/profile/", {"full_name": "Ada", "time_zone": "UTC", "version": "1", **values})


# --- profile


def test_a_person_changes_name_and_zone(ada: User, client: Client) -> None:
    assert 'value="Ada Lovelace"' in page(client, "/profile/")
    response = save(client, full_name="Ada 🦊", time_zone="Asia/Tokyo")
    assert (response.status_code, response["Location"]) == (302, "/profile/")
    ada.refresh_from_db()
    assert (ada.full_name, ada.time_zone, ada.version) == ("Ada 🦊", "Asia/Tokyo", 2)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"full_name": ""}, "is missing. Fill it in"),
        ({"full_name": "x" * 121}, "at most 120 characters"),
        ({"full_name": "a\x00b"}, "Null characters"),
        ({"full_name": "a\x07b"}, "cannot be stored"),
        ({"time_zone": "Mars/Olympus"}, "not one of the available choices"),
        ({"version": "x"}, "whole number"),
    ],
)
def test_a_wrong_value_keeps_what_was_typed(client: Client, values: dict[str, str], words: str) -> None:
    with nothing_written():
        response = save(client, **{"full_name": "Augusta", **values})
    assert response.status_code == 400
    assert words in response.content.decode()
    if "full_name" not in values:
        assert 'value="Augusta"' in response.content.decode()


def test_a_stale_profile_is_shown_again_with_what_was_typed(ada: User, client: Client) -> None:
    user_update(actor=ROOT, now=NOW, user_id=ada.pk, time_zone="Europe/Berlin")
    with nothing_written(at_an_edge=True):
        response = save(client, full_name="Augusta")
    assert response.status_code == 409
    assert 'value="Augusta"' in response.content.decode()
    assert 'name="version" value="2"' in response.content.decode()


def test_the_profile_shows_roles_and_teams_of_today(ada: User, client: Client) -> None:
    grant(make_role("cab"), ada, LONG_AGO, TODAY)
    grant(make_role("old"), ada, LONG_AGO, LONG_AGO)
    join(make_team("payments"), ada)
    text = page(client, "/profile/")
    assert ">Cab</a>" in text
    assert ">Payments</a>" in text
    assert "/boards/#old" not in text


# --- others


def test_people_are_listed_by_name_without_those_who_left(ada: User, client: Client) -> None:
    gone = make_user("gone@example.org", name="Gone Person")
    user_erase(actor=ROOT, now=NOW, user_id=gone.pk)
    bob = make_user(name="<b>Bob</b>")
    grant(make_role("cab"), bob)
    text = page(client, "/people/")
    assert text.index("Ada Lovelace</a>") > text.index("&lt;b&gt;Bob&lt;/b&gt;")  # "<" sorts before letters
    assert "<b>Bob" not in text
    assert "Gone" not in text
    assert "former member" not in text
    filtered = page(client, "/people/?q=lovelace")
    assert "Bob" not in filtered
    assert "Nobody of this name" in page(client, "/people/?q=zzz")


def test_the_list_of_people_takes_as_many_queries_for_many_as_for_few(
    client: Client, django_assert_num_queries: Any
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    role, team = make_role("cab"), make_team("payments")
    page(client, "/people/")
    with CaptureQueriesContext(connection) as before:
        page(client, "/people/")
    for _ in range(12):
        user = make_user()
        grant(role, user)
        join(team, user)
    with django_assert_num_queries(len(before.captured_queries)) as after:
        page(client, "/people/")
    assert not any("COUNT(" in query["sql"] for query in after.captured_queries)


def test_a_person_has_a_page_also_after_they_were_erased(ada: User, client: Client) -> None:
    bob = make_user("bob@example.org", name="Bob")
    assert "bob@example.org" in page(client, f"/people/{bob.pk}/")
    user_erase(actor=ROOT, now=NOW, user_id=bob.pk)
    text = page(client, f"/people/{bob.pk}/")
    assert f"former member {str(bob.pk)[:4]}" in text
    assert "Bob" not in text
    page(client, "/people/6b0f8d0e-0000-4000-8000-000000000000/", 404)
    page(client, "/people/nonsense/", 404)


def test_a_team_shows_members_and_services(ada: User, client: Client) -> None:
    team = make_team("payments", ada)
    make_service("payments-api", team=team)
    text = page(client, "/teams/payments/")
    assert "Ada Lovelace" in text
    assert "/services/payments-api/" in text
    assert "Payments" in page(client, "/teams/")
    page(client, "/teams/nothing/", 404)


def test_boards_show_who_holds_them_today(ada: User, client: Client) -> None:
    assert "No boards and roles yet" in page(client, "/boards/")
    grant(make_role("cab"), ada, scope_kind="team", scope_key=make_team("payments").slug)
    make_role("team-lead", "job")
    text = page(client, "/boards/")
    assert 'id="cab"' in text
    assert "for the team payments only" in text
    assert text.count("Nobody holds it today") == 1


@pytest.mark.parametrize(
    "path", ["/profile/", "/people/", "/teams/", "/boards/", "/services/", "/environments/"]
)
def test_nobody_sees_a_page_without_signing_in(path: str) -> None:
    response = Client().get(path)
    assert response.status_code == 302
    assert response["Location"].startswith("/accounts/login/")


def test_a_page_does_not_take_other_methods(client: Client) -> None:
    for path in ("/people/", "/teams/", "/boards/"):
        assert client.post(path).status_code == 405
