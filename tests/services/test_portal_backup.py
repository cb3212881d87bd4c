"""The portal's own backup, end to end: written while it runs, restored into an empty database, verified."""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from compliance.models import Asset, Backup, Evidence, RestoreTest
from compliance.services.recovery import own_rounds
from compliance.services.recovery.own_portal import portal_register
from compliance.services.recovery.scratch import Tried
from opsportal.accounts.models import User
from opsportal.audit.models import AuditEntry
from opsportal.audit.triggers import missing_triggers
from opsportal.core.clock import edge_now
from opsportal.files import store
from opsportal.files.services import attachment_add
from tests.databases import Database, Templates, connected_to
from tests.makers import ROOT, make_user

PROOF = b"the proof that somebody attached\n"


@pytest.fixture
def filled(fresh_database: Database, settings: Any, tmp_path: Path) -> Path:
    """A portal with people, an audit trail, a stored file, and itself; return where to back up to."""
    settings.FILES_FOLDER = str(tmp_path / "files")
    call_command("standard", "activate", "baseline", stdout=StringIO(), stderr=StringIO())
    owner = make_user("olga@example.org", name="Olga Ünïcode", staff=True)
    portal_register(actor=ROOT, now=edge_now(), owner=owner)
    kept = store.keep([PROOF], name="proof.txt")
    attachment_add(
        actor=ROOT, now=edge_now(), subject_kind="asset", subject_key="AST-1", kept=kept, name="proof.txt"
    )
    return tmp_path / "portal.zip"


def run(*arguments: str) -> dict[str, Any]:
    out = StringIO()
    call_command(*arguments, "--json", stdout=out, stderr=StringIO())
    told: dict[str, Any] = json.loads(out.getvalue())
    return told


def counts() -> dict[str, int]:
    return {model.__name__: model.objects.count() for model in (User, Asset, AuditEntry, Evidence)}


def test_a_backup_restores_whole_into_an_empty_database(
    filled: Path, database_templates: Templates, settings: Any, tmp_path: Path
) -> None:
    before, trail = counts(), list(AuditEntry.objects.order_by("id").values_list("canonical", flat=True))
    told = run("backup", str(filled), "--keep", "30")
    noted = Backup.objects.get()
    assert (told["files"], told["missing"], noted.checksum) == (1, 0, told["checksum"])
    assert noted.size_bytes == filled.stat().st_size
    assert Evidence.objects.filter(event="backup.recorded", record_key=str(noted.pk)).exists()
    with pytest.raises(CommandError, match="not empty"):
        run("restore", str(filled))
    settings.FILES_FOLDER = str(tmp_path / "restored")
    with database_templates.copy(tmp_path / "second") as empty, connected_to(empty):
        restored = run("restore", str(filled), "--smoke")
        assert (restored["level"], restored["wrong"]) == ("application_verified", "")
        assert restored["made_at"].endswith("Z")
        assert (restored["rows"], restored["tables"]) == (told["rows"], told["tables"])
        assert counts() == before
        assert list(AuditEntry.objects.order_by("id").values_list("canonical", flat=True)) == trail
        assert store.path_of(hashlib.sha256(PROOF).hexdigest()).read_bytes() == PROOF
        assert missing_triggers(connection) == []
        # Keys go on where they were: none is given out twice.
        newest = max(AuditEntry.objects.values_list("id", flat=True))
        make_user("nina@example.org")
        assert max(AuditEntry.objects.values_list("id", flat=True)) > newest
        with pytest.raises(CommandError, match="not empty"):
            run("restore", str(filled))


def test_what_is_no_backup_or_a_damaged_one_is_refused_in_one_line(filled: Path, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="No such file"):
        run("restore", str(tmp_path / "none.zip"))
    with pytest.raises(CommandError, match="No such file"):
        run("backup", str(tmp_path / "no" / "folder.zip"))
    run("backup", str(filled))
    for name, damage in (("text", b"not a backup"), ("half", filled.read_bytes()[:4000])):
        damaged = tmp_path / name
        damaged.write_bytes(damage)
        with pytest.raises(SystemExit) as caught:
            run("restore", str(damaged))
        assert caught.value.code == 2
    newer = tmp_path / "newer.zip"
    _with_manifest(filled, newer, lambda said: said["migrations"].append(["accounts", "9999_from_tomorrow"]))
    with pytest.raises(CommandError, match="newer portal"):
        run("restore", str(newer))
    other = tmp_path / "other.zip"
    vendor = "sqlite" if connection.vendor == "postgresql" else "postgresql"
    _with_manifest(filled, other, lambda said: said.update(vendor=vendor))
    with pytest.raises(CommandError, match="this database is"):
        run("restore", str(other))


def test_a_backup_that_lies_about_a_row_restores_nothing(
    filled: Path, database_templates: Templates, tmp_path: Path
) -> None:
    run("backup", str(filled))
    lying = tmp_path / "lying.zip"

    def lie(said: dict[str, Any]) -> None:
        said["tables"]["audit_auditentry"][1] = "0" * 64

    _with_manifest(filled, lying, lie)
    with database_templates.copy(tmp_path / "second") as empty, connected_to(empty):
        with pytest.raises(SystemExit) as caught:
            run("restore", str(lying))
        assert caught.value.code == 2
        assert counts() == {"User": 0, "Asset": 0, "AuditEntry": 0, "Evidence": 0}
        # What broke off is repeated, and goes through.
        assert run("restore", str(filled))["rows"]


def test_a_stored_file_that_is_gone_is_told_and_stops_nothing(filled: Path) -> None:
    store.path_of(hashlib.sha256(PROOF).hexdigest()).unlink()
    told = run("backup", str(filled))
    assert (told["files"], told["missing"]) == (0, 1)


@pytest.mark.parametrize(
    "tried",
    [
        Tried("application_verified", True, "All is there."),
        Tried("integrity_verified", False, "/ready answers 503"),
        Tried("checksum", False, "it is damaged"),
    ],
)
def test_the_portal_backs_itself_up_each_day_and_restores_that_each_month(
    filled: Path,
    settings: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    tried: Tried,
) -> None:
    settings.BACKUPS_FOLDER, settings.BACKUPS_KEEP_DAYS = str(tmp_path / "own"), 7
    seen: list[Path] = []

    def scratch(path: Path) -> Tried:
        seen.append(path)
        return tried

    monkeypatch.setattr(own_rounds, "scratch_restore", scratch)
    now = edge_now()
    assert [own_rounds.own_recovery(now=now) for _ in range(3)] == ["backed up", "restored", ""]
    test = RestoreTest.objects.get()
    assert (test.level, test.outcome, test.backup) == (
        tried.level,
        "passed" if tried.passed else "failed",
        Backup.objects.get(),
    )
    assert (test.rto is not None) is tried.passed
    assert (test.environment, test.findings, test.witness) == ("scratch", tried.findings, None)
    assert [path.parent.name for path in seen] == ["own"]
    settings.BACKUPS_FOLDER = ""
    assert own_rounds.own_recovery(now=now) == ""


def _with_manifest(source: Path, target: Path, change: Any) -> None:
    """Copy a backup with another manifest."""
    with zipfile.ZipFile(source) as good, zipfile.ZipFile(target, "w") as bad:
        for part in good.namelist():
            if part != "manifest.json":
                with good.open(part) as read, bad.open(part, "w") as written:
                    shutil.copyfileobj(read, written)
        said = json.loads(good.read("manifest.json"))
        change(said)
        bad.writestr("manifest.json", json.dumps(said))
