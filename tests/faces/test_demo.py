"""The demo organisation: whole, believable, and only into an empty database."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from changes.models import Change, Deployment
from changes.states import CHANGE
from opsportal.accounts.models import Role, Team, User
from opsportal.catalog.models import Service
from opsportal.core.clock import database_now
from opsportal.outbox.models import OutboxMessage
from opsportal.portal.demo import load
from opsportal.portal.demo.people import PASSWORD, PEOPLE
from opsportal.standards.models import Activation
from tests.makers import make_user

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("demo", *arguments, stdout=out, stderr=StringIO())
    return out.getvalue()


def test_it_has_eight_people_five_services_and_twenty_changes_in_every_state() -> None:
    run("load")
    assert (User.objects.count(), Service.objects.count(), Change.objects.count()) == (8, 5, 20)
    assert set(Change.objects.values_list("state", flat=True)) == set(CHANGE.states)
    boards = Role.objects.filter(kind="board", holdings__isnull=False).distinct()
    assert {board.slug for board in boards} == {"change-advisory-board", "operations-team"}
    assert {one.decision for one in Deployment.objects.all()} == {"allowed"}


def test_only_what_happened_lately_is_still_told() -> None:
    run("load")
    an_hour_ago = database_now() - timedelta(hours=1, minutes=1)
    assert OutboxMessage.objects.filter(state="done", created_at__lt=an_hour_ago).exists()
    assert not OutboxMessage.objects.filter(state="waiting", created_at__lt=an_hour_ago).exists()


def test_it_is_refused_where_somebody_is_there_already() -> None:
    make_user()
    with pytest.raises(CommandError, match="not empty"):
        run("load")
    run("load", "--if-empty")
    assert (User.objects.count(), Change.objects.count()) == (1, 0)


def test_loaded_twice_it_stays_as_it_is() -> None:
    run("load", "--if-empty")
    run("load", "--if-empty")
    assert Change.objects.count() == 20


def test_it_is_loaded_whole_or_not_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_: object) -> None:
        raise RuntimeError("the power went")

    monkeypatch.setattr(load, "messages_settle", fail)
    with pytest.raises(RuntimeError, match="the power went"):
        load.demo_load(now=database_now())
    assert not User.objects.exists()
    assert not Team.objects.exists()
    assert not Change.objects.exists()
    assert not Activation.objects.exists()


def test_the_logins_are_listed_for_people_and_for_programs() -> None:
    lines = run("logins").splitlines()
    assert len(lines) == len(PEOPLE) + 1
    assert PASSWORD in lines[-1]
    listed = json.loads(run("logins", "--json"))
    assert [person["email"] for person in listed["people"]] == [person.email for person in PEOPLE]


def test_the_sign_in_page_lists_who_is_who_only_in_the_demo(client: Client, settings: object) -> None:
    run("load")
    page = client.get("/accounts/login/").content.decode()
    assert "Sign in as Elena Rossi" not in page
    settings.OPSPORTAL_DEMO_LOGINS = True  # type: ignore[attr-defined]
    page = client.get("/accounts/login/").content.decode()
    assert "Sign in as Elena Rossi" in page


def test_everybody_can_sign_in(client: Client) -> None:
    run("load")
    for person in PEOPLE[:2]:
        answer = client.post("/accounts/login/", {"login": person.email, "password": PASSWORD})
        assert (answer.status_code, answer["Location"]) == (302, "/")
        client.logout()
