"""Writing down what was done to a policy, and letting rules count it."""

from __future__ import annotations

from datetime import datetime

from compliance.facts.policies import policy_facts
from compliance.models import Policy
from compliance.services.controls.telling import count, record
from opsportal.audit.canonical import JSON
from opsportal.core.actor import Actor
from opsportal.obligations.terms import Subject

KIND = "policy"


def subject_of(policy: Policy) -> Subject:
    """Return how lower rooms name a policy."""
    return Subject(KIND, policy.key, policy.title)


def written_down(
    policy: Policy, done: str, *, actor: Actor, now: datetime, data: dict[str, JSON] | None = None
) -> None:
    """Write the audit entry `policy.<done>`: which version, by its hash."""
    about: dict[str, JSON] = {
        "number": policy.latest,
        "content_hash": policy.content_hash,
        "state": policy.state,
        **(data or {}),
    }
    record(actor=actor, now=now, kind=KIND, key=policy.key, done=done, data=about)


def happened_to(policy: Policy, event: str, *, actor: Actor, now: datetime, record_key: str = "") -> None:
    """Let rules count `policy.<event>` of the version in force."""
    number = policy.published or policy.latest
    count(
        actor=actor,
        now=now,
        event=f"{KIND}.{event}",
        subject=subject_of(policy),
        facts=policy_facts(kind=policy.kind, audience=policy.audience_kind, number=number),
        owner=policy.owner_id,
        record_of=(KIND, record_key or policy.key),
        summary=f"version {number}",
        digest=policy.content_hash if number == policy.latest else "",
        valid_until=policy.review_due_at if event != "attested" else None,
    )
