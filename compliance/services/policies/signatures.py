"""Signing a policy: one person, one exact version; and who still has to."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from compliance.models import Attestation, Policy
from compliance.selectors.policies import audience_of, policy_by_key, unsigned
from compliance.services.policies.duties import (
    SIGNATURE,
    occurrence_of,
    signature_end,
    signature_open,
)
from compliance.services.policies.telling import happened_to, written_down
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.due import each_due
from opsportal.core.errors import Conflict, InvalidInput, Stale
from opsportal.core.writes import write
from opsportal.obligations.models import Obligation
from opsportal.obligations.services import obligations_end

ASKER = Actor.system("compliance.policies")
BATCH = 200
"""So many people are asked in one transaction; the tick asks the others."""


def policy_attest(
    *, actor: Actor, now: datetime, key: str, number: object, content_hash: object
) -> Attestation:
    """Sign the version in force as `actor` for themselves, and return the attestation.

    `number` and `content_hash` are of what they read. Twice is once; whoever is not of its audience may sign
    as well. Raises `NotFound`, `Forbidden` (no person, or an auditor), `Stale` (another version is in force,
    or it says something else), `InvalidInput`, and `Conflict` (`not_published`).
    """
    with write(actor=actor, now=now):
        require(actor, "policy.attest")
        policy = Policy.objects.select_for_update(of=("self",)).get(pk=policy_by_key(key).pk)
        if not policy.is_in_force or policy.published is None:
            raise Conflict("Nothing of this policy is in force.", code="not_published")
        if isinstance(number, bool) or not isinstance(number, int):
            raise InvalidInput.of("number", "required", "Say which version was read.")
        version = policy.versions.get(number=policy.published)
        if (number, content_hash) != (policy.published, version.content_hash):
            raise Stale(f"Version {policy.published} is in force. Read that one, then sign it.")
        person = UUID(actor.id)
        standing = Attestation.objects.filter(
            policy=policy, number=policy.published, person_id=person
        ).first()
        if standing is not None:
            return standing
        row = Attestation.objects.create(
            policy=policy,
            number=policy.published,
            content_hash=version.content_hash,
            person_id=person,
            signed_at=now,
        )
        signature_end(policy, person, actor=actor, now=now)
        written_down(
            policy,
            "attested",
            actor=actor,
            now=now,
            data={"number": policy.published, "content_hash": version.content_hash},
        )
        happened_to(policy, "attested", actor=actor, now=now)
        return row


def signatures_ask(policy: Policy, *, actor: Actor, now: datetime) -> int:
    """Let those of the audience of a locked policy owe their signature who do not yet; return how many.

    At most `BATCH` at a time, inside the caller's write.
    """
    if not policy.is_in_force:
        return 0
    asked = set(
        Obligation.objects.filter(
            subject_kind="policy", subject_key=policy.key, rule_id=SIGNATURE
        ).values_list("occurrence", flat=True)
    )
    number = policy.published or 0
    missing = [
        pk
        for pk in unsigned(policy, now).values_list("pk", flat=True)
        if occurrence_of(number, pk) not in asked
    ]
    for person in missing[:BATCH]:
        signature_open(policy, person, actor=actor, now=now)
    return len(missing[:BATCH])


def signatures_follow(*, now: datetime) -> int:
    """Ask whoever has joined an audience, and ask those no more who left; return how many were asked.

    For the tick; `now` is the database's (aware UTC). Each policy in its own transaction; raises `DueError`
    at the end where one of them failed.
    """
    rows = Policy.objects.filter(published__isnull=False).exclude(state="retired").order_by("id")
    return each_due("policies", rows.values_list("pk", flat=True), _follow_audience, now)


def _follow_audience(pk: int, now: datetime) -> int:
    with write(actor=ASKER, now=now):
        policy = Policy.objects.select_for_update(of=("self",)).get(pk=pk)
        asked = signatures_ask(policy, actor=ASKER, now=now)
        _excuse_who_left(policy, now)
        return asked


def _excuse_who_left(policy: Policy, now: datetime) -> None:
    audience = {str(pk) for pk in audience_of(policy, now).values_list("pk", flat=True)}
    owed = Obligation.objects.filter(
        subject_kind="policy", subject_key=policy.key, rule_id=SIGNATURE, ended_at__isnull=True
    )
    for occurrence, person in list(owed.values_list("occurrence", "owner_key")):
        if person not in audience:
            obligations_end(
                actor=ASKER,
                now=now,
                subject_kind="policy",
                subject_key=policy.key,
                rule_ids=[SIGNATURE],
                outcome="void",
                occurrence=occurrence,
            )
