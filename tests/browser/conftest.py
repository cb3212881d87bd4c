"""Portals with the demo organisation: one that all tests share, and one that has just been loaded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import DjangoDbBlocker

from tests.databases import Database, Templates, connected_to
from tests.portal import LivePortal


@pytest.fixture(scope="session")
def demo(
    demo_templates: Templates,
    django_db_blocker: DjangoDbBlocker,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[LivePortal]:
    """A web server on the demo organisation, for all tests: each votes on changes that no other one needs."""
    folder = tmp_path_factory.mktemp("demo")
    with django_db_blocker.unblock(), demo_templates.copy(folder / "data") as database:
        (folder / "portal").mkdir()
        live = LivePortal(folder / "portal", database.env)
        try:
            live.start_web(OPSPORTAL_DEMO_LOGINS="1")
            yield live
        finally:
            live.stop()


@pytest.fixture
def fresh_database(
    demo_templates: Templates, django_db_blocker: DjangoDbBlocker, tmp_path: Path
) -> Iterator[Database]:
    """The demo organisation in a database of the test's own, to which Django is connected."""
    with (
        django_db_blocker.unblock(),
        demo_templates.copy(tmp_path / "data") as database,
        connected_to(database),
    ):
        yield database
