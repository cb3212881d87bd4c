"""Workers that die or stand still in the middle of sending: nothing is lost, at most one mail comes twice."""

from __future__ import annotations

import os
import signal
from datetime import timedelta

import pytest

from opsportal.core.clock import database_now
from opsportal.notify.models import Delivery
from opsportal.obligations.terms import Owner
from opsportal.outbox.models import OutboxMessage
from tests.escalating import log_of, make_policy, step, told
from tests.escalating import person as whom
from tests.makers import grant, make_role, make_user
from tests.owing import owe
from tests.portal import LivePortal
from tests.processes import wait_until
from tests.response import declared, make_crew
from tests.servers import Mailbox
from tests.telling import (
    PATIENCE,
    assert_each_came,
    let_leases_run_out,
    mails_by_id,
    send_tick,
    tell,
    tick_through,
    wait_for_all_sent,
    wait_for_line,
    wait_until_dead,
    wait_until_stopped,
)

pytestmark = pytest.mark.skipif(
    os.environ["TEST_DATABASE"] != "postgres", reason="a stopped SQLite writer holds the only write lock"
)


ONE_HAND = {"OPSPORTAL_SENDING_HANDS": "1"}


def attempts(delivery: Delivery) -> list[tuple[int, str]]:
    return list(delivery.attempts.order_by("number").values_list("number", "outcome"))


def test_a_worker_that_is_killed_between_hand_over_and_record_repeats_that_one_mail_and_loses_none(
    portal: LivePortal, mailbox: Mailbox
) -> None:
    tell(5)
    worker = portal.start_worker("-c", "1", OPSPORTAL_KILL_AT="notify.after_send", **ONE_HAND)
    send_tick(portal, "notify.deliver")
    wait_until_dead(worker)
    assert len(mailbox.mails) == 1
    killed = Delivery.objects.get(attempt=1)
    assert (killed.state, attempts(killed)) == ("waiting", [(1, "started")])
    let_leases_run_out()
    portal.start_worker()
    send_tick(portal, "notify.deliver")
    wait_for_all_sent(5)
    tick_through(portal, "notify.deliver")
    assert_each_came(mailbox, twice=1)
    assert mails_by_id(mailbox)[str(killed.pk)] == 2
    first, second = mailbox.to(mailbox.mails[0].recipients[0])
    assert first.message.items() == second.message.items()
    assert attempts(killed) == [(1, "lost"), (2, "sent")]


def test_a_worker_that_is_killed_before_the_hand_over_repeats_nothing(
    portal: LivePortal, mailbox: Mailbox
) -> None:
    tell(3)
    worker = portal.start_worker("-c", "1", OPSPORTAL_KILL_AT="notify.before_send", **ONE_HAND)
    send_tick(portal, "notify.deliver")
    wait_until_dead(worker)
    assert mailbox.mails == []
    let_leases_run_out()
    portal.start_worker()
    send_tick(portal, "notify.deliver")
    wait_for_all_sent(3)
    tick_through(portal, "notify.deliver")
    assert_each_came(mailbox)


def test_a_worker_that_stood_still_before_the_hand_over_sends_nothing_when_it_wakes(
    portal: LivePortal, mailbox: Mailbox
) -> None:
    tell()
    stopped = portal.start_worker("-c", "1", OPSPORTAL_STOP_AT="notify.before_send", **ONE_HAND)
    send_tick(portal, "notify.deliver")
    wait_until_stopped(stopped)
    let_leases_run_out()
    portal.start_worker()
    send_tick(portal, "notify.deliver")
    wait_for_all_sent(1)
    stopped.send(signal.SIGCONT, group=True)
    wait_for_line(stopped, "notify.lost")
    assert_each_came(mailbox)
    assert attempts(Delivery.objects.get()) == [(1, "lost"), (2, "sent")]


def test_a_worker_that_stood_still_after_the_hand_over_finishes_nothing_that_was_taken_over(
    portal: LivePortal, mailbox: Mailbox
) -> None:
    tell()
    stopped = portal.start_worker("-c", "1", OPSPORTAL_STOP_AT="notify.after_send")
    send_tick(portal, "notify.deliver")
    wait_until_stopped(stopped)
    let_leases_run_out()
    portal.start_worker()
    send_tick(portal, "notify.deliver")
    wait_for_all_sent(1)
    before = Delivery.objects.values().get()
    stopped.send(signal.SIGCONT, group=True)
    wait_for_line(stopped, "notify.superseded")
    assert_each_came(mailbox, twice=1)
    assert Delivery.objects.values().get() == before
    assert attempts(Delivery.objects.get()) == [(1, "sent"), (2, "sent")]


