"""Signing in, out, and with a new password. Nobody learns which addresses exist."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.contrib.auth import SESSION_KEY
from django.core import mail
from django.core.cache import cache
from django.test import Client

from opsportal.accounts.models import User
from opsportal.accounts.services import reset_link_send, user_create, user_deactivate, welcome_send
from opsportal.audit.models import AuditEntry
from opsportal.core.cache import SteadyCache
from opsportal.core.clock import database_now
from opsportal.core.registry import Panel, panels
from opsportal.outbox.models import OutboxMessage
from opsportal.outbox.services import messages_handle
from tests.makers import NOW, PASSWORD, ROOT, make_user
from tests.untouched import nothing_written

pytestmark = pytest.mark.django_db

LOGIN = "/accounts/login/"
RESET = "/accounts/password/reset/"
NEW_PASSWORD = "another long enough password"


@pytest.fixture(autouse=True)
def _no_attempts_before() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def ada() -> User:
    return make_user("ada@example.org", name="Ada")


def sign_in(client: Client, email: str = "ada@example.org", password: str = PASSWORD, **more: str) -> Any:
    return client.post(LOGIN, {"login": email, "password": password, **more})


def is_in(client: Client) -> bool:
    return SESSION_KEY in client.session


def text_of(response: Any) -> str:
    return re.sub(r"\s+", " ", response.content.decode())


# --- signing in


def test_a_person_signs_in_by_address_and_comes_to_where_they_wanted(ada: User, client: Client) -> None:
    wanted = client.get("/services/?tier=core")
    assert (wanted.status_code, wanted["Location"]) == (
        302,
        "/accounts/login/?next=%2Fservices%2F%3Ftier%3Dcore",
    )
    page = client.get(wanted["Location"])
    assert page.status_code == 200
    assert 'name="next" value="/services/?tier=core"' in text_of(page)
    response = sign_in(client, " ADA@example.org ", next="/services/?tier=core")
    assert (response.status_code, response["Location"]) == (302, "/services/?tier=core")
    assert is_in(client)


def test_a_sign_in_is_recorded_and_takes_a_new_session(ada: User, client: Client) -> None:
    client.get(LOGIN)
    session = client.session
    session["before"] = "1"
    session.save()
    client.cookies["opsportal_session"] = str(session.session_key)
    sign_in(client)
    assert client.session.session_key != session.session_key
    entry = AuditEntry.objects.get(action="user.signed_in")
    assert (entry.actor_kind, entry.actor_id, entry.outcome) == ("user", str(ada.pk), "done")


def test_it_leads_nowhere_else_but_to_our_own_pages(ada: User, client: Client) -> None:
    response = sign_in(client, next="https://evil.example/")
    assert response["Location"] == "/"


def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(ada: User) -> None:
    answers = []
    for email in ("ada@example.org", "nobody@example.org"):
        client = Client()
        response = sign_in(client, email, "a wrong password here")
        assert response.status_code == 200
        assert not is_in(client)
        assert "a wrong password here" not in text_of(response)
        cleaned = re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"|nonce="[^"]+"', "", text_of(response))
        answers.append(cleaned.replace(email, "EMAIL"))
    assert answers[0] == answers[1]
    kept = AuditEntry.objects.filter(action="user.signed_in", outcome="refused").order_by("id")
    assert [(entry.actor_kind, entry.object_key) for entry in kept] == [
        ("anonymous", str(ada.pk)),
        ("anonymous", ""),
    ]


def test_both_take_the_same_statements(ada: User) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    counts = []
    for email in ("ada@example.org", "nobody@example.org"):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            sign_in(Client(), email, "a wrong password here")
        counts.append(sum(query["sql"].startswith("INSERT") for query in queries.captured_queries))
    assert counts[0] == counts[1]


def test_after_five_wrong_passwords_even_the_right_one_waits(ada: User, client: Client) -> None:
    for _ in range(5):
        sign_in(client, password="a wrong password here")
    response = sign_in(client)
    assert not is_in(client)
    assert "Too many failed login attempts" in text_of(response)


def guessing(times: int, forwarded: str = "", client_address: str = "192.0.2.7") -> None:
    """Try a password on so many accounts from one address."""
    for number in range(times):
        headers = {"X-Forwarded-For": forwarded.format(number)} if forwarded else {}
        Client(REMOTE_ADDR=client_address).post(
            LOGIN, {"login": f"nobody-{number}@example.org", "password": PASSWORD}, headers=headers
        )


def comes_in(address: str, **headers: str) -> bool:
    client = Client(REMOTE_ADDR=address)
    client.post(LOGIN, {"login": "ada@example.org", "password": PASSWORD}, headers=headers)
    return is_in(client)


@pytest.mark.parametrize("forwarded", ["", "10.0.0.{}"])
def test_ten_wrong_passwords_from_one_address_make_it_wait_whatever_it_claims(
    ada: User, forwarded: str
) -> None:
    guessing(9, forwarded)
    assert comes_in("192.0.2.7")
    guessing(1, forwarded)
    assert not comes_in("192.0.2.7")
    assert comes_in("192.0.2.8")


def test_behind_the_proxy_one_who_guesses_locks_out_nobody_else(
    ada: User, settings: Any, tmp_path: Path
) -> None:
    told = {"PATH": os.environ["PATH"], "OPSPORTAL_BEHIND_PROXY": "1", "OPSPORTAL_DATA": str(tmp_path)}
    ask = "from opsportal import settings; print(settings.ALLAUTH_TRUSTED_PROXY_COUNT)"
    count = subprocess.run([sys.executable, "-c", ask], env=told, capture_output=True, check=True).stdout
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = int(count)
    guessing(10, "10.0.0.{}, 192.0.2.7", client_address="127.0.0.1")
    assert not comes_in("127.0.0.1", **{"X-Forwarded-For": "192.0.2.7"})
    assert comes_in("127.0.0.1", **{"X-Forwarded-For": "192.0.2.7, 192.0.2.8"})
    assert not comes_in("127.0.0.1", **{"X-Forwarded-For": "nonsense"})


def test_somebody_barred_is_told_so_only_with_the_right_password(ada: User) -> None:
    user_deactivate(actor=ROOT, now=NOW, user_id=ada.pk)
    client = Client()
    response = sign_in(client)
    assert (response.status_code, response["Location"]) == (302, "/accounts/inactive/")
    assert "switched this account off" in text_of(client.get("/accounts/inactive/"))
    assert not is_in(client)
    assert sign_in(Client(), password="a wrong password here").status_code == 200


def test_the_session_of_somebody_barred_is_over(ada: User, client: Client) -> None:
    sign_in(client)
    assert client.get("/profile/").status_code == 200
    user_deactivate(actor=ROOT, now=NOW, user_id=ada.pk)
    assert client.get("/profile/")["Location"].startswith(LOGIN)


def test_what_was_typed_stays_but_never_the_password(ada: User, client: Client) -> None:
    response = sign_in(client, 'x"><script>alert(1)</script>@example.org')
    assert response.status_code == 200
    assert "<script>alert(1)" not in text_of(response)
    assert PASSWORD not in text_of(response)


@pytest.mark.parametrize(
    "email", ["", "a\x00@example.org", "x" * 300 + "@example.org", "🦊@example.org", "%s' OR 1=1"]
)
def test_a_strange_address_signs_nobody_in(ada: User, client: Client, email: str) -> None:
    assert sign_in(client, email).status_code == 200
    assert not is_in(client)


def test_signing_in_works_while_the_cache_is_away(ada: User, client: Client, monkeypatch: Any) -> None:
    from redis.exceptions import ConnectionError as RedisAway

    def away(*_: Any, **__: Any) -> Any:
        raise RedisAway("refused")

    monkeypatch.setattr("django.core.cache.backends.redis.RedisCacheClient.get_client", away)
    monkeypatch.setattr(SteadyCache, "away_until", 0.0)
    for _ in range(5):
        sign_in(Client(), "bob@example.org", "a wrong password here")
    assert "Too many failed" in text_of(sign_in(Client(), "bob@example.org"))
    sign_in(client)
    assert is_in(client)
    SteadyCache.away_until = 0.0
    cache.local.clear()  # type: ignore[attr-defined]


# --- signing out, and what there is not


def test_signing_out_needs_a_post(ada: User, client: Client) -> None:
    sign_in(client)
    assert client.get("/accounts/logout/").status_code == 200
    assert is_in(client)
    assert client.post("/accounts/logout/")["Location"] == LOGIN
    assert not is_in(client)


@pytest.mark.parametrize("path", ["signup/", "email/", "confirm-email/", "login/code/", ""])
def test_nobody_signs_up_or_changes_their_address(client: Client, ada: User, path: str) -> None:
    client.force_login(ada)
    assert client.get(f"/accounts/{path}").status_code == 404


def test_forms_of_the_sign_in_pages_ask_for_the_csrf_token(ada: User) -> None:
    client = Client(enforce_csrf_checks=True)
    assert sign_in(client).status_code == 403
    assert client.post(RESET, {"email": "ada@example.org"}).status_code == 403


def test_other_apps_may_stand_beside_the_form(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = Panel("sign_in.aside", 1, "accounts/test_aside.html", lambda *_: None)
    monkeypatch.setitem(panels._entries, "test.aside", seen)
    assert client.get(LOGIN).status_code == 200


# --- a new password


def ask(email: str) -> Any:
    return Client().post(RESET, {"email": email})


def test_a_known_and_an_unknown_address_get_the_same_answer_and_leave_the_same_rows(ada: User) -> None:
    user_deactivate(actor=ROOT, now=NOW, user_id=make_user("gone@example.org").pk)
    rows = []
    for email in ("ada@example.org", "nobody@example.org", "gone@example.org"):
        entries, messages = AuditEntry.objects.count(), OutboxMessage.objects.count()
        response = ask(email)
        assert (response.status_code, response["Location"]) == (302, f"{RESET}done/")
        rows.append((AuditEntry.objects.count() - entries, OutboxMessage.objects.count() - messages))
    assert rows == [(1, 1)] * 3
    assert mail.outbox == []
    told = [message.payload for message in OutboxMessage.objects.order_by("id")][-3:]
    assert told == [{"user": str(ada.pk)}, {"user": ""}, {"user": ""}]


def test_the_worker_mails_a_link_that_works_once(ada: User) -> None:
    other = Client()
    sign_in(other)
    ask("ada@example.org")
    reset_link_send(user_id=str(ada.pk))
    (letter,) = mail.outbox
    assert letter.to == ["ada@example.org"]
    assert letter.subject == "[opsportal] A new password"
    link = re.search(r"http://[^/\s]+(/accounts/password/reset/key/\S+)", str(letter.body))
    assert link is not None
    client = Client()
    form = client.get(link[1], follow=True)
    assert form.status_code == 200
    where = form.redirect_chain[-1][0]
    with nothing_written():
        weak = client.post(where, {"password1": "password1234", "password2": "password1234"})
        differ = client.post(where, {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD + "x"})
    assert "too common" in text_of(weak)
    assert "same password" in text_of(differ)
    done = client.post(where, {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD})
    assert (done.status_code, done["Location"]) == (302, f"{RESET}key/done/")
    assert client.get(done["Location"]).status_code == 200
    assert other.get("/profile/").status_code == 302
    assert AuditEntry.objects.get(action="user.password_set").actor_id == str(ada.pk)
    sign_in(client, password=NEW_PASSWORD)
    assert is_in(client)
    assert "does not work any more" in text_of(Client().get(link[1], follow=True))


@pytest.mark.parametrize(("days", "works"), [(6, True), (8, False)])
def test_a_new_person_is_mailed_a_link_to_their_first_password_that_works_for_a_week(
    days: int, works: bool
) -> None:
    moment = database_now()
    new = user_create(actor=ROOT, now=moment, email="new@example.org", full_name="New Person")
    messages_handle(clock=database_now)
    (letter,) = mail.outbox
    assert (letter.to, letter.subject) == (["new@example.org"], "[opsportal] Welcome: choose your password")
    link = re.search(r"http://[^/\s]+(/accounts/password/reset/key/\S+)", str(letter.body))
    assert link is not None
    client = Client()
    with time_machine.travel(moment + timedelta(days=days), tick=False):
        with nothing_written():
            form = client.get(link[1], follow=True)
        assert ("does not work any more" in text_of(form)) is not works
        assert ("that of an invitation for 7 days" in text_of(form)) is not works
        if works:
            where = form.redirect_chain[-1][0]
            client.post(where, {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD})
    new.refresh_from_db()
    assert new.has_usable_password() is works
    welcome_send(user_id=str(make_user().pk))
    assert len(mail.outbox) == 1


def test_nobody_gets_a_link_who_may_not_sign_in(ada: User) -> None:
    user_deactivate(actor=ROOT, now=NOW, user_id=ada.pk)
    for user_id in (str(ada.pk), "", "6b0f8d0e-0000-4000-8000-000000000000"):
        reset_link_send(user_id=user_id)
    assert mail.outbox == []


def test_a_wrong_link_leads_to_a_new_one(client: Client) -> None:
    for key in ("1-set-password", "1-x", "zzz-" + "x" * 500):
        response = client.get(f"{RESET}key/{key}/", follow=True)
        assert response.status_code == 200
        assert "does not work any more" in text_of(response)


def test_a_new_password_needs_the_old_one_and_keeps_this_session(ada: User, client: Client) -> None:
    sign_in(client)
    other = Client()
    sign_in(other)
    url = "/accounts/password/change/"
    assert client.get(url).status_code == 200
    with nothing_written():
        wrong = client.post(
            url, {"oldpassword": "nonsense", "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
        )
    assert wrong.status_code == 200
    right = client.post(url, {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD})
    assert (right.status_code, right["Location"]) == (302, "/profile/")
    assert client.get("/profile/").status_code == 200
    assert other.get("/profile/").status_code == 302
    ada.refresh_from_db()
    assert ada.check_password(NEW_PASSWORD)


# --- the pages themselves


@pytest.mark.parametrize("path", [LOGIN, RESET, f"{RESET}done/", f"{RESET}key/done/", "/accounts/inactive/"])
def test_public_pages_show_our_layout_and_no_navigation(client: Client, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 200
    text = text_of(response)
    assert 'class="op-plain"' in text
    assert 'aria-label="Main"' not in text
    assert "style=" not in text
