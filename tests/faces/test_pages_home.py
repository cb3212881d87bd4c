"""Home and the pages of services: what changes and deployments show there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine

from changes.services.deployment_events import deployment_report
from changes.services.deployments import deployment_register
from changes.services.holding import change_hold
from tests.changing import Cast, approved, draft, failed, scheduled, submitted, window
from tests.deploying import body, make_stage, pipeline
from tests.makers import NOW
from tests.reading import as_, shown

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def cast() -> Cast:
    return make_stage()


def columns(text: str) -> tuple[str, str, str]:
    """Return what waits, what is on and what is broken, as the page shows it."""
    head, _, broken = text.partition('id="broken"')
    waiting, _, on = head.partition('id="on"')
    return waiting.partition('id="waiting"')[2], on, broken


def test_an_empty_home_says_what_to_do_next(cast: Cast) -> None:
    waiting, on, _ = columns(shown(as_(cast.bystander), "/"))
    assert "Nothing waits for you" in waiting
    assert "It is quiet" in on


def test_votes_and_own_changes_wait_for_their_people(cast: Cast) -> None:
    mine, voted = draft(cast, title="A draft of mine"), submitted(cast, title="To be voted on")
    assert mine.title in columns(shown(as_(cast.requester), "/"))[0]
    waiting, _, _ = columns(shown(as_(cast.lead), "/"))
    assert voted.title in waiting
    assert mine.title not in waiting
    assert '<span class="op-count" id="op-count-cab">1' in shown(as_(cast.lead), "/")


def test_what_is_on_and_what_comes_up_within_a_week_is_shown_to_all(cast: Cast) -> None:
    soon = approved(cast, title="In two days", **window(timedelta(days=2)))
    later = approved(cast, title="In two weeks", **window(timedelta(days=14)))
    _, on, _ = columns(shown(as_(cast.bystander), "/"))
    assert soon.title in on
    assert later.title not in on


def test_a_deployment_is_on_while_it_runs_and_broken_until_one_succeeds(cast: Cast) -> None:
    scheduled(cast)
    ci = pipeline()
    row = deployment_register(actor=ci, now=NOW, body=body()).deployment
    assert row.decision == "allowed", row.reasons

    def report(event: str) -> None:
        deployment_report(actor=ci, now=NOW, number=row.pk, body={"event": event})

    report("started")
    _, on, broken = columns(shown(as_(cast.bystander), "/"))
    assert "Deployments under way" in on
    assert row.key in on
    assert row.key not in broken
    report("failed")
    _, on, broken = columns(shown(as_(cast.bystander), "/"))
    assert row.key not in on
    assert "Deployments that failed" in broken
    assert row.key in broken
    with time_machine.travel(NOW + timedelta(days=8), tick=False):
        assert "Deployments that failed" not in shown(as_(cast.bystander), "/")


def test_a_change_whose_deployment_was_rolled_back_needs_care_until_it_is_deployed_again(cast: Cast) -> None:
    change = scheduled(cast)
    ci = pipeline()
    row = deployment_register(actor=ci, now=NOW, body=body()).deployment
    for event in ("started", "rolled_back"):
        deployment_report(actor=ci, now=NOW, number=row.pk, body={"event": event})
    words = "was rolled back: report the failure, or deploy again."
    _, _, broken = columns(shown(as_(cast.bystander), "/"))
    assert change.title in broken
    assert words in broken
    assert f"{row.key} {words}" in shown(as_(cast.requester), f"/changes/{change.key}/")
    again = deployment_register(actor=ci, now=NOW, body=body(version="2.14.1")).deployment
    assert again.decision == "allowed", again.reasons
    assert words not in shown(as_(cast.bystander), "/")
    assert words not in shown(as_(cast.requester), f"/changes/{change.key}/")


def test_failed_and_held_changes_are_broken(cast: Cast) -> None:
    bad, held = failed(cast, title="It went wrong"), scheduled(cast, title="It waits")
    change_hold(actor=cast.board[0].actor, now=NOW, pk=held.pk, reason="For <b>the</b> auditor")
    _, _, broken = columns(shown(as_(cast.bystander), "/"))
    assert bad.title in broken
    assert held.title in broken
    assert "For &lt;b&gt;the&lt;/b&gt; auditor" in broken


def test_a_service_shows_its_changes_and_deployments(cast: Cast) -> None:
    change = scheduled(cast, title="Only here")
    row = deployment_register(actor=pipeline(), now=NOW, body=body()).deployment
    here, there = (
        shown(as_(cast.bystander), "/services/payments-api/"),
        shown(as_(cast.bystander), "/services/ledger/"),
    )
    for words in (
        change.title,
        row.key,
        "/changes/?service=payments-api",
        "/deployments/?service=payments-api",
    ):
        assert words in here
        assert words not in there
    assert "/changes/new/?type=normal&amp;service=ledger" in there


def test_a_change_raised_from_a_service_names_it(cast: Cast) -> None:
    text = shown(as_(cast.requester), "/changes/new/?type=normal&service=ledger")
    assert 'value="ledger" id="id_services_0" checked' in text


def test_search_finds_changes_templates_and_services(cast: Cast) -> None:
    change = draft(cast, title="Rotate the ledger's keys")
    text = shown(as_(cast.bystander), "/search/?q=ledger")
    assert change.key in text
    assert "/services/ledger/" in text
