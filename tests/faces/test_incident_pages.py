"""The pages of incidents: declared, worked on without a reload, hidden from outsiders on every face."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from incidents.models import Incident
from incidents.services.response.editing import incident_link
from incidents.services.response.people import incident_role_fill
from incidents.services.response.tasks import incident_task_add
from incidents.services.response.working import incident_note
from opsportal.accounts.models import User
from opsportal.core.registry import calendar_sources, search_sources
from opsportal.obligations.models import Obligation
from tests.makers import NOW
from tests.response import (
    acknowledged,
    declared,
    incident_fresh,
    lines_of,
    make_crew,
    resolved,
    restricted,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def page(client: Client, path: str, status: int = 200) -> str:
    response = client.get(path)
    assert response.status_code == status, path
    return response.content.decode()


def test_one_line_and_a_severity_declare_it_and_its_page_says_what_is_owed() -> None:
    crew = make_crew()
    client = signed_in(crew.responder)
    assert "One line and a severity are enough" in page(client, "/incidents/new/")
    wrong = client.post("/incidents/new/", {"title": "", "severity": "sev1"})
    assert wrong.status_code == 400
    made = client.post(
        "/incidents/new/",
        {"title": "Down <b>", "severity": "sev1", "services": ["ledger"], "customer_facing": "yes"},
    )
    incident = Incident.objects.get()
    assert (made.status_code, made["Location"]) == (302, f"/incidents/{incident.key}/")
    assert incident.customer_facing is True
    html = page(client, made["Location"])
    assert "Down &lt;b&gt;" in html
    for words in (
        "SEV1 · critical",
        "Do acknowledge",
        "Ledger",
        "leans on what is affected",
        "nobody is at it",
    ):
        assert words in html
    assert incident.key in page(client, "/incidents/")
    assert incident.key in page(client, "/")
    assert incident.key in page(client, "/services/ledger/")


def test_a_step_is_one_press_and_a_wrong_form_keeps_what_was_typed() -> None:
    crew = make_crew()
    incident = declared(crew)
    client = signed_in(crew.second)
    base = f"/incidents/{incident.key}/"
    answer = client.post(f"{base}steps/acknowledge/", {"version": "1"})
    assert answer.status_code == 302
    assert incident_fresh(incident).assignee == crew.second
    assert client.post(f"{base}steps/acknowledge/", {"version": "2"}).status_code == 409
    wrong = client.post(f"{base}steps/severity/", {"severity-severity": "sev3", "severity-reason": ""})
    assert wrong.status_code == 400
    assert '<details id="do-severity" open>' in wrong.content.decode()
    merged = client.post(f"{base}steps/merge/", {"merge-into": "INC-999"})
    assert (merged.status_code, "There is no such incident." in merged.content.decode()) == (400, True)
    assert client.post(f"{base}steps/dance/").status_code == 404


@pytest.mark.parametrize(
    ("verb", "fields", "kind"),
    [
        ("update", {"text": "At it.", "kind": "stakeholders"}, "stakeholders_told"),
        ("note", {"text": "At nine.", "kind": "decision", "at": "2026-03-02T09:00"}, "noted"),
        ("assess", {"text": "All.", "severity": "sev1", "customer_facing": "no"}, "assessed"),
        ("severity", {"severity": "sev3", "reason": "Less."}, "severity_changed"),
        ("escalate", {}, "escalated"),
        ("mitigate", {"text": "Failed over."}, "mitigated"),
        ("resolve", {"text": "New disk."}, "resolved"),
        ("link", {"target": "CHG-7", "title": ""}, "linked"),
        ("task", {"title": "Call them", "owner": ""}, "task_added"),
        ("restrict", {"reason": "It is secret."}, "restricted"),
    ],
)
def test_every_step_has_its_form(verb: str, fields: dict[str, str], kind: str) -> None:
    crew = make_crew()
    incident = acknowledged(crew)
    client = signed_in(crew.responder)
    html = page(client, f"/incidents/{incident.key}/")
    assert f"/steps/{verb}/" in html
    sent = {f"{verb}-{name}": value for name, value in fields.items()}
    answer = client.post(f"/incidents/{incident.key}/steps/{verb}/", {**sent, "version": "2"})
    assert answer.status_code == 302, answer.content.decode()[:2000]
    assert kind in lines_of(incident)


def test_the_live_part_comes_only_where_something_is_new() -> None:
    crew = make_crew()
    incident = declared(crew)
    client = signed_in(crew.responder)
    live = f"/incidents/{incident.key}/live/"
    first = client.get(live)
    assert first.status_code == 200
    assert 'hx-swap-oob="true"' in first.content.decode()
    mark = first["ETag"]
    assert client.get(live, headers={"If-None-Match": mark}).status_code == 304
    incident_note(actor=crew.second.actor, now=NOW, pk=incident.pk, text="Look at the disk.")
    again = client.get(live, headers={"If-None-Match": mark})
    assert (again.status_code, "Look at the disk." in again.content.decode()) == (200, True)
    assert again["ETag"] != mark


def test_an_edit_is_seen_as_one() -> None:
    crew = make_crew()
    incident = declared(crew)
    line = incident_note(actor=crew.responder.actor, now=NOW, pk=incident.pk, text="At ten.")
    client = signed_in(crew.responder)
    path = f"/incidents/{incident.key}/lines/{line.pk}/"
    assert path in page(client, f"/incidents/{incident.key}/")
    assert "At ten." in page(client, path)
    assert client.post(path, {"text": ""}).status_code == 400
    assert client.post(path, {"text": "At eleven."}).status_code == 302
    html = page(client, f"/incidents/{incident.key}/")
    assert "Edited; what it said before" in html
    assert "At ten." in html
    assert "At eleven." in html


def test_tasks_roles_and_links_have_buttons() -> None:
    crew = make_crew()
    incident = declared(crew)
    actor = crew.responder.actor
    task = incident_task_add(actor=actor, now=NOW, pk=incident.pk, title="Call them")
    role = incident_role_fill(
        actor=actor, now=NOW, pk=incident.pk, role="commander", person=str(crew.second.pk)
    )
    link = incident_link(actor=actor, now=NOW, pk=incident.pk, target="https://chat.example/")
    client = signed_in(crew.responder)
    base = f"/incidents/{incident.key}"
    for path in (f"tasks/{task.pk}/finish/", f"roles/{role.pk}/end/", f"links/{link.pk}/remove/", "watch/"):
        assert client.post(f"{base}/{path}").status_code == 302, path
    assert lines_of(incident)[-3:] == ["task_changed", "role_ended", "unlinked"]
    assert "Stop watching" in page(client, f"{base}/")


def test_the_list_is_narrowed_by_its_address() -> None:
    crew = make_crew()
    one, two = declared(crew, title="Disk full", severity="sev4", services=["shop"]), resolved(crew)
    client = signed_in(crew.responder)

    def shown(query: str) -> set[str]:
        html = page(client, f"/incidents/?{query}")
        return {each.key for each in (one, two) if f"/incidents/{each.key}/" in html}

    assert shown("") == {one.key}
    assert shown("state=") == {one.key, two.key}
    assert shown("state=resolved") == {two.key}
    assert shown("severity=sev4") == {one.key}
    assert shown("service=shop") == {one.key}
    assert shown("q=disk") == {one.key}
    assert shown("mine=1") == set()
    assert shown("state=dreamt&severity=x") == {one.key}


def faces(incident: Incident) -> list[tuple[str, int]]:
    """Return every page that might tell of it, and what an outsider gets there."""
    base = f"/incidents/{incident.key}"
    return [
        (f"{base}/", 404),
        (f"{base}/live/", 404),
        (f"{base}/lines/{incident.entries.get().pk}/", 404),
        ("/incidents/", 200),
        ("/incidents/?state=", 200),
        (f"/incidents/?state=&q={incident.key}", 200),
        ("/", 200),
        ("/services/ledger/", 200),
        ("/obligations/", 200),
        ("/notifications/", 200),
        ("/calendar/", 200),
        ("/search/?q=Credentials", 200),
    ]


def test_an_outsider_finds_nothing_of_a_restricted_one_on_any_face() -> None:
    crew = make_crew()
    incident = restricted(crew)
    outsider, insider = signed_in(crew.outsider), signed_in(crew.security)
    for path, status in faces(incident):
        html = page(outsider, path, status)
        assert "Credentials leaked" not in html, path
        if path.startswith(f"/incidents/{incident.key}/"):
            continue  # the way back is made of the path that was asked for
        assert f'href="/incidents/{incident.key}/' not in html, path
    for step in ("steps/acknowledge/", "watch/"):
        assert outsider.post(f"/incidents/{incident.key}/{step}").status_code == 404
    later = NOW + timedelta(days=2)
    for actor in (crew.outsider.actor,):
        for search in search_sources.values():
            assert all("Credentials" not in hit.title for hit in search(actor, incident.key, 10))
        for entries in calendar_sources.values():
            assert all(incident.key not in one.title for one in entries(actor, NOW, later))
    owed: Any = Obligation.objects.filter(subject_key=incident.key).first()
    page(outsider, f"/obligations/{owed.pk}/", 404)
    assert "Credentials leaked" in page(insider, f"/incidents/{incident.key}/")
    assert "Credentials leaked" in page(signed_in(crew.admin), "/incidents/")
