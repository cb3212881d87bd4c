"""A database that tests share one after the other: each finds it as new, or gets a new one."""

from __future__ import annotations

import os
from pathlib import Path

import psycopg
import pytest
from django.db import IntegrityError, connection
from pytest_django import DjangoDbBlocker

from opsportal.accounts.models import User
from opsportal.audit.models import AuditEntry
from opsportal.audit.triggers import missing_triggers
from tests.databases import PostgresTemplates, Templates, connected_to
from tests.makers import make_user
from tests.tables import everything

pytestmark = pytest.mark.skipif(
    os.environ["TEST_DATABASE"] != "postgres", reason="on SQLite each test gets a copy of a file"
)


@pytest.fixture
def templates(database_templates: Templates) -> PostgresTemplates:
    """Templates without a database that somebody has used before."""
    return PostgresTemplates(str(database_templates.template))


def test_what_a_test_committed_is_gone_and_history_is_guarded_as_before(
    templates: PostgresTemplates, django_db_blocker: DjangoDbBlocker, tmp_path: Path
) -> None:
    with django_db_blocker.unblock():
        with templates.copy(tmp_path) as first, connected_to(first):
            new = everything()
            key = make_user().history.get().history_id
            assert everything() != new
        with templates.copy(tmp_path) as second, connected_to(second):
            assert second.name == first.name
            assert everything() == new
            assert missing_triggers(connection) == []
            assert make_user().history.get().history_id == key  # the counters begin anew, too
            for model in (User.history.model, AuditEntry):
                with pytest.raises(IntegrityError, match="only grows"):
                    model.objects.all()._raw_delete(using="default")
    templates._drop(second.name)


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE one_more (id integer)",
        "ALTER TABLE accounts_user ALTER COLUMN full_name DROP NOT NULL",
        "ALTER TABLE audit_auditentry DISABLE TRIGGER USER",
        "DELETE FROM auth_permission WHERE id = (SELECT min(id) FROM auth_permission)",
        "ANALYZE django_content_type",
    ],
)
def test_a_database_that_cannot_be_made_as_it_was_is_not_used_again(
    templates: PostgresTemplates, django_db_blocker: DjangoDbBlocker, tmp_path: Path, statement: str
) -> None:
    with django_db_blocker.unblock():
        with (
            templates.copy(tmp_path) as first,
            psycopg.connect(first.env["DATABASE_URL"], autocommit=True) as inside,
        ):
            inside.execute(statement)
        assert templates._spare == []
