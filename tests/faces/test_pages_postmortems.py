"""Pages of postmortems and action items, and what the incident and the home page show of them."""

from __future__ import annotations

import pytest
from django.test import Client

from incidents.models import ActionItem, Incident, Postmortem
from tests.response import Crew, make_crew, resolved, respond_under
from tests.services.test_postmortem import RULES
from tests.untouched import nothing_written

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> Crew:
    cast = make_crew()
    respond_under(*RULES, version="2")
    return cast


def client_of(user: object) -> Client:
    client = Client()
    client.force_login(user)  # type: ignore[arg-type]
    return client


def text_of(client: Client, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status, answer.content
    return answer.content.decode()


def test_from_the_incident_to_a_published_postmortem_and_a_verified_action(cast: Crew) -> None:
    incident: Incident = resolved(cast, severity="sev1")
    author, other = client_of(cast.responder), client_of(cast.outsider)
    begun = author.post("/postmortems/new/", {"incident": incident.key})
    postmortem = Postmortem.objects.get()
    path = f"/postmortems/{postmortem.key}/"
    assert (begun.status_code, begun["Location"]) == (302, f"{path}edit/")
    assert "It blames nobody" in text_of(author, f"{path}edit/")
    form = {"summary": "It fell over.", "root_cause": "**No limit.**", "cause": "capacity", "version": 1}
    assert author.post(f"{path}edit/", form).status_code == 302
    assert author.post(f"{path}edit/", form).status_code == 409  # somebody was quicker
    assert author.post(f"{path}do/submit/", {"version": 2}).status_code == 302
    assert "/do/publish/" not in text_of(author, path)
    assert "/do/publish/" in text_of(other, path)
    fields = {"title": "Limit the queue", "owner": str(cast.responder.pk), "priority": "high"}
    assert other.post(f"{path}action-items/", fields).status_code == 302
    with nothing_written():
        wrong = other.post(f"{path}action-items/", {**fields, "title": " "})
    assert (wrong.status_code, "This is needed" in wrong.content.decode()) == (400, True)
    assert other.post(f"{path}do/publish/", {"version": 3}).status_code == 302
    page = text_of(author, path)
    assert "as it was published" in page
    assert "<strong>No limit.</strong>" in page
    item = ActionItem.objects.get()
    assert item.key in text_of(author, "/")
    assert item.key in text_of(author, "/action-items/?mine=1")
    step = f"/action-items/{item.key}/do"
    assert author.post(f"{step}/finish/", {"text": "Deployed.", "version": 1}).status_code == 302
    assert f"{step}/verify/" not in text_of(author, f"/action-items/{item.key}/")
    assert other.post(f"{step}/reopen/", {"version": 2}).status_code == 400
    assert other.post(f"{step}/verify/", {"version": 2}).status_code == 302
    assert "It fell" not in text_of(other, "/postmortems/?state=draft")
    assert incident.title in text_of(other, "/postmortems/")


def test_what_the_standard_misses_stands_on_the_page(cast: Crew) -> None:
    incident = resolved(cast, severity="sev1")
    author, other = client_of(cast.responder), client_of(cast.outsider)
    author.post("/postmortems/new/", {"incident": incident.key})
    path = f"/postmortems/{Postmortem.objects.get().key}/"
    for page in (path, f"{path}edit/"):
        # From the beginning, and not only when somebody tries to publish it.
        assert "Before it can be published" in (said := text_of(author, page))
        assert "root-cause" in said
    author.post(f"{path}edit/", {"summary": "It fell over."})
    author.post(f"{path}do/submit/")
    answer = other.post(f"{path}do/publish/")
    assert (answer.status_code, "root-cause" in answer.content.decode()) == (409, True)
    assert other.post(f"{path}do/return/", {"text": "Why?"}).status_code == 302
    author.post(f"{path}edit/", {"summary": "It fell over.", "root_cause": "No limit."})
    assert "Before it can be published" not in text_of(author, path)
    assert author.post(f"{path}do/explode/").status_code == 404


def test_a_waiver_is_for_those_who_answer_for_it(cast: Crew) -> None:
    incident = resolved(cast, severity="sev1")
    body = {"incident": incident.key, "reason": "Only a test."}
    assert client_of(cast.responder).post("/postmortems/waive/", body).status_code == 403
    assert client_of(cast.manager).post("/postmortems/waive/", body).status_code == 302
    path = f"/postmortems/{Postmortem.objects.get().key}/"
    assert "Only a test." in text_of(client_of(cast.outsider), path)


def test_what_a_restricted_incident_taught_is_not_there_for_others(cast: Crew) -> None:
    incident = resolved(cast, severity="sev1")
    client_of(cast.responder).post("/postmortems/new/", {"incident": incident.key})
    Incident.objects.filter(pk=incident.pk).update(visibility="restricted")
    other = client_of(cast.outsider)
    text_of(other, f"/postmortems/{Postmortem.objects.get().key}/", 404)
    assert incident.title not in text_of(other, "/postmortems/")


def test_the_page_of_an_incident_offers_runbooks_and_its_postmortem(cast: Crew) -> None:
    incident = resolved(cast, severity="sev1")
    page = text_of(client_of(cast.responder), f"/incidents/{incident.key}/")
    assert "Begin the postmortem" in page
    assert 'id="runbooks"' in page
    assert "Waive it" not in page
