"""The page on which a person says when they are away, and who stands in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import time_machine
from django.test import Client

from opsportal.accounts.models import Absence, Deputyship, User
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


def test_somebody_elses_page_is_for_administrators(ada: User) -> None:
    away(ada)
    assert signed_in(make_user()).get(f"/people/{ada.pk}/away/").status_code == 403
    admin = signed_in(make_user(staff=True))
    assert admin.get(f"/people/{ada.pk}/away/").status_code == 200
    assert admin.get("/admin/accounts/absence/").status_code == 200
    assert admin.get("/admin/accounts/deputyship/").status_code == 200
