"""Evidence requests answered by API with files: the same checks as on the page, all of it or nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from compliance.models import EvidenceRequest
from compliance.services.audits.requests import MOST_FILES, request_open
from opsportal.files.models import Attachment
from tests.auditing import SOON, Crew, make_crew
from tests.makers import NOW
from tests.reading import as_
from tests.untouched import nothing_written

pytestmark = pytest.mark.django_db
WORDS = b"who,when\nada,2026-03-01\n"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, settings: Any) -> Iterator[None]:
    settings.FILES_FOLDER = tmp_path
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def crew() -> Crew:
    return make_crew()


@pytest.fixture
def asked(crew: Crew) -> EvidenceRequest:
    wanted = {"title": "Leavers", "owner": str(crew.owner.pk), "due_at": SOON}
    return request_open(actor=crew.lead.actor, now=NOW, audit=crew.audit.pk, fields=wanted)


def file(name: str = "leavers.csv", content: bytes = WORDS) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def packed(*names: str) -> bytes:
    target = BytesIO()
    with ZipFile(target, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return target.getvalue()


def hand_in(client: Client, row: EvidenceRequest, *files: SimpleUploadedFile, **more: Any) -> Any:
    headers = more.pop("headers", {})
    form = {"answer": "Here they are.", "file": list(files), **more}
    return client.post(f"/api/v1/evidence-requests/{row.key}/answer/", form, headers=headers)


def test_an_answer_comes_with_its_files(crew: Crew, asked: EvidenceRequest) -> None:
    owner = as_(crew.owner)
    sent = {"links": ["CHG-1042", "https://wiki.example/leavers"], "note": "Of the quarter.", "version": "1"}
    archive = packed("a.txt")
    answers = [
        hand_in(owner, asked, file(), file("all.zip", archive), headers={"Idempotency-Key": "k"}, **sent)
        for _ in range(2)
    ]
    assert [one.status_code for one in answers] == [200, 200], answers[0].content
    assert answers[1]["Idempotency-Replayed"] == "true"
    told = answers[0].json()
    assert (told["state"], told["links"]) == ("answered", sent["links"])
    listed = as_(crew.lead).get(f"/api/v1/evidence-requests/{asked.key}/files/").json()["results"]
    assert [(one["name"], one["note"]) for one in listed] == [
        ("all.zip", "Of the quarter."),
        ("leavers.csv", "Of the quarter."),
    ]
    assert listed[1]["sha256"] == hashlib.sha256(WORDS).hexdigest()
    got: Any = as_(crew.lead).get(listed[1]["url"])
    assert b"".join(got.streaming_content) == WORDS
    for path in (listed[0]["url"], f"/api/v1/evidence-requests/{asked.key}/files/"):
        assert as_(crew.doer).get(path).status_code == 404
    other = hand_in(owner, asked, file(), file("b.csv"), headers={"Idempotency-Key": "k"}, **sent)
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_conflict")


def test_json_goes_on_as_before(crew: Crew, asked: EvidenceRequest) -> None:
    body = json.dumps({"answer": "None left.", "version": 1})
    path = f"/api/v1/evidence-requests/{asked.key}/answer/"
    assert as_(crew.owner).post(path, body, content_type="application/json").status_code == 200
    assert not Attachment.objects.exists()


def test_what_is_not_taken_leaves_nothing(crew: Crew, asked: EvidenceRequest, settings: Any) -> None:
    owner = as_(crew.owner)
    settings.FILE_MAX_BYTES = 10_000
    page = b"<!doctype html><script>alert(1)</script>"
    macros = packed("[Content_Types].xml", "xl/workbook.xml", "xl/vbaProject.bin")
    with nothing_written(at_an_edge=True):
        for found in (
            hand_in(owner, asked, file(), file("page.html", page)),
            hand_in(owner, asked, file("book.xlsx", macros)),
            hand_in(owner, asked, file("tool.exe", b"MZ" + bytes(200))),
        ):
            assert (found.status_code, found.json()["errors"][0]["pointer"]) == (400, "/file"), found.content
        assert hand_in(owner, asked, file(content=b"a" * 10_001)).status_code == 413
        for wrong, pointer in (
            ({"colour": "red"}, "/colour"),
            ({"version": "x"}, "/version"),
            ({"answer": ""}, "/answer"),
            ({"file": "words"}, "/file"),
        ):
            refused = hand_in(owner, asked, **wrong)
            assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, pointer)
        many = [file(f"{number}.csv", WORDS) for number in range(MOST_FILES + 1)]
        assert hand_in(owner, asked, *many).json()["errors"][0]["code"] == "too_many"
        assert hand_in(owner, asked, file(), version="7").status_code == 409
        assert hand_in(as_(crew.lead), asked, file()).status_code == 403
        assert hand_in(as_(crew.doer), asked, file()).status_code == 404
