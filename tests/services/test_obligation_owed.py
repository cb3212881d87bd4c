"""What do I owe?"""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from opsportal.accounts.models import User
from opsportal.obligations.models import Obligation
from opsportal.obligations.selectors import debtors, lines_of, overdue, owed_by, owned_by
from opsportal.obligations.services import obligation_excuse, obligations_end
from opsportal.obligations.terms import Owner, Subject
from tests.makers import NOW, TODAY, grant, make_role, make_team, make_user
from tests.owing import HOUR, PORTAL, owe

pytestmark = pytest.mark.django_db


def rules_of(user: User) -> list[str]:
    return [row.rule_id for row in owed_by(user.pk, NOW)]


def test_it_is_mine_and_what_my_roles_of_today_owe_the_longest_due_first() -> None:
    me, cab = make_user(), make_role("cab")
    grant(cab, me)
    grant(make_role("former"), me, until=TODAY - timedelta(days=1))
    owe(Owner.user(me.pk), rule="mine", due=5 * HOUR)
    owe(Owner.role("security-board", "cab"), rule="board", due=HOUR)
    owe(Owner.role("former"), rule="former")
    owe(Owner.role("cabinet"), rule="another role whose name begins alike")
    owe(Owner.user(uuid.uuid4()), rule="somebody else")
    assert rules_of(me) == ["board", "mine"]


def test_a_role_held_for_one_service_counts_where_the_subject_touches_it() -> None:
    me = make_user()
    make_team("platform")
    grant(make_role("lead", "job"), me, scope_kind="team", scope_key="platform")
    owe(Owner.role("lead"), rule="here", subject=Subject("change", "CHG-7", teams=("platform",)))
    owe(Owner.role("lead"), rule="alike", subject=Subject("change", "CHG-7", teams=("platform-2",)))
    owe(
        Owner.role("lead"),
        rule="service of that name",
        subject=Subject("change", "CHG-7", services=("platform",)),
    )
    owe(Owner.role("lead"), rule="nowhere")
    assert rules_of(me) == ["here"]


def test_what_i_have_done_my_part_of_is_no_longer_mine() -> None:
    me = make_user()
    grant(make_role("cab"), me)
    owe(Owner.role("cab"))
    obligation_excuse(actor=PORTAL, now=NOW, subject_kind="change", subject_key="CHG-7", person=me.pk)
    assert rules_of(me) == []


def test_what_is_over_is_owned_but_not_owed_and_what_is_breached_is_owed() -> None:
    me = make_user()
    over = owe(Owner.user(me.pk), rule="over")
    late = owe(Owner.user(me.pk), rule="late")
    obligations_end(
        actor=PORTAL, now=NOW, subject_kind="change", subject_key="CHG-7", rule_ids=["over"], outcome="met"
    )
    Obligation.objects.filter(pk=late.pk).update(state="breached", breached_at=NOW)
    assert rules_of(me) == ["late"]
    assert set(owned_by(me.pk, NOW)) == {over, late}


def test_who_is_nobody_owes_nothing() -> None:
    owe(Owner.user("x"))
    assert list(owed_by(uuid.uuid4(), NOW)) == []


def test_overdue_is_what_anybody_still_owes_past_its_time() -> None:
    first = owe(Owner.user("x"), rule="a", due=HOUR)
    second = owe(Owner.user("y"), rule="b", due=2 * HOUR)
    owe(Owner.user("z"), rule="c", due=3 * HOUR)
    assert list(overdue(NOW + 2 * HOUR)) == [first, second]


def test_debtors_are_the_active_holders_of_that_day() -> None:
    mine, row = make_user(), owe(Owner.role("cab"))
    grant(make_role("cab"), mine, until=TODAY)
    assert list(debtors(row, NOW)) == [mine]
    assert list(debtors(row, NOW + timedelta(days=1))) == []


def test_lines_name_all_owners_by_as_many_queries_as_there_are_kinds(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    ada = make_user(name="Ada Example")
    make_role("cab")
    make_role("cto")
    rows = [
        owe(Owner.user(ada.pk), rule="a"),
        owe(Owner.role("cab", "cto"), rule="b"),
        owe(Owner.user("4f2c8d1e-0000-4000-8000-000000000000"), rule="c"),
    ]
    with django_assert_num_queries(2):
        lines = lines_of(rows, NOW)
    assert [line.owner for line in lines] == ["Ada Example", "Cab or Cto", "former member 4f2c"]
    assert [line.is_overdue for line in lines] == [False, False, False]
