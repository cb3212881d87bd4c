"""The pages of obligations, and what they show on others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.test import Client

from opsportal.accounts.models import User
from opsportal.core.actor import Actor
from opsportal.core.registry import key_urls
from opsportal.obligations.models import Obligation
from opsportal.obligations.panels import late_anywhere, mine, nav
from opsportal.obligations.services import obligations_end
from opsportal.obligations.terms import Owner
from tests.makers import NOW, grant, make_role, make_user
from tests.owing import HOUR, PORTAL, climbs, owe, tick
from tests.packs import activate as activate_pack
from tests.reading import as_
from tests.untouched import nothing_written

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture(autouse=True)
def _change_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(key_urls._entries, "CHG", lambda number: f"/changes/CHG-{number}/")


@pytest.fixture
def ada() -> User:
    return make_user("ada@example.org", name="Ada Example", time_zone="Europe/Berlin")


@pytest.fixture
def client(ada: User) -> Client:
    client = Client()
    client.force_login(ada)
    return client


def text_of(response: Any, status: int = 200) -> str:
    assert response.status_code == status
    return " ".join(response.content.decode().split())


def test_who_owes_nothing_is_told_so_and_what_to_do_next(client: Client) -> None:
    text = text_of(client.get("/obligations/"))
    assert "You owe nothing" in text
    assert 'href="/standards/active/"' in text


def test_what_is_overdue_comes_first_then_what_is_to_do_then_what_is_behind(
    client: Client, ada: User
) -> None:
    grant(make_role("cab"), ada)
    owe(Owner.user(ada.pk), rule="a", what="Owed <b>late</b>", due=-HOUR)
    owe(Owner.role("cab"), rule="b", what="Owed by the board")
    owe(Owner.user("x"), rule="c", what="Owed by another")
    owe(Owner.user(ada.pk), rule="d", what="Was owed")
    obligations_end(
        actor=PORTAL, now=NOW, subject_kind="change", subject_key="CHG-7", rule_ids=["d"], outcome="met"
    )
    text = text_of(client.get("/obligations/"))
    order = [
        "Overdue</h2>",
        "Owed &lt;b&gt;late&lt;/b&gt;",
        "To do",
        "Owed by the board",
        "as Cab",
        "Behind you",
        "Was owed",
    ]
    assert [text.index(part) for part in order] == sorted(text.index(part) for part in order)
    assert "Owed by another" not in text
    assert 'href="/changes/CHG-7/"' in text


def test_the_due_time_is_shown_in_the_readers_zone_with_utc_beside(client: Client, ada: User) -> None:
    owe(Owner.user(ada.pk))
    assert "4 Mar, 10:30 <span" in text_of(client.get("/obligations/"))
    assert "09:30 UTC</span>" in text_of(client.get("/obligations/"))


def test_one_obligation_shows_who_what_why_and_what_happened(client: Client, ada: User) -> None:
    row = owe(Owner.user(ada.pk), remind=[HOUR])
    tick(row.due_at - HOUR)
    tick(row.due_at)
    text = text_of(client.get(f"/obligations/{row.pk}/"))
    for part in (
        "Ada Example",
        "Overdue",
        'href="/standards/active/#rule-acgs.review"',
        "“Every change is reviewed.”",
        "opened an obligation",
        "reminded those who owe it",
        "found an obligation breached",
        "Go to CHG-7",
    ):
        assert part in text
    assert "Waive it" not in text


def test_who_may_waive_is_offered_it_and_the_reason_stays(client: Client, ada: User) -> None:
    grant(make_role("cto", "job"), ada)
    row = owe(Owner.user("x"), climb=climbs((1, "cto")))
    assert "Waive it" in text_of(client.get(f"/obligations/{row.pk}/"))
    response = client.post(f"/obligations/{row.pk}/waive/", {"reason": "Gone.", "version": "1"}, follow=True)
    text = text_of(response)
    assert "Waived. The reason stays on record." in text
    assert "Gone." in text
    assert "Waive it" not in text
    assert Obligation.objects.get().state == "waived"


@pytest.mark.parametrize("reason", ["", "   ", "x" * 1001, "no\x00"])
def test_a_form_that_fails_keeps_what_was_typed_and_writes_nothing(
    client: Client, ada: User, reason: str
) -> None:
    grant(make_role("cto", "job"), ada)
    row = owe(Owner.user("x"), climb=climbs((1, "cto")))
    with nothing_written(at_an_edge=True):
        response = client.post(f"/obligations/{row.pk}/waive/", {"reason": reason, "version": "1"})
    text = text_of(response, 400)
    assert "Not saved yet" in text
    assert reason.strip().replace("\x00", "") in text


def test_who_may_not_waive_is_refused_with_the_reason(client: Client) -> None:
    row = owe(Owner.user("x"))
    with nothing_written(at_an_edge=True):
        response = client.post(f"/obligations/{row.pk}/waive/", {"reason": "Gone."})
    assert "nobody waives what they owe themselves" in text_of(response, 403)


def test_a_stale_form_and_a_missing_obligation_say_so(client: Client, ada: User) -> None:
    grant(make_role("cto", "job"), ada)
    row = owe(Owner.user("x"), climb=climbs((1, "cto")))
    with nothing_written(at_an_edge=True):
        assert (
            client.post(f"/obligations/{row.pk}/waive/", {"reason": "Gone.", "version": "9"}).status_code
            == 409
        )
        assert client.post("/obligations/4711/waive/", {"reason": "Gone."}).status_code == 404
        assert client.get("/obligations/4711/").status_code == 404
        assert client.get(f"/obligations/{row.pk}/waive/").status_code == 405


def test_home_and_navigation_show_what_i_owe_and_what_is_overdue_anywhere(client: Client, ada: User) -> None:
    me = Actor.user(ada.pk)
    assert (mine(me, NOW, None), late_anywhere(me, NOW, None)) == (None, None)
    for number in range(7):
        owe(Owner.user(ada.pk), occurrence=f"r{number}", due=(number - 1) * HOUR)
    shown = mine(me, NOW, None)
    assert shown is not None
    assert (shown["count"], shown["late"], shown["more"], len(shown["lines"])) == (7, 2, 2, 5)
    assert nav(me, NOW, None) == {"count": 7, "words": "overdue or due within 14 days"}
    text = text_of(client.get("/"))
    assert "You owe 7 things within 14 days, 2 overdue" in text
    assert "Overdue obligations" in text
    assert "owed by Ada Example" in text


@pytest.mark.parametrize("name", ["ai-system", "aielon"])
def test_a_review_whose_day_has_passed_is_on_the_home_page_from_the_first_day(name: str) -> None:
    activate_pack(name)
    text = text_of(as_(make_user(staff=True)).get("/"))
    assert "You owe 1 thing within 14 days, 1 overdue" in text
    assert "Review the standard" in text


def test_what_is_due_in_a_year_is_listed_and_not_counted(client: Client, ada: User) -> None:
    me, row = Actor.user(ada.pk), owe(Owner.user(ada.pk), due=365 * 24 * HOUR)
    told, shown = nav(me, NOW, None), mine(me, NOW, None)
    assert told is not None
    assert shown is not None
    assert (told["count"], shown["count"], len(shown["lines"])) == (0, 0, 1)
    assert "Nothing that you owe is due within 14 days" in text_of(client.get("/"))
    assert row.what in text_of(client.get("/obligations/"))


def test_a_machine_or_nobody_owes_nothing() -> None:
    for actor in (Actor.service_account("x"), Actor.anonymous()):
        assert mine(actor, NOW, None) is None
        assert nav(actor, NOW, None) is None


def test_an_address_with_a_number_that_no_database_holds_is_not_found(client: Client) -> None:
    number = "9" * 30
    with nothing_written(at_an_edge=True):
        assert client.get(f"/obligations/{number}/").status_code == 404
        assert client.post(f"/obligations/{number}/waive/", {"reason": "Gone."}).status_code == 404
