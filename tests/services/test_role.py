"""Roles and boards: declared, granted from a day to a day, for all or for one service or team."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from opsportal.accounts import selectors
from opsportal.accounts.models import Role, RoleHolding, User
from opsportal.accounts.services import role_declare, role_end, role_grant, user_deactivate
from opsportal.audit.models import AuditEntry
from opsportal.audit.selectors import entry_data
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, Forbidden, InvalidInput, NotFound
from opsportal.outbox import topics
from opsportal.outbox.models import OutboxMessage
from tests.makers import LONG_AGO, NOW, ROOT, TODAY, grant, make_role, make_service, make_team, make_user
from tests.untouched import nothing_written, refused

pytestmark = pytest.mark.django_db
YESTERDAY = TODAY - timedelta(days=1)
TOMORROW = TODAY + timedelta(days=1)


@pytest.fixture
def cab() -> Role:
    return make_role("cab")


@pytest.fixture
def person() -> User:
    return make_user(name="Ada")


# --- declared


def test_declaring_twice_writes_once() -> None:
    role_declare(actor=ROOT, now=NOW, slug="cab", title="Change Advisory Board", kind="board")
    with nothing_written():
        role = role_declare(actor=ROOT, now=NOW, slug="cab", title="Change Advisory Board", kind="board")
    assert (role.title, role.kind, role.version) == ("Change Advisory Board", "board", 1)


def test_another_standard_may_rename_a_role() -> None:
    role_declare(actor=ROOT, now=NOW, slug="cab", title="CAB", kind="board")
    role_declare(actor=ROOT, now=NOW, slug="cab", title="Change Board", kind="board")
    role = Role.objects.get()
    assert (role.title, role.version) == ("Change Board", 2)


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [({"slug": "C A B"}, "/slug"), ({"title": ""}, "/title"), ({"kind": "committee"}, "/kind")],
)
def test_a_role_with_a_wrong_value_is_refused(changed: dict[str, str], pointer: str) -> None:
    with refused(InvalidInput) as caught:
        role_declare(actor=ROOT, now=NOW, **{"slug": "cab", "title": "CAB", "kind": "board", **changed})
    assert caught.value.errors[0].pointer == pointer


# --- granted


def test_a_role_is_held_from_a_day_to_a_day_both_included(cab: Role, person: User) -> None:
    grant(cab, person, TODAY, TOMORROW)
    days = [YESTERDAY, TODAY, TOMORROW, TOMORROW + timedelta(days=1)]
    assert [list(selectors.holders_of("cab", day)) for day in days] == [[], [person], [person], []]
    assert [selectors.holds_role(person.actor, "cab", day) for day in days] == [False, True, True, False]
    assert [selectors.roles_of(person.pk, day) for day in days] == [set(), {"cab"}, {"cab"}, set()]
    assert entry_data(AuditEntry.objects.get(action="role.granted")) == {
        "user": str(person.pk),
        "from": TODAY.isoformat(),
        "until": TOMORROW.isoformat(),
        "scope_kind": "",
        "scope_key": "",
    }


def test_a_holding_for_one_service_counts_for_that_service_only(cab: Role, person: User) -> None:
    make_service("payments-api")
    grant(cab, person, scope_kind="service", scope_key="payments-api")
    assert list(selectors.holders_of("cab", TODAY)) == []
    assert list(selectors.holders_of("cab", TODAY, services=["ledger"])) == []
    assert list(selectors.holders_of("cab", TODAY, teams=["payments-api"])) == []
    assert list(selectors.holders_of("cab", TODAY, services=["ledger", "payments-api"])) == [person]
    assert selectors.holds_role(person.actor, "cab", TODAY, services=["payments-api"]) is True
    assert selectors.roles_of(person.pk, TODAY, services={"payments-api"}) == {"cab"}
    assert selectors.roles_of(person.pk, TODAY) == set()


def test_somebody_who_holds_a_role_twice_is_one_holder(cab: Role, person: User) -> None:
    team = make_team("payments")
    grant(cab, person)
    grant(cab, person, scope_kind="team", scope_key=team.slug)
    assert list(selectors.holders_of("cab", TODAY, teams=["payments"])) == [person]


def test_holders_stand_in_order_of_names(cab: Role, person: User) -> None:
    zoe, bob = make_user(name="Zoë"), make_user(name="Bob")
    for user in (zoe, bob, person):
        grant(cab, user)
    assert list(selectors.holders_of("cab", TODAY)) == [person, bob, zoe]


def test_machines_and_the_portal_hold_no_role(cab: Role, person: User) -> None:
    grant(cab, person)
    for actor in (
        Actor.service_account(person.pk),
        Actor.system(str(person.pk)),
        Actor.anonymous(),
        Actor.user("nonsense"),
    ):
        assert selectors.holds_role(actor, "cab", TODAY) is False


def test_nobody_grants_a_role_to_themselves(cab: Role, person: User) -> None:
    admin = make_user(staff=True)
    for actor, user in ((admin.actor, admin), (person.actor, person), (person.actor, admin)):
        with refused(Forbidden):
            role_grant(actor=actor, now=NOW, role="cab", user_id=user.pk, valid_from=TODAY)
    role_grant(actor=admin.actor, now=NOW, role="cab", user_id=person.pk, valid_from=TODAY)
    assert list(selectors.holders_of("cab", TODAY)) == [person]


def test_a_machine_grants_no_role(cab: Role, person: User) -> None:
    with refused(Forbidden):
        role_grant(
            actor=Actor.service_account("1", frozenset({"standards:write"})),
            now=NOW,
            role="cab",
            user_id=person.pk,
            valid_from=TODAY,
        )


@pytest.mark.parametrize(
    ("scope", "pointer"),
    [
        ({"scope_kind": "planet", "scope_key": "mars"}, "/scope_kind"),
        ({"scope_kind": "service", "scope_key": "nowhere"}, "/scope_key"),
        ({"scope_kind": "team", "scope_key": ""}, "/scope_key"),
        ({"scope_kind": "", "scope_key": "payments"}, "/scope_key"),
    ],
)
def test_a_scope_that_does_not_exist_is_refused(
    cab: Role, person: User, scope: dict[str, Any], pointer: str
) -> None:
    with refused(InvalidInput) as caught:
        grant(cab, person, **scope)
    assert caught.value.errors[0].pointer == pointer


def test_a_role_is_not_held_twice_on_one_day_for_the_same_scope(cab: Role, person: User) -> None:
    grant(cab, person, LONG_AGO, TODAY)
    with refused(Conflict, "already_held"):
        grant(cab, person, TODAY)
    grant(cab, person, TOMORROW)


def test_a_period_that_ends_before_it_starts_is_refused(cab: Role, person: User) -> None:
    with refused(InvalidInput, "ends_before_start"):
        grant(cab, person, TODAY, YESTERDAY)


def test_somebody_barred_is_granted_nothing(cab: Role, person: User) -> None:
    user_deactivate(actor=ROOT, now=NOW, user_id=person.pk)
    with refused(Conflict, "inactive"):
        grant(cab, person)


def test_an_unknown_role_or_person_is_not_found(cab: Role, person: User) -> None:
    with refused(NotFound):
        role_grant(actor=ROOT, now=NOW, role="nothing", user_id=person.pk, valid_from=TODAY)
    with refused(NotFound):
        role_grant(actor=ROOT, now=NOW, role="cab", user_id="nonsense", valid_from=TODAY)
    assert list(selectors.holders_of("nothing", TODAY)) == []


# --- ended


def test_a_role_ends_with_its_last_day(cab: Role, person: User) -> None:
    holding = grant(cab, person)
    role_end(actor=ROOT, now=NOW, holding_id=holding.pk, last_day=TODAY)
    assert list(selectors.holders_of("cab", TODAY)) == [person]
    assert list(selectors.holders_of("cab", TOMORROW)) == []


def test_a_role_ends_at_once_also_where_it_began_today(cab: Role, person: User) -> None:
    for holding in (grant(cab, person, TODAY), grant(make_role("ops"), person)):
        role_end(actor=ROOT, now=NOW, holding_id=holding.pk, last_day=YESTERDAY)
    assert selectors.roles_of(person.pk, TODAY) == set()
    assert selectors.roles_of(person.pk, YESTERDAY) == {"ops"}
    assert RoleHolding.objects.count() == 1
    assert RoleHolding.history.filter(history_type="-").count() == 1


def test_a_role_is_never_made_longer_or_ended_in_the_past(cab: Role, person: User) -> None:
    holding = grant(cab, person, LONG_AGO, TODAY)
    with refused(InvalidInput, "not_shorter"):
        role_end(actor=ROOT, now=NOW, holding_id=holding.pk, last_day=TOMORROW)
    with refused(InvalidInput, "in_the_past"):
        role_end(actor=ROOT, now=NOW, holding_id=holding.pk, last_day=LONG_AGO)
    with refused(NotFound):
        role_end(actor=ROOT, now=NOW, holding_id=0, last_day=TODAY)


def test_only_administrators_end_a_role(cab: Role, person: User) -> None:
    holding = grant(cab, person)
    with refused(Forbidden):
        role_end(actor=person.actor, now=NOW, holding_id=holding.pk, last_day=TODAY)


# --- names


def test_names_take_one_query_for_each_kind(
    cab: Role, person: User, django_assert_num_queries: object
) -> None:
    other = make_user(name="Bob")
    unknown = "6b0f8d0e-0000-4000-8000-000000000000"
    pairs = [
        ("user", str(person.pk)),
        ("user", str(other.pk)),
        ("user", unknown),
        ("user", "nonsense"),
        ("service_account", unknown),
        ("system", "obligations.tick"),
        ("anonymous", ""),
        ("role", "cab"),
        ("role", "gone"),
    ]
    with django_assert_num_queries(3):  # type: ignore[operator]
        names = selectors.display_names(pairs)
    assert names == {
        ("user", str(person.pk)): "Ada",
        ("user", str(other.pk)): "Bob",
        ("user", unknown): "former member 6b0f",
        ("user", "nonsense"): "former member nons",
        ("service_account", unknown): "former service account 6b0f",
        ("system", "obligations.tick"): "opsportal (obligations.tick)",
        ("anonymous", ""): "somebody not signed in",
        ("role", "cab"): "Cab",
        ("role", "gone"): "gone",
    }


def test_holders_are_found_by_one_query(cab: Role, person: User, django_assert_num_queries: object) -> None:
    grant(cab, person)
    with django_assert_num_queries(1):  # type: ignore[operator]
        assert list(selectors.holders_of("cab", TODAY, services=["a"], teams=["b"])) == [person]


# --- told


def test_what_was_done_is_told_to_those_who_listen(
    cab: Role, person: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    for topic in ("accounts.role.granted", "accounts.role.ended", "accounts.user.deactivated"):
        monkeypatch.setitem(topics._handlers, topic, {"tests.listener": print})
    holding = grant(cab, person, TODAY, scope_kind="team", scope_key=make_team("payments").slug)
    role_end(actor=ROOT, now=NOW, holding_id=holding.pk, last_day=TODAY)
    user_deactivate(actor=ROOT, now=NOW, user_id=person.pk)
    period = {"from": TODAY.isoformat(), "scope_kind": "team", "scope_key": "payments"}
    assert [(message.topic, message.payload) for message in OutboxMessage.objects.order_by("id")] == [
        ("accounts.role.granted", {"role": "cab", "user": str(person.pk), "until": None, **period}),
        (
            "accounts.role.ended",
            {"role": "cab", "user": str(person.pk), "until": TODAY.isoformat(), **period},
        ),
        ("accounts.user.deactivated", {"user": str(person.pk), "was_staff": False}),
    ]
