"""People: added, changed, barred, erased; their names stay out of everything that cannot be changed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.models import Session
from django.test import Client

from opsportal.accounts import selectors
from opsportal.accounts.models import RoleHolding, User
from opsportal.accounts.services import (
    user_create,
    user_deactivate,
    user_erase,
    user_reactivate,
    user_set_password,
    user_update,
)
from opsportal.audit.models import AuditEntry
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, Forbidden, InvalidInput, NotFound, Stale
from tests.makers import LONG_AGO, NOW, PASSWORD, ROOT, TODAY, grant, make_role, make_team, make_user
from tests.tables import everything
from tests.untouched import nothing_written, refused

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin() -> User:
    return make_user(staff=True)


@pytest.fixture
def person() -> User:
    return make_user("ada@example.org", name="Ada Lovelace")


# --- created


def test_a_person_is_stored_with_a_lower_case_address_and_a_verified_one_for_allauth(admin: User) -> None:
    user = user_create(
        actor=admin.actor, now=NOW, email=" Ada@Example.ORG ", full_name="Ada", time_zone="Europe/Berlin"
    )
    user.refresh_from_db()
    assert (user.email, user.full_name, user.time_zone) == ("ada@example.org", "Ada", "Europe/Berlin")
    assert (user.is_active, user.is_staff, user.version, user.has_usable_password()) == (
        True,
        False,
        1,
        False,
    )
    assert list(EmailAddress.objects.filter(user=user).values_list("email", "verified", "primary")) == [
        ("ada@example.org", True, True)
    ]


def test_creating_a_person_leaves_an_audit_entry_without_name_or_address(admin: User) -> None:
    user = user_create(actor=admin.actor, now=NOW, email="ada@example.org", full_name="Ada Lovelace")
    entry = AuditEntry.objects.get(action="user.created", object_key=str(user.pk))
    assert (entry.actor_kind, entry.actor_id) == ("user", str(admin.pk))
    assert json.loads(bytes(entry.canonical))["data"] == {"is_staff": False}


@pytest.mark.parametrize(
    ("changed", "pointer", "code"),
    [
        ({"email": ""}, "/email", "required"),
        ({"email": "nonsense"}, "/email", "not_an_address"),
        ({"email": "a@b@c.org"}, "/email", "not_an_address"),
        ({"email": "ada@exämple.org"}, "/email", "not_ascii"),
        ({"email": "a\x00@example.org"}, "/email", "control_characters"),
        ({"email": "a" * 250 + "@example.org"}, "/email", "too_long"),
        ({"full_name": "  "}, "/full_name", "required"),
        ({"full_name": "x" * 121}, "/full_name", "too_long"),
        ({"full_name": "two\nlines"}, "/full_name", "control_characters"),
        ({"time_zone": "Mars/Olympus"}, "/time_zone", "unknown_time_zone"),
        ({"time_zone": "../etc/passwd"}, "/time_zone", "unknown_time_zone"),
        ({"password": "short"}, "/password", "weak_password"),
        ({"password": "x" * 1025}, "/password", "too_long"),
        ({"password": "ada.lovelace@example.org"}, "/password", "weak_password"),
    ],
)
def test_a_wrong_value_is_refused_with_its_field(changed: dict[str, Any], pointer: str, code: str) -> None:
    values: dict[str, Any] = {"email": "ada.lovelace@example.org", "full_name": "Ada", **changed}
    with refused(InvalidInput, code) as caught:
        user_create(actor=ROOT, now=NOW, **values)
    assert caught.value.errors[0].pointer == pointer


def test_names_may_be_emoji_or_run_from_right_to_left(admin: User) -> None:
    user = user_create(actor=admin.actor, now=NOW, email="x@example.org", full_name="ليلى 🦊")
    user.refresh_from_db()
    assert user.full_name == "ليلى 🦊"


def test_an_address_is_taken_once_whatever_its_case(person: User) -> None:
    with refused(InvalidInput, "taken"):
        user_create(actor=ROOT, now=NOW, email="ADA@example.org", full_name="Another")


@pytest.mark.parametrize(
    "actor",
    [
        Actor.anonymous(),
        Actor.service_account("0000", frozenset({"catalog:write"})),
        Actor.user("6b0f8d0e-0000-4000-8000-000000000000"),
    ],
)
def test_only_administrators_add_people(actor: Actor) -> None:
    with refused(Forbidden):
        user_create(actor=actor, now=NOW, email="x@example.org", full_name="X")


# --- changed


def test_a_person_changes_their_own_name_and_zone(person: User) -> None:
    user_update(
        actor=person.actor,
        now=NOW,
        user_id=person.pk,
        version=1,
        full_name="A. Lovelace",
        time_zone="Asia/Tokyo",
    )
    person.refresh_from_db()
    assert (person.full_name, person.time_zone, person.version) == ("A. Lovelace", "Asia/Tokyo", 2)
    entry = AuditEntry.objects.get(action="user.updated")
    assert json.loads(bytes(entry.canonical))["data"] == {"fields": ["full_name", "time_zone"]}


def test_a_change_that_changes_nothing_writes_nothing(person: User) -> None:
    with nothing_written():
        user_update(actor=person.actor, now=NOW, user_id=person.pk, full_name=person.full_name)


def test_a_change_of_an_old_version_is_stale(person: User) -> None:
    with refused(Stale, "stale"):
        user_update(actor=person.actor, now=NOW, user_id=person.pk, version=7, full_name="B")


def test_nobody_changes_somebody_else(person: User) -> None:
    other = make_user()
    with refused(Forbidden):
        user_update(actor=other.actor, now=NOW, user_id=person.pk, full_name="B")


def test_a_person_does_not_change_their_own_address(person: User) -> None:
    with refused(Forbidden):
        user_update(actor=person.actor, now=NOW, user_id=person.pk, email="b@example.org")


def test_an_administrator_changes_an_address_and_allauth_knows_only_the_new_one(
    admin: User, person: User
) -> None:
    user_update(actor=admin.actor, now=NOW, user_id=person.pk, email="B@example.org")
    person.refresh_from_db()
    assert person.email == "b@example.org"
    assert list(EmailAddress.objects.filter(user=person).values_list("email", flat=True)) == ["b@example.org"]


def test_nobody_makes_themselves_an_administrator(person: User, admin: User) -> None:
    with refused(Forbidden):
        user_update(actor=person.actor, now=NOW, user_id=person.pk, is_staff=True)
    claims_to_be_one = Actor.user(person.pk, is_staff=True)
    with refused(Forbidden):
        user_update(actor=claims_to_be_one, now=NOW, user_id=person.pk, is_staff=True)


def test_another_administrator_makes_somebody_one(person: User, admin: User) -> None:
    user_update(actor=admin.actor, now=NOW, user_id=person.pk, is_staff=True)
    person.refresh_from_db()
    assert person.is_staff is True
    assert person.actor.is_staff is True


def test_the_last_administrator_cannot_stop_being_one(admin: User) -> None:
    with refused(Conflict, "last_administrator"):
        user_update(actor=admin.actor, now=NOW, user_id=admin.pk, is_staff=False)
    other = make_user(staff=True)
    user_update(actor=admin.actor, now=NOW, user_id=admin.pk, is_staff=False)
    with refused(Conflict, "last_administrator"):
        user_deactivate(actor=ROOT, now=NOW, user_id=other.pk)
    with refused(Conflict, "last_administrator"):
        user_erase(actor=ROOT, now=NOW, user_id=other.pk)


def test_somebody_unknown_is_not_found() -> None:
    for identifier in ("nonsense", "6b0f8d0e-0000-4000-8000-000000000000", "\x00"):
        with refused(NotFound):
            user_update(actor=ROOT, now=NOW, user_id=identifier, full_name="X")


# --- barred and let in again


def test_a_deactivated_person_loses_sessions_and_administration(admin: User) -> None:
    other = make_user(staff=True)
    client = Client()
    client.force_login(other)
    assert SESSION_KEY in client.session
    user_deactivate(actor=admin.actor, now=NOW, user_id=other.pk, reason="left")
    before = client.session[HASH_SESSION_KEY]
    other.refresh_from_db()
    assert (other.is_active, other.is_staff, other.actor.is_staff) == (False, False, False)
    user_reactivate(actor=admin.actor, now=NOW, user_id=other.pk)
    other.refresh_from_db()
    assert (other.is_active, other.is_staff) == (True, False)
    assert other.get_session_auth_hash() != before
    assert [row.history_change_reason for row in other.history.all()] == ["", "left", ""]


def test_deactivating_twice_writes_once(admin: User, person: User) -> None:
    user_deactivate(actor=admin.actor, now=NOW, user_id=person.pk)
    with nothing_written():
        user_deactivate(actor=admin.actor, now=NOW, user_id=person.pk)


def test_a_deactivated_person_holds_no_role(admin: User, person: User) -> None:
    grant(make_role("cab"), person)
    assert selectors.roles_of(person.pk, TODAY) == {"cab"}
    user_deactivate(actor=admin.actor, now=NOW, user_id=person.pk)
    assert selectors.roles_of(person.pk, TODAY) == set()
    assert selectors.holds_role(person.actor, "cab", TODAY) is False
    assert list(selectors.holders_of("cab", TODAY)) == []


def test_only_administrators_bar_let_in_and_erase(person: User) -> None:
    for service in (user_deactivate, user_reactivate, user_erase):
        with refused(Forbidden):
            service(actor=person.actor, now=NOW, user_id=person.pk)


# --- passwords


def test_a_new_password_ends_the_sessions_there_are(person: User) -> None:
    before = person.get_session_auth_hash()
    saved = user_set_password(
        actor=person.actor, now=NOW, user_id=person.pk, password="another long password"
    )
    assert saved.check_password("another long password")
    assert saved.get_session_auth_hash() != before


def test_a_weak_password_is_refused(person: User) -> None:
    with refused(InvalidInput, "weak_password"):
        user_set_password(actor=person.actor, now=NOW, user_id=person.pk, password="password1234")


def test_not_even_an_administrator_sets_somebody_elses_password(admin: User, person: User) -> None:
    with refused(Forbidden):
        user_set_password(actor=admin.actor, now=NOW, user_id=person.pk, password=PASSWORD)


# --- erased


def test_an_erased_person_is_shown_as_a_former_member(admin: User, person: User) -> None:
    person_id = str(person.pk)
    user_erase(actor=admin.actor, now=NOW, user_id=person.pk)
    person.refresh_from_db()
    assert (person.full_name, person.email) == ("", f"{person_id}@erased.invalid")
    assert (person.is_active, person.has_usable_password(), person.erased_at) == (False, False, NOW)
    assert str(person) == f"former member {person_id[:4]}"
    assert EmailAddress.objects.filter(user=person).count() == 0
    names = selectors.display_names([("user", person_id)])
    assert names == {("user", person_id): f"former member {person_id[:4]}"}


def test_erasing_leaves_no_personal_value_in_any_table(admin: User, person: User) -> None:
    client = Client()
    client.force_login(person)
    session = client.session  # what allauth keeps there of how somebody signed in
    session["account_authentication_methods"] = [{"method": "password", "email": person.email}]
    session.save()
    user_update(actor=person.actor, now=NOW, user_id=person.pk, time_zone="Europe/Berlin")
    user_erase(actor=admin.actor, now=NOW, user_id=person.pk)
    for label, rows in everything().items():
        text = " ".join(
            str(bytes(v) if isinstance(v, memoryview) else v) for row in rows for v in row
        ).lower()
        assert "ada@example.org" not in text, label
        assert "lovelace" not in text, label
    assert [s.get_decoded().get(SESSION_KEY) for s in Session.objects.all()].count(str(person.pk)) == 0


def test_erasing_ends_roles_and_memberships_with_today(admin: User, person: User) -> None:
    team = make_team("payments", person)
    role = make_role("cab")
    grant(role, person, since=LONG_AGO)
    grant(role, person, since=TODAY.replace(year=2030), scope_kind="team", scope_key=team.slug)
    user_erase(actor=admin.actor, now=NOW, user_id=person.pk)
    assert list(RoleHolding.objects.values_list("valid_from", "valid_until")) == [(LONG_AGO, TODAY)]
    assert list(team.memberships.values_list("valid_until", flat=True)) == [TODAY]


def test_an_erased_person_never_comes_back(admin: User, person: User) -> None:
    user_erase(actor=admin.actor, now=NOW, user_id=person.pk)
    with nothing_written():
        user_erase(actor=admin.actor, now=NOW, user_id=person.pk)
    with refused(Conflict, "erased"):
        user_reactivate(actor=admin.actor, now=NOW, user_id=person.pk)
    with refused(Conflict, "erased"):
        user_update(actor=admin.actor, now=NOW, user_id=person.pk, full_name="Ada")


def test_a_freed_address_can_be_used_again(admin: User, person: User) -> None:
    user_erase(actor=admin.actor, now=NOW, user_id=person.pk)
    assert make_user("ada@example.org").pk != person.pk


# --- history


def test_history_keeps_who_and_when_but_no_personal_value(admin: User) -> None:
    user = user_create(actor=admin.actor, now=NOW, email="ada@example.org", full_name="Ada")
    row = user.history.get()
    assert (row.history_user_id, row.history_date) == (f"user:{admin.pk}", NOW)
    kept = {field.name for field in row._meta.get_fields()}
    assert kept.isdisjoint({"email", "full_name", "password", "time_zone", "last_login"})


def test_a_sign_in_alone_makes_no_history_row(person: User) -> None:
    Client().force_login(person)
    person.refresh_from_db()
    assert person.last_login is not None
    assert person.history.count() == 1
