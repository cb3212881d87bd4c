"""The API of on-call schedules: written, asked, refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.test import Client

from incidents.models import Override, Schedule
from opsportal.accounts.models import User
from tests.makers import NOW, make_team, make_token, make_user
from tests.once import made_once
from tests.rostering import make_override, make_schedule
from tests.untouched import nothing_written

pytestmark = pytest.mark.django_db
URL = "/api/v1/oncall/schedules/"


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@made_once
def cast() -> tuple[User, User, str]:
    """Ada and Ben of the team "nights", and the secret of a token that writes schedules."""
    ada, ben = make_user("ada@example.org", name="Ada"), make_user("ben@example.org", name="Ben")
    make_team("nights", ada, ben)
    _, secret = make_token(["oncall:read", "oncall:write"])
    return ada, ben, secret


@pytest.fixture
def people() -> tuple[User, User, Client]:
    ada, ben, secret = cast()
    return ada, ben, Client(headers={"Authorization": f"Bearer {secret}"})


def body_of(**values: Any) -> dict[str, Any]:
    rotation = {
        "start": "2026-03-01T09:00",
        "unit": "week",
        "groups": [["ada@example.org"], ["ben@example.org"]],
    }
    return {
        "slug": "payments",
        "name": "Payments",
        "team": "nights",
        "time_zone": "Europe/Berlin",
        "layers": [{"name": "Weeks", "rotation": rotation}],
        **values,
    }


def post(client: Client, path: str, body: Any = None) -> Any:
    return client.post(path, body or {}, content_type="application/json")


def pointers(response: Any) -> set[tuple[str, str]]:
    return {(error["pointer"], error["code"]) for error in response.json()["errors"]}


def test_a_schedule_is_written_read_changed_and_retired(people: tuple[User, User, Client]) -> None:
    ada, ben, client = people
    made = post(client, URL, body_of())
    body = made.json()
    assert (made.status_code, made.headers["ETag"], body["version"]) == (201, '"1"', 1)
    assert body["layers"][0]["rotation"]["groups"] == [[str(ada.pk)], [str(ben.pk)]]
    assert {one["name"] for one in body["people"]} == {"Ada", "Ben"}
    assert client.get(f"{URL}payments").json() == body
    change = {"must_cover": [], "gap_policy": "by_design"}
    path = f"{URL}payments/"
    stale = client.patch(path, change, content_type="application/json", headers={"If-Match": '"7"'})
    assert stale.status_code == 409
    changed = client.patch(path, change, content_type="application/json", headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.json()["version"], changed.json()["must_cover"]) == (200, 2, [])
    assert changed.json()["layers"] == body["layers"]
    assert [one["slug"] for one in client.get(URL, {"team": "nights"}).json()["results"]] == ["payments"]
    assert post(client, f"{path}retire/", {"reason": "Not used."}).json()["state"] == "retired"
    assert client.get(URL, {"state": "active"}).json()["results"] == []


def test_who_is_on_call_and_when(people: tuple[User, User, Client]) -> None:
    ada, _, client = people
    post(client, URL, body_of())
    [now] = client.get(f"{URL}payments/on-call/").json()["on_call"]
    assert now == {
        "user": {"id": str(ada.pk), "name": "Ada"},
        "role": "primary",
        "layer": "Weeks",
        "override": None,
        "instead_of": None,
        "from": "2026-03-02T09:30:00Z",
        "until": "2026-03-08T08:00:00Z",
        "from_local": "2026-03-02T10:30+01:00",
        "until_local": "2026-03-08T09:00+01:00",
    }
    later = client.get(f"{URL}payments/on-call/?at=2026-03-08T09:00:00%2B01:00&role=primary").json()
    assert [one["user"]["name"] for one in later["on_call"]] == ["Ben"]
    asked = {"from": "2026-03-02T00:00:00Z", "to": "2026-03-10T00:00:00Z"}
    shifts = client.get(f"{URL}payments/shifts/", asked).json()
    assert [(one["from"], [who["user"]["name"] for who in one["on_call"]]) for one in shifts["shifts"]] == [
        ("2026-03-02T00:00:00Z", []),
        ("2026-03-02T09:30:00Z", ["Ada"]),
        ("2026-03-08T08:00:00Z", ["Ben"]),
    ]
    assert shifts["gaps"] == [
        {
            "from": "2026-03-02T00:00:00Z",
            "until": "2026-03-02T09:30:00Z",
            "from_local": "2026-03-02T01:00+01:00",
            "until_local": "2026-03-02T10:30+01:00",
            "roles": [],
        }
    ]


def test_exceptions_are_made_listed_and_cancelled(people: tuple[User, User, Client]) -> None:
    ada, ben, client = people
    post(client, URL, body_of())
    times = {"start": "2026-03-02T12:00:00Z", "end": "2026-03-02T14:00:00Z"}
    who = {"kind": "instead", "people": ["ben@example.org"], "instead_of": str(ada.pk), "reason": "School"}
    made = post(client, f"{URL}payments/overrides/", who | times)
    assert made.status_code == 201
    body = made.json()
    assert (body["people"], body["state"]) == ([{"id": str(ben.pk), "name": "Ben"}], "standing")
    [at_noon] = client.get(f"{URL}payments/on-call/", {"at": "2026-03-02T13:00:00Z"}).json()["on_call"]
    assert (at_noon["user"]["name"], at_noon["override"]) == ("Ben", body["id"])
    assert (at_noon["instead_of"]["name"], at_noon["until"]) == ("Ada", "2026-03-02T14:00:00Z")
    listed = client.get(f"{URL}payments/overrides/", {"from": "2026-03-02T13:00:00Z"}).json()["results"]
    assert listed == [body]
    cancelled = post(client, f"{URL}payments/overrides/{body['id']}/cancel/")
    assert (cancelled.status_code, cancelled.json()["state"]) == (200, "cancelled")
    assert post(client, f"{URL}payments/overrides/{body['id']}/cancel/").status_code == 409
    assert post(client, f"{URL}payments/overrides/999/cancel/").status_code == 404


def test_unknown_people_roles_and_zones_are_refused_by_pointer(people: tuple[User, User, Client]) -> None:
    *_, client = people
    body = body_of(time_zone="Mars/Olympus", colour="red")
    with nothing_written(at_an_edge=True):
        assert pointers(post(client, URL, body)) == {("/colour", "unknown")}
        body.pop("colour")
        body["layers"][0] |= {"role": "king"}
        body["layers"][0]["rotation"] |= {"every": 0, "groups": [["eve@example.org"], []]}
        refused = post(client, URL, body)
    assert refused.status_code == 400
    assert pointers(refused) == {
        ("/time_zone", "unknown"),
        ("/layers/0/role", "unknown"),
        ("/layers/0/rotation/every", "out_of_range"),
        ("/layers/0/rotation/groups/0/0", "unknown"),
        ("/layers/0/rotation/groups/1", "required"),
    }


@pytest.mark.parametrize(
    "path",
    [
        "payments/on-call/?at=2026-03-02T12:00:00",
        "payments/on-call/?role=king",
        "payments/on-call/?when=now",
        "payments/shifts/?from=2026-03-02T12:00:00Z&to=2026-03-02T12:00:00Z",
        "payments/shifts/?from=2026-03-02T12:00:00Z&to=2028-03-02T12:00:00Z",
    ],
)
def test_a_wrong_question_is_refused(people: tuple[User, User, Client], path: str) -> None:
    ada, _, client = people
    make_schedule(ada, slug="payments")
    assert client.get(URL + path).status_code == 400
    assert client.get(URL + path.replace("payments", "nothing")).status_code in {400, 404}


def test_who_only_reads_does_not_write(people: tuple[User, User, Client]) -> None:
    ada, ben, _ = people
    schedule = make_schedule(ada, slug="payments")
    make_override(schedule, "also", ben)
    _, secret = make_token(["oncall:read"])
    reader = Client(headers={"Authorization": f"Bearer {secret}"})
    assert reader.get(f"{URL}payments/").status_code == 200
    with nothing_written(at_an_edge=True):
        assert post(reader, URL, body_of(slug="other")).status_code == 403
        assert post(reader, f"{URL}payments/retire/").status_code == 403
    stranger = Client()
    stranger.force_login(make_user())
    with nothing_written(at_an_edge=True):
        assert post(stranger, URL, body_of(slug="other")).status_code == 403
    assert (Schedule.objects.count(), Override.objects.count()) == (1, 1)


def test_a_list_of_exceptions_asks_for_names_once(
    people: tuple[User, User, Client], django_assert_max_num_queries: Any
) -> None:
    ada, ben, client = people
    schedule = make_schedule(ada, slug="payments")
    for _ in range(5):
        make_override(schedule, "also", ben)
    with django_assert_max_num_queries(8):
        assert len(client.get(f"{URL}payments/overrides/").json()["results"]) == 5
