"""Controls, evidence, exceptions, policies, signatures and documents by API."""

from __future__ import annotations

import io
import json
import re
import zipfile
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils.timezone import now

from compliance.models import Attestation, Control, EvidenceRevision, PolicyVersion
from tests.makers import make_token
from tests.processes import ROOT
from tests.services import test_controls, test_policies
from tests.untouched import nothing_written

pytestmark = pytest.mark.django_db
URL = "/api/v1/"


def machine(*scopes: str) -> Client:
    _, secret = make_token(scopes or ["compliance:read", "compliance:write"])
    return Client(headers={"Authorization": f"Bearer {secret}"})


def person(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def send(client: Client, path: str, body: Any, method: str = "post", **headers: str) -> Any:
    return getattr(client, method)(
        URL + path, json.dumps(body), content_type="application/json", headers=headers
    )


@pytest.fixture
def cast() -> test_controls.Cast:
    return test_controls.make_cast()


def test_a_control_is_made_read_with_its_status_and_edited(cast: test_controls.Cast) -> None:
    client, reader = machine(), machine("compliance:read")
    body = {
        "title": "Access is reviewed",
        "frequency": "quarterly",
        "owner": str(cast.owner.pk),
        "requirements": ["own:A.2"],
        "links": [{"relation": "supports", "control": cast.control.key}],
    }
    made = send(client, "controls/", body)
    assert made.status_code == 201, made.content
    key = made.json()["key"]
    assert made["Location"] == f"/api/v1/controls/{key}/"
    test_controls.conformance("breached")
    listed = client.get(f"{URL}controls/?framework=own").json()["results"]
    assert [(one["key"], one["status"]) for one in listed] == [
        (cast.control.key, "not_met"),
        (key, "not_verifiable"),
    ]
    assert listed[0]["reasons"][0]["kind"] == "rule"
    edited = send(client, f"controls/{key}/", {"frequency": "weekly"}, "patch", **{"If-Match": '"1"'})
    assert (edited.json()["frequency"], edited["ETag"]) == ("weekly", '"2"')
    with nothing_written(at_an_edge=True):
        assert (
            send(client, f"controls/{key}/", {"title": "x"}, "patch", **{"If-Match": '"1"'}).status_code
            == 409
        )
        assert send(client, "controls/", {**body, "colour": "red"}).status_code == 400
        assert send(reader, "controls/", body).status_code == 403
        assert client.get(f"{URL}controls/CTL-99/").status_code == 404
        assert client.get(f"{URL}controls/?nonsense=1").status_code == 400
    framework = client.get(f"{URL}frameworks/own/").json()
    assert [(one["reference"], one["controls"]) for one in framework["requirements"]] == [
        ("A.1", [cast.control.key]),
        ("A.2", [key]),
    ]


def test_evidence_is_pushed_as_json_again_and_again(cast: test_controls.Cast) -> None:
    client = machine()
    body = {
        "reference": "scan-nightly",
        "title": "Scan",
        "controls": [cast.control.key],
        "observed_at": "2026-03-01T00:00:00Z",
        "data": {"found": 0},
    }
    made = send(client, "evidence/", body)
    assert made.status_code == 201, made.content
    key = made.json()["key"]
    assert send(client, "evidence/", body).status_code == 200
    newer = send(client, "evidence/", {**body, "observed_at": "2026-03-02T00:00:00Z", "shows": "fails"})
    assert (newer.status_code, newer.json()["revision"]["number"]) == (200, 2)
    rows = client.get(f"{URL}evidence/{key}/revisions/").json()["results"]
    assert [one["number"] for one in rows] == [2, 1]
    assert len(client.get(f"{URL}evidence/?control={cast.control.key}").json()["results"]) == 1
    with nothing_written(at_an_edge=True):
        wrong = send(client, "evidence/", {**body, "observed_at": "2026-03-01"})
        assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (400, "/observed_at")
        assert send(client, "evidence/", {**body, "controls": ["CTL-99"]}).status_code == 400
        assert send(client, f"evidence/{key}/withdraw/", {}).status_code == 400
    gone = send(client, f"evidence/{key}/withdraw/", {"reason": "The scanner lied."})
    assert gone.json()["state"] == "withdrawn"


def test_evidence_comes_as_a_file_that_is_looked_through(cast: test_controls.Cast) -> None:
    client = machine()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("report.csv", "a;b\n")
    form = {"title": "Report", "controls": cast.control.key, "observed_at": "2026-03-01T00:00:00Z"}
    good = SimpleUploadedFile("report.zip", out.getvalue())
    made = client.post(f"{URL}evidence/", {**form, "file": good})
    assert made.status_code == 201, made.content
    revision = made.json()["revision"]
    assert revision["digest"] == EvidenceRevision.objects.get().digest
    download = client.get(revision["file"])
    assert download["Content-Disposition"].startswith("attachment")
    assert b"".join(download.streaming_content) == out.getvalue()  # type: ignore[attr-defined]
    with nothing_written(at_an_edge=True):
        bad = client.post(f"{URL}evidence/", {**form, "file": SimpleUploadedFile("a.svg", b"<svg/>")})
        assert (bad.status_code, bad.json()["errors"][0]["code"]) == (400, "markup")
        assert client.post(f"{URL}evidence/", form).status_code == 400
        strange = client.post(f"{URL}evidence/", {**form, "file": good, "size": "1"})
        assert strange.json()["errors"][0]["pointer"] == "/size"


def test_an_exception_is_asked_for_and_decided_by_people(cast: test_controls.Cast) -> None:
    body = {
        "kind": "exception",
        "title": "Old system",
        "reason": "Replaced in spring.",
        "risk": "high",
        "compensating": "Looked at daily.",
        "rule": "plan-needed",
        "expires_at": (now() + timedelta(days=400)).isoformat(),
    }
    client = person(cast.other)
    assert send(client, "exceptions/", body).status_code == 400
    made = send(client, "exceptions/", {**body, "expires_at": (now() + timedelta(days=9)).isoformat()})
    assert made.status_code == 201, made.content
    key = made.json()["key"]
    assert send(machine(), f"exceptions/{key}/approve/", {}).status_code == 403
    assert send(client, f"exceptions/{key}/approve/", {}).status_code == 403
    accepted = send(person(cast.member), f"exceptions/{key}/approve/", {"note": "For now."})
    assert (accepted.json()["state"], accepted.json()["decided_by"]["name"]) == ("approved", "Mia")
    assert send(person(cast.admin), f"exceptions/{key}/revoke/", {}).status_code == 400
    assert [one["key"] for one in client.get(f"{URL}exceptions/?state=approved").json()["results"]] == [key]


def test_a_policy_goes_from_draft_to_signature() -> None:
    cast = test_policies.make_cast()
    owner = person(cast.owner)
    body = {"title": "Security", "kind": "security", "text": "Lock it.", "audience": "team:payments"}
    made = send(owner, "policies/", body)
    assert made.status_code == 201, made.content
    key = made.json()["key"]
    assert send(machine(), "policies/", body).status_code == 403
    assert send(owner, f"policies/{key}/submit/", {"version": 1}).json()["state"] == "in_review"
    vote = {"decision": "approve", "content_hash": made.json()["content_hash"]}
    assert send(person(cast.first), f"policies/{key}/vote/", vote).status_code == 200
    assert send(person(cast.second), f"policies/{key}/vote/", vote).json()["state"] == "approved"
    assert send(owner, f"policies/{key}/publish/", {}).json()["published"] == 1
    missing = owner.get(f"{URL}policies/{key}/unsigned/").json()["results"]
    assert [one["name"] for one in missing] == ["Nina", "Sid"]
    signer = person(cast.signer)
    shown = signer.get(f"{URL}policies/{key}/").json()
    signature = {"policy": key, "number": shown["published"], "content_hash": shown["text_hash"]}
    assert send(signer, "attestations/", {**signature, "number": 2}).status_code == 409
    assert send(signer, "attestations/", {**signature, "policy": "POL-999999"}).status_code == 400
    done = send(signer, "attestations/", signature)
    assert (done.status_code, done.json()["person"]["name"]) == (201, "Sid")
    assert Attestation.objects.get().content_hash == PolicyVersion.objects.get().content_hash
    listed = owner.get(f"{URL}attestations/?policy={key}&number=1").json()["results"]
    assert [one["person"]["id"] for one in listed] == [str(cast.signer.pk)]


def test_documents_are_registered_by_machines() -> None:
    cast = test_policies.make_cast()
    client = machine()
    body = {
        "title": "API",
        "kind": "api",
        "url": "https://docs.example/api",
        "service": "payments-api",
        "owner": str(cast.signer.pk),
    }
    made = send(client, "documents/", body)
    assert made.status_code == 201, made.content
    key = made.json()["key"]
    assert (made.json()["link"], made.json()["service"]) == ("unknown", "payments-api")
    assert send(client, f"documents/{key}/", {"review_every": "month"}, "patch").status_code == 200
    assert send(client, f"documents/{key}/review/", {}).status_code == 403
    assert send(person(cast.signer), f"documents/{key}/review/", {}).status_code == 200
    found = client.get(f"{URL}documents/?service=payments-api&kind=api").json()["results"]
    assert [one["key"] for one in found] == [key]
    with nothing_written(at_an_edge=True):
        assert send(client, "documents/", {**body, "url": "javascript:1"}).status_code == 400
    assert Control.objects.count() == 0


def test_the_manual_names_every_parameter_of_the_lists(cast: test_controls.Cast) -> None:
    client = machine()
    manual = (
        (ROOT / "docs" / "compliance.md").read_text("utf-8").partition("## By API")[2].partition("\n## ")[0]
    )
    rows = re.findall(r"^\| `/([a-z]+)/`[^|]*\|([^|]*)\|", manual, re.MULTILINE)
    assert len(rows) == 8
    for name, told in rows:
        refusal = client.get(f"{URL}{name}/?colour=red").json()["errors"][0]
        assert (refusal["pointer"], refusal["code"]) == ("/colour", "unknown")
        known = set(refusal["detail"].rstrip(".").partition("known are: ")[2].split(", "))
        assert set(re.findall(r"`(\w+)`", told)) == known - {"cursor", "ordering", "page_size"}, name
