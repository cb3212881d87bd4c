"""Runbooks from draft to retirement: versions, what they are attached to, and the review that is owed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from incidents.models import Runbook, RunbookLink, RunbookVersion
from incidents.selectors.runbooks import runbooks_for, services_without
from incidents.services.runbooks import link_check
from incidents.services.runbooks.link_check import Seen, links_check
from incidents.services.runbooks.writing import (
    runbook_create,
    runbook_edit,
    runbook_publish,
    runbook_reinstate,
    runbook_retire,
    runbook_review,
)
from opsportal.accounts.models import User
from opsportal.core.actor import Actor
from opsportal.core.errors import Forbidden, IllegalMove, InvalidInput, RuleRefused, Stale
from opsportal.obligations.models import Obligation
from tests.changing import activate, rule
from tests.makers import NOW, make_service, make_team, make_user
from tests.once import made_once
from tests.untouched import refused

pytestmark = pytest.mark.django_db
TEXT = "## Symptoms\n- slow, see https://board.example/d\n\n## Immediate actions\n1. Look\n2. Restart"
DAY = timedelta(days=1)


@dataclass
class Cast:
    """Somebody of the owner team, somebody else, and an administrator."""

    owner: User
    other: User
    admin: User


@made_once
def make_cast() -> Cast:
    activate(rule("symptoms", "runbook.publish", '{ field = "symptoms" }'))
    cast = Cast(make_user(name="Olga"), make_user(name="Nina"), make_user(name="Ann", staff=True))
    team = make_team("payments", cast.owner)
    make_service("payments-api", team=team, tier="critical")
    make_service("ledger", team=team)
    return cast


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def make(cast: Cast, slug: str = "slow-api", **fields: Any) -> Runbook:
    given = {"title": "Slow API", "team": "payments", "text": TEXT, "services": ["payments-api"], **fields}
    return runbook_create(actor=cast.owner.actor, now=NOW, slug=slug, fields=given)


def published(cast: Cast, slug: str = "slow-api", **fields: Any) -> Runbook:
    return runbook_publish(actor=cast.owner.actor, now=NOW, slug=make(cast, slug, **fields).slug)


def owed(slug: str = "slow-api") -> list[tuple[str, str]]:
    rows = Obligation.objects.filter(subject_kind="runbook", subject_key=slug).order_by("id")
    return [(row.state, f"{row.due_at:%Y-%m-%d}") for row in rows]


def test_a_draft_has_its_first_version_and_is_kept_by_its_author(cast: Cast) -> None:
    runbook = make(cast)
    assert (runbook.state, runbook.latest, runbook.published) == ("draft", 1, None)
    assert runbook.keeper == cast.owner
    assert RunbookVersion.objects.get().text == TEXT
    assert owed() == []


def test_without_a_text_it_begins_with_the_template_of_its_kind(cast: Cast) -> None:
    runbook = make(cast, kind="patching", text="")
    assert "Patch staging" in RunbookVersion.objects.get(runbook=runbook).text


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"title": " "}, "/title"),
        ({"team": "nobody"}, "/team"),
        ({"services": ["payments-api", "nope"]}, "/services/1"),
        ({"alerts": [{}]}, "/alerts/0"),
        ({"alerts": [{"alertname": 3}]}, "/alerts/0/alertname"),
        ({"keeper": "x"}, "/keeper"),
        ({"review_every_days": 0}, "/review_every_days"),
        ({"kind": "party"}, "/kind"),
        ({"text": "\n".join(f"{n}. x" for n in range(1, 202))}, "/text"),
        ({"colour": "red"}, "/colour"),
    ],
)
def test_bad_input_is_refused_with_its_pointer(cast: Cast, fields: dict[str, Any], pointer: str) -> None:
    with refused(InvalidInput) as caught:
        make(cast, **fields)
    assert [error.pointer for error in caught.value.errors] == [pointer]


def test_a_slug_is_taken_once_and_pages_keep_theirs(cast: Cast) -> None:
    make(cast)
    with refused(InvalidInput, "taken"):
        make(cast)
    with refused(InvalidInput, "reserved"):
        make(cast, "coverage")


def test_only_the_owner_team_the_keeper_and_administrators_write_it(cast: Cast) -> None:
    make(cast)
    with refused(Forbidden):
        runbook_edit(actor=cast.other.actor, now=NOW, slug="slow-api", fields={"title": "Mine"})
    runbook_edit(actor=cast.admin.actor, now=NOW, slug="slow-api", fields={"keeper": str(cast.other.pk)})
    assert runbook_edit(actor=cast.other.actor, now=NOW, slug="slow-api", fields={"title": "Mine"}).title


def test_a_machine_with_the_scope_writes_it_but_names_a_keeper_and_reviews_nothing(cast: Cast) -> None:
    machine = Actor.service_account("m", frozenset({"incidents:write"}))
    fields = {"title": "From a repository", "team": "payments", "text": TEXT}
    with refused(InvalidInput, "required"):
        runbook_create(actor=machine, now=NOW, slug="repo", fields=fields)
    runbook_create(actor=machine, now=NOW, slug="repo", fields={**fields, "keeper": str(cast.owner.pk)})
    runbook_publish(actor=machine, now=NOW, slug="repo")
    with refused(Forbidden):
        runbook_review(actor=machine, now=NOW, slug="repo")


def test_another_text_is_another_version_and_the_published_one_stays(cast: Cast) -> None:
    runbook = published(cast)
    edited = runbook_edit(
        actor=cast.owner.actor, now=NOW, slug="slow-api", fields={"text": TEXT + "!"}, version=runbook.version
    )
    assert (edited.latest, edited.published, edited.state) == (2, 1, "published")
    same = runbook_edit(actor=cast.owner.actor, now=NOW, slug="slow-api", fields={"text": TEXT + "!"})
    assert same.latest == 2
    with refused(Stale):
        runbook_edit(actor=cast.owner.actor, now=NOW, slug="slow-api", fields={"title": "x"}, version=1)
    assert runbook_publish(actor=cast.owner.actor, now=NOW, slug="slow-api").published == 2


def test_the_standard_says_what_a_published_runbook_must_have(cast: Cast) -> None:
    make(cast, text="1. Just do it")
    with refused(RuleRefused) as caught:
        runbook_publish(actor=cast.owner.actor, now=NOW, slug="slow-api")
    assert [reason.rule for reason in caught.value.reasons] == ["symptoms"]


def test_the_keeper_owes_the_review_and_a_review_moves_it_on(cast: Cast) -> None:
    published(cast, review_every_days=30)
    assert owed() == [("open", "2026-04-02")]
    obligation = Obligation.objects.get()
    assert obligation.owner_key == str(cast.owner.pk)
    later = NOW + 10 * DAY
    reviewed = runbook_review(actor=cast.owner.actor, now=later, slug="slow-api", note="Still holds.")
    assert f"{reviewed.review_due_at:%Y-%m-%d}" == "2026-04-12"
    assert owed() == [("met", "2026-04-02"), ("open", "2026-04-12")]


def test_another_keeper_or_cadence_owes_anew_and_a_retired_one_owes_nothing(cast: Cast) -> None:
    published(cast, review_every_days=30)
    for keeper in (cast.other, cast.owner):
        runbook_edit(actor=cast.admin.actor, now=NOW, slug="slow-api", fields={"keeper": str(keeper.pk)})
    runbook_edit(actor=cast.admin.actor, now=NOW, slug="slow-api", fields={"review_every_days": 60})
    assert [state for state, _ in owed()] == ["void", "void", "void", "open"]
    runbook_retire(actor=cast.owner.actor, now=NOW, slug="slow-api", reason="Gone.")
    assert [state for state, _ in owed()] == ["void"] * 4
    with refused(IllegalMove):
        runbook_edit(actor=cast.owner.actor, now=NOW, slug="slow-api", fields={"title": "x"})
    assert runbook_reinstate(actor=cast.owner.actor, now=NOW, slug="slow-api").state == "draft"


def test_it_is_found_by_the_alert_that_names_it_then_by_labels_then_by_service(cast: Cast) -> None:
    published(cast, "by-service", title="A")
    published(cast, "by-label", title="B", services=[], alerts=[{"alertname": "Slow*"}])
    published(cast, "by-name", title="C", services=[])
    make(cast, "a-draft", title="D")
    offers = runbooks_for(
        ["payments-api"], [{"alertname": "SlowApi"}], ["https://ops.example/runbooks/by-name/"]
    )
    assert [one.runbook.slug for one in offers] == ["by-name", "by-label", "by-service"]
    assert runbooks_for(["ledger"], [{"alertname": "Other"}]) == []
    assert [one.slug for one in services_without()] == ["ledger"]


def standing(now: datetime) -> Callable[[], datetime]:
    return lambda: now


def test_links_are_looked_at_once_a_day_and_count_as_broken_only_for_certain(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    published(cast)
    answers = iter([Seen("broken", "timeout")] * 2 + [Seen("broken", "HTTP 404"), Seen("fine", "HTTP 200")])
    monkeypatch.setattr(link_check, "look_at", lambda address: next(answers))
    states = []
    now = NOW
    for _ in range(4):
        assert links_check(clock=standing(now)) == 1
        assert links_check(clock=standing(now)) == 0
        link = RunbookLink.objects.get()
        states.append((link.state, link.next_at - now))
        now = link.next_at
    hour = timedelta(hours=1)
    assert states == [("unknown", hour), ("unknown", hour), ("broken", DAY), ("fine", DAY)]
    runbook_edit(actor=cast.owner.actor, now=now, slug="slow-api", fields={"text": "## Symptoms\nx\n1. y"})
    runbook_publish(actor=cast.owner.actor, now=now, slug="slow-api")
    assert not RunbookLink.objects.exists()


def test_the_portal_calls_no_address_of_its_own_network() -> None:
    assert link_check.look_at("http://127.0.0.1:1/").state == "closed"
    assert link_check.look_at("http://[::ffff:10.0.0.1]/").state == "closed"
