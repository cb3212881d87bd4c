"""What is owed about policies and documents: their next review, and signatures."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from compliance.models import Policy
from opsportal.accounts.selectors import ADMINISTRATORS
from opsportal.core.actor import Actor
from opsportal.obligations.models import Obligation
from opsportal.obligations.services import obligation_open, obligations_end
from opsportal.obligations.terms import Owner, Subject
from opsportal.standards.selectors import active_standard_or_none
from opsportal.standards.standing import Climb

REVIEW = "portal.review"
SIGNATURE = "portal.policy-attestation"
REMIND = (timedelta(days=14), timedelta(days=3))
SIGN_REMIND = (timedelta(days=3),)
CLIMB = (Climb(after=timedelta(days=7), role=ADMINISTRATORS),)


def review_follow(
    *,
    actor: Actor,
    now: datetime,
    subject: Subject,
    owner: UUID,
    due_at: datetime | None,
    version: int,
    was_reviewed: bool = False,
) -> None:
    """See to it that `owner` owes the review of `subject` by `due_at` (None: nobody), and no other one.

    Inside the caller's write. Where the standard in force has a cadence of its own for it, that one holds
    and nothing is owed here. `version` is that of the row, by which each of these is told from the others.
    """
    standing = Obligation.objects.filter(
        subject_kind=subject.kind, subject_key=subject.key, rule_id=REVIEW, ended_at__isnull=True
    ).first()
    wanted = None if _has_cadence(f"{subject.kind}.reviewed") else due_at
    if standing is not None:
        if (standing.due_at, standing.owner) == (wanted, Owner.user(owner)):
            return
        obligations_end(
            actor=actor,
            now=now,
            subject_kind=subject.kind,
            subject_key=subject.key,
            rule_ids=[REVIEW],
            outcome="met" if was_reviewed else "void",
        )
    if wanted is None:
        return
    obligation_open(
        actor=actor,
        now=now,
        rule=REVIEW,
        standard_hash=_standard_hash(),
        subject=subject,
        occurrence=f"v{version}",
        what=f"Review the {subject.kind}: does it still hold?",
        owner=Owner.user(owner),
        due_at=wanted,
        remind=REMIND,
        climb=CLIMB,
    )


def signature_open(policy: Policy, person: UUID, *, actor: Actor, now: datetime) -> None:
    """Let `person` owe their signature under the version in force. Twice does no more than once."""
    obligation_open(
        actor=actor,
        now=now,
        rule=SIGNATURE,
        standard_hash=_standard_hash(),
        subject=Subject("policy", policy.key, policy.title),
        occurrence=occurrence_of(policy.published or 0, person),
        what="Read the policy and sign it",
        owner=Owner.user(person),
        due_at=now + timedelta(days=policy.attest_within_days),
        remind=SIGN_REMIND,
        climb=CLIMB,
    )


def signature_end(policy: Policy, person: UUID, *, actor: Actor, now: datetime) -> None:
    """Let what `person` owes under the version in force be met."""
    obligations_end(
        actor=actor,
        now=now,
        subject_kind="policy",
        subject_key=policy.key,
        rule_ids=[SIGNATURE],
        outcome="met",
        occurrence=occurrence_of(policy.published or 0, person),
    )


def signatures_void(policy: Policy, *, actor: Actor, now: datetime) -> None:
    """Let nobody owe a signature under any version of the policy any more."""
    obligations_end(
        actor=actor,
        now=now,
        subject_kind="policy",
        subject_key=policy.key,
        rule_ids=[SIGNATURE],
        outcome="void",
    )


def occurrence_of(number: int, person: UUID) -> str:
    """Return which signature this is: the version, and whose."""
    return f"v{number}.{person}"


def _has_cadence(event: str) -> bool:
    standard = active_standard_or_none()
    if standard is None:
        return False
    return any(rule.demand.form == "recur" for rule in standard.rules_at(event))


def _standard_hash() -> str:
    standard = active_standard_or_none()
    return standard.content_hash if standard else ""
