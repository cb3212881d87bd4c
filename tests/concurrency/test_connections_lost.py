"""The server gives up a connection that is kept between requests: a restart, a failover, an idle timeout."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from django.db import OperationalError, close_old_connections, connection, transaction

from opsportal.accounts.models import Team
from opsportal.core.statements import Statement
from tests.databases import Database
from tests.makers import make_team

TEAM = Statement(lambda mark: Team.objects.filter(slug=mark.text("slug")).values_list("name"))


@pytest.fixture
def looks() -> Iterator[list[str]]:
    """The looks at whether the connection works, which Django takes by a statement of its own."""
    taken: list[str] = []
    before = connection.is_usable

    def is_usable() -> bool:
        taken.append("look")
        return before()

    connection.is_usable = is_usable  # type: ignore[method-assign]
    yield taken
    del connection.is_usable


def lose(database: Database) -> None:
    """End the connection on the server's side."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (process,) = cursor.fetchone()
    with psycopg.connect(database.env["DATABASE_URL"], autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 10000)", [process])


def test_a_read_goes_on_over_a_new_connection(fresh_database: Database) -> None:
    make_team("payments")
    lose(fresh_database)
    close_old_connections()  # as at the beginning of a request
    assert len(list(TEAM.rows(slug="payments"))) == 1
    assert len(list(TEAM.rows(slug="payments"))) == 1


def test_a_read_that_comes_first_is_the_look_at_the_connection(
    fresh_database: Database, looks: list[str]
) -> None:
    make_team("payments")
    connection.health_check_enabled = True  # type: ignore[attr-defined]
    close_old_connections()
    assert len(list(TEAM.rows(slug="payments"))) == 1
    with transaction.atomic():
        assert Team.objects.count() == 1
    assert looks == []
    close_old_connections()
    with transaction.atomic():
        assert len(list(TEAM.rows(slug="payments"))) == 1
    assert looks == ["look"]


def test_inside_a_transaction_nothing_is_repeated(fresh_database: Database) -> None:
    make_team("payments")

    def read_after_the_loss() -> None:
        with transaction.atomic():
            lose(fresh_database)
            list(TEAM.rows(slug="payments"))

    with pytest.raises(OperationalError):
        read_after_the_loss()
    assert len(list(TEAM.rows(slug="payments"))) == 1
