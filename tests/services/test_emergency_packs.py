"""Emergencies under each shipped pack: fast track, start ahead of it, review, and the broken glass."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pytest

from changes.models import Change
from changes.services.break_glass import break_glass_ask, break_glass_confirm, break_glasses_advance
from changes.services.closing import change_close
from changes.services.drafts import change_create
from changes.services.implementation import change_complete, change_start
from changes.services.scene import scene_locked
from changes.services.submission import change_submit
from changes.services.votes import change_vote
from opsportal.accounts.models import Role, User
from opsportal.approvals.outcome import Decision
from opsportal.approvals.selectors import eligible, live_request
from opsportal.core.errors import RuleRefused
from opsportal.obligations.models import Obligation
from opsportal.standards import engine
from opsportal.standards.selectors import standard_by_hash
from opsportal.standards.shipped import shipped_names
from tests import packs
from tests.changing import fresh
from tests.deploying import pipeline, register
from tests.makers import NOW, grant, make_environment, make_service, make_team, make_user
from tests.untouched import refused

pytestmark = pytest.mark.django_db
TEXTS = (
    "description",
    "justification",
    "risk_assessment",
    "impact",
    "plan",
    "test_evidence",
    "rollback_plan",
)


@dataclass
class Night:
    """Who is awake: the requester, somebody else of the team, and three people who hold every role."""

    requester: User
    other: User
    deciders: list[User]


@pytest.fixture(params=shipped_names())
def night(request: pytest.FixtureRequest) -> Night:
    packs.activate(request.param)
    requester, other = make_user(name="Rita"), make_user(name="Omar")
    deciders = [make_user(name=name) for name in ("Ada", "Bea", "Cem")]
    for role in Role.objects.all():
        for person in deciders:
            grant(role, person)
    make_service("payments-api", tier="critical", team=make_team("payments", requester, other))
    make_environment("production")
    return Night(requester, other, deciders)


def emergency(night: Night) -> Change:
    fields = {name: f"The {name}." for name in TEXTS} | {"type": "emergency", "title": "Shut the leak"}
    places = {"services": ["payments-api"], "environments": ["production"], "risk": "high"}
    change = change_create(actor=night.requester.actor, now=NOW, fields={**fields, **places})
    return change_submit(actor=night.requester.actor, now=NOW, pk=change.pk)


def decided(change: Change) -> Change:
    """Let those who may vote say yes, stage by stage, as far as the standard asks."""
    while (request := live_request("change", change.key)) is not None and request.state == "open":
        stage = request.stages.filter(state="open").order_by("position")[0]
        voted = stage.votes.values("voter")
        voter = eligible(stage, NOW.date()).exclude(pk__in=voted).first()
        assert voter is not None, f"nobody is left to vote in {stage.stage_id}"
        change_vote(
            actor=voter.actor,
            now=NOW,
            pk=change.pk,
            decision=Decision.APPROVE,
            content_hash=change.content_hash,
            stage=stage.stage_id,
        )
    return fresh(change)


def owes_review(change: Change) -> bool:
    rows = Obligation.objects.filter(subject_key=change.key, ended_at__isnull=True)
    return any("change.reviewed" in row.met_by for row in rows)


def test_it_starts_ahead_only_where_the_standard_lets_it_and_is_reviewed(night: Night) -> None:
    change, actor = emergency(night), night.requester.actor
    scene = scene_locked(change.pk)
    permits = engine.permits(scene.standard, "change.start", scene.facts(NOW))
    ahead = change.state == "in_review" and any(
        one.demand.permit == "start_before_approval" for one in permits
    )
    if change.state == "in_review" and not ahead:
        with refused(RuleRefused) as caught:
            change_start(actor=actor, now=NOW, pk=change.pk)
        assert "approval_missing" in {reason.code for reason in caught.value.reasons}
        decided(change)
    change = change_start(actor=actor, now=NOW, pk=change.pk)
    assert change.retrospective_state == ("open" if ahead else "none")
    change_complete(actor=actor, now=NOW, pk=change.pk)
    assert owes_review(change)
    with refused(RuleRefused):
        change_close(actor=actor, now=NOW, pk=change.pk)
    assert decided(change).retrospective_state == ("approved" if ahead else "none")


def test_the_glass_is_broken_and_its_emergency_decided(night: Night) -> None:
    asked = {
        "services": ["payments-api"],
        "environment": "production",
        "reason": "Cards fail.",
        "minutes": 30,
    }
    glass = break_glass_ask(actor=night.requester.actor, now=NOW, fields=asked)
    glass = break_glass_confirm(actor=night.other.actor, now=NOW, pk=glass.pk)
    policy_hash = standard_by_hash(glass.change.standard_hash).policy_hash if glass.change else ""
    row = register(pipeline(), checks=None, policy_hash=policy_hash or None).deployment
    assert (row.decision, row.break_glass_id) == ("allowed", glass.pk)
    break_glasses_advance(clock=lambda: NOW + timedelta(minutes=30))
    change = glass.change
    assert change is not None
    assert owes_review(change)
    assert decided(change).retrospective_state == "approved"
    assert fresh(change).state == "implemented"
