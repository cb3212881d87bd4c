"""Pages of the calendar: days and their entries, windows, freezes, working time, feeds."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.test import Client

from changes.models import Change
from opsportal.accounts.models import User
from opsportal.calendar.models import CalendarFeed, Freeze, MaintenanceWindow, WorkingCalendar
from opsportal.calendar.web.history import freeze_words, window_words
from tests.changing import activate, approved, draft, make_cast, rule, submitted, window
from tests.freezing import DAY, make_freeze, make_window, make_working_time
from tests.makers import NOW, grant, make_environment, make_role, make_user
from tests.untouched import nothing_written

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def client_of(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def board() -> Client:
    person = make_user()
    grant(make_role("cab"), person)
    return client_of(person)


@pytest.fixture
def reader() -> Client:
    return client_of(make_user())


def test_the_list_shows_each_thing_on_its_day_in_the_readers_zone() -> None:
    cast = make_cast()
    change = approved(cast, **window(DAY - timedelta(hours=9), timedelta(hours=1)))  # 00:30 UTC
    freeze = make_freeze(starts_at=NOW - 40 * DAY)
    make_window()
    User.objects.filter(pk=cast.requester.pk).update(time_zone="America/New_York")
    page = client_of(User.objects.get(pk=cast.requester.pk)).get("/calendar/").content.decode()
    assert "March 2026" in page
    days = re.findall(r'id="day-([0-9-]+)"', page)
    assert days == [f"2026-03-{day}" for day in ("01", "02", "07", "14", "21", "28")]
    on_its_day = page.split('id="day-2026-03-02"')[1].split("</section>")[0]
    assert "19:30 – 20:30" in on_its_day
    assert change.key in on_its_day
    assert "since 21 Jan" in page
    assert freeze.title.replace("'", "&#x27;") in page


@pytest.mark.parametrize(("asked", "folded"), [("2026-03-22", 3), ("2026-03-31", 0), ("2026-03-01", 0)])
def test_the_list_begins_at_the_day_asked_for(asked: str, folded: int, reader: Client) -> None:
    make_window()
    page = reader.get("/calendar/", {"date": asked}).content.decode()
    before = re.findall(r'<details class="op-cal-earlier">.*?</details>', page, flags=re.DOTALL)
    assert "".join(before).count('id="day-') == folded
    assert ("earlier days of March 2026" in page) == bool(folded)
    assert page.count('id="day-') == 5


@pytest.mark.parametrize("view", ["month", "week"])
def test_month_and_week_are_drawn_by_a_script_and_say_the_same_without(view: str, reader: Client) -> None:
    make_freeze()
    page = reader.get(f"/calendar/?view={view}&date=2026-03-02").content.decode()
    assert 'id="op-calendar-entries"' in page
    assert "The same as a list" in page
    assert page.count("Quarter") >= 2


def test_what_is_drawn_stands_at_the_readers_wall_clock_wherever_the_browser_is() -> None:
    cast = make_cast()
    approved(cast, **window(DAY))
    User.objects.filter(pk=cast.requester.pk).update(time_zone="Asia/Kathmandu")
    client = client_of(User.objects.get(pk=cast.requester.pk))
    page = client.get(f"/calendar/?view=week&kind=change&date={(NOW + DAY).date()}").content.decode()
    (drawn,) = json.loads(re.findall(r'id="op-calendar-entries"[^>]*>(.*?)</script>', page, re.DOTALL)[0])
    begins = (NOW + DAY).astimezone(ZoneInfo("Asia/Kathmandu"))
    assert drawn["start"] == f"{begins:%Y-%m-%dT%H:%M}"
    assert drawn["title"].startswith(f"{begins:%H:%M} ")


def test_what_owes_the_reader_is_in_their_calendar_and_in_nobody_elses() -> None:
    cast = make_cast()
    submitted(cast)
    assert "Decide on the change" in client_of(cast.lead).get("/calendar/").content.decode()
    assert "Decide on the change" not in client_of(cast.bystander).get("/calendar/").content.decode()


def test_filters_and_odd_days_break_nothing(reader: Client) -> None:
    make_window()
    assert "Sunday night" not in reader.get("/calendar/?kind=change").content.decode()
    assert "Sunday night" in reader.get("/calendar/?kind=window&service=x").content.decode()
    for query in ("date=0001-01-01", "date=9999-12-31&view=month", "date=9999-12-31&view=week"):
        assert reader.get(f"/calendar/?{query}").status_code == 200
    for query in ("date=tomorrow", "view=year"):
        assert reader.get(f"/calendar/?{query}").status_code == 400


def test_a_row_at_the_end_of_the_calendar_breaks_no_page() -> None:
    cast = make_cast()
    change = approved(cast, **window(DAY))
    far = datetime(9999, 12, 31, 23, tzinfo=UTC)
    Change.objects.filter(pk=change.pk).update(window_end=far)
    User.objects.filter(pk=cast.requester.pk).update(time_zone="Pacific/Kiritimati")
    client = client_of(User.objects.get(pk=cast.requester.pk))
    for path in ("/calendar/", "/calendar/?view=month", "/changes/", f"/changes/{change.key}/"):
        assert client.get(path).status_code == 200


def test_a_freeze_is_set_changed_and_lifted_on_its_pages(board: Client, reader: Client) -> None:
    make_environment("production")
    fields = {
        "title": "Christmas",
        "reason": "Nobody is here.",
        "starts_at": "2026-03-03T00:00",
        "ends_at": "2026-03-05T00:00",
        "environments": ["production"],
        "tiers": ["critical"],
        "pass_roles": ["cab"],
    }
    assert reader.get("/freezes/new/").status_code == 403
    with nothing_written():
        wrong = board.post("/freezes/new/", {**fields, "services": "no-such"})
    assert (wrong.status_code, "Not known: no-such" in wrong.content.decode()) == (400, True)
    made = board.post("/freezes/new/", fields)
    freeze = Freeze.objects.get()
    assert made["Location"] == f"/freezes/{freeze.key}/"
    assert (freeze.scope["tiers"], freeze.pass_roles) == (["critical"], ["cab"])
    shown = reader.get(f"/freezes/{freeze.key.lower()}/").content.decode()
    assert "Nobody is here." in shown
    assert "Lift the freeze now" not in shown
    edited = board.post(f"/freezes/{freeze.key}/edit/", {**fields, "title": "Yule", "version": "1"})
    assert edited.status_code == 302
    stale = board.post(f"/freezes/{freeze.key}/edit/", {**fields, "version": "1"})
    assert stale.status_code == 409
    assert board.post(f"/freezes/{freeze.key}/lift/", {"version": "2"}).status_code == 302
    assert "Lifted" in reader.get("/freezes/").content.decode()


def test_a_window_is_added_changed_and_retired_on_its_pages(board: Client, reader: Client) -> None:
    fields = {
        "title": "Second Tuesday",
        "rule": "FREQ=MONTHLY;BYDAY=2TU",
        "at": "02:30",
        "zone": "Europe/Berlin",
        "minutes": "90",
        "first_day": "2026-03-01",
    }
    assert reader.post("/maintenance-windows/new/", fields).status_code == 403
    wrong = board.post("/maintenance-windows/new/", {**fields, "rule": "often"})
    assert (wrong.status_code, "A rule such as" in wrong.content.decode()) == (400, True)
    assert board.post("/maintenance-windows/new/", fields).status_code == 302
    added = MaintenanceWindow.objects.get()
    shown = reader.get(f"/maintenance-windows/{added.key}/").content.decode()
    assert "On the second Tuesday of every month at 02:30 (Europe/Berlin)" in shown
    path = f"/maintenance-windows/{added.key}/"
    assert board.post(f"{path}edit/", {**fields, "minutes": "60", "version": "1"}).status_code == 302
    assert board.post(f"{path}retire/", {"reason": "Not used."}).status_code == 302
    assert board.post(f"{path}retire/", {}).status_code == 409
    assert "Second Tuesday" not in reader.get("/maintenance-windows/").content.decode()
    assert "Second Tuesday" in reader.get("/maintenance-windows/?state=any").content.decode()
    assert board.post(f"{path}reinstate/", {}).status_code == 302


def test_working_time_is_shown_to_all_and_said_by_administrators(reader: Client) -> None:
    fields = {
        "zone": "Europe/Berlin",
        "weekdays": ["0", "1"],
        "opens": "09:00",
        "closes": "17:00",
        "country": "DE",
        "own_days": "2026-12-24 Christmas Eve\n+2026-12-26 Stocktaking\n",
    }
    assert "Nobody has said it yet" in reader.get("/working-time/").content.decode()
    assert reader.post("/working-time/", fields).status_code == 403
    administrator = client_of(make_user(staff=True))
    wrong = administrator.post("/working-time/", {**fields, "own_days": "Christmas"})
    assert (wrong.status_code, "does not begin with a day" in wrong.content.decode()) == (400, True)
    assert administrator.post("/working-time/", fields).status_code == 302
    stored = WorkingCalendar.objects.get()
    assert [one["works"] for one in stored.own_days] == [False, True]
    page = reader.get("/working-time/").content.decode()
    assert "Monday, Tuesday" in page
    assert "New Year" in page
    assert "+2026-12-26 Stocktaking" in administrator.get("/working-time/").content.decode()


def test_a_feed_is_made_read_without_signing_in_and_revoked() -> None:
    cast = make_cast()
    submitted(cast, **window(DAY))
    mine = client_of(cast.lead)
    page = mine.post("/calendar/feeds/", {"kind": "owed"})
    assert page["Cache-Control"] == "no-store"
    found = re.search(r'value="http[^"]*(/calendar/feeds/opf_[^"]+\.ics)"', page.content.decode())
    assert found is not None
    path = found[1]
    assert path not in mine.get("/calendar/feeds/").content.decode()
    with nothing_written():
        given = Client().get(path)
        again = Client().get(path, headers={"If-None-Match": given["ETag"]})
    assert given["Content-Type"] == "text/calendar; charset=utf-8"
    assert b"Owed: Decide on the change" in given.content
    assert b"CATEGORIES:Change" not in given.content
    assert b"@example.org" not in given.content
    assert again.status_code == 304
    feed = CalendarFeed.objects.get()
    assert client_of(cast.bystander).post(f"/calendar/feeds/{feed.pk}/revoke/").status_code == 403
    assert mine.post(f"/calendar/feeds/{feed.pk}/revoke/").status_code == 302
    assert Client().get(path).status_code == 404
    assert Client().get("/calendar/feeds/opf_x.ics").status_code == 404


def test_the_secret_of_a_feed_is_in_no_log(caplog: pytest.LogCaptureFixture) -> None:
    secret = "opf_" + "a" * 43
    with caplog.at_level("INFO"):
        Client().get(f"/calendar/feeds/{secret}.ics")
    assert secret not in caplog.text
    assert "opf_aaaa…" in caplog.text


def test_the_home_page_says_what_is_frozen_now(reader: Client) -> None:
    assert "Freezes in force" not in reader.get("/").content.decode()
    make_freeze()
    make_working_time()
    assert "Freezes in force" in reader.get("/").content.decode()


@pytest.mark.parametrize("model", ["freeze", "maintenancewindow", "workingcalendar", "calendarfeed"])
def test_the_back_office_shows_it(model: str) -> None:
    make_freeze()
    make_window()
    make_working_time()
    client = client_of(make_user(staff=True))
    client.post("/calendar/feeds/", {"kind": "changes"})
    response = client.get(f"/admin/calendar/{model}/")
    assert response.status_code == 200
    link = re.search(rf'href="(/admin/calendar/{model}/[^"]+/change/)"', response.content.decode())
    assert link is not None
    assert client.get(link[1]).status_code == 200


def test_a_change_is_told_before_its_submission_what_is_in_its_way() -> None:
    cast = make_cast()
    early = rule(
        "early", "change.submit", "{ require = 'change.lead_time >= 24h' }", more='message = "Later."'
    )
    activate(early, version="2")
    freeze = make_freeze(ends_at=NOW + 5 * DAY)
    change = draft(cast, **window(timedelta(hours=20)))
    client = client_of(cast.requester)
    page = client.get(f"/changes/{change.key}/").content.decode()
    assert "It needs 1 d before its window, and has 20 h." in page
    assert re.search(r"The earliest start is <time[^>]+datetime=\"2026-03-03T09:30:00Z\"", page)
    assert f'/freezes/{freeze.key}/">Quarter' in page
    form = client.get(f"/changes/{change.key}/edit/").content.decode()
    assert "What is in its way" in form
    assert "It needs 1 d before its window, and has 20 h." in form


def test_what_happened_is_told_in_the_words_of_the_page() -> None:
    set_then = {"from": "2026-11-24T00:00:00+00:00", "until": "2026-11-30T12:30:00+00:00"}
    assert freeze_words(set_then) == "From 24 Nov 2026, 00:00 until 30 Nov 2026, 12:30."
    changed = {"fields": ["ends_at", "pass_roles"], "until": "2026-11-30T12:30:00+00:00"}
    assert freeze_words(changed) == "Changed: until when, who may pass. Until 30 Nov 2026, 12:30."
    assert freeze_words({"reason": "The sale is over."}) == "The sale is over."
    weekly = {"rule": "FREQ=WEEKLY;BYDAY=SU", "zone": "Europe/Berlin"}
    assert window_words(weekly) == "Every Sunday (Europe/Berlin)."
    assert window_words({"fields": ["minutes"]}) == "Changed: how long."
