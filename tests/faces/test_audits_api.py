"""The API of audits and findings."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from compliance.models import Audit, Finding
from opsportal.core.clock import edge_now
from tests.auditing import Crew, accepted, finding_of, make_crew, reported
from tests.makers import NOW, make_token
from tests.reading import as_

pytestmark = pytest.mark.django_db
PLAN = {"title": "Yearly", "kind": "compliance", "period_from": "2026-01-01", "period_until": "2026-12-31"}


@pytest.fixture
def crew() -> Crew:
    return make_crew()


def machine(*scopes: str) -> Client:
    _, secret = make_token(scopes)
    return Client(headers={"Authorization": f"Bearer {secret}"})


def post(client: Client, path: str, body: dict[str, Any]) -> Any:
    return client.post(f"/api/v1{path}", body, content_type="application/json")


def test_people_of_an_audit_are_named_by_their_address_too(crew: Crew) -> None:
    writer = machine("compliance:write", "compliance:read")
    made = post(writer, "/audits/", {**PLAN, "lead": crew.lead.email.upper()})
    assert (made.status_code, made.json()["lead"]) == (201, str(crew.lead.pk))
    nobody = post(writer, "/audits/", {**PLAN, "lead": "nobody@example.org"})
    assert nobody.json()["errors"][0]["pointer"] == "/lead"


def test_an_audit_is_planned_listed_and_changed(crew: Crew) -> None:
    writer = machine("compliance:write", "compliance:read")
    made = post(writer, "/audits/", {**PLAN, "lead": str(crew.lead.pk), "services": ["payments"]})
    assert made.status_code == 201, made.content
    assert made["Location"] == f"/api/v1/audits/{made.json()['key']}/"
    assert made.json()["services"] == ["payments"]
    listed = writer.get("/api/v1/audits/?service=payments").json()["results"]
    assert [row["key"] for row in listed] == [made.json()["key"]]
    assert len(writer.get("/api/v1/audits/?kind=compliance&state=planned").json()["results"]) == 1
    for query in ("?state=gone", "?colour=red", "?ordering=title"):
        assert writer.get(f"/api/v1/audits/{query}").status_code == 400
    for wrong in ({"period_until": "2025-01-01"}, {"period_until": "soon"}, {"services": ["x"]}, {"x": 1}):
        assert post(writer, "/audits/", {**PLAN, "lead": str(crew.lead.pk), **wrong}).status_code == 400
    assert post(writer, "/audits/", PLAN).json()["errors"][0]["pointer"] == "/lead"
    assert post(machine("compliance:read"), "/audits/", PLAN).status_code == 403
    assert machine("changes:read").get("/api/v1/audits/").status_code == 403
    key = made.json()["key"]
    lead = as_(crew.lead)
    edit = lead.patch(
        f"/api/v1/audits/{key}/",
        {"objective": "Is it so?"},
        content_type="application/json",
        headers={"If-Match": '"1"'},
    )
    assert (edit.status_code, edit.json()["version"]) == (200, 2)
    stale = lead.patch(
        f"/api/v1/audits/{key}/", {"title": "x", "version": 1}, content_type="application/json"
    )
    assert stale.status_code == 409
    assert post(lead, f"/audits/{key}/begin/", {}).json()["state"] == "fieldwork"
    assert post(lead, f"/audits/{key}/begin/", {}).status_code == 409
    assert post(lead, f"/audits/{key}/cancel/", {}).status_code == 400
    assert post(writer, f"/audits/{key}/cancel/", {"reason": "x"}).status_code == 403
    assert as_(crew.owner).get(f"/api/v1/audits/{key}/").status_code == 404
    assert Audit.objects.count() == 3


def test_findings_by_api_and_who_sees_a_draft(crew: Crew) -> None:
    writer = machine("compliance:write", "compliance:read")
    body = {
        "audit": crew.audit.key,
        "title": "Approvals are missing",
        "severity": "high",
        "condition": "2 of 25",
        "criteria": "CC8.1",
        "owner": str(crew.owner.pk),
    }
    made = post(writer, "/findings/", body)
    assert made.status_code == 201, made.content
    key = made.json()["key"]
    assert writer.get("/api/v1/findings/").json()["results"] == []
    assert writer.get(f"/api/v1/findings/{key}/").status_code == 404
    assert [row["key"] for row in as_(crew.second).get("/api/v1/findings/").json()["results"]] == [key]
    for wrong in ({"audit": "AUD-99"}, {"audit": "x"}, {"severity": "awful"}, {"owner": "nobody"}):
        assert post(writer, "/findings/", {**body, **wrong}).status_code == 400
    told = post(as_(crew.lead), f"/findings/{key}/report/", {})
    assert (told.status_code, told.json()["state"]) == (200, "reported")
    assert [row["key"] for row in writer.get("/api/v1/findings/?severity=high").json()["results"]] == [key]
    agreed = post(as_(crew.owner), f"/findings/{key}/accept/", {"text": "We agree", "version": 2})
    assert agreed.json()["response"] == "We agree"
    assert post(as_(crew.other), f"/findings/{key}/verify/", {"text": "x"}).status_code == 403
    assert as_(crew.doer).get(f"/api/v1/findings/{key}/").status_code == 404
    assert Finding.objects.count() == 1


def test_lists_cost_the_same_with_many_rows(crew: Crew, django_assert_max_num_queries: Any) -> None:
    for number in range(6):
        reported(crew, title=f"Finding {number}")
        finding_of(crew, title=f"Draft {number}")
    client = as_(crew.lead)
    with django_assert_max_num_queries(8):
        assert len(client.get("/api/v1/findings/").json()["results"]) == 12


def test_evidence_is_asked_for_handed_in_and_settled_by_api(crew: Crew) -> None:
    lead, owner, reader = as_(crew.lead), as_(crew.owner), machine("compliance:read", "compliance:write")
    body = {"audit": crew.audit.key, "title": "Leavers", "owner": str(crew.owner.pk), "kind": "document"}
    made = post(lead, "/evidence-requests/", body)
    assert made.status_code == 201, made.content
    key = made.json()["key"]
    path = f"/evidence-requests/{key}"
    assert (made["Location"], made["ETag"]) == (f"/api/v1{path}/", '"1"')
    for wrong, pointer in (
        ({"audit": "nope"}, "/audit"),
        ({"audit": "AUD-999999"}, "/audit"),
        ({"owner": str(crew.second.pk)}, "/owner"),
        ({"kind": "song"}, "/kind"),
        ({"item": 2**40}, "/item"),
        ({"due_at": "2020-01-01T00:00:00Z"}, "/due_at"),
        ({"colour": "red"}, "/colour"),
    ):
        refused = post(lead, "/evidence-requests/", {**body, **wrong})
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, pointer)
        assert refused["Content-Type"].startswith("application/problem+json")
    assert post(reader, "/evidence-requests/", body).status_code == 403
    assert post(machine("compliance:read"), "/evidence-requests/", body).status_code == 403
    for query, found in (
        ("", 1),
        (f"?audit={crew.audit.key}&state=open&kind=document", 1),
        (f"?owner={crew.owner.pk}&ordering=due_at", 1),
        (f"?owner={crew.lead.pk}", 0),
        ("?overdue=1", 0),
        ("?overdue=0&updated_since=2020-01-01T00:00:00Z", 1),
        ("?state=accepted", 0),
    ):
        assert len(reader.get(f"/api/v1/evidence-requests/{query}").json()["results"]) == found, query
    for query in ("?owner=x", "?audit=x", "?state=x", "?overdue=x", "?colour=red", "?ordering=title"):
        assert reader.get(f"/api/v1/evidence-requests/{query}").status_code == 400, query
    assert as_(crew.doer).get(f"/api/v1{path}/").status_code == 404
    answer = {"answer": "Nobody left.", "links": ["CHG-1"], "version": 1}
    assert post(as_(crew.doer), f"{path}/answer/", answer).status_code == 404
    assert post(lead, f"{path}/answer/", answer).status_code == 403
    assert post(owner, f"{path}/answer/", {"answer": ""}).status_code == 400
    assert post(owner, f"{path}/answer/", {**answer, "version": 7}).status_code == 409
    assert post(owner, f"{path}/answer/", answer).json()["links"] == ["CHG-1"]
    assert post(owner, f"{path}/answer/", {"answer": "Again"}).status_code == 409
    assert post(owner, f"{path}/accept/", {}).status_code == 403
    assert post(lead, f"{path}/return/", {}).json()["errors"][0]["pointer"] == "/remark"
    returned = post(lead, f"{path}/return/", {"remark": "Which year?"}).json()
    assert (returned["state"], returned["rounds"]) == ("open", 1)
    post(owner, f"{path}/answer/", {"answer": "Of this one."})
    stale = lead.post(
        f"/api/v1{path}/accept/", {}, content_type="application/json", headers={"If-Match": '"1"'}
    )
    assert stale.status_code == 409
    assert post(lead, f"{path}/accept/", {}).json()["state"] == "accepted"
    assert reader.get(f"/api/v1{path}/").json()["settled_at"]
    assert reader.get("/api/v1/evidence-requests/CHG-1/").status_code == 404


def test_corrective_actions_are_opened_done_and_tested_again_by_api(crew: Crew) -> None:
    lead, owner, doer = as_(crew.lead), as_(crew.owner), as_(crew.doer)
    told, row = reported(crew, title="Not answered"), accepted(crew)
    body = {"finding": row.key, "title": "Make the gate ask", "owner": str(crew.doer.pk)}
    due = {"due_at": "2126-01-01T00:00:00Z"}
    made = post(owner, "/corrective-actions/", {**body, **due})
    assert made.status_code == 201, made.content
    path = f"/corrective-actions/{made.json()['key']}"
    assert (made["Location"], made.json()["audit"]) == (f"/api/v1{path}/", crew.audit.key)
    for wrong, pointer in (
        ({"finding": "nope"}, "/finding"),
        ({"finding": "FND-999999"}, "/finding"),
        ({"owner": str(crew.lead.pk)}, "/owner"),
        ({"owner": "nobody"}, "/owner"),
        ({"due_at": "2020-01-01T00:00:00Z"}, "/due_at"),
    ):
        refused = post(owner, "/corrective-actions/", {**body, **due, **wrong})
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, pointer)
    assert post(owner, "/corrective-actions/", {**body, **due, "finding": told.key}).status_code == 409
    assert post(doer, "/corrective-actions/", {**body, **due}).status_code == 403
    reader = machine("compliance:read")
    for query, found in (
        ("", 1),
        (f"?finding={row.key}&audit={crew.audit.key}&state=open", 1),
        (f"?finding={told.key}", 0),
        (f"?owner={crew.doer.pk}&ordering=-opened_at", 1),
        ("?overdue=true", 0),
    ):
        assert len(reader.get(f"/api/v1/corrective-actions/{query}").json()["results"]) == found, query
    for query in ("?owner=x", "?finding=x", "?state=x", "?colour=red"):
        assert reader.get(f"/api/v1/corrective-actions/{query}").status_code == 400, query
    assert post(doer, f"{path}/finish/", {}).status_code == 400
    assert post(lead, f"{path}/finish/", {"text": "I did"}).status_code == 403
    assert post(lead, f"{path}/verify/", {"text": "Early"}).status_code == 409
    assert post(doer, f"{path}/finish/", {"text": "It asks", "version": 1}).json()["state"] == "done"
    assert post(doer, f"{path}/verify/", {"text": "I looked"}).status_code == 403
    assert post(lead, f"{path}/return/", {"text": "Not in staging"}).json()["retest"] == "Not in staging"
    assert post(doer, f"{path}/finish/", {"text": "There too", "version": 1}).status_code == 409
    post(doer, f"{path}/finish/", {"text": "There too"})
    verified = post(lead, f"{path}/verify/", {"text": "5 of 5"})
    assert (verified.status_code, verified.json()["state"]) == (200, "verified")
    assert post(lead, f"{path}/drop/", {"text": "x"}).status_code in {403, 409}
    assert as_(crew.second).get(f"/api/v1{path}/").json()["verified_at"]


def test_audits_and_findings_narrow_by_whose_they_are_and_whether_they_are_late(crew: Crew) -> None:
    late, ahead, settled = (reported(crew, title=title) for title in ("Late", "Ahead", "Settled"))
    past = NOW - timedelta(days=900)
    Finding.objects.filter(pk__in=[late.pk, settled.pk]).update(due_at=past)
    Finding.objects.filter(pk=ahead.pk).update(due_at=edge_now() + timedelta(days=9))
    Finding.objects.filter(pk=settled.pk).update(state="closed")
    Audit.objects.filter(pk=crew.audit.pk).update(due_at=past)
    Audit.objects.filter(pk=crew.elsewhere.pk).update(due_at=edge_now() + timedelta(days=9))
    reader = machine("compliance:read")

    def keys(path: str) -> set[str]:
        answer = reader.get(f"/api/v1/{path}")
        assert answer.status_code == 200, answer.content
        return {row["key"] for row in answer.json()["results"]}

    assert keys("findings/?overdue=true") == {late.key}
    assert keys(f"findings/?owner={crew.owner.pk}") == {late.key, ahead.key, settled.key}
    assert keys(f"findings/?owner={crew.doer.pk}") == set()
    assert keys("audits/?overdue=true") == {crew.audit.key}
    assert keys(f"audits/?lead={crew.other.pk}") == {crew.elsewhere.key}
    for wrong in ("findings/?owner=me", "audits/?lead=me", "audits/?owner=x", "findings/?overdue=perhaps"):
        assert reader.get(f"/api/v1/{wrong}").status_code == 400, wrong
