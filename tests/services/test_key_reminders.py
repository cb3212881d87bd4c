"""The team of a provider is told that its key ends: each step once, the latest alone after a pause."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps

from opsportal.accounts.models import User
from opsportal.audit.selectors import entries_about
from opsportal.catalog.expiry import take
from opsportal.catalog.models import Provider
from opsportal.catalog.services import keys, keys_remind, provider_create, provider_move, provider_update
from opsportal.core.due import DueError
from opsportal.notify.handlers import still_ending
from opsportal.notify.models import DigestItem, Notification
from opsportal.outbox.models import OutboxMessage
from opsportal.outbox.services import messages_handle
from tests.makers import NOW, ROOT, make_service, make_team, make_user

pytestmark = pytest.mark.django_db

TODAY = NOW.date()
DAY = timedelta(days=1)
LAST = TODAY + 40 * DAY


@pytest.fixture(autouse=True)
def ada() -> User:
    ada = make_user(name="Ada")
    make_team("payments", ada)
    make_user(name="Root", staff=True)
    return ada


def make(slug: str = "acquirer", last: date | None = LAST, **more: Any) -> Provider:
    values = {"name": slug.title(), "owner_team": "payments", "key_expires_on": last, **more}
    return provider_create(actor=ROOT, now=NOW, slug=slug, **values)


def at(left: int, last: date = LAST) -> datetime:
    """Return a moment of the day on which so many days are left."""
    return NOW + (last - TODAY) - left * DAY


def tick(now: datetime) -> list[tuple[str, str]]:
    """Let the tick run and what waits be handled, and return who was told what since the last time."""
    keys_remind(clock=lambda: now)
    return handled(now)


def handled(now: datetime) -> list[tuple[str, str]]:
    messages_handle(clock=lambda: now)
    rows = Notification.objects.filter(topic="catalog.keys").order_by("subject", "recipient__full_name")
    told = list(rows.values_list("recipient__full_name", "subject"))
    rows.update(topic="other")
    return told


def words(last: date = LAST, name: str = "Acquirer", *, over: bool = False) -> str:
    return f"Key {'over since' if over else 'ends'} {last.day} {last:%B %Y}: {name}"


def test_the_team_is_told_at_each_step_and_once() -> None:
    make_service("shop")
    made = make(used_by=["shop"])
    assert tick(at(31)) == []
    for left in (30, 7, 1, -1):
        assert tick(at(left)) == [("Ada", words(over=left < 0))]
        assert tick(at(left) + timedelta(minutes=10)) == []
    assert tick(at(-90)) == []
    made.refresh_from_db()
    assert (made.version, made.remind_on, made.history.count()) == (1, None, 1)
    actions = [entry.action for entry in entries_about("provider", "acquirer")]
    assert sorted(actions) == ["provider.created", *["provider.reminded"] * 4]
    row = Notification.objects.order_by("created_at")[0]
    assert (row.url, row.urgency, row.about) == ("/providers/acquirer/", "low", "acquirer")
    assert "lean on it: shop" in row.body
    assert DigestItem.objects.filter(notification__about="acquirer").count() == 4


def test_after_days_without_a_tick_the_latest_step_alone_is_told() -> None:
    make()
    assert tick(at(5)) == [("Ada", words())]
    assert tick(at(2)) == []
    assert tick(at(-3)) == [("Ada", words(over=True))]
    assert Notification.objects.filter(about="acquirer").count() == 2


def test_a_clock_that_goes_back_tells_nothing_twice() -> None:
    make()
    assert len(tick(at(7))) == 1
    assert tick(at(30)) == []
    assert tick(at(7)) == []


def test_another_day_begins_anew_also_the_same_one_again() -> None:
    made, later = make(), LAST + 300 * DAY
    assert len(tick(at(7))) == 1
    provider_update(actor=ROOT, now=NOW, slug=made.slug, key_expires_on=later)
    assert tick(at(-1)) == []
    assert tick(at(30, later)) == [("Ada", words(later))]
    provider_update(actor=ROOT, now=NOW, slug=made.slug, key_expires_on=LAST)
    assert tick(at(7)) == [("Ada", words())]
    provider_update(actor=ROOT, now=NOW, slug=made.slug, key_expires_on=None)
    assert tick(at(-1)) == []


def test_what_is_changed_beside_the_day_tells_nothing_anew() -> None:
    made = make()
    assert len(tick(at(30))) == 1
    provider_update(actor=ROOT, now=NOW, slug=made.slug, name="Another", key_expires_on=LAST)
    assert tick(at(30)) == []


def test_a_retired_provider_tells_nobody_until_it_is_back_in_use() -> None:
    made = make()
    provider_move(actor=ROOT, now=NOW, slug=made.slug, verb="retire")
    assert tick(at(7)) == []
    provider_move(actor=ROOT, now=NOW, slug=made.slug, verb="reinstate")
    assert tick(at(6)) == [("Ada", words())]


@pytest.mark.parametrize("change", ["retire", "another day"])
def test_a_message_that_comes_late_tells_nothing_that_is_over(change: str, ada: User) -> None:
    made = make()
    keys_remind(clock=lambda: at(7))
    if change == "retire":
        provider_move(actor=ROOT, now=NOW, slug=made.slug, verb="retire")
    else:
        provider_update(actor=ROOT, now=NOW, slug=made.slug, key_expires_on=LAST + DAY)
    assert handled(at(7)) == []
    assert still_ending(ada.pk, {f"{made.pk}:{LAST}"}, at(7)) == set()


def test_a_digest_keeps_what_still_ends(ada: User) -> None:
    made = make()
    assert len(tick(at(7))) == 1
    told = Notification.objects.get(about="acquirer").reference
    assert still_ending(ada.pk, {told}, at(7)) == {told}
    assert told == f"{made.pk}:{LAST}"


def test_administrators_are_told_where_the_team_is_empty_and_auditors_never() -> None:
    auditor = make_user(name="Audra")
    make_team("empty", auditor)
    User.objects.filter(pk=auditor.pk).update(is_auditor=True)
    make(owner_team="empty")
    assert tick(at(30)) == [("Root", words())]


def test_a_tick_that_dies_before_its_commit_tells_at_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    make()

    def die(_point: str) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(keys, "reached", die)
        with pytest.raises(DueError):
            keys_remind(clock=lambda: at(7))
    assert not OutboxMessage.objects.filter(topic="catalog.provider.reminded").exists()
    assert tick(at(7)) == [("Ada", words())]


def test_one_bad_row_does_not_stop_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    make("bad", LAST - DAY)
    make("good")

    def broken(expires_on: date, **when: date) -> Any:
        if expires_on != LAST:
            raise ValueError("bad row")
        return take(expires_on, **when)

    monkeypatch.setattr(keys, "take", broken)
    with pytest.raises(DueError):
        keys_remind(clock=lambda: at(7))
    assert handled(at(7)) == [("Ada", words(name="Good"))]


def test_the_migration_tells_of_what_was_entered_before_it() -> None:
    for slug, last in (
        ("ahead", LAST),
        ("ended", date(2025, 1, 1)),
        ("ancient", date(1, 1, 3)),
        ("none", None),
    ):
        make(slug, last)
    Provider.objects.update(remind_on=None)
    import_module("opsportal.catalog.migrations.0003_key_reminders").remind_of_known(apps, None)
    assert dict(Provider.objects.values_list("slug", "remind_on")) == {
        "ahead": LAST - 30 * DAY,
        "ended": date(2024, 12, 2),
        "ancient": date(1, 1, 3),
        "none": None,
    }
    assert [subject for _, subject in tick(NOW)] == [
        words(date(2025, 1, 1), "Ended", over=True),
        words(date(1, 1, 3), "Ancient", over=True),
    ]
