"""Audit entries, histories and other append-only tables only grow: the database itself holds it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction

from opsportal.accounts.models import Team
from opsportal.approvals.models import Vote
from opsportal.audit.actions import register
from opsportal.audit.models import AuditEntry
from opsportal.audit.services import audit_record
from opsportal.audit.triggers import append_only_models, check_triggers, make_triggers, missing_triggers
from opsportal.core.actor import Actor
from opsportal.core.correlation import correlated
from opsportal.core.writes import write
from tests.changing import activate, make_cast, stage, submitted, vote
from tests.makers import away

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ACTOR = Actor.user("4f2c")
register("test.done", "did it")


def entry() -> AuditEntry:
    return audit_record(
        actor=ACTOR, now=NOW, action="test.done", object_kind="thing", object_key="T-1", data={"n": 1}
    )


def team_history_table() -> str:
    with write(actor=ACTOR, now=NOW, reason="because"):
        Team.objects.create(slug="payments", name="Payments")
    return str(Team.history.model._meta.db_table)


@pytest.fixture(params=["audit", "history"])
def table(request: pytest.FixtureRequest) -> tuple[str, str]:
    """A guarded table with one row, and the name of its key."""
    if request.param == "audit":
        entry()
        return "audit_auditentry", "id"
    return team_history_table(), "history_id"


def refused(statement: str) -> None:
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def count(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT COUNT(*) FROM {table}")
        return int(cursor.fetchone()[0])


def test_a_row_cannot_be_updated(table: tuple[str, str]) -> None:
    refused(f"UPDATE {table[0]} SET {table[1]} = {table[1]}")


def test_a_row_cannot_be_deleted(table: tuple[str, str]) -> None:
    refused(f"DELETE FROM {table[0]}")
    assert count(table[0]) == 1


def test_a_row_cannot_be_replaced(table: tuple[str, str]) -> None:
    name, key = table
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA recursive_triggers=OFF")
        refused(f"INSERT OR REPLACE INTO {name} SELECT * FROM {name}")
    else:
        upsert = f"ON CONFLICT ({key}) DO UPDATE SET {key} = EXCLUDED.{key}"
        refused(f"INSERT INTO {name} SELECT * FROM {name} {upsert}")
    assert count(name) == 1


def test_a_vote_is_not_replaced_by_another_one_for_the_same_seat() -> None:
    cast = make_cast()
    away(cast.board[0], cast.bystander)
    activate(stage("board", "board"), version="2")
    vote(submitted(cast), cast.board[0], "reject")
    if connection.vendor == "sqlite":
        kept = ["decision", "content_hash", "comment", "cast_at", "hat", "request_id", "stage_id"]
        columns = ", ".join(kept)
        refused(
            f"INSERT OR REPLACE INTO approvals_vote ({columns}, voter_id, on_behalf_of_id)"
            f" SELECT {columns}, '{cast.bystander.pk.hex}', voter_id FROM approvals_vote"
        )
    assert Vote.objects.get().voter == cast.board[0]


def test_a_table_cannot_be_truncated(table: tuple[str, str]) -> None:
    if connection.vendor == "sqlite":
        refused(f"DELETE FROM {table[0]} WHERE 1 = 1")
    else:
        refused(f"TRUNCATE {table[0]} CASCADE")
    assert count(table[0]) == 1


def test_the_orm_cannot_either() -> None:
    made = entry()
    made.action = "other"
    with pytest.raises(DatabaseError), transaction.atomic():
        made.save()
    with pytest.raises(DatabaseError), transaction.atomic():
        AuditEntry.objects.all().delete()
    assert AuditEntry.objects.get().action == "test.done"


def test_every_history_table_is_guarded() -> None:
    guarded = {model._meta.db_table for model in append_only_models()}
    histories = {
        model._meta.db_table for model in apps.get_models() if model.__name__.startswith("Historical")
    }
    assert histories <= guarded
    assert "audit_auditentry" in guarded
    assert missing_triggers(connection) == []


def test_a_missing_trigger_fails_the_check_and_is_made_again() -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("DROP TRIGGER append_only_delete_audit_auditentry")
        else:
            cursor.execute("DROP TRIGGER append_only_rows ON audit_auditentry")
    assert [error.id for error in check_triggers(databases=["default"])] == ["audit.E001"]
    make_triggers(connection)
    assert check_triggers(databases=["default"]) == []


def test_a_guard_of_an_older_release_is_made_anew() -> None:
    if connection.vendor == "postgresql":
        return  # there, they are replaced each time
    with connection.cursor() as cursor:
        kept = "SELECT sql FROM sqlite_master WHERE name = 'append_only_insert_approvals_vote'"
        (wanted,) = cursor.execute(kept).fetchone()
        cursor.execute("DROP TRIGGER append_only_insert_approvals_vote")
        cursor.execute(
            "CREATE TRIGGER append_only_insert_approvals_vote BEFORE INSERT ON approvals_vote"
            " WHEN 1 = 0 BEGIN SELECT RAISE(ABORT, 'never'); END"
        )
        make_triggers(connection)
        assert cursor.execute(kept).fetchone() == (wanted,)


def test_a_disabled_trigger_fails_the_check() -> None:
    if connection.vendor == "sqlite":
        assert missing_triggers(connection) == []  # SQLite cannot switch a trigger off, only drop it.
        return
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_auditentry DISABLE TRIGGER append_only_rows")
    assert missing_triggers(connection) == ["audit_auditentry.append_only_rows"]


def test_a_history_row_says_who_when_why_and_from_which_request() -> None:
    with correlated("req-1"), write(actor=ACTOR, now=NOW, reason="because"):
        team = Team.objects.create(slug="payments", name="Payments")
    row = team.history.get()
    assert (row.history_user_id, row.history_date, row.history_change_reason, row.history_correlation_id) == (
        "user:4f2c",
        NOW,
        "because",
        "req-1",
    )


def test_an_entry_keeps_its_canonical_bytes() -> None:
    with correlated("req-2"):
        made = entry()
    assert bytes(AuditEntry.objects.get(pk=made.pk).canonical) == (
        b'{"action":"test.done","actor":{"id":"4f2c","kind":"user"},"at":"2026-03-01T12:00:00.000000Z",'
        b'"correlation_id":"req-2","data":{"n":1},"object":{"key":"T-1","kind":"thing"},"outcome":"done"}'
    )


def test_an_unregistered_action_aborts_the_change() -> None:
    def create_and_tell() -> None:
        with write(actor=ACTOR, now=NOW):
            Team.objects.create(slug="payments", name="Payments")
            audit_record(actor=ACTOR, now=NOW, action="nobody.knows", object_kind="x", object_key="1")

    with pytest.raises(ValueError, match="not registered"):
        create_and_tell()
    assert not Team.objects.exists()
    assert not Team.history.exists()
