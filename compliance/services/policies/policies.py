"""Writing policies: versions, approval by a quorum, publication, review, retirement."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from compliance.models import Policy, PolicyPublication, PolicyVersion
from compliance.permissions.controls import OwnedCase
from compliance.policing.reviews import end_of_review
from compliance.policing.states import POLICY
from compliance.selectors.policies import policy_by_key, policy_version
from compliance.services.controls.looked_up import needed, owner_or_self
from compliance.services.policies.approval import round_key, round_open, round_void
from compliance.services.policies.duties import review_follow, signatures_void
from compliance.services.policies.fields import MAX_NOTE, clean_policy
from compliance.services.policies.signatures import signatures_ask
from compliance.services.policies.telling import happened_to, subject_of, written_down
from opsportal.approvals.selectors import live_request
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict
from opsportal.core.text import clean_text
from opsportal.core.versions import require_version
from opsportal.core.writes import write

COLUMNS = ("title", "kind", "owner", "attest_within_days", "review_every")


def policy_create(*, actor: Actor, now: datetime, fields: Mapping[str, Any]) -> Policy:
    """Make a draft of a policy with its first version, and return it.

    `fields` are those of `clean_policy`; title, kind and text are needed, and `owner` where no person
    writes it. Raises `InvalidInput` and `Forbidden`.
    """
    with write(actor=actor, now=now):
        require(actor, "policy.write", OwnedCase("", "", now))
        cleaned = clean_policy(fields)
        needed(cleaned, "title", "kind", "text")
        policy = Policy(content_hash=hash_of(cleaned["text"]), created_at=now, updated_at=now)
        policy.owner = owner_or_self(cleaned, actor)
        _apply(policy, cleaned)
        policy.save()
        _write_version(policy, cleaned["text"], cleaned.get("note", ""), actor=actor, now=now)
        written_down(policy, "created", actor=actor, now=now)
        return policy


def policy_edit(
    *, actor: Actor, now: datetime, key: str, fields: Mapping[str, Any], version: int | None = None
) -> Policy:
    """Change a policy and return it.

    Another text is another version, a draft until it is approved and published: what is in force stays so
    meanwhile, and any approval of what it replaces is void. Owner, cadence and audience hold at once.
    Raises `InvalidInput`, `NotFound`, `Forbidden`, `Stale` and `IllegalMove` (in review, or retired).
    """
    with write(actor=actor, now=now):
        policy = policy_locked(key)
        require(actor, "policy.write", case_of(policy, now))
        require_version(policy, version)
        cleaned = clean_policy(fields)
        text = cleaned.get("text")
        if text is not None and hash_of(text) != policy.content_hash:
            policy.state = POLICY.move(policy.state, "edit")
            round_void(policy, actor=actor, now=now)
            policy.latest += 1
            policy.content_hash = hash_of(text)
            _write_version(policy, text, cleaned.get("note", ""), actor=actor, now=now)
        elif policy.state in {"in_review", "retired"}:
            POLICY.move(policy.state, "edit")
        _apply(policy, cleaned)
        _due(policy)
        _save(policy, now)
        _review_owed(policy, actor=actor, now=now)
        written_down(policy, "edited", actor=actor, now=now)
        return policy


def policy_submit(*, actor: Actor, now: datetime, key: str, version: int | None = None) -> Policy:
    """Submit the newest version for approval and return the policy, in review.

    Who decides by which quorum is what the standard says at `policy.submit`; where it names nobody, two
    members of boards (one, where there is only one). Raises `RuleRefused` (also where nobody may vote),
    `NotFound`, `Forbidden`, `Stale` and `IllegalMove`.
    """
    with write(actor=actor, now=now):
        policy = policy_locked(key)
        require(actor, "policy.write", case_of(policy, now))
        require_version(policy, version)
        policy.state = POLICY.move(policy.state, "submit")
        policy.submissions += 1
        authors = PolicyVersion.objects.filter(policy=policy, number__gt=policy.published or 0)
        excluded = {str(policy.owner_id), actor.id, *authors.values_list("actor_id", flat=True)}
        round_open(policy, excluded=excluded, actor=actor, now=now)
        _save(policy, now)
        written_down(policy, "submitted", actor=actor, now=now)
        return policy


def policy_withdraw(*, actor: Actor, now: datetime, key: str, version: int | None = None) -> Policy:
    """Take a policy back from review and return it, a draft again; votes are void."""
    with write(actor=actor, now=now):
        policy = policy_locked(key)
        require(actor, "policy.write", case_of(policy, now))
        require_version(policy, version)
        policy.state = POLICY.move(policy.state, "withdraw")
        round_void(policy, actor=actor, now=now)
        _save(policy, now)
        written_down(policy, "withdrawn", actor=actor, now=now)
        return policy


def policy_publish(*, actor: Actor, now: datetime, key: str, version: int | None = None) -> Policy:
    """Put the approved version in force and return the policy. It counts as reviewed.

    Everybody of its audience owes a signature under it from now on; signatures under older versions stay as
    what they are. Raises `NotFound`, `Forbidden`, `Stale`, `IllegalMove`, and `Conflict` (`not_approved`).
    """
    with write(actor=actor, now=now):
        policy = policy_locked(key)
        require(actor, "policy.publish", case_of(policy, now))
        require_version(policy, version)
        policy.state = POLICY.move(policy.state, "publish")
        approval = live_request("policy", round_key(policy))
        if approval is None or (approval.state, approval.content_hash) != ("approved", policy.content_hash):
            raise Conflict("This wording was not approved. Submit it first.", code="not_approved")
        if policy.published is not None:
            signatures_void(policy, actor=actor, now=now)
        policy.published = policy.latest
        policy.published_at = policy.reviewed_at = now
        _due(policy)
        _save(policy, now)
        PolicyPublication.objects.create(
            policy=policy,
            number=policy.latest,
            content_hash=policy.content_hash,
            approval=approval.pk,
            published_at=now,
        )
        _review_owed(policy, actor=actor, now=now, was_reviewed=True)
        written_down(policy, "published", actor=actor, now=now)
        happened_to(policy, "published", actor=actor, now=now)
        happened_to(policy, "reviewed", actor=actor, now=now)
        signatures_ask(policy, actor=actor, now=now)
        return policy


def policy_review(
    *, actor: Actor, now: datetime, key: str, note: object = "", version: int | None = None
) -> Policy:
    """Keep that a person has read the version in force and found that it holds; return the policy.

    Raises `InvalidInput`, `NotFound`, `Forbidden`, `Stale`, `IllegalMove`, and `Conflict` (`not_published`).
    """
    said = clean_text(note, field="note", max_length=MAX_NOTE)
    with write(actor=actor, now=now, reason=said):
        policy = policy_locked(key)
        require(actor, "policy.review", case_of(policy, now))
        require_version(policy, version)
        policy.state = POLICY.move(policy.state, "review")
        if policy.published is None:
            raise Conflict("Nothing of it is in force yet.", code="not_published")
        policy.reviewed_at = now
        _due(policy)
        _save(policy, now)
        _review_owed(policy, actor=actor, now=now, was_reviewed=True)
        written_down(policy, "reviewed", actor=actor, now=now)
        happened_to(policy, "reviewed", actor=actor, now=now)
        return policy


def policy_retire(
    *, actor: Actor, now: datetime, key: str, reason: object = "", version: int | None = None
) -> Policy:
    """Put a policy out of force for good, and return it; what was signed stays. Raises as `policy_review`."""
    said = clean_text(reason, field="reason", max_length=MAX_NOTE)
    with write(actor=actor, now=now, reason=said):
        policy = policy_locked(key)
        require(actor, "policy.retire", case_of(policy, now))
        require_version(policy, version)
        policy.state = POLICY.move(policy.state, "retire")
        round_void(policy, actor=actor, now=now)
        signatures_void(policy, actor=actor, now=now)
        _save(policy, now)
        _review_owed(policy, actor=actor, now=now)
        written_down(policy, "retired", actor=actor, now=now)
        return policy


def policy_reinstate(*, actor: Actor, now: datetime, key: str, version: int | None = None) -> Policy:
    """Make a retired policy a draft again, and return it: it is approved and published anew."""
    with write(actor=actor, now=now):
        policy = policy_locked(key)
        require(actor, "policy.retire", case_of(policy, now))
        require_version(policy, version)
        policy.state = POLICY.move(policy.state, "reinstate")
        policy.published = policy.published_at = policy.review_due_at = None
        _save(policy, now)
        written_down(policy, "reinstated", actor=actor, now=now)
        return policy


def policy_locked(key: str) -> Policy:
    """Lock a policy and return it. Raises `NotFound`."""
    found = policy_by_key(key)
    return Policy.objects.select_for_update(of=("self",)).select_related("owner").get(pk=found.pk)


def case_of(policy: Policy, now: datetime) -> OwnedCase:
    """Return what permissions ask of a policy at `now` (aware UTC)."""
    return OwnedCase(str(policy.owner_id), "", now)


def hash_of(text: str) -> str:
    """Return the SHA-256 (hex) of what a version says: what is approved, and what is signed."""
    return hashlib.sha256(text.encode()).hexdigest()


def text_of(policy: Policy) -> str:
    """Return what the version in force says; before there is one, what the newest says."""
    return policy_version(policy, policy.published or policy.latest).text


def _apply(policy: Policy, cleaned: Mapping[str, Any]) -> None:
    for name in COLUMNS:
        if name in cleaned:
            setattr(policy, name, cleaned[name])
    if "audience" in cleaned:
        policy.audience_kind, policy.audience_key = cleaned["audience"]


def _due(policy: Policy) -> None:
    if policy.reviewed_at is not None and policy.published is not None:
        policy.review_due_at = end_of_review(policy.reviewed_at, policy.review_every)


def _review_owed(policy: Policy, *, actor: Actor, now: datetime, was_reviewed: bool = False) -> None:
    review_follow(
        actor=actor,
        now=now,
        subject=subject_of(policy),
        owner=policy.owner_id,
        due_at=policy.review_due_at if policy.is_in_force else None,
        version=policy.version,
        was_reviewed=was_reviewed,
    )


def _write_version(policy: Policy, text: str, note: str, *, actor: Actor, now: datetime) -> None:
    PolicyVersion.objects.create(
        policy=policy,
        number=policy.latest,
        text=text,
        content_hash=policy.content_hash,
        note=note,
        actor_kind=actor.kind.value,
        actor_id=actor.id,
        written_at=now,
    )


def _save(policy: Policy, now: datetime) -> None:
    policy.version += 1
    policy.updated_at = now
    policy.save()
