"""Something has happened that a rule may count: it is noted, and what it satisfies is met."""

from __future__ import annotations

from datetime import datetime

from compliance.models import Evidence
from compliance.selectors.core import facts_as_data
from compliance.services.core.cadences import cadence_satisfy
from opsportal.accounts.selectors import ADMINISTRATORS
from opsportal.core.actor import Actor
from opsportal.core.writes import write
from opsportal.obligations.services import obligations_follow
from opsportal.obligations.services.follow import OTHERWISE
from opsportal.obligations.terms import Owner, Subject
from opsportal.standards.selectors import active_standard_or_none
from opsportal.standards.vocabulary import Facts


def happened(
    *,
    actor: Actor,
    now: datetime,
    event: str,
    subject: Subject,
    record: tuple[str, str],
    at: datetime,
    facts: Facts,
    owner: Owner | None,
    summary: str = "",
    digest: str = "",
    valid_until: datetime | None = None,
    occurrence: str = "",
) -> Evidence:
    """Note that `event` of the vocabulary happened to `subject` at `at` (aware UTC), and return the evidence.

    Belongs into the write of whatever has recorded it. `record` (kind, key) is what proves it. Under the
    standard in force it meets what recurs and counts it, opens the next round of it, and follows every
    other rule at this event: what is owed from now on is owed by `owner`, else by the administrators.
    `occurrence` is the round of it, by default the record's key. `digest` is the SHA-256 of what proves it.
    """
    with write(actor=actor, now=now):
        evidence = Evidence(
            event=event,
            subject_kind=subject.kind,
            subject_key=subject.key,
            record_kind=record[0],
            record_key=record[1],
            summary=summary[:300],
            facts=facts_as_data(facts),
            digest=digest,
            observed_at=at,
            received_at=now,
            valid_until=valid_until,
            actor_kind=actor.kind,
            actor_id=actor.id,
        )
        evidence.save(force_insert=True)
        standard = active_standard_or_none()
        if standard is None:
            return evidence
        cadence_satisfy(
            actor=actor,
            now=now,
            standard=standard,
            event=event,
            subject=subject,
            at=at,
            facts=facts,
            owner=owner,
        )
        someone = owner or Owner.role(ADMINISTRATORS)
        obligations_follow(
            actor=actor,
            now=now,
            standard=standard,
            event=event,
            facts=facts,
            subject=subject,
            people={"owner": someone, OTHERWISE: someone},
            occurrence=occurrence or record[1],
        )
        return evidence
