"""The pages of standards."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from opsportal.standards.models import Activation, StandardVersion
from opsportal.standards.services import standard_store
from tests.makers import NOW, ROOT, make_user
from tests.packs import activate, install, own_pack
from tests.untouched import nothing_written

pytestmark = pytest.mark.django_db
URL = "/standards/active/"


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def client() -> Client:
    client = Client()
    client.force_login(make_user(time_zone="Europe/Berlin"))
    return client


def shown(client: Client, url: str = URL, status: int = 200) -> str:
    response = client.get(url)
    assert response.status_code == status
    return response.content.decode()


def plain(html: str) -> str:
    """Return a page's text without its tags, on one line."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html)).replace("&#x27;", "'").replace("&gt;", ">")


def test_every_rule_stands_at_its_anchor_with_its_source_sentence(client: Client) -> None:
    standard = activate("aielon")
    html = shown(client)
    for rule in standard.rules:
        assert html.count(f'id="rule-{rule.id}"') == 1
    article = html[html.index('id="rule-rollback-error-rate"') :]
    text = plain(article[: article.index("</article>")])
    assert "An error rate above 1 % triggers a rollback" in text
    assert (
        "When a pipeline reports on a rollout, if the metric “error_rate” (Failed requests) is above 0.01."
        in text
    )
    assert "The pipeline is told to roll back." in text
    assert "Error rate > 1%" in text
    assert "Rollback Procedures: Triggers, line 256 of 000_245ec85be49ccb91.txt" in text
    assert "Stop deployment […] Execute rollback" in text


def test_a_reading_is_told(client: Client) -> None:
    activate("acgs")
    text = plain(shown(client))
    assert "How it is read: The document contradicts itself: the category says Team Lead" in text


def test_rules_are_grouped_by_what_they_govern(client: Client) -> None:
    activate("baseline")
    html = shown(client)
    titles = [plain(title).strip() for title in re.findall(r'<h2[^>]*id="group-[^>]*>(.*?)</h2>', html)]
    assert titles == [
        "When a change is submitted",
        "Who decides when a change is submitted",
        "When the implementation of a change starts",
        "When a change is closed",
        "When a standard-change template is submitted",
        "Who decides when a standard-change template is submitted",
        "When a pipeline asks whether it may deploy",
        "When a pipeline reports on a rollout",
        "When somebody hands over on call",
        "When a postmortem is published",
        "When the figures of incidents are drawn up",
        "When a runbook is published",
        "When figures are held against their targets",
        "When backups and restore tests are held against targets",
        "Before records are deleted",
        "When somebody declares what no machine can see",
        "When documents and policies are looked through",
        "When the readiness of a service is judged",
        "Who decides when a policy is submitted",
        "What is owed, and by when",
        "What has to happen again and again",
        "Whom silence on an incident tells",
    ]


def test_the_header_says_what_is_in_force_since_when(client: Client) -> None:
    standard = activate("acgs")
    text = plain(shown(client))
    assert "ACGS Production Operations Excellence Framework" in text
    assert standard.content_hash in text
    assert "cdd01ef066bc6cf2" in text
    assert "In force" in text
    assert "10:30 09:30 UTC" in text
    assert "The document names no date" in text
    assert "overdue" not in text.lower()


@pytest.mark.parametrize(
    ("moment", "overdue"),
    [(datetime(2026, 2, 12, 12, tzinfo=UTC), False), (datetime(2026, 2, 13, 12, tzinfo=UTC), True)],
)
def test_an_overdue_review_of_the_document_is_shown(client: Client, moment: datetime, overdue: bool) -> None:
    activate("aielon", now=NOW - timedelta(days=60))
    with time_machine.travel(moment, tick=False):
        client.force_login(make_user())
        text = plain(shown(client))
    assert "12 Feb 2026" in text
    assert ("Review overdue" in text) is overdue


def test_statements_without_a_mechanism_are_told_with_their_reason(client: Client) -> None:
    activate("baseline")
    text = plain(shown(client))
    assert "How a version is rolled out is up to the team." in text
    assert "It grants a freedom: there is nothing to refuse or to remind of." in text


def test_without_a_standard_the_page_says_what_to_do(client: Client) -> None:
    text = plain(shown(client, status=503))
    assert "./manage.py standard activate baseline" in text
    assert "No standard is stored yet" in plain(shown(client, "/standards/"))


def test_stored_versions_are_listed_and_an_old_one_can_be_read(client: Client) -> None:
    old = activate("baseline")
    activate("acgs")
    html = shown(client, "/standards/")
    assert plain(html).index("ACGS Production") < plain(html).index("Baseline Operations Standard")
    assert f'href="/standards/{old.content_hash}/"' in html
    text = plain(shown(client, f"/standards/{old.content_hash}/"))
    assert "Not in force" in text
    assert "The standard in force is another one." in text
    assert shown(client, f"/standards/{'0' * 64}/", 404)
    assert client.get("/standards/nothing/").status_code == 404


