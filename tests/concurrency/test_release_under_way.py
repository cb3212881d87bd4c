"""A release gives columns another type while connections are open that have prepared queries of them."""

from __future__ import annotations

import psycopg
import pytest
from django.db import OperationalError, transaction

from opsportal.accounts.models import Team
from opsportal.core.statements import Statement
from opsportal.databases import PREPARE_AFTER
from tests.databases import Database
from tests.makers import make_team


@pytest.fixture
def statement(fresh_database: Database) -> Statement:
    """A query of a column that this connection has prepared, and that is wider now."""
    make_team("payments")
    one = Statement(lambda mark: Team.objects.filter(slug=mark.text("slug")).values_list("name"))
    for _ in range(PREPARE_AFTER + 2):
        assert len(list(one.rows(slug="payments"))) == 1
    with psycopg.connect(fresh_database.env["DATABASE_URL"], autocommit=True) as other:
        other.execute("ALTER TABLE accounts_team ALTER COLUMN name TYPE varchar(999)")
    return one


def test_a_query_is_run_again_as_if_nothing_had_been(statement: Statement) -> None:
    for _ in range(PREPARE_AFTER + 2):
        assert len(list(statement.rows(slug="payments"))) == 1


def test_inside_a_transaction_it_is_the_database_that_is_away_and_the_next_one_succeeds(
    statement: Statement,
) -> None:
    with pytest.raises(OperationalError), transaction.atomic():
        list(statement.rows(slug="payments"))
    with transaction.atomic():
        assert len(list(statement.rows(slug="payments"))) == 1