@pytest.mark.parametrize("point", ["outbox.claimed", "outbox.before_finish"])
def test_a_worker_that_is_killed_while_it_handles_a_message_tells_once_in_the_end(
    portal: LivePortal, mailbox: Mailbox, point: str
) -> None:
    ada = make_user()
    owe(Owner.user(ada.pk), now=database_now() - timedelta(hours=3), due=timedelta(hours=2))
    worker = portal.start_worker("-c", "1", OPSPORTAL_KILL_AT=point)
    send_tick(portal, "obligations.tick")
    wait_until_dead(worker)
    assert Delivery.objects.count() == 0
    let_leases_run_out()
    portal.start_worker()
    send_tick(portal, "outbox.dispatch")
    wait_for_all_sent(1)
    tick_through(portal, "outbox.dispatch", "notify.deliver")
    assert_each_came(mailbox)
    assert [mail.subject for mail in mailbox.to(ada.email)] == ["Overdue: Review the change (CHG-7)"]
    told = OutboxMessage.objects.filter(handler="notify.breached")
    assert list(told.values_list("state", "attempt")) == [("done", 2)]


def test_a_worker_that_stood_still_while_it_handled_a_message_leaves_no_second_effect_when_it_wakes(
    portal: LivePortal, mailbox: Mailbox
) -> None:
    ada = make_user()
    grant(make_role("cab"), ada)
    owe(Owner.role("cab"), now=database_now() - timedelta(hours=3), due=timedelta(hours=2))
    stopped = portal.start_worker("-c", "1", OPSPORTAL_STOP_AT="outbox.claimed")
    send_tick(portal, "obligations.tick")
    wait_until_stopped(stopped)
    let_leases_run_out()
    portal.start_worker()
    send_tick(portal, "outbox.dispatch")
    wait_for_all_sent(1)
    stopped.send(signal.SIGCONT, group=True)
    wait_for_line(stopped, "outbox.superseded")
    tick_through(portal, "notify.deliver")
    assert_each_came(mailbox)
    told = OutboxMessage.objects.filter(handler="notify.breached")
    assert list(told.values_list("state", "attempt")) == [("done", 2)]


def test_a_tick_that_is_killed_before_its_commit_is_made_good_once(
    portal: LivePortal, mailbox: Mailbox
) -> None:
    people = [make_user() for _ in range(3)]
    for person in people:
        owe(
            Owner.user(person.pk),
            occurrence=str(person.pk),
            now=database_now() - timedelta(hours=3),
            due=timedelta(hours=2),
        )
    worker = portal.start_worker("-c", "1", OPSPORTAL_KILL_AT="obligations.before_commit")
    send_tick(portal, "obligations.tick")
    wait_until_dead(worker)
    assert not OutboxMessage.objects.exists()
    portal.start_worker()
    send_tick(portal, "obligations.tick")
    wait_for_all_sent(3)
    tick_through(portal, "obligations.tick", "outbox.dispatch", "notify.deliver")
    assert_each_came(mailbox)
    assert {len(mailbox.to(person.email)) for person in people} == {1}


def test_a_worker_that_is_killed_while_it_pages_has_told_nobody_and_the_next_one_tells_once(
    portal: LivePortal, mailbox: Mailbox
) -> None:
    crew = make_crew()
    make_policy(step(0, whom(crew.responder)), step(60, whom(crew.second)))
    incident = declared(crew, policy="ours", now=database_now())
    worker = portal.start_worker("-c", "1", OPSPORTAL_KILL_AT="escalation.told")
    send_tick(portal, "incidents.escalate")
    wait_until_dead(worker)
    assert (log_of(incident), told(incident)) == ([], [])
    portal.start_worker()
    send_tick(portal, "incidents.escalate")
    wait_until(
        lambda: Delivery.objects.filter(page__reference=incident.key, state="sent").exists(),
        seconds=PATIENCE,
        what="the page is sent",
    )
    tick_through(portal, "incidents.escalate", "notify.deliver")
    assert log_of(incident) == [("told", 0)]
    assert [mail.subject for mail in mailbox.to(crew.responder.email)].count(
        f"SEV1 {incident.key}: The ledger is down"
    ) == 1
    assert not [mail for mail in mailbox.to(crew.second.email) if "SEV1" in mail.subject]