def test_text_of_a_pack_is_escaped(client: Client) -> None:
    install(
        """
        [[rule]]
        id = "hostile"
        kind = "gate"
        title = "<script>alert(1)</script> & שלום 🎉"
        applies_to = "change.submit"
        demand = { field = "plan" }
        source = { section = "<b>1</b>", line = 1, quote = "<img src=x onerror=alert(1)>" }
        reading = "</article><h1>x</h1>"
        """
    )
    html = shown(client)
    assert "<script>alert(1)" not in html
    assert "<img src=x" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; שלום 🎉" in html


def test_strangers_are_led_to_the_sign_in_page() -> None:
    activate()
    for url in (URL, "/standards/"):
        response = Client().get(url)
        assert response.status_code == 302
        assert response["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize("url", [URL, "/standards/"])
def test_pages_are_only_read(client: Client, url: str) -> None:
    activate()
    assert client.post(url).status_code == 405


def test_the_page_costs_few_queries(
    client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    activate("aielon")
    shown(client)
    with django_assert_max_num_queries(17):
        shown(client)


def test_the_back_office_shows_standards_and_writes_none() -> None:
    activate()
    admin = Client()
    admin.force_login(make_user(staff=True))
    for model in ("standardversion", "activation"):
        assert admin.get(f"/admin/standards/{model}/").status_code == 200
        row = (StandardVersion if model == "standardversion" else Activation).objects.get()
        assert admin.get(f"/admin/standards/{model}/{row.pk}/change/").status_code == 200
        with nothing_written(at_an_edge=True):
            assert admin.get(f"/admin/standards/{model}/add/").status_code == 403
            assert admin.post(f"/admin/standards/{model}/{row.pk}/change/", {"name": "x"}).status_code == 403
            answer = admin.post(f"/admin/standards/{model}/{row.pk}/delete/", {"post": "yes"})
            assert answer.status_code == 403


def test_home_tells_of_an_overdue_review_and_of_a_missing_standard(client: Client) -> None:
    assert "No standard is in force" in plain(shown(client, "/"))
    activate("baseline")
    assert "standard-trouble" not in shown(client, "/")
    activate("aielon")
    assert "Review the standard in force" in plain(shown(client, "/"))


def test_a_review_is_recorded_on_the_page_and_what_is_wrong_is_said_there() -> None:
    activate("aielon")
    admin, other = Client(), Client()
    admin.force_login(make_user(staff=True))
    other.force_login(make_user())
    assert "It was reviewed today" in shown(admin, URL)
    assert "It was reviewed today" not in shown(other, URL)
    assert other.post("/standards/active/review/", {"next_review": "2026-08-12"}).status_code == 403
    with nothing_written(at_an_edge=True):
        wrong = admin.post("/standards/active/review/", {"next_review": "2026-03-01", "note": "Read it."})
    assert wrong.status_code == 400
    assert "Must be a day after today" in wrong.content.decode()
    assert "Read it." in wrong.content.decode()
    admin.post("/standards/active/review/", {"next_review": "2026-08-12", "note": "Read it."})
    text = plain(shown(other, URL))
    assert "Overdue" not in text
    assert "next review 12 Aug 2026" in text
    assert "12 Aug 2026" in plain(shown(other, "/standards/"))


def test_an_administrator_proposes_a_pack_by_file_or_by_name() -> None:
    activate("baseline")
    admin, other = Client(), Client()
    admin.force_login(make_user(staff=True))
    other.force_login(make_user())
    assert "Propose a standard" in shown(admin, "/standards/")
    assert "Propose a standard" not in shown(other, "/standards/")
    assert other.get("/standards/propose/").status_code == 403
    assert "Check and store" in shown(admin, "/standards/propose/")
    broken = SimpleUploadedFile("own.toml", own_pack('[[rule]]\nid = "x"\n').encode())
    for wrong in ({}, {"file": broken}, {"shipped": "nothing"}, {"shipped": "acgs", "file": broken}):
        with nothing_written(at_an_edge=True):
            answer = admin.post("/standards/propose/", wrong)
        assert answer.status_code == 400
    broken.seek(0)
    assert (
        "own.toml: x: source: is missing"
        in admin.post("/standards/propose/", {"file": broken}).content.decode()
    )
    file = SimpleUploadedFile("own.toml", own_pack(extends="baseline").encode())
    for given, title in (({"file": file}, "Our own standard"), ({"shipped": "acgs"}, "ACGS Production")):
        text = admin.post("/standards/propose/", given, follow=True).content.decode()
        assert title in text
        assert "Nobody holds the role" in text
        assert "/changes/new/?type=normal&amp;activates=" in text


OVERRIDES = """
[[override]]
rule = "normal-board"
reason = "Our board has three members."
demand.stage.quorum = 3

[[drop]]
rule = "request-impact"
reason = "Our description says it."
"""


def test_the_differences_of_an_own_pack_are_shown_with_reason_and_source(client: Client) -> None:
    standard = install(OVERRIDES, extends="baseline")
    text = plain(shown(client, "/standards/own/differences/"))
    assert "Compared with Baseline Operations Standard 1.0.0." in text
    assert "Our board has three members." in text
    assert re.search(r"Quorum \S+ 3", text)
    assert "Dropped rules" in text
    assert "Our description says it." in text
    assert "of baseline.md" in text
    assert "/differences/" in shown(client)
    activate("baseline")
    assert "Compare with the one in force" in shown(client, f"/standards/{standard.content_hash}/")
    assert "Nothing differs" in shown(client, f"/standards/own/differences/?with={standard.content_hash}")
    assert "There is nothing to compare it with" in shown(client, "/standards/baseline/differences/")
    assert client.get("/standards/nothing/differences/").status_code == 404


def test_without_a_base_it_is_compared_with_the_one_in_force(client: Client) -> None:
    activate("baseline")
    text = plain(shown(client, "/standards/acgs/differences/"))
    assert "What ACGS Production Operations Excellence Framework 1.0 does differently" in text
    assert "Compared with Baseline Operations Standard 1.0.0." in text


def test_a_shipped_standard_can_be_read_before_anybody_stores_it(client: Client) -> None:
    activate("baseline")
    admin = Client()
    admin.force_login(make_user(staff=True))
    for page in ("/standards/", "/standards/propose/"):
        with nothing_written(at_an_edge=True):
            html = shown(admin, page)
        text = plain(html[html.index('id="shipped"') :])
        assert "ACGS Production Operations Excellence Framework 1.0 Shipped" in text
        assert "Service levels, incidents, changes, disaster recovery, monitoring, on-call work" in text
        assert "Next review: the document names no date" in text
        assert "Baseline Operations Standard 1.0.0 In force" in text
        url = re.search(r'id="shipped-acgs"><a href="([^"]+)"', html)
        assert url is not None
        with nothing_written(at_an_edge=True):
            rules = shown(client, url[1])
            assert "✅ Comprehensive monitoring" in shown(client, f"{url[1]}document/")
        assert 'id="rule-normal-board"' in rules
        assert "nobody has proposed it here" in plain(rules)
        assert f"{url[1]}document/#line-" in rules
        assert "/standards/propose/?shipped=acgs" in shown(admin, url[1])
    assert '<option value="acgs" selected>' in shown(admin, "/standards/propose/?shipped=acgs")


def test_a_page_says_what_is_held_against_a_standard(client: Client) -> None:
    old = activate("acgs")
    activate("baseline")
    new = standard_store(actor=ROOT, now=NOW, source=own_pack().encode())
    held = "What was submitted under this version is held against it still."
    assert held in plain(shown(client, f"/standards/{old.content_hash}/"))
    text = plain(shown(client, f"/standards/{new.content_hash}/"))
    assert held not in text
    assert "It was proposed and never put in force" in text
    text = plain(shown(client, "/standards/"))
    assert [word in text for word in ("Formerly in force", "Proposed", "Shipped")] == [True] * 3


def test_what_it_extends_is_stored_with_it_so_that_differences_stay_known(client: Client) -> None:
    standard = install(OVERRIDES, extends="baseline")
    assert StandardVersion.objects.filter(content_hash=standard.extends_hash, name="baseline").exists()


def test_the_document_stands_beside_the_rules_line_by_line_and_is_handed_out_as_it_is(client: Client) -> None:
    standard = activate("acgs")
    page = f"/standards/{standard.content_hash}/document/"
    html = shown(client, page)
    rule = standard.rules[0]
    line = html[html.index(f'id="line-{rule.source.line}"') :]
    assert f"#rule-{rule.id}" in line[: line.index("</li>")]
    assert "✅ Comprehensive monitoring" in html
    assert standard.document_sha256 in html
    assert f'href="{page}#line-{rule.source.line}"' in shown(client)
    assert "✅ Comprehensive monitoring" in shown(client, "/standards/acgs/document/")
    answer = client.get(page + "original/")
    assert hashlib.sha256(answer.content).hexdigest() == standard.document_sha256
    assert answer["Content-Disposition"] == f'attachment; filename="{standard.document}"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Type"] == "application/octet-stream"


def test_an_inherited_rule_leads_to_the_document_of_its_base(client: Client) -> None:
    standard = install(extends="baseline")
    assert f"/standards/{standard.extends_hash}/document/#line-" in shown(client)
    assert client.get(f"/standards/{standard.content_hash}/document/").status_code == 404


def test_the_coverage_names_every_statement_and_what_became_of_it(client: Client) -> None:
    standard = activate()
    page = client.get(f"/standards/{standard.name}/coverage/").content.decode()
    assert 'id="L11"' in page
    assert "Left out" in page
    assert standard.rules[0].id in page
