"""Preferences: what waits, what goes into the digest, and that a digest is one mail, once."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

import pytest
from django.core import mail

from opsportal.accounts.models import User
from opsportal.accounts.services import user_deactivate, user_erase
from opsportal.audit.models import AuditEntry
from opsportal.core.actor import Actor
from opsportal.core.errors import Forbidden, InvalidInput, Stale
from opsportal.notify.models import Delivery, Digest, DigestItem, Notification, NotificationSettings
from opsportal.notify.selectors import inbox
from opsportal.notify.services import (
    deliveries_send,
    digests_close,
    digests_prune,
    notification_read,
    notifications_choose,
    notifications_prune,
    notify,
)
from opsportal.notify.services import gather as gathering
from opsportal.obligations.services import obligations_advance, obligations_end
from opsportal.obligations.terms import Owner
from opsportal.outbox.services import messages_handle
from tests.makers import NOW, ROOT, make_user
from tests.owing import owe
from tests.untouched import nothing_written, refused

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MORNING = NOW.replace(hour=8, minute=0, second=0, microsecond=0) + DAY
CHOICE: dict[str, Any] = {
    "quiet_from": None,
    "quiet_until": None,
    "quiet_days": range(7),
    "digest": "daily",
    "digest_at": time(8),
    "routes": {},
}


@pytest.fixture
def ada() -> User:
    return make_user("ada@example.org", name="Ada")


def tell(user: User, key: str, now: datetime = NOW, **more: Any) -> Notification:
    values: dict[str, Any] = {"subject": f"News {key}", "body": "b", "url": "/changes/", "urgency": "low"}
    (row,) = notify(now=now, message_key=key, recipients=[user.pk], **{**values, **more})
    return row


def choose(user: User, now: datetime = NOW, **more: Any) -> NotificationSettings:
    return notifications_choose(actor=user.actor, now=now, **{**CHOICE, **more})


def close(now: datetime) -> int:
    return digests_close(clock=lambda: now)


def send(now: datetime) -> int:
    return deliveries_send(clock=lambda: now)


def test_low_news_are_in_the_inbox_at_once_and_go_out_as_one_mail(ada: User, settings: Any) -> None:
    settings.PUBLIC_URL = "https://portal.example.org"
    rows = [
        tell(ada, "a", about="CHG-7", url="/changes/CHG-7/"),
        tell(ada, "b", NOW + HOUR, url=""),
        tell(ada, "c", NOW + 2 * HOUR, about="CHG-7", url="/changes/CHG-7/", subject="Two\r\nlines"),
    ]
    assert list(inbox(ada.pk)) == rows[::-1]
    assert (Delivery.objects.count(), Digest.objects.get().due_at) == (0, MORNING)
    assert close(MORNING - timedelta(seconds=1)) == 0
    assert close(MORNING) == 1
    assert close(MORNING) == 0
    assert send(MORNING) == 1
    assert send(MORNING + DAY) == 0
    (message,) = mail.outbox
    assert (message.to, message.subject) == (["ada@example.org"], "3 reminders and news")
    assert str(message.body).splitlines()[:10] == [
        "What could wait until now:",
        "",
        "CHG-7",
        "- News a",
        "- Two lines",
        "  https://portal.example.org/changes/CHG-7/",
        "",
        "Other news",
        "- News b",
        "",
    ]
    delivery = Delivery.objects.get()
    assert message.extra_headers["Message-ID"].startswith(f"<{delivery.pk}@")
    assert set(DigestItem.objects.values_list("outcome", flat=True)) == {"told"}


def test_what_comes_after_a_digest_has_closed_waits_for_the_next(ada: User) -> None:
    tell(ada, "a")
    close(MORNING)
    tell(ada, "b", MORNING)
    assert list(Digest.objects.order_by("created_at").values_list("state", "due_at")) == [
        ("closed", None),
        ("gathering", MORNING + DAY),
    ]


def test_what_was_read_or_is_owed_no_more_is_left_out_and_an_empty_digest_is_not_sent(ada: User) -> None:
    owe(Owner.user(ada.pk), now=NOW, due=10 * DAY, remind=[7 * DAY, DAY])
    later = NOW + 3 * DAY
    obligations_advance(clock=lambda: later)
    messages_handle(clock=lambda: later)
    note = Notification.objects.get()
    assert (note.urgency, note.about) == ("low", "CHG-7")
    assert note.subject.startswith(f"Due {(NOW + 10 * DAY).day} ")
    read = tell(ada, "read", later)
    notification_read(actor=ada.actor, now=later, pk=read.pk)
    obligations_end(
        actor=ROOT,
        now=later,
        subject_kind="change",
        subject_key="CHG-7",
        rule_ids=["acgs.review"],
        outcome="met",
    )
    assert close(later + 2 * DAY) == 0
    assert Digest.objects.get().state == "empty"
    assert Delivery.objects.count() == 0
    assert set(DigestItem.objects.values_list("outcome", flat=True)) == {"settled", "read"}


def test_who_has_left_gets_no_digest(ada: User) -> None:
    tell(ada, "a")
    user_deactivate(actor=ROOT, now=NOW, user_id=ada.pk)
    assert close(MORNING) == 0
    assert Digest.objects.get().state == "empty"


def test_one_that_dies_before_its_commit_has_done_nothing_and_the_next_does_it_once(
    ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = make_user()
    for person in (ada, other):
        tell(person, "a")

    def dies(point: str) -> None:
        if not monkeypatch_done:
            monkeypatch_done.append(point)
            raise KeyboardInterrupt

    monkeypatch_done = list[str]()
    monkeypatch.setattr(gathering, "reached", dies)
    with pytest.raises(KeyboardInterrupt):
        close(MORNING)
    assert set(Digest.objects.values_list("state", flat=True)) == {"gathering"}
    assert Delivery.objects.count() == 0
    assert close(MORNING) == 2
    assert send(MORNING) == 2


def test_a_digest_that_fails_holds_up_no_other_and_stops_the_heartbeat(
    ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(ada, "a", subject="broken")
    tell(make_user(), "b")
    fine = gathering.digest_text

    def breaks(rows: Any) -> str:
        return fine(rows) if all(row.subject != "broken" for row in rows) else str(1 / 0)

    monkeypatch.setattr(gathering, "digest_text", breaks)
    with pytest.raises(gathering.DigestError):
        close(MORNING)
    assert Delivery.objects.count() == 1


def test_normal_waits_for_the_morning_and_high_for_nothing(ada: User) -> None:
    choose(ada, quiet_from=time(0), quiet_until=time(8))
    night = MORNING - 5 * HOUR
    normal, high = tell(ada, "n", night, urgency="normal"), tell(ada, "h", night, urgency="high")
    assert normal.deliveries.get().due_at == MORNING
    assert high.deliveries.get().due_at == night
    assert send(night) == 1
    assert send(MORNING) == 1


def test_what_a_broken_channel_pushed_into_the_quiet_hours_is_held_and_costs_no_try(ada: User) -> None:
    night = MORNING - 5 * HOUR
    row = tell(ada, "n", night - 4 * HOUR, urgency="normal").deliveries.get()
    NotificationSettings.objects.create(user=ada, quiet_from=time(0), quiet_until=time(8))
    assert send(night) == 0
    row.refresh_from_db()
    assert (row.state, row.tries, row.due_at) == ("waiting", 0, MORNING)
    assert row.attempts.get().outcome == "held"
    assert send(MORNING) == 1


def test_news_come_by_the_channels_that_a_person_chose_but_urgent_ones_always_come(ada: User) -> None:
    choose(ada, digest="none", routes={"changes.mine": []})
    assert tell(ada, "a", topic="changes.mine").deliveries.count() == 0
    assert tell(ada, "b", topic="changes.vote").deliveries.count() == 1
    assert tell(ada, "c", topic="changes.mine", urgency="high").deliveries.count() == 1
    assert inbox(ada.pk).count() == 3
    with pytest.raises(ValueError, match="no such notification topic"):
        tell(ada, "d", topic="nonsense")


def test_a_new_choice_counts_for_what_waits_already(ada: User) -> None:
    choose(ada, quiet_from=time(0), quiet_until=time(8))
    night = MORNING - 5 * HOUR
    held = tell(ada, "n", night, urgency="normal").deliveries.get()
    tell(ada, "low", night)
    choose(ada, night, version=1, digest="none")
    held.refresh_from_db()
    assert held.due_at == night
    assert Digest.objects.get().due_at == night


def test_a_choice_is_recorded_and_an_old_page_does_not_undo_it(ada: User) -> None:
    row = choose(ada, version=0, digest="hourly")
    assert (row.version, row.digest, row.history.count()) == (1, "hourly", 1)
    assert AuditEntry.objects.latest("id").action == "notifications.chosen"
    with refused(Stale):
        choose(ada, version=0)


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("quiet_until", {"quiet_from": time(9)}),
        ("quiet_from", {"quiet_until": time(9)}),
        ("quiet_until", {"quiet_from": time(9), "quiet_until": time(9)}),
        ("quiet_until", {"quiet_from": time(9), "quiet_until": time(6)}),
        ("quiet_days", {"quiet_days": [7]}),
        ("digest", {"digest": "yearly"}),
        ("routes", {"routes": {"nonsense": []}}),
        ("routes", {"routes": {"other": ["pigeon"]}}),
    ],
)
def test_what_cannot_be_chosen_is_refused(ada: User, field: str, values: dict[str, Any]) -> None:
    with nothing_written(), pytest.raises(InvalidInput) as refusal:
        choose(ada, **values)
    assert refusal.value.errors[0].pointer == f"/{field}"


def test_only_people_choose(ada: User) -> None:
    for actor in (Actor.anonymous(), Actor.service_account(ada.pk)):
        with refused(Forbidden):
            notifications_choose(actor=actor, now=NOW, **CHOICE)


def test_what_is_over_goes_after_a_while(ada: User, settings: Any) -> None:
    settings.KEEP_READ_DAYS, settings.KEEP_UNREAD_DAYS = 90, 365
    for key, created, read in (("old", 91, 91), ("kept", 100, 89), ("ancient", 366, None), ("new", 1, None)):
        row = tell(ada, key, NOW - created * DAY, urgency="high")
        Notification.objects.filter(pk=row.pk).update(read_at=NOW - read * DAY if read else None)
    Delivery.objects.update(state="sent", due_at=None, finished_at=NOW)
    tell(ada, "waits", NOW - 400 * DAY, urgency="high")
    assert notifications_prune(now=NOW) == 2
    assert set(Notification.objects.values_list("message_key", flat=True)) == {"kept", "new", "waits"}
    tell(ada, "low")
    close(MORNING)
    assert digests_prune(now=MORNING + 8 * DAY) == 0
    Delivery.objects.filter(digest__isnull=False).delete()
    assert digests_prune(now=MORNING + 8 * DAY) == 1


def test_what_an_erased_person_was_told_goes_with_them(ada: User) -> None:
    tell(ada, "a")
    choose(ada)
    user_erase(actor=ROOT, now=NOW, user_id=ada.pk)
    messages_handle(clock=lambda: NOW)
    assert not Notification.objects.exists()
    assert not Digest.objects.exists()
    assert not NotificationSettings.objects.exists()
