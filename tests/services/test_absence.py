"""Absences and deputies: who may record them, and when somebody stands in."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from opsportal.accounts.models import Absence, Deputyship, User
from opsportal.accounts.selectors import roles_acted_on, stand_ins
from opsportal.accounts.services import (
    absence_end,
    absence_record,
    deputy_end,
    deputy_name,
    user_deactivate,
    user_erase,
)
from opsportal.audit.selectors import entries_about, entry_data
from opsportal.core.errors import Conflict, Forbidden, InvalidInput
from tests.makers import NOW, ROOT, TODAY, away, grant, make_role, make_user
from tests.untouched import refused

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def ada() -> User:
    ada = make_user(name="Ada")
    make_role("board")
    make_role("lead", "job")
    grant("board", ada)
    return ada


@pytest.fixture
def dan() -> User:
    return make_user(name="Dan")


def acting(person: User, when: Any = NOW) -> list[tuple[str, str]]:
    return [
        (held.role, User.objects.get(pk=held.principal).full_name) for held in roles_acted_on(person.pk, when)
    ]


def name(ada: User, dan: User, *, by: User | None = None, **more: Any) -> Deputyship:
    actor = by.actor if by else ada.actor
    return deputy_name(actor=actor, now=NOW, principal_id=ada.pk, deputy_id=dan.pk, **more)


def test_a_deputy_stands_in_from_the_first_instant_to_the_last(ada: User, dan: User) -> None:
    absence = absence_record(
        actor=ada.actor, now=NOW, person_id=ada.pk, starts_at=NOW + DAY, ends_at=NOW + 2 * DAY
    )
    name(ada, dan, absence_id=absence.pk)
    moments = (NOW, NOW + DAY, NOW + 2 * DAY - timedelta(microseconds=1), NOW + 2 * DAY)
    assert [acting(dan, when) for when in moments] == [[], [("board", "Ada")], [("board", "Ada")], []]


def test_a_standing_deputy_counts_in_every_absence_and_only_then(ada: User, dan: User) -> None:
    name(ada, dan)
    assert acting(dan) == []
    absence = away(ada)
    assert acting(dan) == [("board", "Ada")]
    absence_end(actor=ada.actor, now=NOW + DAY, absence_id=absence.pk)
    assert acting(dan, NOW + DAY) == []


def test_a_deputy_for_one_role_acts_in_that_one_only_and_no_further_than_it_is_held(
    ada: User, dan: User
) -> None:
    grant("lead", ada, scope_kind="", until=TODAY)
    away(ada, dan, role="lead")
    assert acting(dan) == [("lead", "Ada")]
    assert acting(dan, NOW + DAY) == []


def test_nobody_stands_in_through_somebody_else(ada: User, dan: User) -> None:
    eve = make_user(name="Eve")
    away(ada, dan)
    away(dan, eve)
    assert acting(eve) == []


def test_a_deputy_who_may_not_sign_in_any_more_stands_in_for_nobody(ada: User, dan: User) -> None:
    away(ada, dan)
    user_deactivate(actor=ROOT, now=NOW, user_id=dan.pk)
    assert stand_ins(NOW) == []


def test_the_trail_says_when_and_who_and_never_why(ada: User, dan: User) -> None:
    absence_record(actor=ada.actor, now=NOW, person_id=ada.pk, ends_at=NOW + DAY, reason="An operation")
    name(ada, dan, role="board")
    entries = list(entries_about("user", str(ada.pk)).order_by("id"))[-2:]
    assert [entry.action for entry in entries] == ["absence.recorded", "deputy.named"]
    assert entry_data(entries[1])["deputy"] == str(dan.pk)
    assert "operation" not in str([entry_data(entry) for entry in entries])
    assert "reason" not in {field.name for field in Absence.history.model._meta.fields}


def test_erasing_a_person_forgets_why_they_were_away_and_ends_what_they_stood_in_for(
    ada: User, dan: User
) -> None:
    absence_record(actor=ada.actor, now=NOW, person_id=ada.pk, ends_at=NOW + DAY, reason="An operation")
    name(ada, dan)
    user_erase(actor=ROOT, now=NOW + timedelta(hours=1), user_id=ada.pk)
    assert Absence.objects.get().reason == ""
    assert stand_ins(NOW + timedelta(hours=2)) == []


def test_only_the_person_and_administrators_say_who_is_away(ada: User, dan: User) -> None:
    with refused(Forbidden):
        absence_record(actor=dan.actor, now=NOW, person_id=ada.pk, ends_at=NOW + DAY)
    admin = make_user(staff=True)
    with refused(Forbidden):
        name(ada, admin, by=dan)
    absence = absence_record(actor=admin.actor, now=NOW, person_id=ada.pk, ends_at=NOW + DAY)
    with refused(Forbidden):
        absence_end(actor=dan.actor, now=NOW, absence_id=absence.pk)


def test_s8_no_administrator_gets_somebody_elses_vote_by_themselves(ada: User) -> None:
    admin = make_user(staff=True)
    with refused(Forbidden):
        name(ada, admin, by=admin)
    name(ada, admin)
    with refused(Forbidden):
        absence_record(actor=admin.actor, now=NOW, person_id=ada.pk, ends_at=NOW + DAY)


@pytest.mark.parametrize(
    ("days", "code"), [((1, 1), "ends_before_start"), ((-2, -1), "ends_before_start"), ((0, 400), "too_long")]
)
def test_an_absence_lies_ahead_and_has_an_end(ada: User, days: tuple[int, int], code: str) -> None:
    start, end = (NOW + DAY * day for day in days)
    with refused(InvalidInput, code):
        absence_record(actor=ada.actor, now=NOW, person_id=ada.pk, starts_at=start, ends_at=end)


def test_nobody_is_away_twice_at_once(ada: User) -> None:
    away(ada)
    with refused(Conflict, "already_away"):
        absence_record(actor=ada.actor, now=NOW, person_id=ada.pk, starts_at=NOW + DAY, ends_at=NOW + 9 * DAY)


def test_a_deputy_is_somebody_else_who_may_sign_in_for_a_role_that_is_held(ada: User, dan: User) -> None:
    gone = make_user()
    user_deactivate(actor=ROOT, now=NOW, user_id=gone.pk)
    for person, role, code in ((ada, "", "self"), (gone, "", "inactive"), (dan, "lead", "not_held")):
        with refused(InvalidInput, code):
            name(ada, person, role=role)
    with refused(InvalidInput, "unknown"):
        deputy_name(actor=ada.actor, now=NOW, principal_id=ada.pk, deputy_id="nobody")
    name(ada, dan)
    with refused(Conflict, "already_deputy"):
        name(ada, dan)


def test_the_deputy_may_step_back_and_what_has_not_begun_goes(ada: User, dan: User) -> None:
    row = name(ada, dan, starts_at=NOW + DAY)
    deputy_end(actor=dan.actor, now=NOW, deputyship_id=row.pk)
    assert not Deputyship.objects.exists()
    absence = absence_record(
        actor=ada.actor, now=NOW, person_id=ada.pk, starts_at=NOW + DAY, ends_at=NOW + 2 * DAY
    )
    name(ada, dan, absence_id=absence.pk)
    absence_end(actor=ada.actor, now=NOW, absence_id=absence.pk)
    assert not Absence.objects.exists()
    assert Absence.history.count() == 2
