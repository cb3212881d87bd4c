"""Fixtures for all tests.

Databases: the ``django_db`` mark for a test that rolls back, `fresh_database` for one that really commits
(never ``transaction=True``: it flushes, which append-only tables refuse).
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from pytest_django import DjangoDbBlocker

from tests import chromium
from tests.databases import Database, Templates, connected_to
from tests.examples import examples
from tests.migrated import migrated_templates
from tests.portal import LivePortal
from tests.processes import ROOT
from tests.servers import Mailbox
from tests.spread import Spread, longest_first

# Examples are judged by what comes out, never by how long the machine took.
settings.register_profile("opsportal", deadline=None, max_examples=examples(100))
settings.load_profile("opsportal")


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Spread:
    """Let tests that share something run in one process."""
    return Spread(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse flushing tests where they are written, not where their teardown fails; long tests come first."""
    for item in items:
        mark = item.get_closest_marker("django_db")
        if mark is not None and mark.kwargs.get("transaction"):
            raise pytest.UsageError(
                f"{item.nodeid}: use the fresh_database fixture in place of django_db(transaction=True); "
                "the append-only tables cannot be flushed"
            )
    items.sort(key=lambda item: longest_first(item.nodeid))


@pytest.fixture(scope="session")
def database_templates(django_db_blocker: DjangoDbBlocker) -> Iterator[Templates]:
    """The migrated database, ready to be copied."""
    with django_db_blocker.unblock():
        templates = migrated_templates()
        yield templates
        templates.close()


@pytest.fixture(scope="session")
def django_db_setup(
    database_templates: Templates,
    django_db_blocker: DjangoDbBlocker,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[None]:
    """The database of this process, for the tests with the `django_db` mark."""
    held = ExitStack()
    with django_db_blocker.unblock():
        database = held.enter_context(database_templates.to_roll_back(tmp_path_factory.mktemp("database")))
        held.enter_context(connected_to(database))
    yield
    with django_db_blocker.unblock():
        held.close()


@pytest.fixture(scope="session")
def demo_templates(
    database_templates: Templates,
    django_db_blocker: DjangoDbBlocker,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Templates]:
    """A database with the demo organisation, ready to be copied: loading it takes long."""
    folder = tmp_path_factory.mktemp("demo")
    with django_db_blocker.unblock(), database_templates.copy(folder / "data") as database:
        # In a process of its own, so that the passwords are hashed as a portal's processes know them.
        subprocess.run(
            [sys.executable, "manage.py", "demo", "load"],
            env={**os.environ, **database.env},
            cwd=ROOT,
            check=True,
        )
        yield database_templates.of_copy(database)


@pytest.fixture
def fresh_database(
    database_templates: Templates,
    django_db_blocker: DjangoDbBlocker,
    tmp_path: Path,
) -> Iterator[Database]:
    """A migrated database of the test's own: Django is connected to it and really commits, in any thread.

    Threads close their connection (``django.db.connections.close_all()``) when they end.
    """
    with (
        django_db_blocker.unblock(),
        database_templates.copy(tmp_path / "data") as database,
        connected_to(database),
    ):
        yield database


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    """A real SMTP server; ``mailbox.wait_for(1, to="…")`` returns what came."""
    server = Mailbox()
    yield server
    server.stop()


@pytest.fixture
def portal(fresh_database: Database, mailbox: Mailbox, tmp_path: Path) -> Iterator[LivePortal]:
    """A portal of real processes on `fresh_database`: broker and mail server run, start the others."""
    folder = tmp_path / "portal"
    folder.mkdir()
    live = LivePortal(folder, {**mailbox.env, **fresh_database.env})
    yield live
    live.stop()


@pytest.fixture
def live_portal(portal: LivePortal) -> LivePortal:
    """`portal` with its web server started."""
    portal.start_web()
    return portal


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what the portal's processes printed when a test with a `portal` failed."""
    report = yield
    live = getattr(item, "funcargs", {}).get("portal")
    if report.failed and isinstance(live, LivePortal):
        report.sections.append(("processes of the portal", live.logs()))
    return report


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Let pytest-playwright's `page` drive the Chromium of this machine."""
    found = chromium.find()
    if found is None:
        pytest.fail(chromium.ADVICE, pytrace=False)
    # Playwright keeps an event loop in this thread; Django would take every query in it for a mistake.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    return {**browser_type_launch_args, "executable_path": found, "args": chromium.launch_arguments()}
