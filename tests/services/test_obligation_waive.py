"""Letting somebody off: who may, with what reason, and when it is too late."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from opsportal.accounts.models import User
from opsportal.audit.models import AuditEntry
from opsportal.core.actor import Actor
from opsportal.core.errors import Forbidden, IllegalMove, InvalidInput, NotFound, Stale
from opsportal.obligations.models import Obligation
from opsportal.obligations.services import obligation_waive, obligations_end
from opsportal.obligations.terms import Owner, Subject
from tests.makers import NOW, TODAY, grant, make_role, make_team, make_user
from tests.owing import HOUR, PORTAL, climbs, owe
from tests.untouched import refused

pytestmark = pytest.mark.django_db


def as_actor(user: User) -> Actor:
    return Actor.user(user.pk, is_staff=user.is_staff)


def waive(actor: Actor, row: Obligation, **more: Any) -> Obligation:
    return obligation_waive(
        **{"actor": actor, "now": NOW + HOUR, "pk": row.pk, "reason": "The service is gone.", **more}
    )


@pytest.fixture
def chief() -> User:
    user = make_user()
    grant(make_role("cto", "job"), user)
    return user


@pytest.fixture
def row() -> Obligation:
    return owe(Owner.user(make_user().pk), climb=climbs((1, "cto")))


def test_who_holds_a_role_to_which_it_climbs_may_waive_it_with_a_reason_on_record(
    chief: User, row: Obligation
) -> None:
    waive(as_actor(chief), row, version=1)
    row.refresh_from_db()
    assert (row.state, row.waiver, row.ended_at, row.next_at) == (
        "waived",
        "The service is gone.",
        NOW + HOUR,
        None,
    )
    assert (row.version, row.met_at, row.is_owed) == (2, None, False)
    entry = AuditEntry.objects.latest("id")
    assert (entry.action, entry.object_key, entry.actor_id) == ("obligation.waived", "CHG-7", str(chief.pk))


def test_an_administrator_may_waive(row: Obligation) -> None:
    assert waive(as_actor(make_user(staff=True)), row).state == "waived"


def test_what_is_breached_may_be_waived_and_its_breach_stays_on_record(chief: User, row: Obligation) -> None:
    Obligation.objects.update(state="breached", breached_at=NOW)
    assert waive(as_actor(chief), row).breached_at == NOW


def test_what_is_waived_after_its_time_was_breached_whether_or_not_the_tick_has_come_by(chief: User) -> None:
    row = owe(Owner.user(make_user().pk), climb=climbs((1, "cto")), due=HOUR)
    waive(as_actor(chief), row)
    row.refresh_from_db()
    assert (row.state, row.breached_at, row.ended_at) == ("waived", NOW + HOUR, NOW + HOUR)


def test_who_held_the_role_until_yesterday_may_not(row: Obligation) -> None:
    former = make_user()
    grant(make_role("cto", "job"), former, until=TODAY - timedelta(days=1))
    with refused(Forbidden):
        waive(as_actor(former), row)


def test_who_holds_the_role_for_another_service_may_not_but_for_this_one_may() -> None:
    lead = make_user()
    make_team("platform")
    grant(make_role("team-lead", "job"), lead, scope_kind="team", scope_key="platform")
    other = owe(
        Owner.user("x"), climb=climbs((1, "team-lead")), subject=Subject("change", "CHG-8", teams=("web",))
    )
    mine = owe(
        Owner.user("x"),
        climb=climbs((1, "team-lead")),
        subject=Subject("change", "CHG-9", teams=("platform",)),
    )
    with refused(Forbidden):
        waive(as_actor(lead), other)
    assert waive(as_actor(lead), mine).state == "waived"


def test_anybody_else_may_not(row: Obligation) -> None:
    for actor in (
        as_actor(make_user()),
        Actor.anonymous(),
        Actor.service_account("pipeline", frozenset({"compliance:write"})),
        Actor.system("obligations.tick"),
    ):
        with refused(Forbidden):
            waive(actor, row)


def test_nobody_lets_themselves_off_not_even_an_administrator() -> None:
    admin = make_user(staff=True)
    own = owe(Owner.user(admin.pk))
    grant(make_role("cab"), admin)
    boards = owe(Owner.role("cab"), rule="acgs.vote", climb=climbs((1, "cab")))
    for row in (own, boards):
        with refused(Forbidden):
            waive(as_actor(admin), row)


@pytest.mark.parametrize(
    ("reason", "code"),
    [("", "required"), ("  \n ", "required"), (None, "not_text"), (7, "not_text"), ("x" * 1001, "too_long")],
)
def test_a_reason_is_needed(chief: User, row: Obligation, reason: object, code: str) -> None:
    with refused(InvalidInput, code):
        waive(as_actor(chief), row, reason=reason)


def test_what_has_moved_on_is_not_waived(chief: User, row: Obligation) -> None:
    with refused(Stale):
        waive(as_actor(chief), row, version=2)


def test_what_is_not_there_is_not_found(chief: User, row: Obligation) -> None:
    with refused(NotFound):
        waive(as_actor(chief), row, pk=4711)


@pytest.mark.parametrize("late", [False, True], ids=["in time", "late"])
def test_what_is_over_is_not_waived(chief: User, row: Obligation, late: bool) -> None:
    if late:
        Obligation.objects.update(state="breached", breached_at=NOW)
    obligations_end(
        actor=PORTAL,
        now=NOW,
        subject_kind="change",
        subject_key="CHG-7",
        rule_ids=[row.rule_id],
        outcome="met",
    )
    with refused(IllegalMove):
        waive(as_actor(chief), row)
    waived = owe(Owner.user("x"), rule="other", climb=climbs((1, "cto")))
    waive(as_actor(chief), waived)
    with refused(IllegalMove):
        waive(as_actor(chief), waived)
