"""Files at a change: stored once by their hash, whole or not at all, and noticed when they are not."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from pytest_django import Settings

from changes.models import Change
from changes.services.attachments import change_attach, change_detach
from compliance.models import LegalHold
from opsportal.accounts.models import User
from opsportal.audit.models import AuditEntry
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, Forbidden, Gone, IllegalMove, InvalidInput, NotFound, TooLarge
from opsportal.files import store
from opsportal.files.models import Attachment, StoredFile
from opsportal.files.services import file_opened, files_sweep
from tests.changing import Cast, draft, make_cast
from tests.makers import NOW
from tests.untouched import nothing_written, refused

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
TEXT = b"What the test said."
HASH = hashlib.sha256(TEXT).hexdigest()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, settings: Settings) -> Path:
    settings.FILES_FOLDER = str(tmp_path / "files")
    return tmp_path / "files"


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def attached(change: Change, by: User, content: bytes = TEXT, name: str = "said.txt") -> Attachment:
    return change_attach(
        actor=by.actor, now=NOW, pk=change.pk, name=name, chunks=[content[:4], content[4:]], note="A run"
    )


def files_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def make_old(folder: Path, *, days: int = 2) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            moment = (NOW - timedelta(days=days)).timestamp()
            os.utime(path, (moment, moment))


def test_the_bytes_lie_under_their_hash_and_the_name_in_no_path(cast: Cast, folder: Path) -> None:
    change = draft(cast)
    row = attached(change, cast.bystander, name="../../../etc/said.txt")
    assert (row.name, row.note, row.file_id) == ("said.txt", "A run", HASH)
    assert (row.file.size, row.file.content_type) == (len(TEXT), "text/plain")
    assert files_in(folder) == [f"{HASH[:2]}/{HASH}"]
    assert (folder / HASH[:2] / HASH).read_bytes() == TEXT
    with file_opened(now=NOW, attachment=row) as file:
        assert file.read() == TEXT


def test_the_same_bytes_are_stored_once(cast: Cast, folder: Path) -> None:
    one, two = draft(cast), draft(cast)
    attached(one, cast.bystander)
    attached(two, cast.requester, name="again.log")
    assert StoredFile.objects.count() == 1
    assert len(files_in(folder)) == 1


@pytest.mark.parametrize(
    ("content", "name", "code"),
    [
        (b"<html><script>alert(1)</script>", "a.png", "markup"),
        (b"MZ\x90\x00", "a.pdf", "kind_not_taken"),
        (b"PK\x03\x04\x00", "a.txt", "kind_not_taken"),
        (b"text", "a.png", "not_what_it_says"),
        (b"text", ".htaccess", "kind_not_taken"),
        (b"", "a.txt", "empty"),
    ],
)
def test_what_is_not_taken_leaves_nothing(
    cast: Cast, folder: Path, content: bytes, name: str, code: str
) -> None:
    change = draft(cast)
    with refused(InvalidInput, code):
        attached(change, cast.bystander, content, name)
    assert files_in(folder) == []


def test_more_than_the_limit_is_given_up_while_it_comes_in(
    cast: Cast, folder: Path, settings: Settings
) -> None:
    settings.FILE_MAX_BYTES = 1_000
    change, came = draft(cast), 0

    def endless() -> Iterator[bytes]:
        nonlocal came
        while True:
            came += 1
            yield b"x" * 400

    with refused(TooLarge):
        change_attach(actor=cast.bystander.actor, now=NOW, pk=change.pk, name="a.txt", chunks=endless())
    assert came == 3
    assert files_in(folder) == []


def test_who_may_not_attach_stores_nothing(cast: Cast, folder: Path) -> None:
    change = draft(cast)
    reader = Actor.service_account("x", frozenset({"changes:read"}))
    with refused(Forbidden):
        change_attach(actor=reader, now=NOW, pk=change.pk, name="a.txt", chunks=[TEXT])
    assert files_in(folder) == []
    writer = Actor.service_account("x", frozenset({"changes:write"}))
    assert change_attach(actor=writer, now=NOW, pk=change.pk, name="a.txt", chunks=[TEXT]).added_by_id == "x"
    with refused(NotFound):
        change_attach(actor=writer, now=NOW, pk=change.pk + 1, name="a.txt", chunks=[TEXT])


def test_a_change_holds_fifty_files(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("opsportal.files.services.attachments.MOST", 1)
    change = draft(cast)
    attached(change, cast.bystander)
    with refused(Conflict, "too_many"):
        attached(change, cast.bystander, b"another")


def test_a_removed_file_leaves_a_tombstone(cast: Cast) -> None:
    change = draft(cast)
    row = attached(change, cast.bystander)
    with refused(Forbidden):
        change_detach(actor=cast.lead.actor, now=NOW, pk=change.pk, attachment=row.pk, reason="No.")
    with refused(InvalidInput, "required"):
        change_detach(actor=cast.bystander.actor, now=NOW, pk=change.pk, attachment=row.pk, reason=" ")
    change_detach(actor=cast.requester.actor, now=NOW, pk=change.pk, attachment=row.pk, reason="A secret.")
    row.refresh_from_db()
    assert (row.state, row.removed_reason, row.removed_by_id) == (
        "removed",
        "A secret.",
        str(cast.requester.pk),
    )
    with pytest.raises(Gone):
        file_opened(now=NOW, attachment=row)
    with refused(IllegalMove):
        change_detach(actor=cast.requester.actor, now=NOW, pk=change.pk, attachment=row.pk, reason="Again.")
    actions = AuditEntry.objects.filter(object_key=change.key, action__startswith="file.")
    assert [entry.action for entry in actions.order_by("id")] == ["file.attached", "file.removed"]


def test_what_is_attached_to_a_closed_change_or_to_another_stays(cast: Cast) -> None:
    closed = draft(cast)
    row = attached(closed, cast.bystander)
    Change.objects.filter(pk=closed.pk).update(state="closed")
    with refused(Conflict, "closed"):
        change_detach(actor=cast.bystander.actor, now=NOW, pk=closed.pk, attachment=row.pk, reason="No.")
    other = draft(cast)
    with refused(NotFound):
        change_detach(actor=cast.bystander.actor, now=NOW, pk=other.pk, attachment=row.pk, reason="No.")


@pytest.mark.parametrize("damage", ["changed", "missing"])
def test_bytes_that_were_tampered_with_are_not_handed_out_and_said_once(
    cast: Cast, folder: Path, damage: str
) -> None:
    change = draft(cast)
    row = attached(change, cast.bystander)
    path = folder / HASH[:2] / HASH
    path.write_bytes(b"Something else.....") if damage == "changed" else path.unlink()
    for _ in range(2):
        with pytest.raises(Gone) as caught:
            file_opened(now=NOW, attachment=row)
        assert caught.value.code == "damaged"
    assert AuditEntry.objects.filter(action="file.damaged", object_key=HASH).count() == 1
    assert StoredFile.objects.get().state == "damaged"
    attached(draft(cast), cast.requester)
    assert StoredFile.objects.get().state == "kept"
    file_opened(now=NOW, attachment=row).close()


def test_the_sweep_takes_what_no_row_names_and_leaves_the_rest(cast: Cast, folder: Path) -> None:
    attached(draft(cast), cast.bystander)
    store.keep([b"never committed"], name="a.txt")
    (folder / "incoming" / "tmpx").write_bytes(b"broke off")
    (folder / HASH[:2] / "notes").write_bytes(b"not ours")
    assert files_sweep(now=NOW) == 0
    make_old(folder)
    with nothing_written():
        assert files_sweep(now=NOW) == 1
    assert files_in(folder) == [f"{HASH[:2]}/{HASH}", f"{HASH[:2]}/notes"]


def test_the_bytes_of_a_removed_file_go_after_thirty_days(cast: Cast, folder: Path) -> None:
    change = draft(cast)
    row = attached(change, cast.bystander)
    change_detach(actor=cast.bystander.actor, now=NOW, pk=change.pk, attachment=row.pk, reason="A secret.")
    make_old(folder)
    assert files_sweep(now=NOW + timedelta(days=29)) == 0
    assert files_sweep(now=NOW + timedelta(days=31)) == 1
    assert files_in(folder) == []
    assert StoredFile.objects.get().state == "purged"
    assert AuditEntry.objects.filter(action="file.purged").count() == 1
    assert files_sweep(now=NOW + timedelta(days=32)) == 0
    attached(change, cast.bystander)
    assert StoredFile.objects.get().state == "kept"


@pytest.mark.parametrize(
    ("since", "until", "keeps"),
    [(None, None, True), (NOW, NOW + timedelta(days=1), True), (None, NOW, False), (NOW + DAY, None, False)],
)
def test_a_legal_hold_over_all_records_keeps_the_bytes_of_removed_files(
    cast: Cast, folder: Path, since: datetime | None, until: datetime | None, keeps: bool
) -> None:
    change = draft(cast)
    row = attached(change, cast.bystander)
    change_detach(actor=cast.bystander.actor, now=NOW, pk=change.pk, attachment=row.pk, reason="A secret.")
    make_old(folder)
    LegalHold.objects.create(
        placed_by=cast.bystander, placed_at=NOW, since=since, until=until, reason="A lawsuit."
    )
    assert files_sweep(now=NOW + 31 * DAY) == (0 if keeps else 1)
    assert StoredFile.objects.get().state == ("kept" if keeps else "purged")
    LegalHold.objects.update(state="lifted", lifted_at=NOW)
    assert files_sweep(now=NOW + 32 * DAY) == (1 if keeps else 0)


def test_what_is_stored_while_it_is_swept_stays(cast: Cast, folder: Path) -> None:
    kept = store.keep([TEXT], name="a.txt")
    assert store.discard(kept.sha256, before=NOW - timedelta(days=1)) is False
    assert files_in(folder) == [f"{HASH[:2]}/{HASH}"]
