"""Rounds of approval of a template, apart from the votes: conflicts of interest, and counting anew."""

from __future__ import annotations

from datetime import datetime

from changes.models import ChangeTemplate
from changes.services.template_scene import KIND, TemplateScene, happened, owing_rules, template_locked
from changes.states import TEMPLATE
from opsportal.approvals.services import RoundResult, approval_recount, approval_recuse
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict
from opsportal.core.writes import write
from opsportal.obligations.services import obligation_excuse


def template_recuse(*, actor: Actor, now: datetime, slug: str, reason: object) -> ChangeTemplate:
    """State a conflict of interest and return the template, moved on where that decides it.

    Raises `NotFound`, `Forbidden`, `InvalidInput` and `Conflict`, as `approval_recuse`.
    """
    with write(actor=actor, now=now):
        scene = template_locked(slug)
        require(actor, "template.vote")
        if scene.template.state != "in_review":
            raise Conflict("Voting on this template is over.", code="voting_closed")
        result = approval_recuse(
            actor=actor, now=now, subject_kind=KIND, subject_key=scene.key, reason=reason
        )
        excuse_from_template(scene, actor.id, actor=actor, now=now)
        take_template_result(scene, result, actor=actor, now=now)
        return scene.template


def template_recount(*, actor: Actor, now: datetime, slug: str) -> ChangeTemplate:
    """Count its open stages anew and return the template, moved on where that decides it."""
    with write(actor=actor, now=now):
        scene = template_locked(slug)
        result = approval_recount(actor=actor, now=now, subject_kind=KIND, subject_key=scene.key)
        if result is not None:
            take_template_result(scene, result, actor=actor, now=now)
        return scene.template


def take_template_result(scene: TemplateScene, result: RoundResult, *, actor: Actor, now: datetime) -> None:
    """Move the template to where a vote or a recount has put its approval, and say what follows."""
    if result.request.state == "open":
        return
    verb = "approve" if result.request.state == "approved" else "reject"
    scene.template.state = TEMPLATE.move(scene.template.state, verb)
    scene.template.decided_at = now
    scene.save(now)
    happened(scene, actor=actor, now=now, event=scene.template.state)


def excuse_from_template(scene: TemplateScene, person: str, *, actor: Actor, now: datetime) -> None:
    """Let a person (an id) be reminded no more of deciding on the template."""
    obligation_excuse(
        actor=actor,
        now=now,
        subject_kind=KIND,
        subject_key=scene.key,
        person=person,
        rule_ids=owing_rules(scene),
        occurrence=scene.round,
    )
