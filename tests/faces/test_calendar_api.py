"""The API of the calendar: windows, freezes, working time, entries and files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.test import Client

from opsportal.calendar.models import Freeze, MaintenanceWindow
from tests.changing import HOUR, approved, draft, make_cast, submitted, window
from tests.freezing import DAY, PRODUCTION, make_freeze, make_window
from tests.makers import NOW, grant, make_role, make_token, make_user
from tests.untouched import nothing_written

pytestmark = pytest.mark.django_db
FREEZES = "/api/v1/freezes/"
WINDOWS = "/api/v1/maintenance-windows/"
CALENDAR = "/api/v1/calendar/"
FREEZE = {
    "title": "Christmas",
    "reason": "Nobody is here.",
    "starts_at": "2026-03-03T00:00:00Z",
    "ends_at": "2026-03-05T00:00:00+01:00",
    "scope": {"environment_kinds": ["production"]},
    "pass_roles": ["cab"],
}
WINDOW = {
    "title": "Sunday night",
    "rule": "FREQ=WEEKLY;BYDAY=SU",
    "at": "03:00",
    "zone": "UTC",
    "minutes": 120,
}


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def board() -> Client:
    person = make_user()
    grant(make_role("cab"), person)
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def machine() -> Client:
    _, secret = make_token(["changes:read", "changes:write"])
    return Client(headers={"Authorization": f"Bearer {secret}"})


def post(client: Client, path: str, body: Any = None, **headers: str) -> Any:
    return client.post(path, body or {}, content_type="application/json", headers=headers)


def pointers(response: Any) -> list[str]:
    return [error["pointer"] for error in response.json()["errors"]]


def test_a_freeze_is_set_read_changed_and_lifted(board: Client, machine: Client) -> None:
    made = post(board, FREEZES, FREEZE)
    assert made.status_code == 201
    body = made.json()
    key = body["key"]
    assert (body["ends_at"], body["state"], body["pass_roles"]) == ("2026-03-04T23:00:00Z", "set", ["cab"])
    assert machine.get(f"{FREEZES}{key}").json() == body
    changed = board.patch(
        f"{FREEZES}{key}/", {"title": "Yule"}, content_type="application/json", headers={"If-Match": '"1"'}
    )
    assert (changed.status_code, changed.json()["version"], changed.headers["ETag"]) == (200, 2, '"2"')
    assert post(board, f"{FREEZES}{key}/lift/", {"version": 1}).status_code == 409
    assert post(board, f"{FREEZES}{key}/lift/").json()["state"] == "lifted"
    assert post(board, f"{FREEZES}{key}/lift/").status_code == 409
    assert [one["key"] for one in machine.get(f"{FREEZES}?state=lifted").json()["results"]] == [key]
    assert machine.get(f"{FREEZES}?at=2026-03-03T10:00:00Z").json()["results"] == []


def test_a_window_is_added_read_changed_retired_and_reinstated(board: Client, machine: Client) -> None:
    made = post(board, WINDOWS, WINDOW)
    assert made.status_code == 201
    body = made.json()
    assert (body["words"], body["next_start"]) == ("every Sunday", "2026-03-08T03:00:00Z")
    path = f"{WINDOWS}{body['key']}/"
    changed = board.patch(path, {"zone": "Europe/Berlin"}, content_type="application/json")
    assert changed.json()["next_start"] == "2026-03-08T02:00:00Z"
    retired = post(board, f"{path}retire/", {"reason": "Not used."}).json()
    assert (retired["state"], retired["next_start"]) == ("retired", None)
    assert machine.get(f"{WINDOWS}?state=active").json()["results"] == []
    assert post(board, f"{path}reinstate/").json()["state"] == "active"


@pytest.mark.parametrize(
    ("path", "body", "pointer"),
    [
        (FREEZES, {**FREEZE, "colour": "red"}, "/colour"),
        (FREEZES, {**FREEZE, "starts_at": "2026-03-03T00:00:00"}, "/starts_at"),
        (FREEZES, {**FREEZE, "scope": {"tiers": ["x"]}}, "/scope/tiers/0"),
        (FREEZES, {**FREEZE, "pass_roles": ["nobody"]}, "/pass_roles"),
        (FREEZES, {**FREEZE, "pass_roles": "cab"}, "/pass_roles"),
        (WINDOWS, {**WINDOW, "rule": "FREQ=HOURLY"}, "/rule"),
        (WINDOWS, {**WINDOW, "at": "3"}, "/at"),
        (WINDOWS, {**WINDOW, "at": 300}, "/at"),
        (WINDOWS, {**WINDOW, "zone": "Nowhere"}, "/zone"),
        (WINDOWS, {**WINDOW, "minutes": "120"}, "/minutes"),
        (WINDOWS, {**WINDOW, "first_day": 20260101}, "/first_day"),
        (WINDOWS, {"title": "T"}, "/rule"),
    ],
)
def test_bad_input_is_told_with_a_pointer(board: Client, path: str, body: Any, pointer: str) -> None:
    with nothing_written():
        response = post(board, path, body)
    assert response.status_code == 400
    assert pointer in pointers(response)


def test_a_machine_reads_but_never_writes(machine: Client) -> None:
    freeze, added = make_freeze(), make_window()
    with nothing_written(at_an_edge=True):
        for path, body in ((FREEZES, FREEZE), (WINDOWS, WINDOW), (f"{FREEZES}{freeze.key}/lift/", {})):
            assert (
                post(
                    machine, path, {**body, **({"pass_roles": []} if "pass_roles" in body else {})}
                ).status_code
                == 403
            )
    assert Client().get(FREEZES).status_code == 401
    assert machine.get(f"{FREEZES}{added.key}/").status_code == 404
    assert machine.get(f"{FREEZES}?colour=red").status_code == 400
    assert (Freeze.objects.count(), MaintenanceWindow.objects.count()) == (1, 1)


def test_working_time_is_put_whole_by_an_administrator(board: Client, machine: Client) -> None:
    body = {
        "zone": "Europe/Berlin",
        "weekdays": [0, 1, 2, 3, 4],
        "opens": "09:00",
        "closes": "17:00",
        "country": "DE",
        "own_days": [{"day": "2026-12-24", "title": "Christmas Eve"}],
    }
    path = "/api/v1/working-time/"
    assert machine.get(path).status_code == 404
    assert board.put(path, body, content_type="application/json").status_code == 403
    administrator = Client()
    administrator.force_login(make_user(staff=True))
    assert administrator.put(path, body, content_type="application/json").status_code == 200
    shown = machine.get(path).json()
    assert shown["own_days"] == [{"day": "2026-12-24", "title": "Christmas Eve", "works": False}]
    stale = administrator.put(path, {**body, "version": 9}, content_type="application/json")
    assert stale.status_code == 409
    wrong = administrator.put(path, {**body, "weekdays": [9]}, content_type="application/json")
    assert pointers(wrong) == ["/weekdays/0"]


def test_the_calendar_shows_changes_windows_and_freezes_in_order(machine: Client) -> None:
    cast = make_cast()
    change = approved(cast, **window(DAY))
    called_off = submitted(cast, environments=["staging"], **window(2 * DAY))
    draft(cast, **window(DAY))
    approved(cast, **window(60 * DAY))
    freeze = make_freeze(scope=PRODUCTION)
    added = make_window()
    type(called_off).objects.filter(pk=called_off.pk).update(state="cancelled")
    path = f"{CALENDAR}?from=2026-03-02T00:00:00Z&to=2026-03-09T00:00:00Z"
    found = machine.get(path).json()["results"]
    assert [(one["kind"], one["key"], one["cancelled"]) for one in found] == [
        ("freeze", freeze.key, False),
        ("change", change.key, False),
        ("change", called_off.key, True),
        ("window", f"{added.key}-20260308T0300Z", False),
    ]
    assert found[0]["environments"] == ["production"]
    for asked, keys in (
        ("kind=window&kind=freeze", {freeze.key, f"{added.key}-20260308T0300Z"}),
        ("environment=staging", {called_off.key, f"{added.key}-20260308T0300Z"}),
        ("service=ledger", {freeze.key, f"{added.key}-20260308T0300Z"}),
    ):
        assert {one["key"] for one in machine.get(f"{path}&{asked}").json()["results"]} == keys


@pytest.mark.parametrize(
    "query",
    [
        "from=2026-03-02T00:00:00Z&to=2026-03-02T00:00:00Z",
        "from=2026-03-02T00:00:00Z&to=2028-03-02T00:00:00Z",
        "from=2026-03-02",
        "from=9999-12-31T00:00:00Z",
        "kind=party",
        "colour=red",
    ],
)
def test_a_range_without_end_is_refused(machine: Client, query: str) -> None:
    assert machine.get(f"{CALENDAR}?{query}").status_code == 400
    assert machine.get(f"/api/v1/calendar.ics?{query}").status_code == 400


def test_the_calendar_is_a_file_too_which_is_sent_once(machine: Client) -> None:
    make_freeze(starts_at=NOW + HOUR)
    response = machine.get("/api/v1/calendar.ics")
    assert (response.status_code, response["Content-Type"]) == (200, "text/calendar; charset=utf-8")
    assert response.content.startswith(b"BEGIN:VCALENDAR\r\n")
    again = machine.get("/api/v1/calendar.ics", headers={"If-None-Match": response["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_who_asks_for_a_calendar_file_gets_one_and_for_anything_else_is_told(machine: Client) -> None:
    for accepts, status in (
        ("text/calendar", 200),
        ("text/calendar;q=0.9, */*;q=0.1", 200),
        ("text/csv", 406),
    ):
        answer = machine.get("/api/v1/calendar.ics", headers={"Accept": accepts})
        assert answer.status_code == status, accepts
    wrong = machine.get("/api/v1/calendar.ics?kind=party", headers={"Accept": "text/calendar"})
    assert (wrong.status_code, wrong["Content-Type"]) == (400, "application/problem+json")
    assert machine.get(CALENDAR, headers={"Accept": "text/calendar"}).status_code == 406
    page = machine.get(CALENDAR).json()
    assert (page["next"], page["previous"]) == (None, None)
