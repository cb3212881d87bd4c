"""What follows from a step on a change: audit entry, obligations, and the word to whoever listens."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from changes.services.scene import KIND, Scene
from changes.services.searching import words_put
from opsportal.approvals.models import ApprovalStage
from opsportal.approvals.selectors import barred
from opsportal.audit.canonical import JSON
from opsportal.audit.services import audit_record
from opsportal.core.actor import Actor
from opsportal.obligations.models import Obligation
from opsportal.obligations.services import excuse_from, obligations_end, obligations_follow
from opsportal.outbox.services import outbox_put
from opsportal.standards.rules import Owe

WRITES_WORDS = frozenset(
    {"created", "edited", "revised", "tagged", "reviewed", "learned", "commented", "asked", "comment_edited"}
)
"""After these the words of the change are others, and search has to find them."""
STAGE_OPENED = "stage_opened"
STAGE_DECIDED = "stage_decided"


def topic(event: str) -> str:
    """Return the outbox topic of an event: `changes.change.approved`."""
    return f"changes.{KIND}.{event}"


def record(
    scene: Scene, *, actor: Actor, now: datetime, action: str, data: Mapping[str, JSON] | None = None
) -> None:
    """Write the audit entry `change.<action>`, tell the topic of that name, and keep what search finds."""
    change = scene.change
    if action in WRITES_WORDS:
        words_put(change, scene.targets)
    about: dict[str, JSON] = {
        "content_hash": change.content_hash,
        "revision": change.revision,
        "state": change.state,
        "version": change.version,
        **(data or {}),
    }
    audit_record(
        actor=actor,
        now=now,
        action=f"change.{action}",
        object_kind=KIND,
        object_key=scene.key,
        data=about,
    )
    outbox_put(
        now=now,
        topic=topic(action),
        key=scene.key,
        payload={"change": change.pk, "key": scene.key, "actor": str(actor), "at": now.isoformat(), **about},
    )


def happened(
    scene: Scene, *, actor: Actor, now: datetime, event: str, data: Mapping[str, JSON] | None = None
) -> list[Obligation]:
    """Record the event `change.<event>` and do what the standard says about obligations then.

    Returns what somebody owes from now on.
    """
    record(scene, actor=actor, now=now, action=event, data=data)
    return obligations_follow(
        actor=actor,
        now=now,
        standard=scene.standard,
        event=f"change.{event}",
        facts=scene.facts(now),
        subject=scene.subject,
        people=scene.people(),
        occurrence=scene.round,
    )


def stages_opened(scene: Scene, stages: Iterable[ApprovalStage], *, actor: Actor, now: datetime) -> None:
    """Tell those who decide these stages, and let the standard say what they owe."""
    for stage in stages:
        _stage_event(scene, stage, actor=actor, now=now, event=STAGE_OPENED)


def stages_decided(scene: Scene, stages: Iterable[ApprovalStage], *, actor: Actor, now: datetime) -> None:
    """End what was owed for these stages, as the standard says."""
    for stage in stages:
        _stage_event(scene, stage, actor=actor, now=now, event=STAGE_DECIDED)


def stages_dropped(scene: Scene, stages: Iterable[ApprovalStage], *, actor: Actor, now: datetime) -> None:
    """End what is still owed for stages that nobody has to decide any more, whatever the standard forgot."""
    rules = [
        rule.id for rule in scene.standard.rules_at("change.stage_opened") if isinstance(rule.demand, Owe)
    ]
    for stage in stages:
        obligations_end(
            actor=actor,
            now=now,
            subject_kind=KIND,
            subject_key=scene.key,
            rule_ids=rules,
            outcome="void",
            occurrence=round_of(scene, stage),
        )


def round_of(scene: Scene, stage: ApprovalStage) -> str:
    """Return what is owed once for one stage in one round of approval: `r2.1:cab`."""
    return f"{scene.round}:{stage.stage_id}"


def _stage_event(scene: Scene, stage: ApprovalStage, *, actor: Actor, now: datetime, event: str) -> None:
    owed = obligations_follow(
        actor=actor,
        now=now,
        standard=scene.standard,
        event=f"change.{event}",
        facts=scene.facts(now, stage),
        subject=scene.subject,
        people=scene.people(stage),
        occurrence=round_of(scene, stage),
    )
    deciding = [row for row in owed if row.owner.kind == "role" and row.owner.keys == stage.role_slugs]
    if deciding and event == STAGE_OPENED:
        # Whoever may not decide it is not reminded of it, nor told that it is late.
        others = barred(stage, now.astimezone(UTC).date())
        for row in deciding:
            excuse_from(row, others, now=now)
    outbox_put(
        now=now,
        topic=topic(event),
        key=scene.key,
        payload={
            "change": scene.change.pk,
            "key": scene.key,
            "stage": stage.pk,
            "state": stage.state,
            "retrospective": scene.change.retrospective_state,
            "at": now.isoformat(),
        },
    )
