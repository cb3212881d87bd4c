"""The tick reminds, notes breaches and climbs; people are told, and nobody twice."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from opsportal.accounts.models import User
from opsportal.accounts.services import user_deactivate
from opsportal.audit.models import AuditEntry
from opsportal.core.registry import key_urls
from opsportal.notify.models import Delivery, Notification
from opsportal.obligations.models import Obligation
from opsportal.obligations.services import obligation_excuse, obligations_advance, obligations_end
from opsportal.obligations.services.advance import AdvanceError
from opsportal.obligations.terms import Owner, Subject
from opsportal.outbox.models import OutboxMessage
from opsportal.outbox.services import messages_handle
from tests.makers import NOW, ROOT, TODAY, grant, make_role, make_team, make_user
from tests.owing import HOUR, PORTAL, climbs, owe, tick
from tests.untouched import nothing_written

pytestmark = pytest.mark.django_db
DUE = NOW + 48 * HOUR


def told(user: User) -> list[str]:
    return list(
        Notification.objects.filter(recipient=user)
        .order_by("created_at", "id")
        .values_list("subject", flat=True)
    )


def actions() -> list[str]:
    done = AuditEntry.objects.filter(object_key="CHG-7").order_by("id")
    return list(done.values_list("action", flat=True))


@pytest.fixture
def ada() -> User:
    return make_user("ada@example.org", name="Ada", time_zone="Europe/Berlin")


@pytest.fixture
def row(ada: User) -> Obligation:
    grant(make_role("cto", "job"), make_user("chief@example.org"))
    return owe(Owner.user(ada.pk), remind=[24 * HOUR, 4 * HOUR], climb=climbs((0, "cto"), (24, "cto")))


@pytest.fixture
def chief(row: Obligation) -> User:
    return User.objects.get(email="chief@example.org")


def test_before_its_time_nothing_happens(row: Obligation) -> None:
    with nothing_written():
        tick(DUE - 24 * HOUR - timedelta(microseconds=1))


def test_the_owner_is_reminded_once_in_their_own_zone_with_the_rule_and_the_way_there(
    ada: User, row: Obligation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(key_urls._entries, "CHG", lambda number: f"/changes/CHG-{number}/")
    for _ in range(3):
        tick(DUE - 24 * HOUR)
    note = Notification.objects.get()
    assert (note.recipient, note.subject) == (ada, "Due in 24 h: Review the change (CHG-7)")
    assert note.body.splitlines() == [
        "This is a reminder.",
        "",
        "What: Review the change",
        "About: CHG-7 Upgrade the database",
        "Due: 4 Mar, 10:30 (09:30 UTC)",
        "",
        "The standard says (002, 4.2, rule acgs.review): “Every change is reviewed.”",
    ]
    assert (note.url, note.urgency) == ("/changes/CHG-7/", "normal")
    assert Delivery.objects.get().channel == "email"
    assert actions() == ["obligation.opened", "obligation.reminded"]
    row.refresh_from_db()
    assert (row.state, row.next_at, row.version) == ("open", DUE - 4 * HOUR, 1)


def test_the_breach_is_noted_and_climbs_to_the_role_without_any_other_write(
    ada: User, chief: User, row: Obligation
) -> None:
    tick(DUE)
    row.refresh_from_db()
    assert (row.state, row.breached_at, row.is_owed, row.version) == ("breached", DUE, True, 2)
    assert row.next_at == DUE + 24 * HOUR
    assert told(ada) == ["Overdue: Review the change (CHG-7)"]
    assert told(chief) == ["Overdue, and now with you: Review the change (CHG-7)"]
    assert set(Notification.objects.values_list("urgency", flat=True)) == {"high"}
    assert actions() == ["obligation.opened", "obligation.breached", "obligation.climbed"]
    tick(DUE + 24 * HOUR)
    assert len(told(chief)) == 2
    row.refresh_from_db()
    assert row.next_at is None


def test_a_scheduler_that_was_down_for_days_makes_it_good_once_and_in_order(
    ada: User, chief: User, row: Obligation
) -> None:
    tick(DUE + 30 * HOUR)
    assert actions() == [
        "obligation.opened",
        "obligation.breached",
        "obligation.climbed",
        "obligation.climbed",
    ]
    assert len(told(ada)) == 1
    assert len(told(chief)) == 2
    with nothing_written():
        tick(DUE + 31 * HOUR)


def test_a_clock_that_moved_back_tells_nobody_again(row: Obligation) -> None:
    tick(DUE - 4 * HOUR)
    with nothing_written():
        tick(DUE - 24 * HOUR)


def test_what_was_met_before_the_message_was_handled_is_not_told(ada: User, row: Obligation) -> None:
    obligations_advance(clock=lambda: DUE - 24 * HOUR)
    obligations_end(
        actor=PORTAL,
        now=DUE - 23 * HOUR,
        subject_kind="change",
        subject_key="CHG-7",
        rule_ids=[row.rule_id],
        outcome="met",
    )
    messages_handle(clock=lambda: DUE - 23 * HOUR)
    assert told(ada) == []
    assert set(OutboxMessage.objects.values_list("state", flat=True)) == {"done"}


def test_a_message_that_is_handled_twice_tells_nobody_twice(ada: User, row: Obligation) -> None:
    tick(DUE - 24 * HOUR)
    OutboxMessage.objects.update(state="waiting", due_at=NOW, finished_at=None)
    messages_handle(clock=lambda: DUE)
    assert len(told(ada)) == 1
    assert Delivery.objects.count() == 1


def test_what_was_met_is_no_longer_due(row: Obligation) -> None:
    obligations_end(
        actor=PORTAL,
        now=NOW,
        subject_kind="change",
        subject_key="CHG-7",
        rule_ids=[row.rule_id],
        outcome="met",
    )
    with nothing_written():
        tick(DUE + 99 * HOUR)


def test_the_holders_of_that_day_are_told_not_those_of_another() -> None:
    cab = make_role("cab")
    now, former, future, outsider = (make_user() for _ in range(4))
    grant(cab, now)
    grant(cab, former, until=TODAY)
    grant(cab, future, since=TODAY + timedelta(days=3))
    row = owe(Owner.role("cab"), remind=[HOUR])
    tick(row.due_at - HOUR)
    assert [len(told(user)) for user in (now, former, future, outsider)] == [1, 0, 0, 0]


def test_who_holds_a_role_for_one_team_or_service_is_told_where_the_subject_touches_it() -> None:
    make_team("platform")
    lead = make_role("team-lead", "job")
    here, elsewhere, everywhere = (make_user() for _ in range(3))
    grant(lead, here, scope_kind="team", scope_key="platform")
    make_team("web")
    grant(lead, elsewhere, scope_kind="team", scope_key="web")
    grant(lead, everywhere)
    row = owe(
        Owner.role("team-lead"),
        subject=Subject("change", "CHG-7", teams=("platform",)),
        remind=[HOUR],
        climb=climbs((0, "team-lead")),
    )
    tick(row.due_at - HOUR)
    assert [len(told(user)) for user in (here, elsewhere, everywhere)] == [1, 0, 1]
    tick(row.due_at)
    assert [len(told(user)) for user in (here, elsewhere, everywhere)] == [3, 0, 3]


def test_any_of_several_roles_owes_and_each_person_is_told_once() -> None:
    both, one = make_user(), make_user()
    for slug in ("cab", "security-board"):
        grant(make_role(slug), both)
    grant("security-board", one)
    row = owe(Owner.role("cab", "security-board"), remind=[HOUR])
    tick(row.due_at - HOUR)
    assert [len(told(both)), len(told(one))] == [1, 1]


def test_who_has_done_their_part_is_neither_reminded_nor_told_of_the_breach() -> None:
    done, slow = make_user(), make_user()
    for user in (done, slow):
        grant(make_role("cab"), user)
    row = owe(Owner.role("cab"), remind=[HOUR])
    obligation_excuse(actor=PORTAL, now=NOW, subject_kind="change", subject_key="CHG-7", person=done.pk)
    tick(row.due_at - HOUR)
    tick(row.due_at)
    assert [len(told(done)), len(told(slow))] == [0, 2]


def test_a_breach_of_what_nobody_is_left_to_do_reaches_the_administrators() -> None:
    done, admin = make_user(), make_user(staff=True)
    grant(make_role("cab"), done)
    row = owe(Owner.role("cab"))
    obligation_excuse(actor=PORTAL, now=NOW, subject_kind="change", subject_key="CHG-7", person=done.pk)
    tick(row.due_at)
    assert told(done) == []
    assert told(admin) == ["Overdue: Review the change (CHG-7)"]


def test_who_has_left_is_not_told(ada: User, row: Obligation) -> None:
    user_deactivate(actor=ROOT, now=NOW, user_id=ada.pk)
    tick(DUE - 24 * HOUR)
    assert told(ada) == []


def test_a_breach_or_climb_that_reaches_nobody_reaches_the_administrators(ada: User) -> None:
    admin = make_user(staff=True)
    owe(Owner.role("vacant"), climb=climbs((1, "vacant-too")), remind=[HOUR])
    tick(DUE - HOUR)
    assert told(admin) == []
    tick(DUE)
    tick(DUE + HOUR)
    assert told(admin) == [
        "Overdue: Review the change (CHG-7)",
        "Overdue, and now with you: Review the change (CHG-7)",
    ]
    last = Notification.objects.order_by("created_at").last()
    assert last is not None
    assert last.body.startswith("You are told because nobody holds the role vacant-too today.")
    assert told(ada) == []


def test_one_obligation_that_cannot_be_advanced_holds_up_no_other_and_stops_the_heart(
    ada: User, row: Obligation
) -> None:
    other = owe(Owner.user(ada.pk), rule="acgs.other")
    Obligation.objects.filter(pk=row.pk).update(steps=[{"kind": "unheard of"}])
    with pytest.raises(AdvanceError, match="1 obligations could not be advanced"):
        obligations_advance(clock=lambda: DUE)
    other.refresh_from_db()
    row.refresh_from_db()
    assert (other.state, row.state) == ("breached", "open")


def test_a_tick_advances_all_that_is_due(ada: User) -> None:
    def all_of(state: str) -> int:
        return Obligation.objects.filter(state=state).count()

    for number in range(230):
        owe(Owner.user(ada.pk), occurrence=f"r{number}")

    def at(moment: datetime) -> int:
        return obligations_advance(clock=lambda: moment)

    assert at(DUE) == 230
    assert all_of("breached") == 230
