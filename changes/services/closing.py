"""The end of a change: review, attested duties, closure, and cancelling."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from uuid import UUID

from changes.models import Attestation, Change
from changes.services.condition_duties import condition_reasons
from changes.services.events import happened, record
from changes.services.fields import MAX_TEXT
from changes.services.reasons import clean_reason, refuse
from changes.services.rounds import let_go
from changes.services.scene import KIND, Scene, scene_locked
from changes.states import CHANGE, OVER
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, IllegalMove, InvalidInput, Reason
from opsportal.core.text import clean_text
from opsportal.core.versions import require_version
from opsportal.core.writes import write
from opsportal.obligations.selectors import blocking
from opsportal.standards import engine
from opsportal.standards.vocabulary import Value

POINT = "change.close"
RETROSPECTIVE_RULE = "portal.retrospective"
EMERGENCY_RULE = "portal.emergency-review"
MAX_EVIDENCE = 4_000


def change_review(
    *,
    actor: Actor,
    now: datetime,
    pk: int,
    review: object | None = None,
    lessons_learned: object | None = None,
    version: int | None = None,
) -> Change:
    """Write the post-implementation review, the lessons learned or both, and return the change.

    None leaves the one alone; what is the same already changes nothing. Raises `InvalidInput`,
    `NotFound`, `Forbidden`, `Stale`, and `IllegalMove` unless it is implemented, failed or rolled back.
    """
    with write(actor=actor, now=now):
        scene = scene_locked(pk)
        scene.require(actor, "review", now)
        require_version(scene.change, version)
        _require_over(scene.change, "reviewed")
        _write_review(scene, review, lessons_learned, actor=actor, now=now)
        return scene.change


def change_attest(
    *, actor: Actor, now: datetime, pk: int, duty: object, evidence: object = "", version: int | None = None
) -> Attestation:
    """State that a duty which the standard demands before closing is done, with what shows it.

    Raises `InvalidInput` for a duty that is not demanded here, `Conflict` with code `already_attested`,
    `NotFound`, `Forbidden`, `Stale`, and `IllegalMove` unless it is implemented, failed or rolled back.
    """
    with write(actor=actor, now=now):
        scene = scene_locked(pk)
        scene.require(actor, "attest", now)
        require_version(scene.change, version)
        _require_over(scene.change, "attested")
        return _attest(scene, duty, evidence, "duty", actor=actor, now=now)


def change_close(
    *,
    actor: Actor,
    now: datetime,
    pk: int,
    review: object | None = None,
    lessons_learned: object | None = None,
    attestations: Mapping[str, object] | None = None,
    version: int | None = None,
) -> Change:
    """Close a change that is implemented, failed or rolled back, and return it.

    Review, lessons and attestations (duty -> what shows it) may be given along. Raises `RuleRefused` with
    everything that is still missing: fields, attestations, blocking obligations, the retrospective
    approval; nothing that was given along is kept then. Raises `InvalidInput`, `NotFound`, `Forbidden`,
    `Stale` and `IllegalMove`.
    """
    with write(actor=actor, now=now):
        scene = scene_locked(pk)
        change = scene.change
        scene.require(actor, "close", now)
        require_version(change, version)
        state = CHANGE.move(change.state, "close")
        _write_review(scene, review, lessons_learned, actor=actor, now=now)
        for duty, evidence in (attestations or {}).items():
            _attest(scene, duty, evidence, f"attestations/{duty}", actor=actor, now=now)
        refuse(list(_still_missing(scene, now)))
        change.state = state
        change.closed_at = now
        scene.save(now)
        happened(scene, actor=actor, now=now, event="closed")
        return change


def change_cancel(
    *, actor: Actor, now: datetime, pk: int, reason: object, version: int | None = None
) -> Change:
    """Cancel a change that is not under way yet, with a reason, and return it.

    Raises `InvalidInput`, `NotFound`, `Forbidden`, `Stale` and `IllegalMove`.
    """
    text = clean_reason(reason, required=True)
    with write(actor=actor, now=now, reason=text):
        scene = scene_locked(pk)
        change = scene.change
        scene.require(actor, "cancel", now)
        require_version(change, version)
        state = CHANGE.move(change.state, "cancel")
        let_go(scene, actor=actor, now=now)
        change.state = state
        change.closed_at = now
        scene.save(now)
        happened(scene, actor=actor, now=now, event="cancelled")
        return change


def closing_facts(scene: Scene, now: datetime) -> dict[str, Value]:
    """Return the facts at `change.close`: those of the change, and what was attested. One query."""
    attested = scene.change.attestations.values_list("duty", flat=True)
    return {**scene.facts(now), **{f"attest.{duty}": True for duty in attested}}


def _require_over(change: Change, words: str) -> None:
    if change.state not in OVER and not (change.state == "closed" and change.rolled_back_later_at):
        raise IllegalMove(
            f"A change is {words} after its implementation; this one is {CHANGE.names[change.state].lower()}."
        )


def _write_review(
    scene: Scene, review: object | None, lessons_learned: object | None, *, actor: Actor, now: datetime
) -> None:
    change, before = scene.change, (scene.change.review, scene.change.lessons_learned)
    if review is not None:
        change.review = clean_text(review, field="review", max_length=MAX_TEXT)
    if lessons_learned is not None:
        change.lessons_learned = clean_text(lessons_learned, field="lessons_learned", max_length=MAX_TEXT)
    if (change.review, change.lessons_learned) == before:
        return
    scene.save(now)
    if change.review and change.review != before[0]:
        happened(scene, actor=actor, now=now, event="reviewed")
    else:
        record(scene, actor=actor, now=now, action="learned")


def _attest(
    scene: Scene, duty: object, evidence: object, pointer: str, *, actor: Actor, now: datetime
) -> Attestation:
    demanded = {
        one.demand.id: one.rule_id for one in engine.attestations(scene.standard, POINT, scene.facts(now))
    }
    if not isinstance(duty, str) or duty not in demanded:
        known = ", ".join(demanded) or "none"
        raise InvalidInput.of(
            pointer, "unknown", f"The standard demands no such attestation here; it does: {known}."
        )
    text = clean_text(evidence, field=pointer, max_length=MAX_EVIDENCE)
    if scene.change.attestations.filter(duty=duty).exists():
        raise Conflict(f"“{duty}” is attested already.", code="already_attested")
    attestation = Attestation.objects.create(
        change=scene.change,
        rule=demanded[duty],
        duty=duty,
        person_id=UUID(actor.id),
        evidence=text,
        attested_at=now,
    )
    record(scene, actor=actor, now=now, action="attested", data={"duty": duty, "rule": demanded[duty]})
    return attestation


def _still_missing(scene: Scene, now: datetime) -> Iterator[Reason]:
    yield from engine.decide(scene.standard, POINT, closing_facts(scene, now)).reasons
    if scene.change.retrospective_state == "open":
        yield Reason(
            "retrospective_open",
            RETROSPECTIVE_RULE,
            "It was started ahead of its approval, which is still open. Have the board decide it.",
        )
    if (
        scene.change.type == Change.Type.EMERGENCY
        and not scene.change.review
        and not _asks_review(scene, now)
    ):
        yield Reason(
            "review_missing", EMERGENCY_RULE, "An emergency is not closed without its review. Write it."
        )
    yield from condition_reasons(scene.key)
    for owed in blocking(KIND, scene.key, POINT):
        yield Reason(
            "obligation_open",
            owed.rule_id,
            f"Still owed: {owed.what}. Meet it, or have it waived with a reason.",
        )


def _asks_review(scene: Scene, now: datetime) -> bool:
    """Return whether the standard itself asks for the review here: then it has said so already."""
    asked = engine.fields(scene.standard, POINT, scene.facts(now))
    return any(one.demand.fact == "change.review" for one in asked)
