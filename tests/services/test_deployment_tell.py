"""Who is told of templates and of deployments that go wrong, and how they are found."""

from __future__ import annotations

import pytest

from changes.services.templates import template_create, template_submit, template_vote
from opsportal.approvals.outcome import Decision
from opsportal.core.registry import key_urls, search_sources
from opsportal.notify.models import Notification
from opsportal.outbox.models import OutboxMessage
from opsportal.outbox.services import messages_handle
from tests.changing import Cast, approved, draft
from tests.deploying import make_approved_template, make_stage, pipeline, register, report
from tests.makers import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> Cast:
    return make_stage()


def told() -> set[tuple[str, str]]:
    """Handle what waits, and return (person, subject up to its colon) of everything new."""
    Notification.objects.all().delete()
    messages_handle(clock=lambda: NOW)
    assert not OutboxMessage.objects.exclude(state="done").exists()
    rows = Notification.objects.select_related("recipient")
    return {(row.recipient.full_name, row.subject.partition(":")[0]) for row in rows}


def test_a_submitted_template_asks_its_voters_and_nobody_else(cast: Cast) -> None:
    fields = {"title": "T", "services": ["payments-api"], "environments": ["production"]}
    template = template_create(actor=cast.lead.actor, now=NOW, slug="t", fields=fields)
    template_submit(actor=cast.lead.actor, now=NOW, slug="t")
    assert told() == {(name, "Your vote is needed") for name in ("Ada", "Bea", "Cem")}
    assert Notification.objects.first().url == "/templates/t/"  # type: ignore[union-attr]
    template.refresh_from_db()
    template_vote(
        actor=cast.board[0].actor,
        now=NOW,
        slug="t",
        decision=Decision.REJECT,
        content_hash=template.content_hash,
        comment="It is too vague.",
    )
    assert told() == {("Leo", "Rejected")}


def test_an_approved_template_is_told_to_its_author(cast: Cast) -> None:
    make_approved_template(cast)
    assert ("Leo", "Approved") in told()


def test_a_deployment_that_goes_wrong_is_told_to_those_who_work_on_its_change(cast: Cast) -> None:
    ci = pipeline()
    going = register(ci, change=approved(cast).key)
    report(ci, going, "started")
    told()
    report(ci, going, "rollout", 10, error_rate=0.0)
    assert told() == set()
    report(ci, going, "failed")
    report(ci, going, "rolled_back")
    assert told() == {("Rita", "A deployment failed"), ("Rita", "A deployment was rolled back")}


def test_what_goes_on_though_it_is_not_allowed_is_told_once(cast: Cast) -> None:
    ci = pipeline()
    blocked = register(ci, change=draft(cast).key)
    for _ in range(3):
        report(ci, blocked, "started")
    assert told() == {("Rita", "A report was refused")}
    row = Notification.objects.get()
    assert row.url == f"/deployments/{blocked.deployment.key}/"


def test_a_deployment_without_a_change_has_nobody_to_tell(cast: Cast) -> None:
    ci = pipeline()
    going = register(ci, environment="staging")
    report(ci, going, "started")
    report(ci, going, "failed")
    assert told() == set()


def test_a_deployment_is_found_by_its_key_and_its_version(cast: Cast) -> None:
    row = register(pipeline(), environment="staging").deployment
    assert key_urls["DEP"](row.pk) == f"/deployments/{row.key}/"
    hits = search_sources["deployments"](cast.bystander.actor, "2.14.0", 5)
    assert [(hit.key, hit.kind, hit.url) for hit in hits] == [
        (row.key, "Deployment", f"/deployments/{row.key}/")
    ]
    assert search_sources["deployments"](cast.bystander.actor, "9", 5) == []
