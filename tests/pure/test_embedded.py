"""Where embedded data live: one environment, one place, for every process."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from opsportal import embedded


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    data = tmp_path / "data"
    monkeypatch.setenv("OPSPORTAL_DATA", str(data))
    for name in ("DATABASE_URL", "REDIS_URL", "OPSPORTAL_SECRET_KEY"):
        monkeypatch.delenv(name, raising=False)
    return data


def test_the_data_folder_is_made_for_its_owner_alone(folder: Path) -> None:
    assert embedded.data_folder() == folder
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_relative_data_folder_lies_in_the_project_wherever_the_command_starts(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(embedded, "project_root", lambda: tmp_path / "project")
    monkeypatch.setenv("OPSPORTAL_DATA", "elsewhere")
    monkeypatch.chdir("/")
    assert embedded.data_folder() == tmp_path / "project" / "elsewhere"


def test_the_key_is_made_once_and_read_by_its_owner_alone(folder: Path) -> None:
    first = embedded.secret_key()
    assert len(first) >= 64
    assert embedded.secret_key() == first
    assert stat.S_IMODE((folder / "secret_key").stat().st_mode) == 0o600
    assert [file.name for file in folder.iterdir()] == ["secret_key"]


def test_a_given_key_leaves_no_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPSPORTAL_SECRET_KEY", "given")
    assert embedded.secret_key() == "given"
    assert not folder.exists()


def test_celery_and_the_cache_are_pointed_to_the_same_socket(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "MAX_SOCKET_PATH", 1000)
    assert embedded.cache_url() == f"unix://{folder}/valkey.sock?db=0"
    assert embedded.broker_url() == f"redis+socket://{folder}/valkey.sock?virtual_host=0"


def test_a_long_data_folder_gets_a_short_socket_of_its_own(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(embedded, "MAX_SOCKET_PATH", 10)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    socket = embedded.socket_path()
    assert socket == embedded.socket_path()
    assert socket.parent.parent == tmp_path
    assert stat.S_IMODE(socket.parent.stat().st_mode) == 0o700
    monkeypatch.setenv("OPSPORTAL_DATA", str(tmp_path / "other"))
    assert embedded.socket_path() != socket


@pytest.mark.parametrize(
    ("given", "for_celery"),
    [
        ("redis://cache.internal:6379/2", "redis://cache.internal:6379/2"),
        ("rediss://:secret@cache.internal/0", "rediss://:secret@cache.internal/0"),
        ("unix:///run/valkey.sock?db=3", "redis+socket:///run/valkey.sock?virtual_host=3"),
        ("unix:///run/valkey.sock", "redis+socket:///run/valkey.sock?virtual_host=0"),
    ],
)
def test_a_given_broker_replaces_the_embedded_one(
    folder: Path, monkeypatch: pytest.MonkeyPatch, given: str, for_celery: str
) -> None:
    monkeypatch.setenv("REDIS_URL", given)
    assert not embedded.uses_embedded_broker()
    assert embedded.cache_url() == given
    assert embedded.broker_url() == for_celery
