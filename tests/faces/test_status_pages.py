"""The status page as anybody sees it, and where it is written."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET

import pytest
from django.core import mail
from django.test import Client

from incidents.models import StatusComponent, StatusNotice, StatusSubscriber
from incidents.services.statuspage import component_create, notice_open, status_mails_send
from opsportal.accounts.models import User
from opsportal.core.clock import database_now
from tests.changing import make_cast
from tests.makers import NOW, ROOT, make_user
from tests.reading import as_, shown, text_of
from tests.untouched import nothing_written

pytestmark = pytest.mark.django_db
ANYBODY = Client


@pytest.fixture(autouse=True)
def _components(db: None) -> None:
    component_create(actor=ROOT, now=NOW, slug="shop", name="Shop")
    component_create(actor=ROOT, now=NOW, slug="search", name="Search", position=1)


def opened(**more: Any) -> StatusNotice:
    given = {"kind": "incident", "title": "<i>Payments</i> fail", "text": "We look.\n\nSoon more."}
    return notice_open(actor=ROOT, now=NOW, impacts={"shop": "partial_outage"}, **(given | more))


def test_anybody_sees_how_things_stand_and_no_cookie_is_set() -> None:
    notice = opened()
    with nothing_written():
        response = ANYBODY().get("/status/")
    text = text_of(response)
    assert "Some things are partly down" in text
    assert "&lt;i&gt;Payments&lt;/i&gt; fail" in text
    assert not response.cookies
    assert response["Cache-Control"] == "public, max-age=15"
    assert "Soon more." in shown(ANYBODY(), f"/status/notices/{notice.pk}/")
    assert "fail" in shown(ANYBODY(), f"/status/history/?month={notice.starts_at:%Y-%m}")
    assert ANYBODY().get("/status").status_code == 301


def test_times_are_utc_whatever_clock_its_reader_lives_by() -> None:
    notice = opened()
    person = make_user()
    User.objects.filter(pk=person.pk).update(time_zone="Asia/Tokyo")
    reader = as_(person)
    for path in ("/status/", f"/status/history/?month={NOW:%Y-%m}", f"/status/notices/{notice.pk}/"):
        read = shown(reader, path)
        assert f"since {NOW:%Y-%m-%d %H:%M} UTC" in " ".join(read.split()), path
        assert f"{NOW:%Y-%m-%d %H:%M} UTC</time>" in read, path


@pytest.mark.parametrize(
    "path", ["/status/notices/99/", "/status/history/?month=nonsense", "/status/manage/x/"]
)
def test_what_there_is_not_is_not_found(path: str) -> None:
    assert ANYBODY().get(path).status_code == 404


def test_programs_get_json_and_a_feed() -> None:
    notice = opened()
    told = ANYBODY().get("/status.json").json()
    assert told["status"] == "partial_outage"
    assert {one["slug"]: one["status"] for one in told["components"]} == {
        "shop": "partial_outage",
        "search": "operational",
    }
    assert told["incidents"][0]["id"] == notice.pk
    response = ANYBODY().get("/status/feed.atom")
    feed = ET.fromstring(response.content)  # noqa: S314 - our own
    (title,) = feed.findall("{http://www.w3.org/2005/Atom}entry/{http://www.w3.org/2005/Atom}title")
    assert title.text == "We are looking into it: <i>Payments</i> fail"
    again = ANYBODY().get("/status/feed.atom", headers={"If-None-Match": response["ETag"]})
    assert again.status_code in (200, 304)


def test_a_subscription_from_the_form_to_the_last_mail() -> None:
    client = ANYBODY(enforce_csrf_checks=True)
    assert "Look into your mail" in text_of(
        client.post("/status/subscribe/", {"email": "ada@example.org", "components": ["shop"]})
    )
    status_mails_send(clock=database_now)
    link = next(line for line in mail.outbox[0].body.splitlines() if "/status/confirm/" in line)
    path = "/status/" + link.partition("/status/")[2]
    with nothing_written():
        assert "Was it you?" in shown(client, path)  # a scanner that opens the link subscribes nobody
    assert StatusSubscriber.objects.get().state == "asked"
    text_of(client.post(path))
    assert StatusSubscriber.objects.get().state == "active"
    opened()
    status_mails_send(clock=database_now)
    manage = str(mail.outbox[1].extra_headers["List-Unsubscribe"]).strip("<>")
    path = "/status/" + manage.partition("/status/")[2]
    with nothing_written():
        assert "ada@example.org" in shown(client, path)
    text_of(client.post(path, {"do": "choose", "components": ["search"]}))
    assert StatusSubscriber.objects.get().components == ["search"]
    text_of(client.post(path, {"List-Unsubscribe": "One-Click"}))
    assert (StatusSubscriber.objects.get().state, StatusSubscriber.objects.get().email) == ("left", "")


@pytest.mark.parametrize("data", [{}, {"email": "nobody"}, {"email": "a@example.org", "components": ["x"]}])
def test_a_wrong_subscription_says_what_is_wrong(data: dict[str, Any]) -> None:
    with nothing_written():
        assert 'role="alert"' in text_of(ANYBODY().post("/status/subscribe/", data), 400)


def test_an_administrator_arranges_it_and_publishes() -> None:
    browser = as_(make_user(staff=True))
    text_of(
        browser.post("/status-page/components/new/", {"slug": "shop", "name": "Shop", "position": 0}), 400
    )
    made = browser.post(
        "/status-page/components/new/",
        {"slug": "login", "name": "Sign-in", "position": 2, "announces": "by_hand"},
    )
    assert made.status_code == 302
    changed = {"name": "Signing in", "position": 2, "announces": "itself", "version": 1}
    assert browser.post("/status-page/components/login/", changed).status_code == 302
    assert StatusComponent.objects.get(slug="login").name == "Signing in"
    assert browser.post("/status-page/components/login/retire/").status_code == 302
    word = {"title": "Slow", "state": "investigating", "text": "We look.", "impact_shop": "degraded"}
    assert browser.post("/status-page/new/incident/", word).status_code == 302
    notice = StatusNotice.objects.get()
    more = {**word, "state": "resolved", "text": "Over.", "version": 1}
    assert browser.post(f"/status-page/notices/{notice.pk}/", more).status_code == 302
    assert "Over." in shown(browser, f"/status-page/notices/{notice.pk}/")
    assert "Slow" in shown(browser, "/status-page/")


def test_a_refused_word_keeps_what_was_typed() -> None:
    browser = as_(make_user(staff=True))
    with nothing_written(at_an_edge=True):
        text = text_of(
            browser.post(
                "/status-page/new/maintenance/",
                {
                    "title": "Work",
                    "state": "scheduled",
                    "text": "We work.",
                    "impact_shop": "maintenance",
                    "starts_at": "2026-03-02T12:00",
                },
            ),
            400,
        )
    assert "Say when the work will be over." in text
    assert "We work." in text


def test_others_may_look_but_not_write() -> None:
    cast = make_cast()
    browser = as_(cast.bystander)
    assert "New component" not in shown(browser, "/status-page/")
    assert browser.get("/status-page/components/new/").status_code == 403
    word = {"title": "Slow", "state": "investigating", "text": "We look.", "impact_shop": "degraded"}
    with nothing_written(at_an_edge=True):
        assert browser.post("/status-page/new/incident/", word).status_code == 403
