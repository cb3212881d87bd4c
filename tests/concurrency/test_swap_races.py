"""Two who take the same shift at once: one wins, and one exception is made."""

from __future__ import annotations

from datetime import timedelta

import pytest

from incidents.models import Handover, Override, ShiftSwap
from incidents.services.roster.handovers import handovers_advance
from incidents.services.roster.publishing import schedules_publish
from incidents.services.roster.swaps import swap_offer, swap_take, swap_withdraw
from opsportal.accounts.models import User
from opsportal.notify.models import Notification
from opsportal.outbox.services import messages_handle
from tests.databases import Database
from tests.makers import NOW, make_user
from tests.racing import race
from tests.rostering import make_schedule

DAY = timedelta(days=1)
START = NOW.replace(hour=9, minute=0) + 4 * DAY


@pytest.fixture
def people(fresh_database: Database) -> list[User]:
    return [make_user() for _ in range(4)]


def test_of_two_takers_and_a_change_of_mind_one_wins(people: list[User]) -> None:
    anna, ben, carla, _ = people
    schedule = make_schedule(*people)
    swap = swap_offer(actor=anna.actor, now=NOW, schedule=schedule.slug, start=START, end=START + DAY)
    results = race(
        lambda: swap_take(actor=ben.actor, now=NOW, pk=swap.pk),
        lambda: swap_take(actor=carla.actor, now=NOW, pk=swap.pk),
        lambda: swap_withdraw(actor=anna.actor, now=NOW, pk=swap.pk),
    )
    assert sorted(str(getattr(one, "code", "done")) for one in results) == [
        "done",
        "illegal_move",
        "illegal_move",
    ]
    taken = ShiftSwap.objects.get().state == "taken"
    assert Override.objects.count() == (1 if taken else 0)


def test_two_ticks_at_once_tell_and_open_everything_once(people: list[User]) -> None:
    make_schedule(*people)
    while messages_handle(clock=lambda: NOW):
        pass
    later = NOW.replace(hour=9, minute=0) + DAY - timedelta(minutes=10)
    before = Notification.objects.count()
    published = race(
        lambda: schedules_publish(clock=lambda: later), lambda: schedules_publish(clock=lambda: later)
    )
    assert sum(one for one in published if isinstance(one, int)) >= 1
    assert Notification.objects.count() == before
    opened = race(
        lambda: handovers_advance(clock=lambda: later), lambda: handovers_advance(clock=lambda: later)
    )
    assert Handover.objects.count() == 1
    assert sorted(str(one) for one in opened) == ["0", "1"]
