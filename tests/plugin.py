"""Starts the servers that a test run needs before Django reads its settings.

``TEST_DATABASE`` is ``sqlite`` (default) or ``postgres``; ``TEST_DATABASE_URL`` and ``TEST_REDIS_URL`` name
servers that already run. Under pytest-xdist the controller starts them once, and the workers inherit their
addresses. Loaded by ``-p tests.plugin`` in pyproject.toml: a conftest would come too late.
"""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.servers import Postgres, Valkey

_running: list[Postgres | Valkey] = []
_folders: list[Path] = []


def _start() -> None:
    database = os.environ.setdefault("TEST_DATABASE", "sqlite")
    if database not in ("sqlite", "postgres"):
        raise pytest.UsageError("TEST_DATABASE is sqlite or postgres")
    os.environ.pop("DATABASE_URL", None)
    if database == "postgres":
        given = os.environ.get("TEST_DATABASE_URL")
        if not given:
            server = Postgres()
            _running.append(server)
            given = server.url
            os.environ["TEST_POSTGRES_BIN"] = str(server.installation / "bin")
        os.environ["DATABASE_URL"] = given
    # The keys and files of a test run are its own: never those of a portal that runs from the same tree.
    folder = Path(tempfile.mkdtemp(prefix="opsportal-test-"))
    _folders.append(folder)
    os.environ["OPSPORTAL_DATA"] = str(folder)
    os.environ["OPSPORTAL_SECRET_KEY"] = "only-for-tests-" + "0" * 40
    broker = os.environ.get("TEST_REDIS_URL")
    if not broker:
        valkey = Valkey()
        _running.append(valkey)
        broker = valkey.url()
    os.environ["REDIS_URL"] = broker


def _stop() -> None:
    while _running:
        _running.pop().stop()
    while _folders:
        shutil.rmtree(_folders.pop(), ignore_errors=True)


def _own_broker_database(worker: str) -> None:
    """Give each xdist worker a database number of its own on the shared Valkey."""
    address, slash, number = os.environ["REDIS_URL"].rpartition("/")
    if number == "0":
        os.environ["REDIS_URL"] = address + slash + str(1 + int(worker.removeprefix("gw")))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests() -> Generator[None, None, None]:
    """Start the servers ahead of pytest-django, which reads the settings in this very hook."""
    gc.disable()  # what is loaded from here to the first test stays: looking for garbage in it finds none
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker:
        _own_broker_database(worker)
    else:
        _start()
    try:
        return (yield)
    except BaseException:
        _stop()
        raise


def pytest_configure() -> None:
    """Adapt the settings of this process (not of a `portal`'s processes, which are as in production)."""
    from django.conf import settings

    if settings.configured:
        # Tests make many users.
        settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
        # Static files need not be collected, nor looked through for each test client.
        plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
        settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}
        settings.WHITENOISE_AUTOREFRESH = True


def pytest_collection_finish() -> None:
    """Let the collector of garbage leave alone what stays: modules, and all tests there are."""
    gc.collect()
    gc.freeze()
    gc.enable()
    gc.set_threshold(50_000, 20, 100)


def pytest_unconfigure() -> None:
    """Stop what we started (in a worker: nothing)."""
    _stop()


def pytest_report_header() -> str:
    """Say which servers the tests run against."""
    return f"database: {os.environ['TEST_DATABASE']}"
