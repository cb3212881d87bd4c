"""Postmortems: begun from the incident, written, reviewed by somebody else, published for good, or waived."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from incidents.learning.states import POSTMORTEM
from incidents.learning.template import CAUSES, MAX_SECTION, SECTIONS, impact_of
from incidents.models import Incident, IncidentEntry, Postmortem, PostmortemSnapshot
from incidents.models.response import PREFIX
from incidents.permissions.learning import WaiverCase
from incidents.selectors.response import affected_by, visible
from incidents.services.learning.contents import content_of, hash_of
from incidents.services.learning.scene import Review, happened, review_locked
from incidents.services.response.events import happened as incident_happened
from incidents.services.response.scene import Scene, scene_locked
from opsportal.accounts.selectors import roles_acted_on
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, FieldError, InvalidInput, Reason, RuleRefused
from opsportal.core.keys import number_of
from opsportal.core.text import clean_text
from opsportal.core.versions import require_version
from opsportal.core.writes import write
from opsportal.standards import engine
from opsportal.standards.rules import Owe
from opsportal.standards.vocabulary import Value

MAX_REASON = 500
POINT = "postmortem.publish"
EVENT = "incident.resolved"


def postmortem_start(*, actor: Actor, now: datetime, incident: str) -> Postmortem:
    """Begin the postmortem of an incident (its key), filled with what the incident knows, and return it.

    Whoever begins it is its author. Raises `InvalidInput` for an incident that is not there, `Forbidden`,
    and `Conflict`: `exists`, `too_early` while it is open and not mitigated, `merged`.
    """
    with write(actor=actor, now=now):
        require(actor, "postmortem.write")
        scene = _ended(incident, actor=actor, now=now)
        postmortem = _new(scene, actor=actor, now=now)
        lasted = None if (end := scene.incident.resolved_at) is None else end - scene.incident.detected_at
        names = [one.service.name for one in scene.direct]
        postmortem.sections = {
            "summary": scene.incident.resolution or scene.incident.summary,
            "impact": impact_of(
                scene.incident.severity_title, names, lasted, scene.incident.get_detected_by_display()
            ),
        }
        _insert(postmortem)
        happened(Review(postmortem, scene), "started", actor=actor, now=now)
        return postmortem


def postmortem_edit(
    *, actor: Actor, now: datetime, pk: int, fields: Mapping[str, Any], version: int | None = None
) -> Postmortem:
    """Write parts of a draft and return it. `fields` are keys of `SECTIONS`, and `cause` (or `""`).

    Raises `InvalidInput`, `NotFound`, `Forbidden`, `Stale`, and `IllegalMove` once it is in review.
    """
    cleaned = _cleaned(fields)
    with write(actor=actor, now=now):
        require(actor, "postmortem.write")
        review = review_locked(pk, actor=actor, now=now)
        postmortem = review.postmortem
        require_version(postmortem, version)
        postmortem.state = POSTMORTEM.move(postmortem.state, "edit")
        postmortem.cause = cleaned.pop("cause", postmortem.cause)
        postmortem.sections = {**postmortem.sections, **cleaned}
        review.save(now)
        happened(review, "edited", actor=actor, now=now)
        return postmortem


def postmortem_submit(*, actor: Actor, now: datetime, pk: int, version: int | None = None) -> Postmortem:
    """Hand a draft in for review and return it. It is the report on a resolved incident that had none.

    Raises `NotFound`, `Forbidden`, `Stale`, `IllegalMove`, and `InvalidInput` where its summary is empty.
    """
    with write(actor=actor, now=now):
        require(actor, "postmortem.write")
        review = review_locked(pk, actor=actor, now=now)
        postmortem, incident = review.postmortem, review.incident.incident
        require_version(postmortem, version)
        postmortem.state = POSTMORTEM.move(postmortem.state, "submit")
        summary = str(postmortem.sections.get("summary", "")).strip()
        if not summary:
            raise InvalidInput.of("summary", "required", "Say first what happened, for who was not there.")
        postmortem.submitted_at = now
        review.save(now)
        happened(review, "submitted", actor=actor, now=now)
        if incident.state == "resolved" and incident.reported_at is None:
            incident.reported_at = now
            incident_happened(review.incident, actor=actor, now=now, event="reported", text=summary)
        return postmortem


def postmortem_return(
    *, actor: Actor, now: datetime, pk: int, reason: object, version: int | None = None
) -> Postmortem:
    """Give it back to its author, with the reason, and return it. Raises as `postmortem_publish`."""
    said = clean_text(reason, field="reason", max_length=MAX_REASON, required=True)
    with write(actor=actor, now=now, reason=said):
        review = review_locked(pk, actor=actor, now=now)
        require(actor, "postmortem.review", review.postmortem)
        require_version(review.postmortem, version)
        review.postmortem.state = POSTMORTEM.move(review.postmortem.state, "return")
        review.save(now)
        happened(review, "returned", actor=actor, now=now)
        return review.postmortem


def postmortem_publish(*, actor: Actor, now: datetime, pk: int, version: int | None = None) -> Postmortem:
    """Publish it, with the timeline and the figures frozen as they are now, and return it.

    Raises `RuleRefused` with all that the standard of the incident misses, `NotFound`, `Forbidden` for its
    author, `Stale` and `IllegalMove`.
    """
    with write(actor=actor, now=now):
        review = review_locked(pk, actor=actor, now=now)
        postmortem = review.postmortem
        require(actor, "postmortem.review", postmortem)
        require_version(postmortem, version)
        postmortem.state = POSTMORTEM.move(postmortem.state, "publish")
        decision = engine.decide(review.incident.standard, POINT, postmortem_facts(review, actor, now))
        if decision.reasons:
            raise RuleRefused(decision.reasons)
        postmortem.published_at = postmortem.published_at or now
        content = content_of(postmortem, review.incident)
        number = postmortem.snapshots.count() + 1
        PostmortemSnapshot.objects.create(
            postmortem=postmortem,
            number=number,
            content=content,
            content_hash=hash_of(content),
            published_by_id=actor.id,
            taken_at=now,
        )
        review.save(now)
        data = {"number": number, "content_hash": hash_of(content)}
        happened(review, "published", actor=actor, now=now, data=data)
        return postmortem


def postmortem_correct(*, actor: Actor, now: datetime, pk: int, version: int | None = None) -> Postmortem:
    """Make a published or waived postmortem a draft again, and return it; what was published stays.

    Raises `NotFound`, `Forbidden`, `Stale` and `IllegalMove`.
    """
    with write(actor=actor, now=now):
        require(actor, "postmortem.write")
        review = review_locked(pk, actor=actor, now=now)
        postmortem = review.postmortem
        require_version(postmortem, version)
        verb = "write" if postmortem.state == "waived" else "correct"
        postmortem.state = POSTMORTEM.move(postmortem.state, verb)
        review.save(now)
        happened(review, "opened_again", actor=actor, now=now)
        return postmortem


def postmortem_waive(*, actor: Actor, now: datetime, incident: str, reason: object) -> Postmortem:
    """Let an incident (its key) go without a postmortem, with the reason, and return the waived one.

    A draft that was begun is waived with what it says. What was owed for it is met by the waiver as the
    standard says. Raises `InvalidInput`, `Forbidden` for who does not answer for it, `Conflict` as
    `postmortem_start`, and `IllegalMove` for what is in review or published.
    """
    said = clean_text(reason, field="reason", max_length=MAX_REASON, required=True)
    with write(actor=actor, now=now, reason=said):
        scene = _ended(incident, actor=actor, now=now)
        require(actor, "postmortem.waive", WaiverCase(answers_for(scene, actor, now)))
        postmortem = Postmortem.objects.select_for_update().filter(incident=scene.incident).first()
        if postmortem is None:
            postmortem = _new(scene, actor=actor, now=now)
            _insert(postmortem)
        postmortem.state = POSTMORTEM.move(postmortem.state, "waive")
        postmortem.waiver = said
        review = Review(postmortem, scene)
        review.save(now)
        happened(review, "waived", actor=actor, now=now)
        return postmortem


def answers_for(scene: Scene, actor: Actor, now: datetime) -> bool:
    """Return whether `actor` holds a role to which the standard takes a late postmortem of this incident."""
    if not actor.is_user:
        return False
    demands = [rule.demand for rule in scene.standard.rules_at(EVENT) if isinstance(rule.demand, Owe)]
    owed = [one for one in demands if "postmortem.published" in one.met_by]
    roles = {step.role for one in owed for step in one.climb}
    subject = scene.subject
    places = {("", ""), *(("service", slug) for slug in subject.services)}
    places |= {("team", slug) for slug in subject.teams}
    return any(
        held.role in roles and (held.scope_kind, held.scope_key) in places
        for held in roles_acted_on(actor.id, now)
    )


def postmortem_facts(review: Review, actor: Actor, now: datetime) -> dict[str, Value]:
    """Return what rules may ask of a postmortem that `actor` would publish at `now` (aware UTC)."""
    postmortem = review.postmortem
    facts: dict[str, Value] = {
        **review.incident.facts(now),
        **{f"postmortem.{name}": str(postmortem.sections.get(name, "")) for name in SECTIONS},
        "postmortem.timeline_entries": IncidentEntry.objects.filter(incident=postmortem.incident).count(),
        "postmortem.action_items": postmortem.action_items.exclude(state="dropped").count(),
        "postmortem.reviewed_by_another": actor.id != str(postmortem.author_id),
    }
    if postmortem.cause:
        facts["postmortem.cause"] = postmortem.cause
    return facts


def postmortem_lacks(postmortem: Postmortem, *, actor: Actor, now: datetime) -> tuple[Reason, ...]:
    """Return what the standard of its incident misses in a draft, were somebody else to publish it `now`.

    A reading, without locks: who publishes is asked once more. That it takes somebody else is no fault of
    the text, so it is taken as given.
    """
    incident = postmortem.incident
    review = Review(postmortem, Scene(incident, affected_by(incident)))
    facts = {**postmortem_facts(review, actor, now), "postmortem.reviewed_by_another": True}
    return engine.decide(review.incident.standard, POINT, facts).reasons


def _ended(key: str, *, actor: Actor, now: datetime) -> Scene:
    number = number_of(key, PREFIX)
    found: Incident | None = visible(actor, now).filter(pk=number).first() if number else None
    if found is None:
        raise InvalidInput.of("incident", "unknown", "There is no such incident.")
    scene = scene_locked(found.pk, actor=actor, now=now)
    if scene.incident.state == "merged":
        raise Conflict("It was merged. Write the postmortem of the one it went into.", code="merged")
    if scene.incident.state not in ("mitigated", "resolved"):
        raise Conflict("First things first: it is not mitigated yet.", code="too_early")
    return scene


def _new(scene: Scene, *, actor: Actor, now: datetime) -> Postmortem:
    return Postmortem(incident=scene.incident, author_id=actor.id, created_at=now, updated_at=now)


def _insert(postmortem: Postmortem) -> None:
    exists = Conflict("This incident has its postmortem already.", code="exists")
    if Postmortem.objects.filter(incident=postmortem.incident).exists():
        raise exists
    try:
        with transaction.atomic():
            postmortem.save(force_insert=True)
    except IntegrityError:  # somebody else began it between our look and our insert
        raise exists from None


def _cleaned(fields: Mapping[str, Any]) -> dict[str, str]:
    cleaned: dict[str, str] = {}
    errors: list[FieldError] = []
    for name, value in fields.items():
        if name == "cause":
            if value and value not in CAUSES:
                errors.append(FieldError("/cause", "unknown", f"Must be one of: {', '.join(CAUSES)}."))
            cleaned["cause"] = str(value)
        elif name in SECTIONS:
            try:
                cleaned[name] = clean_text(value, field=name, max_length=MAX_SECTION)
            except InvalidInput as refusal:
                errors.extend(refusal.errors)
        else:
            known = ", ".join(["cause", *SECTIONS])
            errors.append(FieldError(f"/{name}", "unknown", f"Known are: {known}."))
    if errors:
        raise InvalidInput(errors)
    return cleaned
