"""Pages of the roster: my on-call, swaps, hours as CSV, quality, handovers, taking over schedules."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from incidents.models import Handover, PublishedShift, Schedule, Shadow, ShiftSwap
from incidents.services.roster.handovers import handovers_advance
from opsportal.accounts.models import User
from opsportal.accounts.services import absence_record
from opsportal.calendar.models import CalendarFeed
from opsportal.outbox.services import messages_handle
from tests.makers import NOW, grant, make_role, make_team, make_user
from tests.rostering import make_schedule
from tests.untouched import nothing_written

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
AT = NOW.replace(hour=9, minute=0) + DAY


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def crew() -> Any:
    anna, ben, carla = make_user(name="Anna"), make_user(name="Ben"), make_user(name="=Carla()")
    schedule = make_schedule(anna, ben, slug="primary", team=make_team("ops", carla).slug)
    while messages_handle(clock=lambda: NOW):
        pass
    return SimpleNamespace(anna=anna, ben=ben, carla=carla, schedule=schedule)


def signed_in(person: Any) -> Client:
    client = Client()
    client.force_login(person)
    return client


def text(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, path
    return answer.content.decode()


def test_a_shift_is_offered_and_taken_with_one_click_each(crew: Any) -> None:
    shift = PublishedShift.objects.filter(person=crew.anna, starts_at__gt=NOW).order_by("starts_at")[0]
    assert "Offer to others" in text(signed_in(crew.anna), "/my-on-call/")
    assert signed_in(crew.ben).post(f"/my-on-call/{shift.pk}/offer/").status_code == 404
    signed_in(crew.anna).post(f"/my-on-call/{shift.pk}/offer/")
    swap = ShiftSwap.objects.get()
    assert (swap.starts_at, swap.ends_at) == (shift.starts_at, shift.ends_at)
    page = text(signed_in(crew.ben), "/my-on-call/")
    assert f"/swaps/{swap.pk}/take/" in page
    assert f"/swaps/{swap.pk}/take/" not in text(signed_in(crew.anna), "/my-on-call/")
    answer = signed_in(crew.ben).post(f"/swaps/{swap.pk}/take/", {"version": swap.version}, follow=True)
    assert "It is yours now" in answer.content.decode()
    again = signed_in(crew.carla).post(f"/swaps/{swap.pk}/take/", follow=True)
    assert "not possible" in again.content.decode()


def test_the_tab_takes_swaps_and_shadows_and_names_what_is_wrong(crew: Any) -> None:
    client = signed_in(crew.anna)
    path = "/oncall/primary/swaps/"
    wrong = client.post(path, {"what": "swap", "start": "", "end": "", "role": "primary"})
    assert wrong.status_code == 400
    assert "This is needed." in wrong.content.decode()
    times = {"start": "2026-03-04T09:00", "end": "2026-03-04T12:00"}
    assert (
        client.post(path, {"what": "swap", "role": "primary", "note": "Dentist", **times}).status_code == 302
    )
    assert "Dentist" in text(client, path)
    times = {"begin": "2026-03-04T09:00", "finish": "2026-03-05T09:00"}
    made = signed_in(crew.carla).post(
        path, {"what": "shadow", "person": str(crew.ben.pk), "follows": "", **times}
    )
    assert made.status_code == 302
    shadow = Shadow.objects.get()
    assert "whoever is on call" in text(client, path)
    signed_in(crew.ben).post(f"/oncall/primary/shadows/{shadow.pk}/end/")
    shadow.refresh_from_db()
    assert shadow.state == "ended"


def test_who_is_away_on_shift_is_told_so(crew: Any) -> None:
    absence_record(
        actor=crew.anna.actor, now=NOW, person_id=crew.anna.pk, starts_at=AT + DAY, ends_at=AT + 3 * DAY
    )
    assert "You are on call while you are away." in text(signed_in(crew.anna), "/my-on-call/")
    assert "Away" in text(signed_in(crew.ben), "/oncall/primary/quality/")


def test_hours_are_shown_and_taken_out_without_formulas_and_on_record(crew: Any) -> None:
    swap_free = signed_in(crew.anna)
    assert "Hours in March 2026" in text(swap_free, "/oncall/primary/hours/?month=2026-03")
    assert swap_free.get("/oncall/primary/hours/?month=2026-13").status_code == 400
    User.objects.filter(pk=crew.anna.pk).update(time_zone="America/New_York")
    assert "Hours in March 2026" in text(signed_in(crew.anna), "/oncall/primary/hours/?month=2026-03")
    make_schedule(crew.carla, slug="night")
    answer: Any = signed_in(crew.carla).get("/oncall/night/hours.csv?month=2026-03")
    lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()
    assert lines[0].startswith('"Person","Month","Schedule"')
    assert lines[1].startswith('"\'=Carla()"')


@pytest.mark.parametrize(
    ("reader", "seen"),
    [
        ("anna", ["Anna"]),
        ("carla", []),
        ("lead", ["Anna", "Ben"]),
        ("lead_elsewhere", []),
        ("admin", ["Anna", "Ben"]),
        ("auditor", ["Anna", "Ben"]),
    ],
)
def test_hours_are_for_oneself_for_who_leads_and_for_auditors(
    crew: Any, reader: str, seen: list[str]
) -> None:
    make_role("team-lead", "job")
    make_team("others")
    people = {
        "anna": crew.anna,
        "carla": crew.carla,
        "lead": make_user(),
        "lead_elsewhere": make_user(),
        "admin": make_user(staff=True),
        "auditor": make_user(is_auditor=True),
    }
    grant("team-lead", people["lead"], scope_kind="team", scope_key="ops")
    grant("team-lead", people["lead_elsewhere"], scope_kind="team", scope_key="others")
    client = signed_in(people[reader])
    answer: Any = client.get("/oncall/primary/hours.csv?month=2026-03")
    lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()[1:]
    assert [line.split(",")[0].strip('"') for line in lines] == seen
    page = text(client, "/oncall/primary/hours/?month=2026-03")
    assert ("These are your own hours" in page) == (len(seen) < 2)


def test_only_the_two_of_a_handover_are_offered_its_steps(crew: Any) -> None:
    handovers_advance(clock=lambda: AT - timedelta(minutes=5))
    path = f"/handovers/{Handover.objects.get().pk}/"
    for person, offered in ((crew.anna, True), (crew.carla, False), (make_user(staff=True), False)):
        page = text(signed_in(person), path)
        assert (f"{path}steps/" in page, f"{path}notes/" in page) == (offered, offered)


def test_a_handover_is_gone_through_and_signed(crew: Any) -> None:
    handovers_advance(clock=lambda: AT - timedelta(minutes=5))
    handover = Handover.objects.get()
    path = f"/handovers/{handover.pk}/"
    assert path in text(signed_in(crew.anna), "/")
    assert "3 steps of the list are open" in text(signed_in(crew.anna), path)
    for step in handover.checklist:
        signed_in(crew.anna).post(f"{path}steps/", {"step": step["id"], "done": "1"})
    stored = signed_in(crew.anna).post(f"{path}notes/", {"notes": "<b>db2</b>", "version": "4"})
    assert stored.status_code == 302
    stale = signed_in(crew.ben).post(f"{path}notes/", {"notes": "Other", "version": "1"})
    assert stale.status_code == 409
    for person in (crew.anna, crew.ben):
        assert "Sign the handover" in text(signed_in(person), path)
        signed_in(person).post(f"{path}sign/")
    page = text(signed_in(crew.carla), path)
    assert "Complete" in page
    assert "&lt;b&gt;db2&lt;/b&gt;" in page
    assert path in text(signed_in(crew.carla), "/handovers/")


def test_a_handover_is_opened_by_hand(crew: Any) -> None:
    client = signed_in(crew.carla)
    fields = {"schedule": "primary", "outgoing": str(crew.anna.pk), "incoming": str(crew.anna.pk)}
    assert client.post("/handovers/", fields).status_code == 400
    assert client.post("/handovers/", {**fields, "incoming": str(crew.ben.pk)}).status_code == 302


def test_a_personal_feed_shows_my_shifts_and_one_of_a_schedule_all(crew: Any) -> None:
    client = signed_in(crew.anna)
    for kind in ("shifts", "schedule:primary"):
        page = client.post("/calendar/feeds/", {"kind": kind}).content.decode()
        address = page.partition('value="http')[2].partition('"')[0]
        calendar = Client().get("/" + address.partition("//")[2].partition("/")[2]).content.decode()
        assert "SUMMARY:On call: Primary" in calendar
        assert ("Ben" in calendar) == (kind != "shifts")
        assert "@example.org" not in calendar
    assert CalendarFeed.objects.filter(kind="schedule", scope="primary").exists()
    assert client.post("/calendar/feeds/", {"kind": "schedule:none"}).status_code == 400


EXPORT = {
    "users": [{"id": "U1", "username": "zed"}],
    "schedules": [{"id": "S1", "name": "Night watch", "type": "web", "shifts": ["O1"]}],
    "on_call_shifts": [
        {
            "id": "O1",
            "name": "Weekly",
            "type": "rolling_users",
            "start": "2026-03-02T09:00:00",
            "duration": 604_800,
            "frequency": "weekly",
            "rolling_users": [["U1"]],
        }
    ],
}


def test_schedules_are_taken_over_after_a_preview(crew: Any) -> None:
    admin = signed_in(make_user(staff=True))
    assert signed_in(crew.anna).get("/oncall-import/").status_code == 403
    file = SimpleUploadedFile("export.json", json.dumps(EXPORT).encode())
    with nothing_written():
        page = admin.post("/oncall-import/", {"format": "grafana-oncall", "file": file})
    assert "Who is meant?" in page.content.decode()
    carried = {
        "format": "grafana-oncall",
        "text": page.context["text"],
        "person:U1": str(crew.ben.pk),
    }
    shown = admin.post("/oncall-import/", carried)
    assert "Night watch" in shown.content.decode()
    made = admin.post(
        "/oncall-import/", {**carried, "apply": "1", "fingerprint": shown.context["plan"].fingerprint}
    )
    assert made.status_code == 302
    assert Schedule.objects.filter(slug="night-watch").exists()
    wrong = admin.post("/oncall-import/", {"format": "opsgenie", "text": "!!"})
    assert wrong.status_code == 400
