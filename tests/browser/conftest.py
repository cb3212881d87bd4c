"""A portal with the demo organisation, shared by the tests of one file: starting one takes long."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django import DjangoDbBlocker

from tests.databases import PostgresTemplates, SqliteTemplates
from tests.portal import LivePortal


@pytest.fixture(scope="module")
def demo(
    database_templates: PostgresTemplates | SqliteTemplates,
    django_db_blocker: DjangoDbBlocker,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[LivePortal]:
    """A web server on the demo organisation. The tests of a file vote on different changes of it."""
    folder = tmp_path_factory.mktemp("demo")
    with django_db_blocker.unblock(), database_templates.copy(folder / "data") as database:
        (folder / "portal").mkdir()
        live = LivePortal(folder / "portal", database.env)
        try:
            live.manage("demo", "load")
            live.start_web(OPSPORTAL_DEMO_LOGINS="1")
            yield live
        finally:
            live.stop()
