"""Files at a change by the API and on its page (B8)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from pytest_django import Settings

from opsportal.files.models import Attachment
from tests.changing import Cast, draft, make_cast
from tests.faces.test_changes_api import URL, as_machine, as_person, pointers, problem, send
from tests.makers import NOW
from tests.reading import as_, shown, text_of
from tests.untouched import nothing_written

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock(tmp_path: Path, settings: Settings) -> Iterator[None]:
    settings.FILES_FOLDER = str(tmp_path)
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def upload(name: str = "said.txt", content: bytes = b"It ran.") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type="text/html")


def body_of(response: Any) -> bytes:
    return b"".join(response.streaming_content)


def test_a_file_is_attached_listed_downloaded_and_removed(cast: Cast) -> None:
    client, path = as_machine("changes:read", "changes:write"), f"{URL}{draft(cast).key}/attachments/"
    response = client.post(path, {"file": upload("Bericht “Köln”.txt"), "note": "The run"})
    assert response.status_code == 201, response.content
    told = response.json()
    assert (told["name"], told["note"], told["size"]) == ("Bericht “Köln”.txt", "The run", 7)
    assert (told["content_type"], told["state"], told["removed_by"]) == ("text/plain", "attached", None)
    got = client.get(response["Location"], headers={"Accept": "text/plain"})
    assert body_of(got) == b"It ran."
    assert got["Content-Disposition"].startswith("attachment; filename*=utf-8''Bericht")
    assert got["Content-Type"] == "text/plain; charset=utf-8"
    assert got["X-Content-Type-Options"] == "nosniff"
    assert got["Content-Security-Policy"].startswith("sandbox;")
    problem(send(client, "POST", f"{told['url']}remove/", {}), 400)
    assert send(client, "POST", f"{told['url']}remove/", {"reason": "A slip."}).json()["state"] == "removed"
    (listed,) = client.get(path).json()["results"]
    assert (listed["state"], listed["removed_reason"]) == ("removed", "A slip.")
    problem(client.get(told["url"]), 410)
    problem(send(client, "POST", f"{told['url']}remove/", {"reason": "Again."}), 409)


def test_the_same_upload_twice_under_one_key_is_one(cast: Cast) -> None:
    client, path = as_person(cast.requester), f"{URL}{draft(cast).key}/attachments/"
    first = client.post(path, {"file": upload()}, headers={"Idempotency-Key": "k1"})
    again = client.post(path, {"file": upload()}, headers={"Idempotency-Key": "k1"})
    assert (again.status_code, again.json()) == (201, first.json())
    assert again["Idempotency-Replayed"] == "true"
    other = client.post(path, {"file": upload(content=b"Other.")}, headers={"Idempotency-Key": "k1"})
    problem(other, 409)
    assert Attachment.objects.count() == 1


def test_a_form_of_another_shape_is_refused(cast: Cast, settings: Settings) -> None:
    client, path = as_person(cast.requester), f"{URL}{draft(cast).key}/attachments/"
    with nothing_written(at_an_edge=True):
        assert pointers(client.post(path, {"note": "x"})) == ["/file"]
        assert pointers(client.post(path, {"file": [upload(), upload("b.txt")]})) == ["/file"]
        assert pointers(client.post(path, {"file": upload(), "state": "x"})) == ["/state"]
        assert pointers(client.post(path, {"file": upload("a.exe")})) == ["/file"]
        assert pointers(client.post(path, {"file": upload("a.png", b"<svg onload=x>")})) == ["/file"]
        assert pointers(client.post(path, {"file": upload(), "note": "x" * 301})) == ["/note"]
        problem(client.post(path, "{}", content_type="application/json"), 415)
        problem(client.post(path, {f"f{n}": upload() for n in range(11)}), 400)
        settings.FILE_MAX_BYTES = 100
        problem(client.post(path, {"file": upload(content=b"x" * 101)}), 413)
        too_large = problem(client.post(path, {"file": upload(content=b"x" * 200_000)}), 413)
        assert too_large["detail"] == "The file is larger than 0 MB."
    problem(as_machine("changes:read").post(path, {"file": upload()}), 403)


def test_the_page_takes_shows_and_removes_files(cast: Cast) -> None:
    change = draft(cast)
    client, path = as_(cast.bystander), f"/changes/{change.key}/"
    answer = client.post(f"{path}attachments/", {"file": upload(), "note": "<b>run</b>"})
    assert answer["Location"] == f"{path}#attachments"
    row = Attachment.objects.get()
    text = shown(client, path)
    assert f'href="{path}attachments/{row.pk}/"' in text
    assert "&lt;b&gt;run&lt;/b&gt;" in text
    assert f"{path}attachments/{row.pk}/remove/" not in shown(as_(cast.lead), path)
    assert body_of(client.get(f"{path}attachments/{row.pk}/")) == b"It ran."
    client.post(f"{path}attachments/{row.pk}/remove/", {"reason": "A slip."})
    text = shown(client, path)
    assert "1 removed" in text
    assert "A slip." in text
    text_of(client.get(f"{path}attachments/{row.pk}/"), 410)


def test_the_page_says_what_is_wrong_with_a_file(
    cast: Cast, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    client, path = as_(cast.bystander), f"/changes/{draft(cast).key}/attachments/"
    with nothing_written(at_an_edge=True):
        assert "Choose a file." in text_of(client.post(path, {}), 400)
        assert "not taken" in text_of(client.post(path, {"file": upload("a.html")}), 400)
        settings.FILE_MAX_BYTES = 100
        too_large = text_of(client.post(path, {"file": upload(content=b"x" * 101), "note": "x"}), 413)
        assert "The file is larger than 0 MB." in too_large
        settings.FILE_MAX_BYTES = 10_000_000
        with caplog.at_level("INFO"):
            too_large = text_of(client.post(path, {"file": upload(content=b"x" * 10_100_000)}), 413)
        assert "The file is larger than 10 MB." in too_large
        assert "Attach a file" in too_large
        assert [row.exc_info for row in caplog.records if row.exc_info] == []


def test_a_file_of_another_change_is_not_found(cast: Cast) -> None:
    one, two = draft(cast), draft(cast)
    client = as_(cast.bystander)
    client.post(f"/changes/{one.key}/attachments/", {"file": upload()})
    text_of(client.get(f"/changes/{two.key}/attachments/{Attachment.objects.get().pk}/"), 404)
