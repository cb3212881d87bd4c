"""Recurring maintenance windows and working time: written, refused, retired; and feeds."""

from __future__ import annotations

from datetime import date, time
from typing import Any

import pytest

from opsportal.audit.selectors import entries_about
from opsportal.calendar.models import CalendarFeed
from opsportal.calendar.selectors import almanac_at
from opsportal.calendar.services import (
    feed_create,
    feed_revoke,
    window_reinstate,
    window_retire,
    window_update,
    working_calendar_set,
)
from opsportal.calendar.services.feeds import feed_of
from opsportal.core.errors import Forbidden, IllegalMove, InvalidInput, NotFound, Stale
from tests.freezing import make_window, make_working_time
from tests.makers import NOW, ROOT, make_user
from tests.untouched import nothing_written, refused

pytestmark = pytest.mark.django_db


def test_a_window_is_added_changed_retired_and_put_back() -> None:
    window = make_window(rule="RRULE:freq=weekly;byday=su", at=time(3, 0, 7), first_day=None)
    assert (window.rule, window.at, window.first_day) == ("FREQ=WEEKLY;BYDAY=SU", time(3), NOW.date())
    window_update(actor=ROOT, now=NOW, pk=window.pk, version=1, minutes=60, zone="Europe/Berlin")
    window_retire(actor=ROOT, now=NOW, pk=window.pk, reason="Not used.")
    assert almanac_at(NOW).windows == ()
    back = window_reinstate(actor=ROOT, now=NOW, pk=window.pk)
    assert almanac_at(NOW).windows == (back.span,)
    assert [entry.action for entry in entries_about("window", window.key)] == [
        "window.created", "window.updated", "window.retired", "window.reinstated",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"rule": "FREQ=YEARLY"}, "rule"),
        ({"zone": "Mars/Olympus"}, "zone"),
        ({"minutes": 0}, "minutes"),
        ({"minutes": 7 * 24 * 60 + 1}, "minutes"),
        ({"last_day": date(2025, 1, 1)}, "last_day"),
        ({"first_day": date(9999, 1, 1)}, "first_day"),
        ({"title": ""}, "title"),
    ],
)
def test_what_is_wrong_with_a_window_is_refused_at_its_field(fields: dict[str, Any], field: str) -> None:
    with refused(InvalidInput) as caught:
        make_window(**fields)
    assert caught.value.errors[0].pointer == f"/{field}"


def test_a_window_is_written_by_boards_and_administrators_alone() -> None:
    window, person = make_window(), make_user()
    with refused(Forbidden):
        window_update(actor=person.actor, now=NOW, pk=window.pk, minutes=5)
    with refused(Stale):
        window_update(actor=ROOT, now=NOW, pk=window.pk, version=7, minutes=5)
    with refused(IllegalMove):
        window_reinstate(actor=ROOT, now=NOW, pk=window.pk)


def test_working_time_knows_the_holidays_of_a_country_and_own_days() -> None:
    calendar = make_working_time(
        country="de",
        subdivision="by",
        own_days=[
            {"day": date(2026, 12, 24), "title": "Christmas Eve", "works": False},
            {"day": date(2026, 12, 26), "title": "Stocktaking", "works": True},
        ],
    )
    working = calendar.working_time
    assert (calendar.country, calendar.subdivision) == ("DE", "BY")
    closed = [date(2026, 1, 1), date(2026, 1, 6), date(2026, 12, 24), date(2026, 12, 25), date(2026, 12, 27)]
    assert [working.is_working_day(day) for day in closed] == [False] * 5
    assert [working.is_working_day(day) for day in (date(2026, 12, 23), date(2026, 12, 26))] == [True, True]
    with nothing_written():
        same = make_working_time(
            country="DE",
            subdivision="BY",
            own_days=[
                {"day": date(2026, 12, 26), "title": "Stocktaking", "works": True},
                {"day": date(2026, 12, 24), "title": "Christmas Eve", "works": False},
            ],
        )
    assert same.version == 1


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"country": "XX"}, "country"),
        ({"subdivision": "BY"}, "subdivision"),
        ({"country": "DE", "subdivision": "ZZ"}, "subdivision"),
        ({"weekdays": [7]}, "weekdays"),
        ({"weekdays": []}, "weekdays"),
        ({"closes": time(8)}, "closes"),
        ({"zone": ""}, "zone"),
        ({"own_days": [{"day": date(2026, 1, 1), "title": "", "works": False}] * 2}, "own_days/1/day"),
    ],
)
def test_what_is_wrong_with_working_time_is_refused_at_its_field(fields: dict[str, Any], field: str) -> None:
    with refused(InvalidInput) as caught:
        make_working_time(**fields)
    assert caught.value.errors[0].pointer == f"/{field}"


def test_working_time_is_for_administrators() -> None:
    person = make_user()
    with refused(Forbidden):
        working_calendar_set(
            actor=person.actor, now=NOW, zone="UTC", weekdays=[0], opens=time(9), closes=time(17)
        )


def test_a_feed_has_an_address_that_is_shown_once_and_can_be_revoked() -> None:
    person, other = make_user(), make_user()
    feed, secret = feed_create(actor=person.actor, now=NOW, kind="owed")
    assert secret.startswith("opf_")
    assert secret not in str(list(CalendarFeed.objects.values_list())) + str(
        CalendarFeed.history.values_list()
    )
    assert feed_of(secret) == feed
    for wrong in (secret[:-1], secret + "A", "", "opf_" + "é" * 43, feed.digest):
        with pytest.raises(NotFound):
            feed_of(wrong)
    with refused(Forbidden):
        feed_revoke(actor=other.actor, now=NOW, pk=feed.pk)
    feed_revoke(actor=person.actor, now=NOW, pk=feed.pk)
    with pytest.raises(NotFound):
        feed_of(secret)
    with nothing_written():
        feed_revoke(actor=person.actor, now=NOW, pk=feed.pk)


def test_the_feed_of_somebody_who_may_not_sign_in_any_more_is_gone() -> None:
    person = make_user()
    _, secret = feed_create(actor=person.actor, now=NOW, kind="changes")
    type(person).objects.filter(pk=person.pk).update(is_active=False)
    with pytest.raises(NotFound):
        feed_of(secret)


def test_a_feed_is_of_a_kind_and_of_a_person() -> None:
    person = make_user()
    with refused(InvalidInput):
        feed_create(actor=person.actor, now=NOW, kind="other")
    with refused(Forbidden):
        feed_create(actor=ROOT, now=NOW, kind="owed")
