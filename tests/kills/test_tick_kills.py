"""Broker and scheduler that die, lose everything, or run twice: nothing is lost, nobody is told twice."""

from __future__ import annotations

import os
from datetime import timedelta

import pytest
import redis

from opsportal.accounts.models import User
from opsportal.core.clock import database_now
from opsportal.obligations.models import Obligation
from opsportal.obligations.terms import Owner
from tests.makers import grant, make_role, make_user
from tests.owing import HOUR, climbs, owe
from tests.portal import LivePortal
from tests.servers import Mailbox
from tests.telling import (
    assert_each_came,
    finished_at,
    tell,
    tick_through,
    wait_for_all_sent,
    wait_until_it_ticks,
)

pytestmark = pytest.mark.skipif(
    os.environ["TEST_DATABASE"] != "postgres", reason="several machines share PostgreSQL, not a file"
)


def subjects(mailbox: Mailbox, user: User) -> list[str]:
    return [mail.subject for mail in mailbox.to(user.email)]


def wait_for_another_round(name: str) -> None:
    wait_until_it_ticks(name, since=finished_at(name))


def test_a_broker_that_forgets_everything_delays_and_loses_nothing(
    portal: LivePortal, mailbox: Mailbox
) -> None:
    portal.start_all()
    tell(2, key="before")
    wait_for_all_sent(2)
    redis.Redis.from_url(portal.broker.url()).flushall()
    tell(2, key="after")
    wait_for_all_sent(4)
    wait_for_another_round("notify.deliver")
    assert_each_came(mailbox)


def test_a_broker_that_is_killed_is_found_again_and_what_was_told_meanwhile_is_delivered(
    portal: LivePortal, mailbox: Mailbox
) -> None:
    worker, beat = portal.start_all()
    tell(2, key="before")
    wait_for_all_sent(2)
    for number in range(1, 4):  # several times, since what hurts is a tick that is under way
        portal.broker.process.kill()
        tell(2, key=f"meanwhile {number}")
        portal.broker.start()
        wait_for_all_sent(2 + 2 * number)
    wait_for_another_round("notify.deliver")
    assert_each_came(mailbox)
    assert worker.alive
    assert beat.alive


def test_a_scheduler_that_was_down_for_hours_makes_good_what_was_missed_once(
    portal: LivePortal, mailbox: Mailbox
) -> None:
    ada, chief, bob = make_user(), make_user(), make_user()
    grant(make_role("cto", "job"), chief)
    now = database_now()
    # Opened, to be reminded of, due and to climb while the scheduler was down.
    owe(
        Owner.user(ada.pk),
        now=now - 9 * HOUR,
        due=8 * HOUR,
        remind=[4 * HOUR, 2 * HOUR],
        climb=climbs((0, "cto")),
    )
    owe(
        Owner.user(bob.pk),
        rule="later",
        now=now - 9 * HOUR,
        due=12 * HOUR,
        remind=[11 * HOUR, 5 * HOUR, 4 * HOUR],
    )
    portal.start_all()
    wait_for_all_sent(3)
    tick_through(portal, "obligations.tick", "outbox.dispatch", "notify.deliver")
    assert_each_came(mailbox)
    assert subjects(mailbox, ada) == ["Overdue: Review the change (CHG-7)"]
    assert subjects(mailbox, chief) == ["Overdue, and now with you: Review the change (CHG-7)"]
    assert subjects(mailbox, bob) == ["Due in 3 h: Review the change (CHG-7)"]


def test_two_schedulers_and_two_workers_tell_nobody_twice(portal: LivePortal, mailbox: Mailbox) -> None:
    portal.start_all(workers=2, beats=2)
    people = [make_user() for _ in range(10)]
    chief = make_user()
    grant(make_role("cto", "job"), chief)
    due = database_now() + timedelta(seconds=5)
    for person in people:
        owe(
            Owner.user(person.pk),
            occurrence=str(person.pk),
            now=due - HOUR,
            due=HOUR,
            climb=climbs((0, "cto")),
        )
    wait_for_all_sent(20)
    tick_through(portal, "obligations.tick", "outbox.dispatch", "notify.deliver")
    assert_each_came(mailbox)
    assert {len(subjects(mailbox, person)) for person in people} == {1}
    assert len(subjects(mailbox, chief)) == 10
    assert set(Obligation.objects.values_list("state", "version")) == {("breached", 2)}
