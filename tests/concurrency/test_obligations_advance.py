"""Several schedulers and workers at once: nothing twice, nothing lost."""

from __future__ import annotations

from datetime import datetime

import pytest

from opsportal.audit.models import AuditEntry
from opsportal.core.actor import Actor
from opsportal.core.errors import IllegalMove
from opsportal.notify.models import Delivery, Notification
from opsportal.obligations.models import Obligation
from opsportal.obligations.services import obligation_waive, obligations_advance, obligations_end
from opsportal.obligations.terms import Owner
from opsportal.outbox.models import OutboxMessage
from opsportal.outbox.services import messages_handle
from tests.databases import Database
from tests.makers import NOW, grant, make_role, make_user
from tests.owing import HOUR, PORTAL, climbs, owe
from tests.racing import race

DUE = NOW + 48 * HOUR


@pytest.fixture(autouse=True)
def _database(fresh_database: Database) -> None:
    """Commit for real."""


def advance(now: datetime = DUE) -> int:
    return obligations_advance(clock=lambda: now)


def handle() -> int:
    return messages_handle(clock=lambda: DUE)


def test_four_ticks_at_once_breach_each_obligation_once_and_tell_each_person_once() -> None:
    ada, chief = make_user(), make_user()
    grant(make_role("cto", "job"), chief)
    for number in range(40):
        owe(Owner.user(ada.pk), occurrence=f"r{number}", climb=climbs((0, "cto")))
    advanced = race(advance, advance, advance, advance)
    assert sum(count for count in advanced if isinstance(count, int)) == 40
    assert set(Obligation.objects.values_list("state", "version", "steps_done")) == {("breached", 2, 2)}
    for action in ("obligation.breached", "obligation.climbed"):
        assert AuditEntry.objects.filter(action=action).count() == 40
    assert OutboxMessage.objects.filter(handler__startswith="notify.").count() == 80
    race(handle, handle, handle, handle)
    assert set(OutboxMessage.objects.values_list("state", flat=True)) == {"done"}
    assert Notification.objects.filter(recipient=ada).count() == 40
    assert Notification.objects.filter(recipient=chief).count() == 40
    assert Delivery.objects.count() == 80


def test_what_two_open_at_once_stands_once() -> None:
    ada = Owner.user(make_user().pk)
    rows = race(*(lambda: owe(ada) for _ in range(6)))
    assert {row.pk for row in rows if isinstance(row, Obligation)} == {Obligation.objects.get().pk}
    assert [row for row in rows if isinstance(row, Exception)] == []
    assert AuditEntry.objects.filter(action="obligation.opened").count() == 1
    assert Obligation.history.count() == 1


def test_meeting_waiving_and_breaching_at_once_end_in_one_way_with_one_entry_for_it() -> None:
    admin = Actor.user(make_user(staff=True).pk, is_staff=True)
    row = owe(Owner.user(make_user().pk))

    def meet() -> list[Obligation]:
        return obligations_end(
            actor=PORTAL,
            now=DUE,
            subject_kind="change",
            subject_key="CHG-7",
            rule_ids=[row.rule_id],
            outcome="met",
        )

    def waive() -> Obligation:
        return obligation_waive(actor=admin, now=DUE, pk=row.pk, reason="Gone.")

    met, waived, again, _ = race(meet, waive, waive, advance)
    row.refresh_from_db()
    ends = list(
        AuditEntry.objects.filter(action__in=["obligation.met", "obligation.met_late", "obligation.waived"])
    )
    assert len(ends) == 1
    assert row.ended_at == DUE
    if ends[0].action == "obligation.waived":
        assert met == []
        assert {type(waived), type(again)} == {Obligation, IllegalMove}
        assert row.state == "waived"
    else:
        assert met == [row]
        assert {type(waived), type(again)} == {IllegalMove}
        assert row.met_at == DUE
