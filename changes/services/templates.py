"""Standard-change templates: written by people, approved by those whom the standard names, then used."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction

from changes.models import ChangeTemplate, TemplateTarget
from changes.services.fields import Cleaned, clean_fields
from changes.services.reasons import clean_reason, refuse
from changes.services.template_rounds import excuse_from_template, take_template_result
from changes.services.template_scene import (
    KIND,
    TemplateScene,
    happened,
    nothing_owed_any_more,
    record,
    template_locked,
)
from changes.states import TEMPLATE
from opsportal.approvals.outcome import Decision
from opsportal.approvals.services import approval_open, approval_void, approval_vote
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, FieldError, InvalidInput, Reason, RuleRefused, Stale
from opsportal.core.text import clean_slug
from opsportal.core.versions import require_version
from opsportal.core.writes import write
from opsportal.standards import engine
from opsportal.standards.language import is_filled

POINT = "template.submit"
TEXTS = ("title", "description", "risk", "plan", "rollback_plan")
FIELDS = (*TEXTS, "services", "environments", "targets", "valid_until", "pipelines")


def template_create(
    *, actor: Actor, now: datetime, slug: object, fields: Mapping[str, Any]
) -> ChangeTemplate:
    """Make a draft of a template and return it.

    `fields` are those of `FIELDS`, as `clean_fields` takes them; `valid_until` is a day (UTC,
    inclusive) or None. Raises `InvalidInput`, `Forbidden`, and `Conflict` with code `exists`.
    """
    with write(actor=actor, now=now):
        require(actor, "template.create")
        name = clean_slug(slug, field="slug")
        cleaned, until = _cleaned(fields)
        template = ChangeTemplate(
            slug=name,
            title="",
            author_id=actor.id,
            author_ids=[actor.id],
            state=TEMPLATE.initial,
            created_at=now,
            updated_at=now,
        )
        scene = TemplateScene(template, ())
        _apply(scene, cleaned, fields, until)
        if not template.title:
            raise InvalidInput.of("title", "required", "This is needed.")
        targets = _targets(template, cleaned)
        scene.targets = tuple(targets)
        template.content_hash = scene.hash()
        _insert(template)
        for target in targets:
            target.save(force_insert=True)
        record(scene, actor=actor, now=now, action="created")
        return template


def template_revise(
    *, actor: Actor, now: datetime, slug: str, fields: Mapping[str, Any], version: int | None = None
) -> ChangeTemplate:
    """Change what a template says, and return it.

    Any difference makes a submitted, approved or rejected one a draft again, next revision, all votes
    void, in the same transaction: nothing can be opened from it until it is approved anew. Raises
    `InvalidInput`, `NotFound`, `Forbidden`, `Stale`, and `IllegalMove` for a retired one.
    """
    with write(actor=actor, now=now):
        scene = template_locked(slug)
        template = scene.template
        scene.require(actor, "edit", now)
        require_version(template, version)
        cleaned, until = _cleaned(fields)
        before = scene.hash()
        standing = scene.targets
        _apply(scene, cleaned, fields, until)
        targets = _targets(template, cleaned, standing)
        scene.targets = tuple(targets)
        if scene.hash() == before:
            return template
        state, was_draft = TEMPLATE.move(template.state, "revise"), template.state == TEMPLATE.initial
        if not was_draft:
            _let_go(scene, actor=actor, now=now)
            template.revision += 1
        template.state = state
        template.content_hash = scene.hash()
        if actor.id not in template.author_ids:
            template.author_ids = [*template.author_ids, actor.id]
        _save_targets(standing, targets)
        scene.save(now)
        record(scene, actor=actor, now=now, action="edited" if was_draft else "revised")
        return template


def template_submit(*, actor: Actor, now: datetime, slug: str, version: int | None = None) -> ChangeTemplate:
    """Submit a template for approval and return it, in review.

    Raises `InvalidInput` with every field that the standard demands, `RuleRefused` with every other
    reason, also (`nobody_approves`) where the standard names nobody who approves templates: what is
    approved beforehand must have been approved by somebody. Also `NotFound`, `Forbidden`, `Stale`,
    `IllegalMove`.
    """
    with write(actor=actor, now=now):
        scene = template_locked(slug)
        template = scene.template
        scene.require(actor, "submit", now)
        require_version(template, version)
        template.state = TEMPLATE.move(template.state, "submit")
        template.standard_hash = scene.standard.content_hash
        template.submitted_at = now
        template.submissions += 1
        stages = _stages(scene)
        approval_open(
            actor=actor,
            now=now,
            subject=scene.subject,
            revision=template.revision,
            content_hash=template.content_hash,
            standard_hash=template.standard_hash,
            stages=stages,
            excluded=frozenset({str(template.author_id), *template.author_ids}),
        )
        scene.save(now)
        happened(scene, actor=actor, now=now, event="submitted")
        return template


def template_withdraw(
    *, actor: Actor, now: datetime, slug: str, version: int | None = None
) -> ChangeTemplate:
    """Take a template back from review and return it, a draft again; votes are void.

    Raises `NotFound`, `Forbidden`, `Stale` and `IllegalMove`.
    """
    with write(actor=actor, now=now):
        scene = template_locked(slug)
        template = scene.template
        scene.require(actor, "withdraw", now)
        require_version(template, version)
        state = TEMPLATE.move(template.state, "withdraw")
        _let_go(scene, actor=actor, now=now)
        template.state = state
        scene.save(now)
        record(scene, actor=actor, now=now, action="withdrawn")
        return template


def template_vote(
    *,
    actor: Actor,
    now: datetime,
    slug: str,
    decision: Decision,
    content_hash: str,
    comment: object = "",
    stage: str = "",
    on_behalf_of: str = "",
) -> ChangeTemplate:
    """Cast a vote and return the template, moved on where the vote decides it.

    `content_hash` is of what the voter saw. Raises `NotFound`, `Forbidden`, `Stale`, `Conflict` and
    `InvalidInput`, as `approval_vote`.
    """
    with write(actor=actor, now=now):
        scene = template_locked(slug)
        template = scene.template
        require(actor, "template.vote")
        if content_hash != template.content_hash:
            raise Stale("This template was edited after you read it. Read it again, then vote.")
        if template.state != "in_review":
            raise Conflict("Voting on this template is over.", code="voting_closed")
        result = approval_vote(
            actor=actor,
            now=now,
            subject_kind=KIND,
            subject_key=scene.key,
            decision=decision,
            content_hash=content_hash,
            comment=comment,
            stage=stage,
            on_behalf_of=on_behalf_of,
        )
        if result.request.state == "open":
            for person in dict.fromkeys((result.vote.voter_id, result.vote.seat_id)):
                excuse_from_template(scene, str(person), actor=actor, now=now)
        take_template_result(scene, result, actor=actor, now=now)
        return template


def template_retire(
    *, actor: Actor, now: datetime, slug: str, reason: object = "", version: int | None = None
) -> ChangeTemplate:
    """Let nothing be opened from a template any more, for good, and return it.

    Changes that were opened from it go on. Raises `InvalidInput`, `NotFound`, `Forbidden`, `Stale` and
    `IllegalMove`.
    """
    text = clean_reason(reason)
    with write(actor=actor, now=now, reason=text):
        scene = template_locked(slug)
        template = scene.template
        scene.require(actor, "retire", now)
        require_version(template, version)
        template.state = TEMPLATE.move(template.state, "retire")
        scene.save(now)
        record(scene, actor=actor, now=now, action="retired")
        return template


def _cleaned(fields: Mapping[str, Any]) -> tuple[Cleaned, date | None]:
    known = ", ".join(FIELDS)
    errors = [
        FieldError(f"/{name}", "unknown", f"A template has no such field; known are: {known}.")
        for name in sorted(set(fields) - set(FIELDS))
    ]
    until = fields.get("valid_until")
    if until is not None and (not isinstance(until, date) or isinstance(until, datetime)):
        errors.append(FieldError("/valid_until", "not_a_day", "Must be a day, e.g. 2027-03-31."))
    if not isinstance(fields.get("pipelines", True), bool):
        errors.append(FieldError("/pipelines", "not_a_boolean", "Must be true or false."))
    if errors:
        raise InvalidInput(errors)
    own = {"valid_until", "pipelines"}
    cleaned = clean_fields({name: value for name, value in fields.items() if name not in own})
    return cleaned, until


def _apply(scene: TemplateScene, cleaned: Cleaned, fields: Mapping[str, Any], until: date | None) -> None:
    for name, value in cleaned.columns.items():
        setattr(scene.template, name, value)
    if "valid_until" in fields:
        scene.template.valid_until = until
    scene.template.pipelines = fields.get("pipelines", scene.template.pipelines)


def _targets(
    template: ChangeTemplate, cleaned: Cleaned, standing: tuple[TemplateTarget, ...] = ()
) -> list[TemplateTarget]:
    """Return what it names afterwards: rows that stay, and new ones that are not saved yet."""
    rows = {(row.service, row.environment): row for row in standing}
    return [
        rows.get(pair) or TemplateTarget(template=template, service=pair[0], environment=pair[1])
        for pair in cleaned.targets_after(list(rows))
    ]


def _save_targets(standing: tuple[TemplateTarget, ...], targets: list[TemplateTarget]) -> None:
    for row in standing:
        if row not in targets:
            row.delete()
    for row in targets:
        if row._state.adding:
            row.save(force_insert=True)


def _insert(template: ChangeTemplate) -> None:
    try:
        with transaction.atomic():
            template.save(force_insert=True)
    except IntegrityError:
        raise Conflict(f"There is a template {template.slug} already.", code="exists") from None


def _let_go(scene: TemplateScene, *, actor: Actor, now: datetime) -> None:
    approval_void(actor=actor, now=now, subject_kind=KIND, subject_key=scene.key)
    nothing_owed_any_more(scene, actor=actor, now=now)
    scene.template.standard_hash = ""
    scene.template.submitted_at = scene.template.decided_at = None


def _stages(scene: TemplateScene) -> tuple[engine.StageDemand, ...]:
    """Return the stages of approval. Raises for what the standard demands and the template lacks."""
    facts, standard = scene.facts, scene.standard
    missing = [
        FieldError(
            f"/{one.demand.field}",
            "required_by_standard",
            f"{one.rule.message or f'Fill in the {one.demand.title}.'}"
            f" Rule {one.rule_id}: “{one.rule.source.quote}”",
        )
        for one in engine.fields(standard, POINT, facts)
        if not is_filled(facts.get(one.demand.fact))
    ]
    if not scene.targets:
        missing.append(FieldError("/targets", "required", "Name where it may be used."))
    if missing:
        raise InvalidInput(missing)
    refuse(engine.decide(standard, POINT, facts).reasons)
    stages = engine.stages(standard, POINT, facts)
    if not stages:
        raise RuleRefused(
            [
                Reason(
                    "nobody_approves",
                    "portal.template_approval",
                    "The active standard names nobody who approves templates. Raise a change each time.",
                )
            ]
        )
    return stages
