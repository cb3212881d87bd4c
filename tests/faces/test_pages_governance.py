"""Pages of governance, and what home and the page of a service show of it."""

from __future__ import annotations

import hashlib
import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from compliance.models import (
    AccessReview,
    BoardDecision,
    ChecklistRun,
    Declaration,
    Evidence,
    EvidenceRevision,
    ImprovementItem,
    PersonRequest,
    Scan,
    Training,
    Vulnerability,
)
from compliance.services.controls.controls import control_create
from compliance.services.controls.evidence import evidence_add
from opsportal.accounts.models import User
from tests.governing import Organisation, declares, govern_under, make_organisation
from tests.makers import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> Organisation:
    made = make_organisation()
    govern_under(declares("encryption"))
    return made


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def text_of(client: Client, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status, answer.content
    return answer.content.decode()


def post(client: Client, path: str, expected: Any = 302, **fields: Any) -> Any:
    answer = client.post(path, fields)
    assert answer.status_code == expected, answer.content
    return answer


def test_an_access_review_from_its_list_to_its_end(cast: Organisation) -> None:
    chief, deputy = client_of(cast.chief), client_of(cast.deputy)
    assert "Freeze the list" not in text_of(client_of(cast.member), "/compliance/access-reviews/")
    post(chief, "/compliance/access-reviews/open/", text="Half-yearly")
    review = AccessReview.objects.get()
    path = f"/compliance/access-reviews/{review.key}/"
    page = text_of(chief, path)
    assert "Who joined, moved or left" in page
    assert review.key in text_of(client_of(cast.engineer), "/")
    export = b"".join(chief.get(f"{path}export.csv")).decode("utf-8-sig")
    assert "deputy@example.org" in export
    changed = export.replace("deputy@example.org", "engineer@example.org")
    for content, words in (
        (changed, "lines have another reviewer"),
        (export.replace("deputy@example.org", "nobody@example.org"), ": nobody who may sign in is called"),
        ("number;reviewer\nfirst;deputy@example.org", "Row 2: “first” is no number"),
        ("line;who\n1;x", "There is no column “line”"),
    ):
        file = SimpleUploadedFile("reviewers.csv", content.encode())
        assert chief.post(f"{path}reviewers/", {"file": file}).status_code == 302
        assert words in text_of(chief, path)
    for line in review.holdings.all():
        who = deputy if line.person_id == cast.chief.pk else chief
        verb = "revoke" if line.kind == "token" else "confirm"
        post(who, f"{path}lines/{line.number}/{verb}/", text="Looked at", version=line.version)
    assert "Take it away" not in text_of(client_of(cast.member), f"{path}?state=confirmed")
    post(chief, f"{path}end/complete/")
    assert "Completed" in text_of(chief, path)
    lines = b"".join(chief.get(f"{path}export.csv")).decode()
    assert lines.count("Confirmed") == 6


def test_a_decision_is_recorded_and_corrected_on_pages(cast: Organisation) -> None:
    member = client_of(cast.member)
    path = "/compliance/decisions/"
    fields = {"board": "board", "question": "One or two?", "outcome": "**Two.**", "links": "CHG-1"}
    wrong = post(member, f"{path}new/", 400, **{**fields, "question": ""})
    assert "op-error" in wrong.content.decode()
    post(member, f"{path}new/", **fields, participants=[str(cast.member.pk)])
    row = BoardDecision.objects.get()
    page = text_of(member, f"{path}{row.key}/")
    assert "<strong>Two.</strong>" in page
    assert "Correct" not in text_of(client_of(cast.engineer), f"{path}{row.key}/")
    post(member, f"{path}{row.key}/correct/", **{**fields, "outcome": "Three.", "reason": "Misheard"})
    page = text_of(member, f"{path}{row.key}/")
    assert ("Three." in page, "Two." in page, "Misheard" in page) == (True, True, True)
    assert row.key in text_of(member, f"{path}?board=board")


def test_a_checklist_is_taken_into_use_answered_and_signed(cast: Organisation) -> None:
    chief, engineer = client_of(cast.chief), client_of(cast.engineer)
    path = "/compliance/checklists/"
    assert "Daily operations" in text_of(chief, path)
    post(chief, f"{path}daily-operations/adopt/")
    post(engineer, f"{path}daily-operations/start/")
    run = ChecklistRun.objects.get()
    page = text_of(engineer, f"/compliance/checklist-runs/{run.pk}/")
    assert "alerts firing now" in page
    answers = {f"answer-{item.id}": "ticked" for item in run.edition.listed}
    refused = post(
        engineer, f"/compliance/checklist-runs/{run.pk}/", 409, do="sign", **{"answer-alerts": "ticked"}
    )
    assert "Not answered yet" in refused.content.decode()
    post(engineer, f"/compliance/checklist-runs/{run.pk}/", do="sign", version=1, remark="Quiet", **answers)
    run.refresh_from_db()
    assert (run.state, run.signed_by) == ("signed", cast.engineer)
    assert "Sign it" not in text_of(engineer, f"/compliance/checklist-runs/{run.pk}/")


def test_training_scans_requests_and_the_plan_on_pages(cast: Organisation) -> None:
    chief = client_of(cast.chief)
    root = "/compliance/"
    post(
        chief,
        f"{root}training/topics/new/",
        slug="security",
        title="Security",
        audience="everyone",
        valid_days=365,
    )
    post(chief, f"{root}training/new/", topic="security", at="2026-01-05T09:00")
    training = Training.objects.get()
    post(
        chief,
        f"{root}training/{training.key}/attendance/",
        **{f"person-{cast.engineer.pk}": "attended", f"person-{cast.member.pk}": "excused"},
    )
    assert "Attended" in text_of(chief, f"{root}training/{training.key}/")
    assert "4 without it" in text_of(chief, f"{root}training/")
    at = "2026-01-05T09:00"
    scan = {"kind": "penetration", "tool": "Testers", "performed_at": at, "format": "lines"}
    wrong = post(chief, f"{root}scans/new/", 400, **scan, results="high only")
    assert "must read" in wrong.content.decode()
    post(
        chief, f"{root}scans/new/", **scan, service="pay", results="high, PT-1, Weak login\nlow, PT-2, Banner"
    )
    found = Vulnerability.objects.get(reference="PT-1")
    assert "Weak login" in text_of(chief, f"{root}vulnerabilities/?severity=high")
    assert Scan.objects.get().key in text_of(chief, f"{root}scans/{Scan.objects.get().key}/")
    path = f"{root}vulnerabilities/{found.key}/"
    post(chief, f"{path}do/accept/", text="Behind a wall", until="2999-01-01", version=1)
    post(chief, f"{path}do/accept/", text="Behind a wall", until="2099-01-01", version=1)
    assert "Accepted until" in text_of(chief, path)
    asked = {"kind": "access", "reference": "customer-4711", "contact": "jane@example.com"}
    post(chief, f"{root}person-requests/new/", **asked)
    row = PersonRequest.objects.get()
    path = f"{root}person-requests/{row.key}/"
    assert "jane@example.com" in text_of(chief, path)
    other = client_of(cast.member)
    for place in (path, f"{root}person-requests/"):
        page = text_of(other, place)
        assert row.key in page
        assert "See what is kept about them" in page
        assert "customer-4711" not in page
        assert "jane@example.com" not in page
        assert "customer-4711" in text_of(chief, place)
    post(chief, f"{path}do/identify/", text="Called back", version=1)
    assert "Called back" in text_of(chief, path)
    assert row.key in text_of(chief, f"{root}person-requests/")
    days = {"number": 1, "title": "Foundation", "first_day": "2026-01-01", "last_day": "2026-02-01"}
    post(chief, f"{root}improvement/phases/new/", **days)
    post(chief, f"{root}improvement/new/", phase=1, title="Better alerts", owner=str(cast.chief.pk))
    item = ImprovementItem.objects.get()
    post(chief, f"{root}improvement/{item.key}/do/finish/", text="Done", version=item.version)
    post(chief, f"{root}improvement/maturity/", level=3, target=4)
    assert "1 of 1 done" in text_of(chief, f"{root}improvement/")


def proven_by_what_is_here_and_by_a_file(cast: Organisation, member: Client, path: str) -> None:
    admin = cast.chief.actor
    control = control_create(actor=admin, now=NOW, fields={"title": "Disks", "frequency": "yearly"})
    seen = {"title": "Export", "controls": [control.key], "observed_at": NOW, "note": "All of them."}
    item, _ = evidence_add(actor=admin, now=NOW, fields=seen)
    digest = EvidenceRevision.objects.get().digest
    post(member, path, text="Still so.", known=item.key)
    page = text_of(member, "/compliance/declarations/")
    assert digest in page
    assert f'href="/evidence/{item.key}/"' in page
    assert Evidence.objects.filter(event="declaration.made", digest=digest).exists()
    wrong = post(member, path, 400, text="So.", known=item.key, evidence="AUD-1")
    assert "not both" in wrong.content.decode()
    unknown = post(member, path, 400, text="So.", evidence="EVD-999999")
    assert "no evidence EVD-999999" in unknown.content.decode()
    content = b"disk,encrypted\nsda,yes\n"
    post(member, path, text="Here.", file=SimpleUploadedFile("disks.csv", content))
    page = text_of(member, "/compliance/declarations/")
    assert hashlib.sha256(content).hexdigest() in page
    link = re.search(r'href="(/compliance/proofs/declaration/[^"]+)"', page)
    assert link is not None
    assert b"".join(member.get(link[1])) == content
    script = SimpleUploadedFile("page.html", b"<script>1</script>")
    assert post(member, path, 400, text="Here.", file=script).status_code == 400


def test_declaring_and_stating_on_pages(cast: Organisation) -> None:
    member = client_of(cast.member)
    page = text_of(member, "/compliance/declarations/")
    assert "Declare encryption" in page
    path = "/compliance/declarations/encryption/organisation/"
    assert "No data" in page
    post(member, path, text="All disks are encrypted.", evidence="AUD-1")
    assert Declaration.objects.get().declared_by == cast.member
    assert "All disks are encrypted." in text_of(member, "/compliance/declarations/")
    assert post(client_of(cast.engineer), path, 403, text="So").status_code == 403
    proven_by_what_is_here_and_by_a_file(cast, member, path)
    engineer = client_of(cast.engineer)
    stated = {"item": "traces", "status": "met", "text": "One percent is sampled"}
    post(engineer, "/compliance/readiness/pay/", **stated, file=SimpleUploadedFile("t.txt", b"sampled"))
    assert hashlib.sha256(b"sampled").hexdigest() in text_of(engineer, "/compliance/readiness/pay/")
    assert "One percent is sampled" in text_of(engineer, "/compliance/readiness/pay/")
    assert "Pay" in text_of(engineer, "/compliance/readiness/")
    assert "2 of 9 met" in text_of(engineer, "/services/pay/")
    assert text_of(engineer, "/compliance/readiness/nothing/", 404)


@pytest.mark.parametrize(
    "path",
    [
        "access-reviews/ACR-9/",
        "decisions/DEC-9/",
        "checklist-runs/9/",
        "training/TRN-9/",
        "vulnerabilities/VUL-9/",
        "vulnerabilities/CHG-9/",
        "scans/SCN-9/",
        "person-requests/PRQ-9/",
        "improvement/IMP-9/",
        "declarations/nothing/organisation/",
    ],
)
def test_what_is_not_there_says_so(cast: Organisation, path: str) -> None:
    text_of(client_of(cast.chief), f"/compliance/{path}", 404)
