"""Pages of those who are audited: asked for evidence, told of findings, putting them right."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile

from compliance.models import CorrectiveAction, EvidenceRequest, Finding
from compliance.services.audits.requests import request_move, request_open
from compliance.services.audits.testing import note_write
from tests.auditing import SOON, Crew, action_of, finding_of, make_crew, reported
from tests.makers import NOW, make_user
from tests.pure.test_file_archives import packed
from tests.reading import as_

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def crew() -> Crew:
    return make_crew()


def text_of(answer: Any) -> str:
    return bytes(answer.content).decode()


def test_a_request_is_answered_with_a_file_and_sent_back(crew: Crew) -> None:
    fields = {"title": "List of leavers", "owner": str(crew.owner.pk), "due_at": SOON}
    row = request_open(actor=crew.lead.actor, now=NOW, audit=crew.audit.pk, fields=fields)
    client, page = as_(crew.owner), f"/audits/requests/{row.key}/"
    assert "List of leavers" in text_of(client.get("/audits/"))
    file = SimpleUploadedFile("leavers.txt", b"Nobody left.")
    assert client.post(f"{page}files/", {"file": file, "note": "The list"}).status_code == 302
    assert client.post(f"{page}files/", {"note": "None"}).status_code == 400
    shown = text_of(client.get(page))
    assert "leavers.txt" in shown
    link = f"{page}files/{shown.split('/files/')[1].split('/')[0]}/"
    assert b"".join(client.get(link).streaming_content) == b"Nobody left."  # type: ignore[attr-defined]
    assert as_(crew.doer).get(link).status_code == 404
    sheet = packed(("[Content_Types].xml", b"<Types/>"), ("xl/workbook.xml", b"<workbook/>"))
    bundle = packed(("leavers.csv", b"none"))
    for name, content, status in (
        ("leavers.xlsx", sheet, 302),
        ("leavers.zip", bundle, 302),
        ("leavers.xlsm", sheet, 400),
        ("leavers.docx", sheet, 400),
        ("inner.zip", packed(("a.zip", bundle)), 400),
        ("macros.xlsx", packed(("xl/workbook.xml", b"<w/>"), ("xl/vbaProject.bin", b"x")), 400),
    ):
        sent = client.post(f"{page}files/", {"file": SimpleUploadedFile(name, content), "note": ""})
        assert sent.status_code == status, name
    assert client.post(f"{page}answer/", {"answer": ""}).status_code == 400
    assert client.post(f"{page}answer/", {"answer": "See the file", "links": "ftp://x"}).status_code == 400
    assert client.post(f"{page}answer/", {"answer": "See the file"}).status_code == 302
    assert client.post(f"{page}answer/", {"answer": "Again"}).status_code == 409
    request_move(actor=crew.lead.actor, now=NOW, pk=row.pk, verb="return", remark="Of which year?")
    assert "Of which year?" in text_of(client.get(page))
    assert EvidenceRequest.objects.get().rounds == 1


def test_a_finding_is_answered_and_put_right(crew: Crew) -> None:
    note_write(actor=crew.lead.actor, now=NOW, audit=crew.audit.pk, text="hidden thought", about="FND-1")
    row = reported(crew)
    client, page = as_(crew.owner), f"/audits/findings/{row.key}/"
    assert row.title in text_of(client.get("/audits/"))
    shown = text_of(client.get(page))
    assert "2 of 25 changes" in shown
    assert "hidden thought" not in shown
    assert client.post(f"{page}do/accept/", {"text": ""}).status_code == 400
    assert client.post(f"{page}do/accept/", {"text": "We agree", "version": row.version}).status_code == 302
    new = {"title": "Make the gate ask", "owner": crew.doer.pk, "due_at": ""}
    assert client.post(f"{page}actions/", {**new, "owner": ""}).status_code == 400
    assert client.post(f"{page}actions/", new).status_code == 302
    action = CorrectiveAction.objects.get()
    does, there = as_(crew.doer), f"/audits/actions/{action.key}/"
    assert "Make the gate ask" in text_of(does.get("/audits/"))
    assert does.get(there).status_code == 200
    assert does.post(f"{there}do/finish/", {"text": "It asks"}).status_code == 302
    assert does.post(f"{there}do/verify/", {"text": "I looked"}).status_code == 403
    assert Finding.objects.get().state == "remediating"


def test_strangers_and_search_see_nothing_of_it(crew: Crew) -> None:
    draft = finding_of(crew, title="zebra draft")
    told = reported(crew, title="zebra told")
    action_of_none = make_user()
    for person in (crew.doer, action_of_none):
        client = as_(person)
        for row in (draft, told):
            assert client.get(f"/audits/findings/{row.key}/").status_code == 404
        assert not re.search("zebra (draft|told)", text_of(client.get("/search/?q=zebra")))
        assert client.get("/audits/").status_code == 200
    for path in ("/audits/findings/FND-999/", "/audits/requests/x/", "/audits/actions/CAP-0/"):
        assert as_(crew.owner).get(path).status_code == 404
    found = text_of(as_(crew.owner).get("/search/?q=zebra"))
    assert "zebra told" in found or told.key in found
    assert "zebra draft" not in found


def test_who_does_it_sees_the_finding_too(crew: Crew) -> None:
    row = reported(crew)
    as_(crew.owner).post(f"/audits/findings/{row.key}/do/accept/", {"text": "We agree"})
    action_of(crew, row)
    assert as_(crew.doer).get(f"/audits/findings/{row.key}/").status_code == 200
