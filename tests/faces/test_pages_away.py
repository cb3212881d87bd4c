"""The page on which a person says when they are away, and who stands in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from opsportal.accounts.models import Absence, Deputyship, User
from opsportal.accounts.services import deputy_name
from tests.makers import NOW, away, grant, make_role, make_user
from tests.untouched import nothing_written

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def ada() -> User:
    ada = make_user(name="Ada Lovelace")
    make_role("board")
    grant("board", ada)
    return ada


def signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def test_an_absence_with_a_deputy_is_recorded_shown_and_ended(ada: User) -> None:
    dan, client = make_user(name="Dan Dare"), signed_in(ada)
    given = {"ends_at": "2026-03-09T08:00", "deputy": str(dan.pk), "reason": "Skiing"}
    assert client.post("/away/", given).status_code == 302
    page = client.get("/away/").content.decode()
    assert "Skiing" in page
    assert "Dan Dare" in page
    theirs = signed_in(dan).get("/away/").content.decode()
    assert "You stand in for" in theirs
    assert "Skiing" not in theirs
    public = signed_in(dan).get(f"/people/{ada.pk}/").content.decode()
    assert "Away until" in public
    assert "Skiing" not in public
    assert client.post(f"/away/end/absence/{Absence.objects.get().pk}/").status_code == 302
    assert "Away until" not in signed_in(dan).get(f"/people/{ada.pk}/").content.decode()


def test_a_standing_deputy_is_named_for_a_role(ada: User) -> None:
    dan, client = make_user(name="Dan Dare"), signed_in(ada)
    given = {"standing": "1", "deputy": str(dan.pk), "role": "board"}
    assert client.post("/away/", given).status_code == 302
    row = Deputyship.objects.get()
    assert (row.deputy, row.role and row.role.slug, row.absence, row.ends_at) == (dan, "board", None, None)


def test_what_was_typed_wrong_stays_and_nothing_is_written(ada: User) -> None:
    client = signed_in(ada)
    with nothing_written(at_an_edge=True):
        late = client.post("/away/", {"ends_at": "2026-03-01T08:00", "reason": "Skiing"})
        nobody = client.post("/away/", {"standing": "1"})
    assert late.status_code == 400
    assert "The end must lie after the start" in late.content.decode()
    assert "Skiing" in late.content.decode()
    assert "Choose who stands in." in nobody.content.decode()


def test_an_absence_whose_deputy_is_refused_is_not_recorded_either(ada: User) -> None:
    admin = make_user(staff=True)
    client = signed_in(admin)
    with nothing_written(at_an_edge=True):
        answer = client.post(
            f"/people/{ada.pk}/away/", {"ends_at": "2026-03-09T08:00", "deputy": str(admin.pk)}
        )
    assert answer.status_code == 403


def changing(client: Client, absence: Absence, **typed: str) -> Any:
    url = f"/away/absence/{absence.pk}/"
    form = client.get(url).context["form"]
    shown = {name: str(form[name].value() or "") for name in ("ends_at", "reason", "version")}
    shown["ends_at"] = f"{absence.ends_at:%Y-%m-%dT%H:%M}"
    if "starts_at" in form.fields:
        shown["starts_at"] = f"{absence.starts_at:%Y-%m-%dT%H:%M}"
    return client.post(url, {**shown, **typed})


def test_an_absence_is_moved_with_who_stands_in_for_it(ada: User) -> None:
    client, dan = signed_in(ada), make_user(name="Dan Dare")
    given = {"starts_at": "2026-03-05T08:00", "ends_at": "2026-03-09T08:00", "deputy": str(dan.pk)}
    client.post("/away/", {**given, "reason": "Skiing"})
    absence = Absence.objects.get()
    assert f"/away/absence/{absence.pk}/" in client.get("/away/").content.decode()
    with nothing_written(at_an_edge=True):
        assert changing(client, absence).status_code == 302
    moved = {"starts_at": "2026-03-06T08:00", "ends_at": "2026-03-12T08:00", "reason": ""}
    assert changing(client, absence, **moved).status_code == 302
    row = Absence.objects.get()
    assert (row.starts_at.day, row.ends_at.day, row.reason, row.version) == (6, 12, "", 2)
    deputy = Deputyship.objects.get()
    assert (deputy.starts_at, deputy.ends_at) == (row.starts_at, row.ends_at)


def test_an_absence_that_has_begun_keeps_its_start_to_the_microsecond(ada: User) -> None:
    client, absence = signed_in(ada), away(ada, now=NOW - timedelta(hours=1, microseconds=7))
    page = client.get(f"/away/absence/{absence.pk}/").content.decode()
    assert 'name="starts_at"' not in page
    assert changing(client, absence, ends_at="2026-03-20T08:00").status_code == 302
    row = Absence.objects.get()
    assert (row.starts_at, row.ends_at.day) == (absence.starts_at, 20)


@pytest.mark.parametrize(
    ("typed", "status", "words"),
    [
        ({"ends_at": ""}, 400, "Say when."),
        ({"ends_at": "2026-03-01T08:00"}, 400, "The end must lie ahead"),
        ({"ends_at": "soon"}, 400, "Give a date and a time"),
        ({"ends_at": "2026-03-20T08:00", "version": "7"}, 409, "It is at version 1 by now"),
    ],
)
def test_a_change_that_is_refused_keeps_what_was_typed(
    ada: User, typed: dict[str, str], status: int, words: str
) -> None:
    client, absence = signed_in(ada), away(ada, now=NOW - timedelta(hours=1))
    with nothing_written(at_an_edge=True):
        answer = changing(client, absence, reason="Diving", **typed)
    page = answer.content.decode()
    assert (answer.status_code, "Diving" in page, words in page) == (status, True, True), page


def test_an_absence_of_somebody_else_is_for_administrators_to_change(ada: User) -> None:
    absence = away(ada)
    assert signed_in(make_user()).get(f"/people/{ada.pk}/away/absence/{absence.pk}/").status_code == 404
    assert signed_in(make_user()).get(f"/away/absence/{absence.pk}/").status_code == 404
    admin = signed_in(make_user(staff=True))
    assert admin.get(f"/people/{ada.pk}/away/absence/{absence.pk}/").status_code == 200
    sent = {"ends_at": "2026-03-20T08:00", "version": "1"}
    assert admin.post(f"/people/{ada.pk}/away/absence/{absence.pk}/", sent).status_code == 302
    assert Absence.objects.get().ends_at.day == 20


def test_somebody_elses_page_is_for_administrators(ada: User) -> None:
    away(ada)
    assert signed_in(make_user()).get(f"/people/{ada.pk}/away/").status_code == 403
    admin = signed_in(make_user(staff=True))
    assert admin.get(f"/people/{ada.pk}/away/").status_code == 200
    assert admin.get("/admin/accounts/absence/").status_code == 200
    assert admin.get("/admin/accounts/deputyship/").status_code == 200


def standing(ada: User, **more: Any) -> tuple[Deputyship, User]:
    dan = make_user(name="Dan Dare")
    return deputy_name(actor=ada.actor, now=NOW, principal_id=ada.pk, deputy_id=dan.pk, **more), dan


def test_until_when_a_standing_deputy_is_one_is_changed_and_opened_again(ada: User) -> None:
    row, _ = standing(ada)
    client, url = signed_in(ada), f"/away/deputy/{row.pk}/"
    assert url in client.get("/away/").content.decode()
    assert "Dan Dare stands in for you" in client.get(url).content.decode()
    assert client.post(url, {"ends_at": "2026-03-20T08:00", "version": "1"}).status_code == 302
    stored = Deputyship.objects.get()
    assert (stored.ends_at and stored.ends_at.day, stored.version) == (20, 2)
    assert "2026-03-20T08:00" in client.get(url).content.decode()
    assert client.post(url, {"ends_at": "", "version": "2"}).status_code == 302
    assert Deputyship.objects.get().ends_at is None


def test_an_end_that_nobody_touched_stays_to_the_microsecond(ada: User) -> None:
    row, _ = standing(ada, ends_at=NOW + timedelta(days=3, seconds=7, microseconds=9))
    client, sent = signed_in(ada), {"ends_at": f"{row.ends_at:%Y-%m-%dT%H:%M}", "version": "1"}
    with nothing_written(at_an_edge=True):
        assert client.post(f"/away/deputy/{row.pk}/", sent).status_code == 302


@pytest.mark.parametrize(
    ("typed", "status", "words"),
    [
        ({"ends_at": "2026-03-01T08:00"}, 400, "The end must lie after the start"),
        ({"ends_at": "soon"}, 400, "Give a date and a time"),
        ({"ends_at": "2026-03-20T08:00", "version": "7"}, 409, "It is at version 1 by now"),
    ],
)
def test_an_end_that_is_refused_keeps_what_was_typed(
    ada: User, typed: dict[str, str], status: int, words: str
) -> None:
    (row, _), client = standing(ada), signed_in(ada)
    with nothing_written(at_an_edge=True):
        answer = client.post(f"/away/deputy/{row.pk}/", {"version": "1", **typed})
    page = answer.content.decode()
    assert (answer.status_code, words in page, typed["ends_at"] in page) == (status, True, True), page


def test_a_standing_deputy_of_somebody_else_is_for_administrators_to_change_and_never_ones_own(
    ada: User,
) -> None:
    row, dan = standing(ada)
    url, sent = f"/people/{ada.pk}/away/deputy/{row.pk}/", {"ends_at": "2026-03-20T08:00", "version": "1"}
    theirs, strangers = signed_in(dan), signed_in(make_user())
    with nothing_written(at_an_edge=True):
        for client in (theirs, strangers):
            assert client.get(url).status_code == 404
            assert client.post(f"/away/deputy/{row.pk}/", sent).status_code == 404
    User.objects.filter(pk=dan.pk).update(is_staff=True)
    with nothing_written(at_an_edge=True):
        assert theirs.post(url, sent).status_code == 403
        assert url not in theirs.get(f"/people/{ada.pk}/away/").content.decode()
    assert signed_in(make_user(staff=True)).post(url, sent).status_code == 302


def test_a_deputy_of_one_absence_ends_with_that_one(ada: User) -> None:
    absence = away(ada)
    row, _ = standing(ada, absence_id=absence.pk)
    client = signed_in(ada)
    assert client.get(f"/away/deputy/{row.pk}/").status_code == 404
    assert f"/away/deputy/{row.pk}/" not in client.get("/away/").content.decode()
