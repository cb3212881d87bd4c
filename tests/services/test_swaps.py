"""Offering time on call, taking it in one click, and taking that back."""

from __future__ import annotations

from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from incidents.models import ShiftSwap
from incidents.selectors.oncall import on_call_at
from incidents.selectors.roster import swaps_to_take
from incidents.services.roster.swaps import (
    shift_take,
    swap_offer,
    swap_take,
    swap_undo,
    swap_withdraw,
    swaps_advance,
)
from opsportal.accounts.models import User
from opsportal.accounts.services import absence_record
from opsportal.audit.models import AuditEntry
from opsportal.core.errors import Conflict, Forbidden, IllegalMove, InvalidInput
from opsportal.notify.models import Notification
from opsportal.outbox.services import messages_handle
from tests.makers import NOW, ROOT, grant, make_role, make_team, make_user
from tests.rostering import make_schedule
from tests.untouched import refused

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
START = NOW.replace(hour=9, minute=0) + 3 * DAY  # Anna's second turn
NOON = START + timedelta(hours=3)


@pytest.fixture
def crew() -> Any:
    anna, ben, carla = make_user(name="Anna"), make_user(name="Ben"), make_user(name="Carla")
    schedule = make_schedule(anna, ben, carla)
    return SimpleNamespace(anna=anna, ben=ben, carla=carla, schedule=schedule)


def offered(
    crew: Any, by: User | None = None, start: datetime = START, hours: float = 24, **more: Any
) -> ShiftSwap:
    return swap_offer(
        actor=(by or crew.anna).actor,
        now=NOW,
        schedule=crew.schedule.slug,
        start=start,
        end=start + timedelta(hours=hours),
        **more,
    )


def who(crew: Any, at: datetime = NOON) -> list[str]:
    return [User.objects.get(pk=one.duty.user_id).full_name for one in on_call_at(crew.schedule.slug, at)]


def test_one_click_puts_the_taker_in_the_others_place(crew: Any) -> None:
    swap = offered(crew, note="Wedding")
    assert who(crew) == ["Anna"]
    assert [one.pk for one in swaps_to_take(crew.ben.pk, NOW)] == [swap.pk]
    assert swaps_to_take(crew.anna.pk, NOW) == []
    assert swaps_to_take(make_user().pk, NOW) == []
    taken = swap_take(actor=crew.ben.actor, now=NOW + timedelta(hours=1), pk=swap.pk)
    assert (taken.state, taken.taken_by_id) == ("taken", crew.ben.pk)
    assert who(crew) == ["Ben"]
    assert who(crew, START + DAY) == ["Ben"]  # his own turn follows
    actions = set(AuditEntry.objects.filter(object_kind="swap").values_list("action", flat=True))
    assert actions == {"swap.offered", "swap.taken"}


def test_it_is_undone_by_either_of_both(crew: Any) -> None:
    swap = swap_take(actor=crew.ben.actor, now=NOW, pk=offered(crew).pk)
    assert swap_undo(actor=crew.anna.actor, now=NOW + DAY, pk=swap.pk).state == "undone"
    assert who(crew) == ["Anna"]
    with refused(IllegalMove):
        swap_undo(actor=crew.ben.actor, now=NOW + DAY, pk=swap.pk)


def test_what_came_by_a_swap_is_passed_on_and_comes_back_step_by_step(crew: Any) -> None:
    swap_take(actor=crew.ben.actor, now=NOW, pk=offered(crew).pk)
    second = swap_take(actor=crew.carla.actor, now=NOW, pk=offered(crew, by=crew.ben).pk)
    assert who(crew) == ["Carla"]
    swap_undo(actor=crew.carla.actor, now=NOW, pk=second.pk)
    assert who(crew) == ["Ben"]


@pytest.mark.parametrize(
    ("more", "kind", "code"),
    [
        ({"start": NOW - timedelta(hours=1), "hours": 2}, InvalidInput, "in_the_past"),
        ({"hours": -1}, InvalidInput, "ends_before_start"),
        ({"hours": 24 * 70}, InvalidInput, "too_long"),
        ({"role": "clown"}, InvalidInput, "unknown"),
        ({"hours": 48}, Conflict, "not_on_call"),
        ({"start": START - DAY}, Conflict, "not_on_call"),
        ({"role": "secondary"}, Conflict, "not_on_call"),
    ],
)
def test_only_ones_own_time_ahead_can_be_offered(
    crew: Any, more: dict[str, Any], kind: Any, code: str
) -> None:
    with refused(kind, code):
        offered(crew, **more)


