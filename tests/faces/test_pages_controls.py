"""Pages of frameworks, controls, evidence, exceptions, policies and documents."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils.timezone import now

from compliance.models import (
    Attestation,
    Control,
    ControlException,
    Document,
    EvidenceItem,
    Framework,
    Policy,
    PolicyVersion,
)
from tests.makers import make_user
from tests.pure.test_frameworks import GOOD
from tests.services import test_controls, test_policies
from tests.untouched import nothing_written

pytestmark = pytest.mark.django_db


def signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def text_of(client: Client, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status, answer.content
    return answer.content.decode()


@pytest.fixture
def cast() -> test_controls.Cast:
    return test_controls.make_cast()


def test_frameworks_are_loaded_uploaded_and_show_what_is_covered(cast: test_controls.Cast) -> None:
    admin = signed_in(cast.admin)
    assert admin.post("/frameworks/shipped/").status_code == 302
    assert Framework.objects.count() == 6
    assert "SOC 2" in text_of(admin, "/frameworks/")
    test_controls.conformance("breached")
    page = text_of(admin, "/frameworks/own/")
    assert "Changes have a plan" in page
    assert "No control" in page
    assert "Two are missing." in page
    broken = SimpleUploadedFile("own.toml", GOOD.replace('"Do this."', "7").encode())
    answer = admin.post("/frameworks/", {"file": broken})
    assert answer.status_code == 400
    assert "Line 10:" in answer.content.decode()
    newer = SimpleUploadedFile("own.toml", GOOD.replace("Do this.", "Do this well.").encode())
    assert admin.post("/frameworks/", {"file": newer})["Location"] == "/frameworks/own/"
    assert "Load what the portal ships" not in text_of(signed_in(cast.other), "/frameworks/")


def test_a_control_is_written_and_shows_its_evidence_beside_it(cast: test_controls.Cast) -> None:
    admin = signed_in(cast.admin)
    form = {
        "title": "Access is reviewed",
        "owner": str(cast.owner.pk),
        "frequency": "quarterly",
        "requirements": ["own:A.2"],
        "events": ["policy.reviewed"],
    }
    answer = admin.post("/controls/new/", form)
    control = Control.objects.latest("id")
    assert (answer.status_code, answer["Location"]) == (302, f"/controls/{control.key}/")
    bad = admin.post(f"/controls/{control.key}/edit/", {**form, "title": ""})
    assert bad.status_code == 400
    assert "This is needed." in bad.content.decode()
    page = text_of(admin, f"/controls/{control.key}/")
    assert "The portal has not seen it yet" in page
    other = signed_in(cast.other)
    assert "Edit" not in text_of(other, f"/controls/{control.key}/").split("<main")[1].split("</header>")[0]
    assert other.get("/controls/new/").status_code == 403
    wanted = {
        "title": "Minutes",
        "controls": [control.key],
        "shows": "works",
        "observed_at": f"{now() - timedelta(days=2):%Y-%m-%dT%H:%M}",
        "note": "All were there.",
    }
    # Whoever answers for no control finds no button, and no way past it.
    assert "Bring evidence" not in text_of(other, f"/controls/{control.key}/")
    assert "Bring evidence" not in text_of(other, "/evidence/")
    assert other.get("/evidence/new/").status_code == 403
    assert other.post("/evidence/new/", wanted).status_code == 403
    owner = signed_in(cast.owner)
    assert "Bring evidence" in text_of(owner, "/evidence/")
    assert text_of(owner, f"/evidence/new/?control={control.key}").count("checked") == 1
    assert owner.post("/evidence/new/", {**wanted, "note": ""}).status_code == 400
    assert owner.post("/evidence/new/", wanted).status_code == 302
    item = EvidenceItem.objects.get()
    assert "Minutes" in text_of(admin, f"/controls/{control.key}/")
    assert "All were there." in text_of(owner, f"/evidence/{item.key}/")
    upload = SimpleUploadedFile("minutes.csv", b"who\nall\n")
    newer = {**wanted, "note": "", "version": item.version, "file": upload}
    newer["observed_at"] = f"{now() - timedelta(days=1):%Y-%m-%dT%H:%M}"
    assert owner.post(f"/evidence/{item.key}/revise/", newer).status_code == 302
    page = text_of(owner, f"/evidence/{item.key}/")
    assert "Revision 1, replaced" in page
    assert "Minutes" in text_of(owner, "/evidence/?running-out")
    assert owner.post(f"/evidence/{item.key}/withdraw/", {"note": "Wrong."}).status_code == 302
    assert admin.post(f"/controls/{control.key}/do/review/", {"version": control.version}).status_code == 302
    assert admin.post(f"/controls/{control.key}/do/eat/").status_code == 404
    assert "Access is reviewed" in text_of(admin, "/controls/?framework=own&q=access")
    assert "No control fits" in text_of(admin, "/controls/?q=nothing")


def test_a_mapped_rule_that_is_gone_is_shown_as_such(cast: test_controls.Cast) -> None:
    cast.control.rules.update(pack="older")
    page = text_of(signed_in(cast.admin), f"/controls/{cast.control.key}/")
    assert "older/plan-needed" in page
    assert "not in the standard in force" in page
    assert "not in the standard in force" in text_of(
        signed_in(cast.admin), f"/controls/{cast.control.key}/edit/"
    )


def test_an_exception_is_asked_for_and_decided_by_somebody_else(cast: test_controls.Cast) -> None:
    other, member = signed_in(cast.other), signed_in(cast.member)
    form = {
        "kind": "exception",
        "title": "Old system",
        "control": cast.control.key,
        "reason": "Replaced in spring.",
        "risk": "medium",
        "compensating": "Looked at daily.",
        "expires_at": f"{now() + timedelta(days=20):%Y-%m-%dT%H:%M}",
    }
    assert f'value="{cast.control.key}" selected' in text_of(
        other, f"/exceptions/new/?control={cast.control.key}"
    )
    assert other.post("/exceptions/new/", {**form, "control": ""}).status_code == 400
    assert other.post("/exceptions/new/", form).status_code == 302
    row = ControlException.objects.get()
    assert "Accept it" not in text_of(other, f"/exceptions/{row.key}/")
    assert "Accept it" in text_of(member, f"/exceptions/{row.key}/")
    with nothing_written(at_an_edge=True):
        assert other.post(f"/exceptions/{row.key}/do/approve/").status_code == 403
        assert member.post(f"/exceptions/{row.key}/do/reject/").status_code == 400
    assert member.post(f"/exceptions/{row.key}/do/approve/", {"version": row.version}).status_code == 302
    assert "Approved" in text_of(other, "/exceptions/")
    test_controls.conformance("breached")
    assert "Compensated" in text_of(other, f"/controls/{cast.control.key}/")


def test_a_policy_is_written_voted_on_put_in_force_and_signed() -> None:
    cast = test_policies.make_cast()
    owner, signer = signed_in(cast.owner), signed_in(cast.signer)
    form = {
        "title": "Security",
        "kind": "security",
        "owner": str(cast.owner.pk),
        "audience": "team:payments",
        "attest_within_days": "14",
        "review_every": "year",
        "text": "Lock your screen.",
    }
    assert "What it says" in text_of(owner, "/policies/new/")
    assert owner.post("/policies/new/", form).status_code == 302
    policy = Policy.objects.get()
    path = f"/policies/{policy.key}/"
    assert owner.post(f"{path}do/submit/", {"version": policy.version}).status_code == 302
    assert "Policies that wait for your vote" in text_of(signed_in(cast.first), "/")
    for member in (cast.first, cast.second):
        client = signed_in(member)
        assert "Your vote on version 1" in text_of(client, path)
        vote = {"decision": "approve", "content_hash": policy.content_hash}
        assert client.post(f"{path}vote/", vote).status_code == 302
    assert owner.post(f"{path}do/publish/").status_code == 302
    assert "You have to sign it" in text_of(signer, "/policies/")
    assert "Sign version 1" in text_of(signer, path)
    version = PolicyVersion.objects.get()
    with nothing_written(at_an_edge=True):
        stale = signer.post(f"{path}sign/", {"number": 1, "content_hash": "0" * 64})
        assert stale.status_code == 409
    signature = {"number": 1, "content_hash": version.content_hash}
    assert signer.post(f"{path}sign/", signature).status_code == 302
    page = text_of(signer, path)
    assert "Sign version 1" not in page
    assert Attestation.objects.count() == 1
    assert "1 of 2" in text_of(owner, "/policies/")
    assert owner.post(f"{path}edit/", {**form, "text": "Lock your door, too."}).status_code == 302
    assert "version 2 is not yet" in text_of(owner, path)
    assert "Lock your screen." in text_of(owner, f"{path}versions/1/")


def test_a_document_is_registered_shown_and_found() -> None:
    cast = test_policies.make_cast()
    signer = signed_in(cast.signer)
    form = {
        "title": "How it is built",
        "kind": "architecture",
        "owner": str(cast.signer.pk),
        "service": "payments-api",
        "url": "https://docs.example/a",
        "review_every": "quarter",
    }
    assert "All of them" not in text_of(signer, "/documents/new/")
    assert "All of them" in text_of(signed_in(cast.first), "/documents/new/")
    assert signer.post("/documents/new/", {**form, "url": ""}).status_code == 400
    assert signer.post("/documents/new/", {**form, "service": ""}).status_code in {400, 403}
    assert signed_in(make_user()).get("/documents/new/").status_code == 403
    assert signer.post("/documents/new/", form).status_code == 302
    document = Document.objects.get()
    document.link.state = "broken"
    document.link.detail = "HTTP 404"
    document.link.save()
    assert "Its link is broken: HTTP 404" in text_of(signer, f"/documents/{document.key}/")
    assert "How it is built" in text_of(signer, "/documents/?state=broken")
    assert "How it is built" in text_of(signer, "/services/payments-api/")
    assert signer.post(f"/documents/{document.key}/do/review/").status_code == 302
    upload = SimpleUploadedFile("plan.md", b"# Plan\n")
    assert signer.post(f"/documents/{document.key}/edit/", {**form, "file": upload}).status_code == 302
    download = signer.get(f"/documents/{document.key}/file/")
    assert download["Content-Disposition"].startswith("attachment")
    assert b"".join(download.streaming_content) == b"# Plan\n"  # type: ignore[attr-defined]
    assert text_of(signer, f"/search/?q={document.key}", 302) == ""
