"""The API of audits and findings."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from compliance.models import Audit, Finding
from tests.auditing import Crew, finding_of, make_crew, reported
from tests.makers import make_token
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
