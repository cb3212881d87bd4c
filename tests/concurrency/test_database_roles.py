"""The two roles of docs/deploy/postgresql.sql: the portal owns nothing, and cannot unlock its own past."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import DatabaseError, connection, transaction

from opsportal.accounts.models import User
from opsportal.portal.preflight.data import database_finding
from tests.databases import Database
from tests.makers import make_service, make_team, make_user
from tests.processes import ROOT

SCRIPT = ROOT / "docs" / "deploy" / "postgresql.sql"
PORTAL, OWNER = "documented", "documented_owner"
"""The script's roles under names that the server of the tests has not got yet."""


@contextmanager
def role(name: str) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {name}")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET ROLE")


def refused(statement: str) -> str:
    """Return why the database refuses a statement."""
    with pytest.raises(DatabaseError) as caught, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    return str(caught.value)


@pytest.fixture
def roles(fresh_database: Database) -> Iterator[None]:
    """Both roles, and all tables given to the owner; taken back at the end, since roles are the server's."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(SCRIPT.read_text(encoding="utf-8").replace("opsportal", PORTAL))
            for table in connection.introspection.table_names(cursor):
                cursor.execute(f'ALTER TABLE "{table}" OWNER TO {OWNER}')
                cursor.execute(f'GRANT SELECT, INSERT, UPDATE, DELETE ON "{table}" TO {PORTAL}')
            cursor.execute(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {PORTAL}")
        yield
        transaction.set_rollback(True)


@pytest.mark.usefixtures("roles")
def test_the_portal_works_without_owning_anything_and_cannot_unlock_its_past() -> None:
    with role(PORTAL):
        make_service(team=make_team("payments", make_user()))
        finding = database_finding()
        assert (finding.verdict, "not as the owner" in finding.detail) == ("ok", True)
        assert User.history.exists()
        for statement in (
            "ALTER TABLE accounts_historicaluser DISABLE TRIGGER append_only_rows",
            "DROP TRIGGER append_only_rows ON accounts_historicaluser",
            "TRUNCATE accounts_historicaluser",
            "DROP TABLE accounts_historicaluser",
            "SET session_replication_role = replica",
            "CREATE TABLE mine (x int)",
        ):
            assert "permission denied" in refused(statement) or "must be owner" in refused(statement)
        assert "only grows" in refused("UPDATE accounts_historicaluser SET is_staff = true")
        assert "only grows" in refused("DELETE FROM audit_auditentry")


@pytest.mark.usefixtures("roles")
def test_what_the_owner_makes_later_the_portal_may_use_but_not_empty() -> None:
    with role(OWNER), connection.cursor() as cursor:
        cursor.execute("CREATE TABLE later (id serial PRIMARY KEY, word text)")
    with role(PORTAL):
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO later (word) VALUES ('here')")
            cursor.execute("UPDATE later SET word = 'there'")
        assert "permission denied" in refused("TRUNCATE later")


def test_as_the_owner_of_its_tables_preflight_warns(fresh_database: Database) -> None:
    assert database_finding().verdict == "warn"
