"""A normal working life under each shipped pack: every type of change can go from draft to closed.

What a pack asks for must be askable, and fulfillable at the moment at which it is asked for. All that is
sent follows from the pack as data: its checks, figures, steps, roles and duties.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from changes.facts import change_facts
from changes.models import Change, ChangeTemplate
from changes.services.closing import change_close
from changes.services.deployment_events import deployment_report
from changes.services.deployments import deployment_register
from changes.services.drafts import change_create
from changes.services.implementation import change_complete, change_fail, change_roll_back, change_start
from changes.services.scene import targets_of
from changes.services.schedule import change_schedule
from changes.services.submission import change_submit
from changes.services.templates import template_create, template_submit, template_vote
from changes.services.votes import change_vote
from opsportal.accounts.models import User
from opsportal.approvals.models import ApprovalStage
from opsportal.approvals.outcome import Decision
from opsportal.core.actor import Actor
from opsportal.core.errors import RuleRefused
from opsportal.obligations.models import Obligation
from opsportal.standards import engine
from opsportal.standards.rules import Permit, Standard
from opsportal.standards.shipped import shipped_names
from tests.deploying import SCOPES
from tests.freezing import make_window
from tests.makers import NOW, grant, make_environment, make_service, make_team, make_token, make_user
from tests.packs import activate
from tests.untouched import refused

pytestmark = pytest.mark.django_db

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WINDOW = datetime(2026, 3, 15, 3, tzinfo=UTC)
"""A Sunday night, later than every lead time of the packs, and a maintenance window."""

TEXTS = {
    "description": "Raise the connection limit.",
    "justification": "The pool runs dry at noon.",
    "risk_assessment": "Too many connections may slow the database down.",
    "impact": "None; no policy is touched.",
    "plan": "Back up, change the setting, reload.",
    "test_evidence": "Done in staging.",
    "rollback_plan": "Set the old value, reload; five minutes.",
}
NO_TEMPLATES = ("acgs", "twelve-factor")
"""Under these a standard change is approved each time; elsewhere it follows an approved template."""


@dataclass
class Place:
    """The standard in force, who asks, who decides by role, and the pipeline."""

    standard: Standard
    requester: User
    deciders: dict[str, list[User]]
    pipeline: Actor


@pytest.fixture(params=shipped_names())
def place(request: pytest.FixtureRequest) -> Place:
    standard = activate(request.param)
    requester = make_user(name="Rita")
    deciders: dict[str, list[User]] = {}
    for role in standard.roles:
        deciders[role.id] = [make_user(name=role.title) for _ in range(2 if role.kind == "board" else 1)]
        for person in deciders[role.id]:
            grant(role.id, person)
    make_service("payments-api", tier="critical", team=make_team("payments", requester))
    make_environment("production")
    make_window()
    token, _ = make_token(SCOPES)
    return Place(standard, requester, deciders, token.actor)


def decided(place: Place, kind: str, row: Change | ChangeTemplate, now: datetime) -> None:
    """Let everybody approve whom the standard asks, stage by stage."""
    key = row.key if isinstance(row, Change) else row.slug
    while stage := ApprovalStage.objects.filter(
        request__subject_kind=kind, request__subject_key=key, request__state="open", state="open"
    ).first():
        voted = set(stage.votes.values_list("voter_id", flat=True))
        voter = next(one for role in stage.role_slugs for one in place.deciders[role] if one.pk not in voted)
        ballot: dict[str, Any] = {
            "actor": voter.actor,
            "now": now,
            "decision": Decision.APPROVE,
            "content_hash": row.content_hash,
        }
        if isinstance(row, Change):
            change_vote(pk=row.pk, **ballot)
        else:
            template_vote(slug=row.slug, **ballot)


def template(place: Place) -> str:
    """Return the slug of an approved template, made where there is none yet."""
    if ChangeTemplate.objects.exists():
        return "routine"
    actor = place.requester.actor
    texts = {name: TEXTS[name] for name in ("description", "plan", "rollback_plan")}
    places = {"services": ["payments-api"], "environments": ["production"]}
    fields = {"title": "Routine", "risk": "low", **texts, **places}
    template_create(actor=actor, now=NOW, slug="routine", fields=fields)
    decided(place, "template", template_submit(actor=actor, now=NOW, slug="routine"), NOW)
    assert ChangeTemplate.objects.get().state == "approved"
    return "routine"


def submitted(place: Place, kind: str) -> Change:
    """Return a change of this type, raised as the standard wants it."""
    actor = place.requester.actor
    fields: dict[str, Any] = {
        "type": kind,
        "title": "Raise the limit",
        "services": ["payments-api"],
        "environments": ["production"],
    }
    if kind == "standard" and place.standard.name not in NO_TEMPLATES:
        fields["template"] = template(place)
    else:
        fields |= {**TEXTS, "risk": "low"}
    if kind != "emergency":
        fields |= {"window_start": WINDOW, "window_end": WINDOW + 2 * HOUR}
    drafted = change_create(actor=actor, now=NOW, fields=fields)
    return change_submit(actor=actor, now=NOW, pk=drafted.pk)


def approved(place: Place, kind: str) -> Change:
    """Return a change of this type, approved, and scheduled where it has a window."""
    change = submitted(place, kind)
    decided(place, "change", change, NOW)
    assert Change.objects.get(pk=change.pk).state == "approved"
    if kind != "emergency":
        change_schedule(actor=place.requester.actor, now=NOW, pk=change.pk)
    return Change.objects.get(pk=change.pk)


def registration(place: Place, **more: str) -> dict[str, Any]:
    """Return what a pipeline registers, with all that the standard has names for."""
    return {
        "service": "payments-api",
        "environment": "production",
        "commit": "9fceb02d0ae598e95dc970b74767f19372d61af8",
        "checks": {check.id: "passed" for check in place.standard.checks},
        "policy_hash": place.standard.policy_hash or None,
        **more,
    }


def rolled_out(place: Place, change: Change, now: datetime) -> None:
    """Let the pipeline register, roll out and succeed, with all that the standard has names for."""
    standard = place.standard
    body = registration(place, version=f"2.{change.pk}.0", change=change.key)
    registered = deployment_register(actor=place.pipeline, now=now, body=body)
    assert registered.answer is not None
    assert (registered.answer.decision, registered.answer.reasons) == ("allowed", ())
    figures = {
        "error_rate": 0.001,
        "latency_p95_ms": 120,
        **{one.id: True for one in standard.metrics if one.type == "boolean" and one.default is None},
    }
    events: list[dict[str, Any]] = [
        {"event": "started"},
        *({"event": "rollout", "percent": percent, "metrics": figures} for percent in (10, 50, 100)),
        {"event": "verified", "metrics": figures},
        {"event": "succeeded", "metrics": figures},
    ]
    for event in events:
        told = deployment_report(actor=place.pipeline, now=now, number=registered.deployment.pk, body=event)
        assert (told.action, told.reasons, told.effect) == ("continue", (), "applied"), event


def closed(place: Place, change: Change, now: datetime) -> None:
    """Close it with everything that the standard asks for, and see that nothing is owed any more."""
    facts = change_facts(change, targets_of(change), now=now)
    asked = [one.demand.id for one in engine.attestations(place.standard, "change.close", facts)]
    change_close(
        actor=place.requester.actor,
        now=now,
        pk=change.pk,
        review="It went well.",
        lessons_learned="Ask earlier.",
        attestations=dict.fromkeys(asked, "See the dashboard."),
    )
    assert Change.objects.get(pk=change.pk).state == "closed"
    owed = Obligation.objects.filter(subject_kind="change", subject_key=change.key)
    assert [row.rule_id for row in owed if row.is_owed] == []


def test_a_failed_change_is_rolled_back_and_closed(place: Place) -> None:
    actor, change = place.requester.actor, approved(place, "normal")
    change_start(actor=actor, now=WINDOW, pk=change.pk)
    change_fail(actor=actor, now=WINDOW + HOUR, pk=change.pk, reason="The pool ran dry.")
    change_roll_back(actor=actor, now=WINDOW + HOUR, pk=change.pk)
    closed(place, Change.objects.get(pk=change.pk), WINDOW + 2 * HOUR)


def test_an_emergency_starts_before_its_approval_where_that_is_permitted(place: Place) -> None:
    """And where it is not, it is refused; an approval in retrospect lets it be closed."""
    actor = place.requester.actor
    change = submitted(place, "emergency")
    permitted = any(isinstance(rule.demand, Permit) for rule in place.standard.rules_at("change.start"))
    if change.state == "approved":
        return  # nobody is asked, so that there is nothing to be ahead of
    if not permitted:
        with refused(RuleRefused):
            change_start(actor=actor, now=NOW, pk=change.pk)
        return
    change_start(actor=actor, now=NOW, pk=change.pk)
    change_complete(actor=actor, now=NOW + HOUR, pk=change.pk)
    decided(place, "change", change, NOW + HOUR)
    closed(place, Change.objects.get(pk=change.pk), NOW + 2 * HOUR)


def test_every_type_of_change_goes_from_draft_to_closed(place: Place) -> None:
    for kind, by_pipeline in itertools.product(("standard", "normal", "emergency"), (True, False)):
        change = approved(place, kind)
        now = NOW if kind == "emergency" else WINDOW
        if by_pipeline:
            rolled_out(place, change, now)
        else:
            change_start(actor=place.requester.actor, now=now, pk=change.pk)
            change_complete(actor=place.requester.actor, now=now + HOUR, pk=change.pk)
        done = Change.objects.get(pk=change.pk)
        assert done.state == "implemented"
        closed(place, done, now + 2 * DAY)


def test_a_pipeline_opens_its_own_standard_change_where_a_template_lets_it(place: Place) -> None:
    """But for routine maintenance that has a window of its own: nobody has given that one."""
    if place.standard.name in NO_TEMPLATES:
        return
    template(place)
    body = registration(place, version="2.14.0")
    answer = deployment_register(actor=place.pipeline, now=NOW, body=body).answer
    assert answer is not None
    expected = "blocked" if place.standard.name == "ai-system" else "allowed"
    assert answer.decision == expected, answer.reasons


@pytest.mark.parametrize(("after", "met"), [(timedelta(), True), (12 * HOUR, False)])
def test_a_page_says_what_the_calendar_holds_against_a_change(
    client: Client, after: timedelta, met: bool
) -> None:
    """As much as its submission would."""
    activate("aielon")
    make_window()
    requester = make_user()
    make_service("payments-api", team=make_team("payments", requester))
    make_environment("production")
    window = {"window_start": WINDOW + after, "window_end": WINDOW + after + 2 * HOUR}
    places = {"services": ["payments-api"], "environments": ["production"]}
    fields = {"type": "normal", "title": "Raise the limit", **TEXTS, **window, **places}
    change = change_create(actor=requester.actor, now=NOW, fields=fields)
    client.force_login(requester)
    with time_machine.travel(NOW, tick=False):
        html = client.get(f"/changes/{change.key}/").content.decode()
    assert "The window of a normal change to production lies in a maintenance window" in html
    assert ("Give the change a window that lies within one of the maintenance windows" in html) is not met
    assert "Not known yet" not in html
