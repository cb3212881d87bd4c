"""What every page has, whoever owns it: sign-in, layout, theme, correlation, errors."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.template import Context, Template
from django.test import Client, RequestFactory, override_settings
from django.urls import path

from opsportal import urls
from opsportal.accounts.models import User
from opsportal.audit.models import AuditEntry
from opsportal.core.errors import Forbidden, InvalidInput, Reason, RuleRefused, Stale, Unavailable
from tests.reading import as_

pytestmark = pytest.mark.django_db

RAISED: dict[str, Exception] = {
    "forbidden": Forbidden("Only the CAB may do this."),
    "rule": RuleRefused([Reason("field_missing", "acgs.rollback", "Give a <b>rollback</b> plan.")]),
    "stale": Stale(),
    "invalid": InvalidInput.of("window_end", "before_start", "It ends before it starts."),
    "away": OperationalError("connection refused to secret-host"),
    "unavailable": Unavailable("No standard is active."),
    "crash": RuntimeError("secret detail"),
}


def trouble(request: HttpRequest, kind: str) -> HttpResponse:
    raise RAISED[kind]


def with_trouble() -> ModuleType:
    """Return the portal's URLs with one more, at which everything goes wrong."""
    module = ModuleType("urls_with_trouble")
    vars(module).update(vars(urls))
    vars(module)["urlpatterns"] = [path("trouble/<str:kind>/", trouble, name="trouble"), *urls.urlpatterns]
    return module


@pytest.fixture
def amara() -> User:
    return User.objects.create_user("amara@example.org", "not-a-secret", full_name="Amara Okafor")


@pytest.fixture
def reader(amara: User) -> Client:
    return as_(amara, raise_request_exception=False)


@pytest.fixture
def troubled() -> Iterator[None]:
    with override_settings(ROOT_URLCONF=with_trouble()):
        yield


def test_somebody_who_is_not_signed_in_is_led_to_the_sign_in_page_and_back() -> None:
    response = Client().get("/search/?q=payments")
    assert response.status_code == 302
    assert response["Location"] == "/accounts/login/?next=%2Fsearch%2F%3Fq%3Dpayments"


def test_htmx_of_somebody_who_is_not_signed_in_is_led_to_the_sign_in_page() -> None:
    response = Client().get(
        "/search/", headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/changes/?mine=1"}
    )
    assert response.status_code == 401
    assert response["HX-Redirect"] == "/accounts/login/?next=%2Fchanges%2F%3Fmine%3D1"


def test_the_way_back_after_sign_in_never_leads_to_another_host() -> None:
    response = Client().post("/search/", headers={"Referer": "https://evil.example/search/"})
    assert response["Location"] == "/accounts/login/"


def test_home_greets_by_first_name_and_shows_all_three_columns(reader: Client) -> None:
    text = reader.get("/").content.decode()
    assert "Good to see you, Amara" in text
    for heading in ("Waits for you", "On now and next", "Broken or late"):
        assert heading in text


