"""Two at once: administrators who remove each other, the same role twice, a circle closed from both ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from opsportal.accounts.models import RoleHolding, ServiceAccount, User
from opsportal.accounts.services import service_account_create, user_create, user_deactivate, user_update
from opsportal.catalog.models import Dependency
from opsportal.catalog.services import dependency_add
from opsportal.core.errors import Refusal
from tests.makers import NOW, ROOT, grant, make_role, make_service, make_team, make_user
from tests.racing import race

ROUNDS = 5


def at_once(*calls: Callable[[], Any]) -> list[str]:
    """Run the calls at the same moment; return what each was refused with, sorted, "" for not at all."""
    outcomes = race(*calls)
    assert all(isinstance(one, Refusal) or not isinstance(one, Exception) for one in outcomes), outcomes
    return sorted(one.code if isinstance(one, Refusal) else "" for one in outcomes)


@pytest.mark.usefixtures("fresh_database")
def test_two_administrators_who_bar_each_other_leave_one() -> None:
    first, second = make_user(staff=True), make_user(staff=True)
    outcomes = at_once(
        lambda: user_deactivate(actor=first.actor, now=NOW, user_id=second.pk),
        lambda: user_deactivate(actor=second.actor, now=NOW, user_id=first.pk),
    )
    assert outcomes == ["", "last_administrator"]
    assert User.objects.filter(is_staff=True, is_active=True).count() == 1


@pytest.mark.usefixtures("fresh_database")
def test_two_administrators_who_step_down_at_once_leave_one() -> None:
    people = [make_user(staff=True) for _ in range(3)]
    at_once(
        *(
            lambda user=user: user_update(actor=user.actor, now=NOW, user_id=user.pk, is_staff=False)
            for user in people
        )
    )
    assert User.objects.filter(is_staff=True).count() == 1


@pytest.mark.usefixtures("fresh_database")
def test_a_role_granted_twice_at_once_is_held_once() -> None:
    role, person = make_role("cab"), make_user()
    outcomes = at_once(*(lambda: grant(role, person) for _ in range(3)))
    assert outcomes == ["", "already_held", "already_held"]
    assert RoleHolding.objects.count() == 1


@pytest.mark.usefixtures("fresh_database")
def test_an_address_taken_twice_at_once_is_taken_once() -> None:
    outcomes = at_once(
        *(
            lambda: user_create(actor=ROOT, now=NOW, email="ada@example.org", full_name="Ada")
            for _ in range(3)
        )
    )
    assert outcomes == ["", "invalid", "invalid"]
    assert User.objects.filter(email="ada@example.org").count() == 1


@pytest.mark.usefixtures("fresh_database")
def test_a_service_account_made_twice_at_once_is_made_once() -> None:
    outcomes = at_once(*(lambda: service_account_create(actor=ROOT, now=NOW, slug="ci") for _ in range(3)))
    assert outcomes == ["", "", ""]
    assert ServiceAccount.objects.count() == 1


@pytest.mark.usefixtures("fresh_database")
def test_a_circle_closed_from_two_far_ends_at_once_stays_open() -> None:
    team = make_team()
    for round_number in range(ROUNDS):
        a, b, c, d = (make_service(f"{name}{round_number}", team=team).slug for name in "abcd")

        def add(service: str, depends_on: str) -> Any:
            return dependency_add(actor=ROOT, now=NOW, service=service, depends_on=depends_on)

        add(b, c)
        add(d, a)
        outcomes = at_once(lambda a=a, b=b: add(a, b), lambda c=c, d=d: add(c, d))  # type: ignore[misc]
        assert outcomes == ["", "cycle"]
    assert Dependency.objects.count() == 3 * ROUNDS
