"""Telling people, reading what one was told, and telling administrators of the portal's own trouble."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest

from opsportal.accounts.services import user_deactivate
from opsportal.core.actor import Actor
from opsportal.core.correlation import correlated
from opsportal.core.errors import Forbidden, NotFound
from opsportal.notify.models import ChannelHealth, Delivery, Notification
from opsportal.notify.selectors import channels_check, inbox, unread_count
from opsportal.notify.services import (
    deliveries_prune,
    notification_read,
    notifications_read_all,
    notify,
    operators_warn,
)
from opsportal.outbox.models import Heartbeat
from opsportal.outbox.ticks import ticks
from tests.makers import NOW, ROOT, make_user
from tests.untouched import nothing_written, refused

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


def tell(*recipients: object, key: str = "k1", **more: Any) -> list[Notification]:
    values: dict[str, Any] = {"subject": "Hello", "body": "Something happened.", "url": "/changes/CHG-7/"}
    return notify(now=NOW, message_key=key, recipients=recipients, **{**values, **more})  # type: ignore[arg-type]


def test_each_person_gets_a_notification_and_a_delivery_for_each_channel() -> None:
    ada, bob = make_user(), make_user()
    with correlated("cid-1"):
        new = tell(ada.pk, str(bob.pk), ada.pk, urgency="high")
    assert {row.recipient_id for row in new} == {ada.pk, bob.pk}
    for row in Notification.objects.all():
        assert (row.subject, row.body, row.url, row.urgency) == (
            "Hello",
            "Something happened.",
            "/changes/CHG-7/",
            "high",
        )
        assert (row.message_key, row.correlation_id, row.created_at, row.read_at) == (
            "k1",
            "cid-1",
            NOW,
            None,
        )
        delivery = row.deliveries.get()
        assert (delivery.channel, delivery.state, delivery.due_at, delivery.attempt) == (
            "email",
            "waiting",
            NOW,
            0,
        )


def test_the_same_key_tells_nobody_twice_but_whoever_was_not_told() -> None:
    ada, bob = make_user(), make_user()
    tell(ada.pk)
    with nothing_written():
        assert tell(ada.pk, subject="Again") == []
    assert [row.recipient_id for row in tell(ada.pk, bob.pk)] == [bob.pk]
    assert Delivery.objects.count() == 2


def test_who_has_left_or_does_not_exist_is_left_out() -> None:
    gone = make_user()
    user_deactivate(actor=ROOT, now=NOW, user_id=gone.pk)
    with nothing_written():
        assert tell(gone.pk, uuid.uuid4()) == []
        assert tell() == []


def test_a_subject_that_is_too_long_is_cut() -> None:
    tell(make_user().pk, subject="x" * 500)
    assert Notification.objects.get().subject == "x" * 200


def test_the_inbox_is_mine_newest_first_and_counts_what_i_have_not_read() -> None:
    ada, bob = make_user(), make_user()
    (old,) = tell(ada.pk)
    (new,) = notify(now=NOW + MINUTE, message_key="k2", recipients=[ada.pk], subject="B", body="b")
    tell(bob.pk, key="k3")
    assert list(inbox(ada.pk)) == [new, old]
    assert unread_count(ada.pk) == 2


def test_reading_is_noted_once_and_only_by_the_recipient() -> None:
    ada, bob = make_user(), make_user()
    (row,) = tell(ada.pk)
    with refused(NotFound):
        notification_read(actor=Actor.user(bob.pk), now=NOW, pk=row.pk)
    with refused(NotFound):
        notification_read(actor=Actor.user(ada.pk), now=NOW, pk=uuid.uuid4())
    for actor in (Actor.anonymous(), Actor.service_account(ada.pk)):
        with refused(Forbidden):
            notification_read(actor=actor, now=NOW, pk=row.pk)
        with refused(Forbidden):
            notifications_read_all(actor=actor, now=NOW)
    for moment in (NOW + MINUTE, NOW + 2 * MINUTE):
        notification_read(actor=Actor.user(ada.pk), now=moment, pk=row.pk)
    row.refresh_from_db()
    assert row.read_at == NOW + MINUTE
    assert unread_count(ada.pk) == 0


def test_reading_all_touches_only_mine() -> None:
    ada, bob = make_user(), make_user()
    tell(ada.pk, bob.pk)
    tell(ada.pk, key="k2")
    assert notifications_read_all(actor=Actor.user(ada.pk), now=NOW) == 2
    assert (unread_count(ada.pk), unread_count(bob.pk)) == (0, 1)


def all_ticks_go_on() -> None:
    for name in ticks:
        Heartbeat.objects.create(name=name, finished_at=NOW)


def test_when_all_is_well_no_administrator_is_told_anything() -> None:
    make_user(staff=True)
    all_ticks_go_on()
    with nothing_written():
        assert operators_warn(now=NOW) == 0


def test_a_tick_that_stands_still_is_told_to_every_administrator_once_for_each_silence() -> None:
    admin = make_user(staff=True)
    make_user()
    all_ticks_go_on()
    Heartbeat.objects.filter(name="obligations.tick").update(finished_at=NOW - 5 * MINUTE, error="KeyError")
    assert operators_warn(now=NOW) == 1
    assert operators_warn(now=NOW + MINUTE / 2) == 1
    note = Notification.objects.get()
    assert (note.recipient, note.urgency, note.url) == (admin, "high", "/operations/")
    assert note.subject == "The portal's tick obligations.tick does not run"
    assert "Meanwhile, nobody is reminded, and no breach is noticed." in note.body
    Heartbeat.objects.filter(name="obligations.tick").update(finished_at=NOW)
    Heartbeat.objects.exclude(name="obligations.tick").update(finished_at=NOW + 10 * MINUTE)
    operators_warn(now=NOW + 10 * MINUTE)
    assert Notification.objects.count() == 2


def test_a_restart_after_an_outage_alarms_nobody_but_of_what_still_stands_still_after_it() -> None:
    make_user(staff=True)
    all_ticks_go_on()
    back = NOW + 120 * MINUTE
    assert operators_warn(now=back) == 0  # the first run of the watcher, before the others had theirs
    Heartbeat.objects.exclude(name="obligations.tick").update(finished_at=back, silent_since=None)
    later = back + timedelta(minutes=1)
    assert operators_warn(now=later) == 1
    assert Notification.objects.get().subject == "The portal's tick obligations.tick does not run"


def test_breaks_that_follow_each_other_hide_nothing_for_long() -> None:
    make_user(staff=True)
    all_ticks_go_on()
    told = []
    for minutes in (2, 4, 6):
        moment = NOW + minutes * MINUTE
        told.append(operators_warn(now=moment))
        Heartbeat.objects.exclude(name="obligations.tick").update(finished_at=moment, silent_since=None)
    assert told[-1] == 1


def test_at_the_first_start_each_tick_has_its_time_from_then_on() -> None:
    make_user(staff=True)
    start = NOW + timedelta(days=400)  # long after the last migration
    assert operators_warn(now=start) == 0
    Heartbeat.objects.exclude(name="obligations.tick").update(finished_at=start, silent_since=None)
    Heartbeat.objects.filter(name="notify.watch").update(finished_at=start + MINUTE)
    assert operators_warn(now=start + MINUTE) == 0
    assert operators_warn(now=start + MINUTE + timedelta(seconds=1)) == len(
        [tick for tick in ticks.values() if tick.alarm_after == MINUTE]
    )


def test_a_tick_that_an_upgrade_brings_is_not_late_at_once() -> None:
    make_user(staff=True)
    now = NOW + timedelta(days=400)
    for name in ticks:
        Heartbeat.objects.create(name=name, finished_at=now)
    Heartbeat.objects.filter(name="obligations.tick").delete()
    assert operators_warn(now=now) == 0
    Heartbeat.objects.exclude(name="obligations.tick").update(finished_at=now + MINUTE)
    assert operators_warn(now=now + MINUTE + timedelta(seconds=1)) == 1


def test_what_was_given_up_is_told_once_an_hour_while_more_comes() -> None:
    admin = make_user(staff=True)
    all_ticks_go_on()
    (row,) = tell(admin.pk)
    row.deliveries.update(state="dead", due_at=None, finished_at=NOW)
    for minutes in (0, 10, 20):
        Heartbeat.objects.update(finished_at=NOW + minutes * MINUTE)
        operators_warn(now=NOW + minutes * MINUTE)
    told = Notification.objects.exclude(pk=row.pk)
    assert [note.subject for note in told] == [
        "The portal has given up telling somebody something (1 times in the last hour)"
    ]
    Heartbeat.objects.update(finished_at=NOW + 120 * MINUTE)
    assert operators_warn(now=NOW + 120 * MINUTE) == 0


def test_a_channel_that_is_away_for_ten_minutes_is_told() -> None:
    make_user(staff=True)
    all_ticks_go_on()
    ChannelHealth.objects.create(name="email", failing_since=NOW - 10 * MINUTE, failures=3, error="smtp 421")
    assert operators_warn(now=NOW) == 0
    assert channels_check() == (False, "away: email: smtp 421")
    Heartbeat.objects.update(finished_at=NOW + MINUTE)
    assert operators_warn(now=NOW + MINUTE) == 1
    assert Notification.objects.get().subject == "Nothing can be sent by email"


def test_deliveries_that_ended_a_week_ago_go_and_what_was_told_stays() -> None:
    ada = make_user()
    week_ago = NOW - timedelta(days=7)
    for number, (state, at) in enumerate(
        [
            ("sent", week_ago - MINUTE),
            ("skipped", week_ago - MINUTE),
            ("sent", week_ago),
            ("dead", week_ago - MINUTE),
        ]
    ):
        (row,) = tell(ada.pk, key=f"k{number}")
        row.deliveries.update(state=state, due_at=None, finished_at=at)
    tell(ada.pk, key="waiting")
    assert deliveries_prune(now=NOW) == 2
    assert sorted(Delivery.objects.values_list("state", flat=True)) == ["dead", "sent", "waiting"]
    assert Notification.objects.count() == 5
    with nothing_written():
        assert tell(ada.pk, key="k0") == []