def test_a_page_allows_only_own_scripts_and_styles(reader: Client) -> None:
    response = reader.get("/")
    policy = dict(part.strip().split(" ", 1) for part in response["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"].startswith("'self'")
    assert "unsafe" not in response["Content-Security-Policy"]
    assert policy["style-src"] == "'self'"
    text = response.content.decode()
    assert "style=" not in text
    assert "onclick" not in text


def test_a_correlation_id_is_taken_returned_and_made_where_it_is_harmful(reader: Client) -> None:
    assert reader.get("/", headers={"X-Correlation-ID": "ci-run-77"})["X-Correlation-ID"] == "ci-run-77"
    made = reader.get("/", headers={"X-Correlation-ID": "x\ny"})["X-Correlation-ID"]
    assert len(made) == 32


def test_the_access_line_has_no_query_string(reader: Client, amara: User, caplog: Any) -> None:
    with caplog.at_level(logging.INFO, logger="opsportal.access"):
        reader.get("/search/?q=hush")
    (line,) = [record.msg for record in caplog.records if record.name == "opsportal.access"]
    assert line["path"] == "/search/"
    assert line["status"] == 200
    assert line["actor"] == f"user:{amara.pk}"
    assert "hush" not in json.dumps(line, default=str)


def test_the_theme_is_drawn_by_the_server_from_the_cookie(reader: Client) -> None:
    assert b'data-bs-theme="' not in reader.get("/").content
    response = reader.post("/theme/", {"theme": "dark", "next": "/search/"})
    assert response["Location"] == "/search/"
    assert b'data-bs-theme="dark"' in reader.get("/").content


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_the_theme_switch_never_leads_away(reader: Client, target: str) -> None:
    assert reader.post("/theme/", {"theme": "dark", "next": target})["Location"] == "/"


def test_an_unknown_theme_is_refused(reader: Client) -> None:
    assert reader.post("/theme/", {"theme": "pink"}).status_code == 400


def test_an_unknown_address_is_a_page_for_people_and_a_problem_for_machines(reader: Client) -> None:
    response = reader.get("/nowhere/")
    assert response.status_code == 404
    assert "There is nothing here" in response.content.decode()
    response = reader.get("/api/v1/nowhere/")
    assert response.status_code == 404
    assert response["Content-Type"] == "application/problem+json"


@pytest.mark.usefixtures("troubled")
@pytest.mark.parametrize(
    "expected",
    [
        ("forbidden", 403, "Only the CAB may do this.", True),
        ("rule", 409, "Give a &lt;b&gt;rollback&lt;/b&gt; plan.", True),
        ("stale", 409, "Somebody else changed this in the meantime", True),
        ("invalid", 400, "It ends before it starts.", False),
        ("unavailable", 503, "No standard is active.", False),
    ],
)
@pytest.mark.parametrize("htmx", [True, False])
def test_a_refusal_has_its_status_its_words_and_a_trace(
    reader: Client, amara: User, expected: tuple[str, int, str, bool], htmx: bool
) -> None:
    kind, status, words, kept = expected
    before = AuditEntry.objects.count()
    response = reader.post(f"/trouble/{kind}/", headers={"HX-Request": "true"} if htmx else {})
    assert response.status_code == status
    text = response.content.decode()
    assert words in text
    assert ("<html" in text) is not htmx
    assert AuditEntry.objects.count() - before == int(kept)
    if kept:
        entry = AuditEntry.objects.latest("id")
        assert (entry.outcome, entry.actor_id, entry.object_key) == (
            "refused",
            str(amara.pk),
            f"/trouble/{kind}/",
        )


@pytest.mark.usefixtures("troubled")
def test_a_refusing_rule_is_linked_to_its_place_in_the_standard(reader: Client) -> None:
    assert 'href="/standards/active/#rule-acgs.rollback"' in reader.get("/trouble/rule/").content.decode()


@pytest.mark.usefixtures("troubled")
def test_a_database_that_is_away_is_503_without_its_address(reader: Client) -> None:
    response = reader.get("/trouble/away/")
    assert (response.status_code, response["Retry-After"]) == (503, "5")
    assert b"secret-host" not in response.content


@pytest.mark.usefixtures("troubled")
def test_a_crash_shows_a_reference_and_nothing_of_its_cause(reader: Client) -> None:
    response = reader.get("/trouble/crash/", headers={"X-Correlation-ID": "ref-9"})
    assert response.status_code == 500
    assert b"secret detail" not in response.content
    assert b"ref-9" in response.content


@pytest.mark.parametrize("path", ["/", "/api/v1/changes/"])
def test_a_database_that_is_away_before_the_page_is_even_asked_is_503(
    reader: Client, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    def away(_: object) -> None:
        raise OperationalError("connection refused to secret-host")

    monkeypatch.setattr(SessionStore, "load", away)
    response = reader.get(path)
    assert (response.status_code, response["Retry-After"]) == (503, "5")
    assert b"secret-host" not in response.content


def test_what_one_person_sees_is_kept_by_no_proxy(reader: Client) -> None:
    assert reader.get("/")["Cache-Control"] == "private, no-cache"


def test_a_form_without_its_token_is_refused_with_words(amara: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(amara)
    response = client.post("/theme/", {"theme": "dark"})
    assert response.status_code == 403
    assert "open for too long" in response.content.decode()


@pytest.mark.parametrize("text", ["CHG-12", "  chg-12 "])
def test_search_leads_straight_to_a_key(reader: Client, text: str) -> None:
    response = reader.get("/search/", {"q": text})
    assert response["Location"] == "/changes/CHG-12/"


@pytest.mark.parametrize("text", ["", "نص", "🚒", "<script>alert(1)</script>", "%_\\"])
def test_search_takes_any_text_and_escapes_it(reader: Client, text: str) -> None:
    response = reader.get("/search/", {"q": text})
    assert response.status_code == 200
    assert b"<script>alert" not in response.content


@pytest.mark.parametrize("text", ["a\x00b", "x" * 201])
def test_search_refuses_what_no_database_stores(reader: Client, text: str) -> None:
    assert reader.get("/search/", {"q": text}).status_code == 400


def test_somebody_named_in_a_sentence_is_followed_by_its_comma() -> None:
    """The template of a person ends without a line break, which a page would show as a blank."""
    sentence = Template("{% load portal %}By {% user missing %}, {% person 'user' missing %}.")
    shown = sentence.render(Context({"missing": "", "request": RequestFactory().get("/")}))
    assert re.search(r"</span>, .*</span>\.$", shown, flags=re.DOTALL)
