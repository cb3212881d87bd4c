"""Queries that the ORM writes once give what the ORM gives."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connection, connections
from django.db.transaction import TransactionManagementError
from django.test.utils import CaptureQueriesContext

from opsportal.accounts.models import ApiToken, TeamMembership, User
from opsportal.core.statements import Objects, Statement
from opsportal.core.storing import insert, insert_all, update, update_all
from opsportal.databases import PREPARE_AFTER
from tests.makers import NOW, TODAY, join, make_team, make_token, make_user

pytestmark = pytest.mark.django_db


def test_it_gives_the_rows_of_the_orm_with_their_types() -> None:
    token, _ = make_token(["gate:read", "changes:read"])
    columns = [field.attname for field in ApiToken._meta.concrete_fields]
    statement = Statement(
        lambda mark: ApiToken.objects.filter(prefix=mark.text("prefix")).order_by().values_list(*columns)
    )
    assert list(statement.rows(prefix=token.prefix)) == list(
        ApiToken.objects.filter(prefix=token.prefix).order_by().values_list(*columns)
    )
    assert list(statement.rows(prefix="opk_nothing")) == []


def test_days_and_numbers_are_passed_as_the_backend_wants_them() -> None:
    member = make_user()
    row = join(make_team(), member, since=TODAY, until=TODAY + timedelta(days=1))
    statement = Statement(
        lambda mark: TeamMembership.objects.filter(
            pk=mark.number("number"),
            valid_from__lte=mark.day("today"),
            valid_until__gte=mark.day("today"),
            team__slug=mark.text("team"),
        ).values_list("valid_from", "user_id")
    )

    def found(today: date, number: int = row.pk, team: str = row.team.slug) -> list[tuple[object, ...]]:
        return list(statement.rows(number=number, today=today, team=team))

    assert found(TODAY) == [(TODAY, member.pk)]
    assert found(TODAY - timedelta(days=1)) == []
    assert found(TODAY + timedelta(days=2)) == []
    assert found(TODAY, number=row.pk + 1) == []
    assert found(TODAY, team="other") == []


def test_hostile_values_stay_values() -> None:
    make_team("payments")
    statement = Statement(
        lambda mark: TeamMembership.objects.filter(team__slug=mark.text("team")).values_list("pk")
    )
    for value in ("' OR 1=1 --", "%s", "%(team)s", "\x02team\x02", ""):
        assert list(statement.rows(team=value)) == []


def test_one_call_is_one_statement() -> None:
    statement = Statement(
        lambda mark: ApiToken.objects.filter(prefix=mark.text("prefix")).values_list("created_at")
    )
    make_token(["gate:read"], now=NOW)
    for _ in range(2):
        with CaptureQueriesContext(connection) as seen:
            list(statement.rows(prefix="opk_x"))
        assert len(seen) == 1


def test_a_connection_prepares_what_it_runs_often_and_only_that() -> None:
    token, _ = make_token(["gate:read"], now=NOW)
    statement = Statement(
        lambda mark: ApiToken.objects.filter(
            prefix=mark.text("prefix"), created_at__lte=mark.moment("now")
        ).values_list("pk")
    )
    for _ in range(PREPARE_AFTER + 2):
        assert list(statement.rows(prefix=token.prefix, now=NOW)) == [(token.pk,)]
        assert list(statement.rows(prefix=token.prefix, now=NOW - timedelta(days=1))) == []
        assert ApiToken.objects.filter(prefix=token.prefix).exists()
    prepared = _prepared()
    assert len(prepared) == (1 if connection.vendor == "postgresql" else 0)
    assert all("accounts_apitoken" in text and token.prefix not in text for text in prepared)


def _prepared() -> list[str]:
    if connection.vendor != "postgresql":
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT statement FROM pg_prepared_statements WHERE statement LIKE '%accounts_apitoken%'"
        )
        return [text for (text,) in cursor.fetchall()]


def test_a_row_that_is_inserted_is_what_the_orm_would_have_stored() -> None:
    user = make_user()
    kept = User.history.get(id=user.pk)
    values = {field.attname: getattr(kept, field.attname) for field in kept._meta.concrete_fields[:-1]}
    by_orm, ours = (type(kept)(**{**values, "history_id": None}) for _ in range(2))
    by_orm.save_base(force_insert=True)
    insert(ours)
    rows = list(User.history.filter(pk__in=[by_orm.pk, ours.pk]).values())
    first, second = ({name: value for name, value in row.items() if name != "history_id"} for row in rows)
    assert first == second
    assert not ours._state.adding


def test_objects_are_those_of_the_orm_with_what_hangs_on_them() -> None:
    member, other = make_user(), make_user()
    row = join(make_team("payments"), member, since=TODAY, until=TODAY + timedelta(days=1))
    join(make_team("search"), other, since=TODAY)
    objects = Objects(
        lambda mark: (
            TeamMembership.objects.filter(team__slug=mark.text("team"), valid_from__lte=mark.day("today"))
            .select_related("user", "team")
            .order_by("-id")
        )
    )
    (found,) = objects.all(team="payments", today=TODAY)
    assert found == row
    assert objects.first(team="search", today=TODAY) == TeamMembership.objects.get(user=other)
    assert objects.first(team="search", today=TODAY - timedelta(days=1)) is None
    with CaptureQueriesContext(connection) as seen:
        assert (found.user, found.team.slug) == (member, "payments")
    assert len(seen) == 0
    fields = [field.attname for field in TeamMembership._meta.concrete_fields]
    assert [getattr(found, name) for name in fields] == [getattr(row, name) for name in fields]
    assert [(type(found.user.pk), found.user.is_active)] == [(type(member.pk), True)]
    assert not found._state.adding


def test_objects_are_locked_inside_a_transaction_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    user = make_user()
    objects = Objects(
        lambda mark: User.objects.select_for_update(of=("self",)).filter(pk=mark.identifier("person"))
    )
    with CaptureQueriesContext(connection) as seen:
        assert objects.first(person=user.pk) == user
    assert ("FOR UPDATE" in seen[0]["sql"]) is (connection.vendor == "postgresql")
    monkeypatch.setattr(connections[DEFAULT_DB_ALIAS], "in_atomic_block", False)
    with pytest.raises(TransactionManagementError):
        objects.first(person=user.pk)


def test_a_row_that_is_updated_is_what_the_orm_would_have_stored_and_its_history_knows() -> None:
    ours, by_orm = make_user(), make_user()
    for user in (ours, by_orm):
        user.full_name, user.is_active, user.time_zone = "Émilie “%s”", False, "Asia/Kathmandu"
    update(ours)
    by_orm.save()
    rows = [list(User.objects.filter(pk=user.pk).values_list().get()) for user in (ours, by_orm)]
    names = [field.attname for field in User._meta.concrete_fields]
    different = {name for name, one, other in zip(names, *rows, strict=True) if one != other}
    assert different <= {"id", "email", "password", "created_at"}
    kept = [User.history.filter(id=user.pk).order_by("-history_id").first() for user in (ours, by_orm)]
    assert [one.history_type for one in kept] == ["~", "~"]
    assert kept[0].is_active is False


def test_a_row_that_stands_no_more_is_not_made_anew() -> None:
    membership = join(make_team(), make_user())
    TeamMembership.objects.filter(pk=membership.pk).delete()
    with pytest.raises(DatabaseError):
        update(membership)
    assert not TeamMembership.objects.filter(pk=membership.pk).exists()


def test_many_rows_are_stored_in_one_statement_and_none_in_none() -> None:
    users, team = [make_user() for _ in range(3)], make_team()
    rows = [TeamMembership(team=team, user=user, valid_from=TODAY) for user in users]
    with CaptureQueriesContext(connection) as seen:
        insert_all(rows)
        insert_all([])
    assert len(seen) == 1
    stored = list(TeamMembership.objects.filter(team=team).order_by("id"))
    assert [(one.user, one.valid_from, one.valid_until) for one in stored] == [
        (user, TODAY, None) for user in users
    ]
    for row in stored:
        row.valid_until = TODAY
    update_all(stored[:2])
    update_all([])
    assert [one.valid_until for one in TeamMembership.objects.filter(team=team).order_by("id")] == [
        TODAY,
        TODAY,
        None,
    ]
