"""Taking over schedules of another system: previewed, mapped, made at once or not at all."""

from __future__ import annotations

import io
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from incidents.models import AlertRoute, EscalationPolicy, Override, Schedule
from incidents.selectors.oncall import on_call_at
from incidents.services.roster.importing import ImportPlan, oncall_import, oncall_import_preview
from opsportal.accounts.models import User
from opsportal.core.errors import Forbidden, InvalidInput, Stale
from tests.makers import NOW, ROOT, make_team, make_user
from tests.untouched import nothing_written, refused

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)

EXPORT = {
    "users": [
        {"id": "U1", "username": "anna", "email": "anna@example.org"},
        {"id": "U2", "username": "bee", "email": "bee@elsewhere.example"},
    ],
    "teams": [{"id": "T1", "name": "Ops"}],
    "schedules": [
        {
            "id": "S1",
            "name": "Primary line",
            "type": "web",
            "time_zone": "UTC",
            "team_id": "T1",
            "shifts": ["O1", "O2", "O3"],
        }
    ],
    "on_call_shifts": [
        {
            "id": "O1",
            "name": "Weekly",
            "type": "rolling_users",
            "start": "2026-03-02T09:00:00",
            "duration": 86_400,
            "frequency": "daily",
            "rolling_users": [["U1"], ["U2"]],
        },
        {"id": "O2", "name": "Moon", "type": "lunar", "start": "2026-03-02T09:00:00", "duration": 60},
        {
            "id": "O3",
            "name": "Cover",
            "type": "override",
            "start": "2026-03-03T12:00:00",
            "duration": 3600,
            "users": ["U1"],
        },
    ],
    "escalation_chains": [{"id": "F1", "name": "Default"}],
    "escalation_policies": [
        {
            "escalation_chain_id": "F1",
            "position": 0,
            "type": "notify_on_call_from_schedule",
            "notify_on_call_from_schedule": "S1",
        },
        {"escalation_chain_id": "F1", "position": 1, "type": "wait", "duration": 300},
        {"escalation_chain_id": "F1", "position": 2, "type": "notify_persons", "persons_to_notify": ["U2"]},
    ],
    "routes": [{"id": "R1", "escalation_chain_id": "F1", "routing_regex": ".*", "is_the_last_route": True}],
}
CONTENT = json.dumps(EXPORT).encode()


@pytest.fixture
def people() -> tuple[User, User]:
    make_team("ops")
    return make_user("anna@example.org", name="Anna"), make_user("ben@example.org", name="Ben")


def preview(**given: Any) -> ImportPlan:
    return oncall_import_preview(actor=ROOT, now=NOW, content=CONTENT, format="grafana-oncall", given=given)


def imported(given: dict[str, str], **more: Any) -> ImportPlan:
    return oncall_import(actor=ROOT, now=NOW, content=CONTENT, format="grafana-oncall", given=given, **more)


def test_a_preview_writes_nothing_and_names_who_is_unknown(people: tuple[User, User]) -> None:
    with nothing_written():
        plan = preview()
    assert [one.person.ref for one in plan.unknown] == ["U2"]
    assert [one.where for one in plan.unmapped] == [
        "schedules/Primary line/shifts/O2",
        "Primary line/Weekly",
        "Default/5 min",
    ]
    assert [(one.slug, one.policy) for one in plan.routes] == [("all-others-r1", "default")]
    assert [len(one.settings["layers"]) for one in plan.schedules] == [0]


def test_who_is_meant_is_said_and_all_of_it_is_made_at_once(people: tuple[User, User]) -> None:
    anna, ben = people
    given = {"U2": "ben@example.org"}
    plan = imported(given, fingerprint=preview(**given).fingerprint)
    schedule = Schedule.objects.get()
    assert (schedule.slug, schedule.team and schedule.team.slug) == ("primary-line", "ops")
    at = [
        [one.duty.user_id for one in on_call_at("primary-line", NOW + later)]
        for later in (timedelta(), DAY, DAY + timedelta(hours=3))
    ]
    assert at == [[str(anna.pk)], [str(ben.pk)], [str(anna.pk)]]
    steps = EscalationPolicy.objects.get(slug="default").plan["steps"]
    assert [(step["wait"], step["targets"][0]["key"]) for step in steps] == [
        (0, "primary-line"),
        (300, str(ben.pk)),
    ]
    assert [one.where for one in plan.unmapped] == ["schedules/Primary line/shifts/O2"]
    assert AlertRoute.objects.get().policy == "default"
    again = imported(given)
    assert (again.schedules, again.policies, again.routes) == ([], [], [])
    assert Schedule.objects.count() == Override.objects.count() == 1


def test_what_is_not_what_was_previewed_is_refused(people: tuple[User, User]) -> None:
    with refused(Stale):
        imported({"U2": "ben@example.org"}, fingerprint=preview().fingerprint)
    with refused(InvalidInput, "unknown"):
        oncall_import(actor=ROOT, now=NOW, content=CONTENT, format="pager", given={})
    with refused(Forbidden):
        oncall_import(actor=people[0].actor, now=NOW, content=CONTENT, format="grafana-oncall", given={})


def test_the_command_shows_and_makes(people: tuple[User, User], tmp_path: Path) -> None:
    file = tmp_path / "export.json"
    file.write_bytes(CONTENT)
    args = ["oncall", "import", str(file), "--format", "grafana-oncall", "--person", "U2=ben@example.org"]
    out = io.StringIO()
    with nothing_written():
        call_command(*args, stdout=out, stderr=io.StringIO())
    assert "would make schedule primary-line: 1 layers, 0 exceptions" in out.getvalue()
    out = io.StringIO()
    call_command(*args, "--apply", "--json", stdout=out)
    assert [one["slug"] for one in json.loads(out.getvalue())["schedules"]] == ["primary-line"]
    assert Schedule.objects.filter(slug="primary-line").exists()
    with pytest.raises(CommandError):
        call_command("oncall", "import", str(tmp_path / "none"), "--format", "ical")


def test_a_calendar_file_becomes_a_schedule_of_exceptions(people: tuple[User, User]) -> None:
    body = (
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART:20260303T090000Z\r\n"
        "DTEND:20260303T170000Z\r\nRRULE:FREQ=DAILY;COUNT=3\r\nSUMMARY:Anna\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    oncall_import(actor=ROOT, now=NOW, content=body.encode(), format="ical", given={}, name="Night watch")
    assert Override.objects.filter(schedule__slug="night-watch", source_kind="import").count() == 3