def test_the_same_time_is_offered_once(crew: Any) -> None:
    offered(crew)
    with refused(Conflict, "offered_already"):
        offered(crew, start=NOON, hours=2)


def test_a_peer_takes_back_nobody_elses_offer(crew: Any) -> None:
    team = make_team("ops", crew.anna, crew.ben)
    schedule = make_schedule(crew.anna, crew.ben, team=team.slug, slug="of-ops")
    lead = make_user()
    make_role("team-lead", "job")
    grant("team-lead", lead, scope_kind="team", scope_key="ops")
    start = {"actor": crew.anna.actor, "now": NOW, "schedule": schedule.slug, "start": START - DAY}
    swap = swap_offer(**start, end=START)
    with refused(Forbidden):
        swap_withdraw(actor=crew.ben.actor, now=NOW, pk=swap.pk)
    assert swap_withdraw(actor=lead.actor, now=NOW, pk=swap.pk).state == "withdrawn"


def test_who_may_take_it(crew: Any) -> None:
    swap = offered(crew)
    for actor in (crew.anna.actor, make_user().actor, make_user(staff=True).actor, ROOT):
        with refused(Forbidden):
            swap_take(actor=actor, now=NOW, pk=swap.pk)
    with refused(Conflict, "begun"):
        swap_take(actor=crew.ben.actor, now=START, pk=swap.pk)
    absence_record(actor=crew.ben.actor, now=NOW, person_id=crew.ben.pk, starts_at=NOON, ends_at=NOON + DAY)
    with refused(Conflict, "away"):
        swap_take(actor=crew.ben.actor, now=NOW, pk=swap.pk)


def test_a_withdrawn_offer_cannot_be_taken(crew: Any) -> None:
    swap = swap_withdraw(actor=crew.anna.actor, now=NOW, pk=offered(crew).pk)
    with refused(IllegalMove):
        swap_take(actor=crew.ben.actor, now=NOW, pk=swap.pk)
    other = offered(crew)
    with refused(Forbidden):
        swap_withdraw(actor=crew.ben.actor, now=NOW, pk=other.pk)


def test_an_open_offer_is_pointed_out_again_and_lapses_when_it_begins(crew: Any) -> None:
    swap = offered(crew)
    assert swap.due_at == START - 2 * DAY
    handle(NOW)
    assert swaps_advance(clock=lambda: NOW) == 0
    assert told("oncall.swaps") == ["Ben", "Carla"]
    assert swaps_advance(clock=lambda: START - 2 * DAY) == 1
    handle(START - 2 * DAY)
    assert told("oncall.swaps") == ["Ben", "Carla"]
    swap.refresh_from_db()
    assert swap.due_at == START - DAY
    assert swaps_advance(clock=lambda: START) == 1
    handle(START)
    assert ShiftSwap.objects.filter(pk=swap.pk, state="lapsed", due_at=None).exists()
    assert told("oncall.swaps") == ["Anna"]


def test_a_running_shift_is_taken_at_once(crew: Any) -> None:
    end = NOW.replace(hour=9, minute=0) + DAY
    args = {"schedule": crew.schedule.slug, "person": str(crew.anna.pk), "end": end}
    stranger = make_user()
    with refused(Forbidden):
        shift_take(actor=stranger.actor, now=NOW, **args)
    with refused(Conflict, "own"):
        shift_take(actor=crew.anna.actor, now=NOW, **args)
    with refused(Conflict, "not_on_call"):
        shift_take(actor=crew.carla.actor, now=NOW, **{**args, "person": str(crew.ben.pk)})
    shift_take(actor=crew.carla.actor, now=NOW, **args)
    assert who(crew, NOW) == ["Carla"]


def handle(at: datetime) -> None:
    while messages_handle(clock=lambda: at):
        pass


def told(topic: str) -> list[str]:
    """Return who was told of this topic, and forget it."""
    found = sorted(Notification.objects.filter(topic=topic).values_list("recipient__full_name", flat=True))
    Notification.objects.all().delete()
    return found
