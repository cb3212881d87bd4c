"""`holders_of` against a plain reading of its definition, for whatever periods and scopes."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opsportal.accounts import selectors
from opsportal.accounts.models import Role, RoleHolding, User
from tests.examples import examples
from tests.makers import make_role, make_user

pytestmark = pytest.mark.django_db

FIRST = date(2026, 2, 26)  # a month's end is among the days
days = st.integers(0, 8).map(lambda n: FIRST + timedelta(days=n))
scopes = st.sampled_from([("", ""), ("service", "a"), ("service", "b"), ("team", "a")])
holdings = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 1), days, st.none() | st.integers(0, 5), scopes), max_size=8
)
keys = st.sets(st.sampled_from(["a", "b", "c"]))


@pytest.fixture
def world() -> tuple[list[User], list[Role]]:
    """Three people and two roles."""
    return [make_user(name=name) for name in ("Ada", "Bob", "Cem")], [
        make_role("cab"),
        make_role("ops", "job"),
    ]


@settings(
    max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(given_holdings=holdings, on=days, covered=st.tuples(keys, keys), barred=st.sets(st.integers(0, 2)))
def test_holders_are_those_whose_period_and_scope_cover_the_day(
    world: tuple[list[User], list[Role]],
    given_holdings: list[tuple[int, int, date, int | None, tuple[str, str]]],
    on: date,
    covered: tuple[set[str], set[str]],
    barred: set[int],
) -> None:
    people, roles = world
    services, teams = covered
    RoleHolding.objects.all().delete()
    for index, person in enumerate(people):
        User.objects.filter(pk=person.pk).update(is_active=index not in barred)
    rows = [
        RoleHolding(
            user=people[who],
            role=roles[what],
            valid_from=start,
            valid_until=None if length is None else start + timedelta(days=length),
            scope_kind=kind,
            scope_key=key,
        )
        for who, what, start, length, (kind, key) in given_holdings
    ]
    RoleHolding.objects.bulk_create(rows, ignore_conflicts=True)

    def holds(person: User, role: Role) -> bool:
        return any(
            row.user_id == person.pk
            and row.role_id == role.pk
            and row.valid_from <= on
            and (row.valid_until is None or on <= row.valid_until)
            and {"": True, "service": row.scope_key in services, "team": row.scope_key in teams}[
                row.scope_kind
            ]
            for row in RoleHolding.objects.all()
        )

    active = [person for index, person in enumerate(people) if index not in barred]
    for role in roles:
        expected = [person for person in active if holds(person, role)]
        assert list(selectors.holders_of(role.slug, on, services=services, teams=teams)) == expected
        for person in people:
            assert selectors.holds_role(person.actor, role.slug, on, services=services, teams=teams) is (
                person in expected
            )
    for person in people:
        assert selectors.roles_of(person.pk, on, services=services, teams=teams) == {
            role.slug for role in roles if person in active and holds(person, role)
        }
