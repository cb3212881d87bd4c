"""That evidence runs out, kept as something that somebody owes: to bring a newer one in time."""

from __future__ import annotations

from datetime import datetime, timedelta

from compliance.models import EvidenceItem
from opsportal.accounts.selectors import ADMINISTRATORS
from opsportal.core.actor import Actor
from opsportal.obligations.services import obligation_open, obligations_end
from opsportal.obligations.terms import Owner, Subject
from opsportal.standards.selectors import in_force_or_none
from opsportal.standards.standing import Climb

RULE = "portal.evidence-renewal"
KIND = "evidence"
REMIND = (timedelta(days=14), timedelta(days=3))
CLIMB = (Climb(after=timedelta(days=7), role=ADMINISTRATORS),)


def renewal_follow(item: EvidenceItem, *, actor: Actor, now: datetime, was_renewed: bool = False) -> None:
    """See to it that a newer revision is owed before the newest one runs out, and nothing else.

    Inside the caller's write. Whoever brought it owes it; what a machine brought, the owner of the first
    control that it speaks for. What had run out already when it came (evidence of an earlier period) is
    owed by nobody.
    """
    obligations_end(
        actor=actor,
        now=now,
        subject_kind=KIND,
        subject_key=item.key,
        rule_ids=[RULE],
        outcome="met" if was_renewed else "void",
    )
    if item.state != "standing" or item.valid_until is None or item.valid_until <= now:
        return
    owner = item.owner_id
    if owner is None:
        first = item.controls.order_by("id").first()
        owner = first.owner_id if first else None
    found = in_force_or_none()
    obligation_open(
        actor=actor,
        now=now,
        rule=RULE,
        standard_hash=found.standard.content_hash if found else "",
        subject=Subject(KIND, item.key, item.title),
        occurrence=f"r{item.latest}",
        what="Bring newer evidence: this one runs out",
        owner=Owner.user(owner) if owner else Owner.role(ADMINISTRATORS),
        due_at=item.valid_until,
        remind=REMIND,
        climb=CLIMB,
    )
