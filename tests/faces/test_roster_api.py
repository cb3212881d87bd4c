"""The roster by API: swaps, shadows, handovers, hours, quality, and the calendar file of a schedule."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from django.test import Client

from opsportal.core.clock import edge_now
from opsportal.outbox.services import messages_handle
from tests.makers import NOW, make_team, make_user
from tests.rostering import make_schedule, settings_data

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def morning() -> Iterator[None]:
    """Turns change at midnight: no test runs over it."""
    with time_machine.travel(NOW):
        yield


@pytest.fixture
def crew() -> Any:
    """Anna and Ben in daily turns that change at midnight, since some days ago; Carla is of their team."""
    anna, ben, carla = make_user(name="Anna"), make_user(name="Ben"), make_user(name="Carla")
    now = edge_now()
    start = (now - timedelta(days=4)).strftime("%Y-%m-%dT00:00")
    schedule = make_schedule(
        slug="primary",
        now=now - timedelta(days=4),
        settings=settings_data(anna, ben, start=start),
        team=make_team("ops", carla).slug,
    )
    while messages_handle(clock=edge_now):
        pass
    return SimpleNamespace(anna=anna, ben=ben, carla=carla, schedule=schedule)


def signed_in(person: Any) -> Client:
    client = Client()
    client.force_login(person)
    return client


def post(client: Client, path: str, body: dict[str, Any]) -> Any:
    return client.post(f"/api/v1/oncall/{path}", body, content_type="application/json")


def midnight(days: int) -> datetime:
    return (datetime.now(UTC) + timedelta(days=days)).replace(hour=0, minute=0, second=0, microsecond=0)


def test_a_swap_is_offered_taken_and_undone(crew: Any) -> None:
    [turn] = [
        one
        for one in signed_in(crew.anna)
        .get(
            "/api/v1/oncall/schedules/primary/shifts/",
            {"from": midnight(1).isoformat(), "to": midnight(3).isoformat()},
        )
        .json()["shifts"]
        if one["on_call"][0]["user"]["name"] == "Anna"
    ]
    offer = {"schedule": "primary", "start": turn["from"], "end": turn["until"]}
    made = post(signed_in(crew.anna), "swaps/", offer)
    assert made.status_code == 201, made.content
    number = made.json()["id"]
    assert post(signed_in(crew.anna), f"swaps/{number}/take/", {}).status_code == 403
    taken = post(signed_in(crew.ben), f"swaps/{number}/take/", {"version": 1})
    assert (taken.status_code, taken.json()["state"]) == (200, "taken")
    assert "@" not in taken.content.decode()
    late = post(signed_in(crew.carla), f"swaps/{number}/take/", {})
    assert (late.status_code, late.headers["Content-Type"]) == (409, "application/problem+json")
    assert post(signed_in(crew.ben), f"swaps/{number}/undo/", {}).json()["state"] == "undone"
    listed = signed_in(crew.ben).get("/api/v1/oncall/swaps/", {"schedule": "primary", "state": "undone"})
    assert [one["id"] for one in listed.json()["results"]] == [number]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"schedule": "primary", "start": "tomorrow", "end": "2030-01-01T00:00:00Z"}, "/start"),
        ({"schedule": "primary", "end": "2030-01-01T00:00:00Z"}, "/start"),
        ({"schedule": "primary", "start": "2030-01-01T00:00:00", "end": "2030-01-02T00:00:00Z"}, "/start"),
        ({"schedule": "primary", "start": "2030-01-02T00:00:00Z", "end": "2030-01-01T00:00:00Z"}, "/end"),
        (
            {"schedule": "primary", "start": "2030-01-01T00:00:00Z", "end": "2030-01-02T00:00:00Z", "x": 1},
            "/x",
        ),
    ],
)
def test_bad_input_is_named(crew: Any, body: dict[str, Any], pointer: str) -> None:
    answer = post(signed_in(crew.anna), "swaps/", body)
    assert answer.status_code == 400
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


def test_a_handover_goes_through_its_list(crew: Any) -> None:
    opened = post(
        signed_in(crew.anna),
        "handovers/",
        {"schedule": "primary", "outgoing": str(crew.anna.pk), "incoming": str(crew.ben.pk)},
    ).json()
    path = f"handovers/{opened['id']}/"
    assert post(signed_in(crew.ben), f"{path}sign/", {}).json()["type"].endswith("steps_open")
    for step in opened["checklist"]:
        post(signed_in(crew.ben), f"{path}steps/", {"step": step["id"]})
    post(signed_in(crew.anna), f"{path}notes/", {"notes": "db2 is slow"})
    assert post(signed_in(crew.ben), f"{path}sign/", {}).json()["state"] == "received"
    done = post(signed_in(crew.anna), f"{path}sign/", {}).json()
    assert (done["state"], done["notes"]) == ("complete", "db2 is slow")
    assert {step["done_by"]["name"] for step in done["checklist"]} == {"Ben"}


def test_the_calendar_file_is_of_the_schedule_and_is_not_sent_twice(crew: Any) -> None:
    client = signed_in(crew.anna)
    first = client.get("/api/v1/oncall/schedules/primary/calendar.ics")
    text = first.content.decode()
    assert first.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert text.startswith("BEGIN:VCALENDAR")
    assert "SUMMARY:On call: Primary\\, primary: Anna" in text
    assert "@example.org" not in text
    again = client.get(
        "/api/v1/oncall/schedules/primary/calendar.ics", headers={"If-None-Match": first.headers["ETag"]}
    )
    assert (again.status_code, again.content) == (304, b"")
    path, wanted = "/api/v1/oncall/schedules/primary/calendar.ics", {"Accept": "text/calendar"}
    assert client.get(path, headers=wanted).content == first.content
    assert client.get("/api/v1/oncall/schedules/none/calendar.ics").status_code == 404


def test_hours_and_quality(crew: Any) -> None:
    client = signed_in(make_user(staff=True))
    period = {"from": midnight(1).isoformat(), "to": midnight(3).isoformat()}
    own = signed_in(crew.anna).get("/api/v1/oncall/schedules/primary/hours/", period).json()["people"]
    assert [one["user"]["name"] for one in own] == ["Anna"]
    people = client.get("/api/v1/oncall/schedules/primary/hours/", period).json()["people"]
    assert sorted((one["user"]["name"], one["total"]) for one in people) == [("Anna", 24.0), ("Ben", 24.0)]
    assert client.get("/api/v1/oncall/schedules/primary/hours/").status_code == 400
    quality = client.get("/api/v1/oncall/schedules/primary/quality/").json()
    assert (quality["covered"], quality["gaps"], quality["unreachable"]) == (100, [], [])


def test_a_shift_is_taken_and_somebody_shadows(crew: Any) -> None:
    on_call = signed_in(crew.carla).get("/api/v1/oncall/schedules/primary/on-call/").json()["on_call"][0]
    body = {"person": on_call["user"]["id"], "end": (edge_now() + timedelta(seconds=90)).isoformat()}
    assert post(signed_in(crew.carla), "schedules/primary/take/", body).status_code == 204
    now_on_call = signed_in(crew.carla).get("/api/v1/oncall/schedules/primary/on-call/").json()["on_call"][0]
    assert now_on_call["user"]["name"] == "Carla"
    learner = make_user(name="Lea")
    shadow = {"person": str(learner.pk), "start": edge_now().isoformat(), "end": midnight(9).isoformat()}
    made = post(signed_in(learner), "schedules/primary/shadows/", shadow)
    assert (made.status_code, made.json()["follows"]) == (201, None)
    ended = post(signed_in(learner), f"shadows/{made.json()['id']}/end/", {})
    assert ended.json()["state"] == "ended"
