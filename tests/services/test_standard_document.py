"""The document of a standard is kept with it, byte for byte; a shipped pack may be shipped better later."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from django.core.management import call_command

from opsportal.core.errors import Conflict, InvalidInput, Unavailable
from opsportal.standards import shipped
from opsportal.standards.models import StandardDocument, StandardVersion
from opsportal.standards.selectors import document_of, sources_of, standard_by_hash
from opsportal.standards.services import standard_propose, standard_store
from tests.makers import NOW, ROOT
from tests.packs import activate, install, own_pack
from tests.untouched import refused

pytestmark = pytest.mark.django_db

TEXT = "Our rules.\nDescribe it. ✓\n".encode()


def own(text: bytes = TEXT, **head: str) -> bytes:
    """Return a pack that names `text` as its document."""
    return own_pack(**head).replace("0" * 64, hashlib.sha256(text).hexdigest()).encode()


def test_a_shipped_document_is_kept_with_its_pack() -> None:
    standard = activate("acgs")
    row = StandardDocument.objects.get()
    assert row.sha256 == standard.document_sha256
    assert document_of(standard) == (shipped.DOCUMENTS / standard.document).read_bytes()


def test_an_own_document_is_kept_once() -> None:
    row = standard_store(actor=ROOT, now=NOW, source=own(), document=TEXT)
    standard_store(actor=ROOT, now=NOW, source=own(version="2"), document=TEXT)
    assert bytes(StandardDocument.objects.get().content) == TEXT
    assert document_of(standard_by_hash(row.content_hash)) == TEXT


def test_another_document_than_the_pack_names_is_refused() -> None:
    with refused(InvalidInput, "other_document") as caught:
        standard_store(actor=ROOT, now=NOW, source=own(), document=TEXT + b" ")
    assert caught.value.errors[0].pointer == "/pack/standard.document_sha256"


def test_a_shipped_document_that_was_changed_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("opsportal.standards.services.store.shipped_document", lambda _name: b"other")
    with refused(InvalidInput, "other_document"):
        standard_propose(actor=ROOT, now=NOW, name="acgs")


def test_what_was_changed_after_it_was_stored_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    standard = install()
    StandardDocument.objects.create(sha256=standard.document_sha256, content=b"forged", stored_at=NOW)
    with pytest.raises(Unavailable, match="does not match its hash"):
        document_of(standard)


def test_without_its_document_a_pack_is_stored_all_the_same() -> None:
    standard = install()
    assert document_of(standard) is None
    assert list(sources_of(standard)) == ["own.md"]
    assert list(sources_of(install(version="2", extends="baseline"))) == ["own.md", "baseline.md"]


def test_the_command_takes_the_document_that_lies_beside_the_pack(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_bytes(own())
    (tmp_path / "own.md").write_bytes(TEXT)
    call_command("standard", "activate", str(tmp_path / "own.toml"))
    assert bytes(StandardDocument.objects.get().content) == TEXT


def test_a_pack_that_is_shipped_anew_is_another_edition_of_its_version(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = standard_propose(actor=ROOT, now=NOW, name="baseline")
    source = (shipped.PACKS / "baseline.toml").read_bytes()
    better = source.replace(b"The sane default", b"The saner default")
    for module in ("services.store", "selectors"):
        monkeypatch.setattr(
            f"opsportal.standards.{module}.shipped_source",
            lambda name: better if name == "baseline" else None,
        )
    monkeypatch.setattr("opsportal.standards.shipped.shipped_source", lambda _name: better)
    second = standard_propose(actor=ROOT, now=NOW, name="baseline")
    assert [(row.version, row.edition) for row in (first, second)] == [("1.0.0", 1), ("1.0.0", 2)]
    assert standard_propose(actor=ROOT, now=NOW, name="baseline") == second
    assert StandardVersion.objects.count() == 2


def test_an_own_version_never_changes_still() -> None:
    install()
    with refused(Conflict, "version_taken"):
        standard_store(actor=ROOT, now=NOW, source=own_pack(description="other").encode())
