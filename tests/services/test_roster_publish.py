"""Publishing a roster: exactly those are told whose time moves, feeds stay stable, gaps are told of once."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from incidents.models import Publication, PublishedShift, ToldGap
from incidents.selectors.oncall import final_schedule_of, on_call_at, on_call_now
from incidents.selectors.roster import own_entries, schedule_entries
from incidents.services.oncall import override_cancel, schedule_retire, schedule_revise
from incidents.services.roster.publishing import schedules_publish, shifts_remind
from opsportal.accounts.models import User
from opsportal.accounts.services import user_deactivate, user_reactivate
from opsportal.notify.models import Notification
from opsportal.outbox.services import messages_handle
from tests.makers import NOW, ROOT, make_team, make_user
from tests.rostering import make_override, make_schedule, settings_data

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
HANDOVER = NOW.replace(hour=9, minute=0)  # half an hour before NOW


def settle(at: datetime = NOW) -> None:
    """Let everything that was told be handled."""
    while messages_handle(clock=lambda: at):
        pass


def told(topic: str = "oncall.roster") -> list[tuple[str, str]]:
    """Return who was told what, of this topic, and forget it."""
    rows = (
        Notification.objects.filter(topic=topic)
        .select_related("recipient")
        .order_by("created_at", "recipient__full_name")
    )
    found = [(row.recipient.full_name, row.body) for row in rows]
    Notification.objects.all().delete()
    return found


def names(found: list[tuple[str, str]]) -> list[str]:
    return sorted(name for name, _ in found)


@pytest.fixture
def people() -> tuple[User, User, User]:
    return make_user(name="Anna"), make_user(name="Ben"), make_user(name="Carla")


def test_who_enters_a_schedule_is_told_and_an_exception_tells_the_two_whom_it_moves(
    people: tuple[User, User, User],
) -> None:
    anna, ben, carla = people
    schedule = make_schedule(anna, ben)
    settle()
    assert names(told()) == ["Anna", "Ben"]
    make_override(schedule, "instead", carla, start=HANDOVER + 2 * DAY, hours=4, instead_of=anna)
    settle()
    assert told() == [
        (
            "Anna",
            "An exception was made: a swap, or somebody standing in.\n\n"
            "No longer yours: Wed 4 Mar 09:00 – 13:00 (UTC), primary",
        ),
        (
            "Carla",
            "An exception was made: a swap, or somebody standing in.\n\n"
            "Yours now: Wed 4 Mar 09:00 – 13:00 (UTC), primary",
        ),
    ]


def test_whoever_changes_it_is_not_told_of_what_they_did(people: tuple[User, User, User]) -> None:
    anna, ben, carla = people
    schedule = make_schedule(anna, ben, team=make_team("ops", carla).slug)
    settle()
    told()
    make_override(schedule, "replace", carla, start=NOW + DAY, actor=carla.actor)
    settle()
    assert names(told()) == ["Ben"]


def test_that_time_goes_on_is_no_news(people: tuple[User, User, User]) -> None:
    make_schedule(*people)
    settle()
    told()
    later = NOW + 40 * DAY
    assert schedules_publish(clock=lambda: later) == 1
    assert schedules_publish(clock=lambda: later) == 0
    settle(later)
    assert told() == []
    assert PublishedShift.objects.latest("ends_at").ends_at > later + 150 * DAY


def test_a_revision_that_changes_nobodys_time_tells_nobody(people: tuple[User, User, User]) -> None:
    schedule = make_schedule(*people)
    settle()
    told()
    data = settings_data(*people)
    data["layers"][0]["name"] = "The same by another name"
    schedule_revise(actor=ROOT, now=NOW, slug=schedule.slug, settings=data)
    settle()
    assert told() == []


def test_a_retired_schedule_is_nobodys_any_more_and_its_shifts_are_called_off(
    people: tuple[User, User, User],
) -> None:
    anna, ben, _ = people
    schedule = make_schedule(anna, ben)
    settle()
    told()
    schedule_retire(actor=ROOT, now=NOW + DAY, slug=schedule.slug)
    settle(NOW + DAY)
    assert names(told()) == ["Anna", "Ben"]
    assert not PublishedShift.objects.filter(cancelled_at__isnull=True, ends_at__gt=NOW + DAY).exists()


# --- feeds -------------------------------------------------------------------------------------------


def test_a_shift_keeps_its_uid_and_counts_its_changes(people: tuple[User, User, User]) -> None:
    anna, ben, carla = people
    schedule = make_schedule(anna, ben)
    settle()
    window = (NOW, NOW + 2 * DAY)
    before = {one.key: one for one in own_entries(ben.actor, "", *window)}
    [shift] = before.values()
    assert (shift.start, shift.end, shift.version) == (HANDOVER + DAY, HANDOVER + 2 * DAY, 0)
    override = make_override(schedule, "replace", carla, start=HANDOVER + DAY + timedelta(hours=12), hours=12)
    settle()
    [cut] = own_entries(ben.actor, "", *window)
    assert (cut.key, cut.end, cut.version, cut.cancelled) == (
        shift.key,
        HANDOVER + DAY + timedelta(hours=12),
        1,
        False,
    )
    override_cancel(actor=ROOT, now=NOW + timedelta(hours=1), pk=override.pk)
    settle(NOW + timedelta(hours=1))
    [whole] = own_entries(ben.actor, "", *window)
    assert (whole.key, whole.end, whole.version) == (shift.key, shift.end, 2)
    [standing_in] = own_entries(carla.actor, "", *window)
    assert (standing_in.cancelled, standing_in.version) == (True, 1)
    assert "Ben" in str(schedule_entries(ROOT, schedule.slug, *window))


def test_one_who_is_always_on_call_has_one_shift_that_goes_on(people: tuple[User, User, User]) -> None:
    anna = people[0]
    make_schedule(anna)
    settle()
    schedules_publish(clock=lambda: NOW + 20 * DAY)
    schedules_publish(clock=lambda: NOW + 40 * DAY)
    [row] = PublishedShift.objects.filter(person=anna)
    assert row.starts_at == NOW
    assert row.ends_at > NOW + 200 * DAY


# --- reminders and gaps ------------------------------------------------------------------------------


def test_the_day_before_the_person_is_reminded_once(people: tuple[User, User, User]) -> None:
    make_schedule(*people)
    settle()
    told()
    before = HANDOVER + DAY
    assert shifts_remind(clock=lambda: before) == 1
    assert shifts_remind(clock=lambda: before) == 0
    assert names(told("oncall.reminder")) == ["Carla"]


def office(*people: User) -> dict[str, object]:
    data = settings_data(*people)
    data["layers"][0]["restrictions"] = [{"days": ["mon"], "begins": "09:00", "ends": "17:00"}]
    return data


def test_a_gap_is_told_once_to_the_team_and_again_when_it_is_back(people: tuple[User, User, User]) -> None:
    anna, ben, carla = people
    schedule = make_schedule(anna, team=make_team("ops", ben, carla).slug)
    settle()
    told()
    first = make_override(schedule, "replace", start=NOW + DAY, hours=5)
    settle()
    assert names(told("oncall.gaps")) == ["Ben", "Carla"]
    schedules_publish(clock=lambda: NOW + timedelta(hours=7))
    assert told("oncall.gaps") == []
    override_cancel(actor=ROOT, now=NOW + timedelta(hours=8), pk=first.pk)
    settle(NOW + timedelta(hours=8))
    assert ToldGap.objects.count() == 0
    make_override(schedule, "replace", start=NOW + DAY, hours=5, now=NOW + timedelta(hours=9))
    settle(NOW + timedelta(hours=9))
    assert names(told("oncall.gaps")) == ["Ben", "Carla"]


def test_a_gap_by_design_is_none(people: tuple[User, User, User]) -> None:
    make_schedule(settings=office(*people), gap_policy="by_design")
    settle()
    assert told("oncall.gaps") == []


def test_a_schedule_that_was_never_published_is_taken_up_by_the_tick(people: tuple[User, User, User]) -> None:
    used, retired = make_schedule(*people), make_schedule(*people)
    schedule_retire(actor=ROOT, now=NOW, slug=retired.slug)
    settle()
    PublishedShift.objects.all().delete()
    Publication.objects.all().delete()
    assert schedules_publish(clock=lambda: NOW) == 1
    assert Publication.objects.get().schedule == used
    assert PublishedShift.objects.filter(schedule=used, person=people[0]).exists()
    assert schedules_publish(clock=lambda: NOW) == 0


# --- who leaves ---------------------------------------------------------------------------------------
def test_who_is_barred_leaves_a_gap_that_is_told_of(people: tuple[User, User, User]) -> None:
    anna, ben, carla = people
    schedule = make_schedule(anna, ben, team=make_team("owners", carla).slug)
    settle()
    told(), told("oncall.gaps")
    at = NOW + timedelta(hours=1)
    assert [one.user_id for one in on_call_at(schedule.slug, at)] == [str(anna.pk)]
    user_deactivate(actor=ROOT, now=at, user_id=anna.pk)
    assert on_call_at(schedule.slug, at) == []
    assert [one.user_id for one in on_call_at(schedule.slug, NOW)] == [str(anna.pk)]
    assert on_call_now([schedule], at) == {schedule.pk: []}
    segments = final_schedule_of(schedule, NOW, HANDOVER + 2 * DAY)
    assert [(one.start, one.is_gap, [duty.user_id for duty in one.duties]) for one in segments] == [
        (NOW, False, [str(anna.pk)]),
        (at, True, []),
        (HANDOVER + DAY, False, [str(ben.pk)]),
    ]
    settle(at)
    rows = Notification.objects.filter(topic="oncall.gaps").order_by("id")
    assert {row.recipient for row in rows} == {carla}
    assert {row.subject.partition(":")[0] for row in rows} == {
        f"Somebody in {schedule.name} can no longer be on call",
        f"Nobody is on call in {schedule.name}",
    }
    assert "Anna" not in "".join(row.body for row in rows)
    user_reactivate(actor=ROOT, now=at + timedelta(hours=1), user_id=anna.pk)
    assert [one.user_id for one in on_call_at(schedule.slug, at + timedelta(hours=2))] == [str(anna.pk)]


def test_who_is_barred_goes_and_the_group_stays(people: tuple[User, User, User]) -> None:
    anna, ben, _ = people
    schedule = make_schedule([anna, ben])
    user_deactivate(actor=ROOT, now=NOW, user_id=anna.pk)
    assert [one.user_id for one in on_call_at(schedule.slug, NOW)] == [str(ben.pk)]
    assert not any(one.is_gap for one in final_schedule_of(schedule, NOW, NOW + 3 * DAY))
