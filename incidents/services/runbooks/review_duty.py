"""The next review of a runbook, kept as something that its keeper owes."""

from __future__ import annotations

from datetime import datetime, timedelta

from incidents.models import Runbook
from opsportal.accounts.selectors import ADMINISTRATORS
from opsportal.core.actor import Actor
from opsportal.obligations.models import Obligation
from opsportal.obligations.services import obligation_open, obligations_end
from opsportal.obligations.terms import Owner, Subject
from opsportal.standards.selectors import in_force_or_none
from opsportal.standards.standing import Climb

RULE = "portal.runbook-review"
KIND = "runbook"
REMIND = (timedelta(days=14), timedelta(days=3))
CLIMB = (Climb(after=timedelta(days=7), role=ADMINISTRATORS),)


def review_follow(runbook: Runbook, *, actor: Actor, now: datetime, reviewed: bool = False) -> None:
    """See to it that the review by `review_due_at` is owed by the keeper, and no other one.

    Inside the caller's write. `reviewed` says that the one before was done just now; otherwise it is
    replaced. A runbook that nobody follows needs no review.
    """
    standing = Obligation.objects.filter(
        subject_kind=KIND, subject_key=runbook.slug, rule_id=RULE, ended_at__isnull=True
    ).first()
    due_at = runbook.review_due_at if runbook.state == "published" else None
    owner = Owner.user(runbook.keeper_id)
    if standing is not None:
        if (standing.due_at, standing.owner) == (due_at, owner):
            return
        obligations_end(
            actor=actor,
            now=now,
            subject_kind=KIND,
            subject_key=runbook.slug,
            rule_ids=[RULE],
            outcome="met" if reviewed else "void",
        )
    if due_at is None:
        return
    found = in_force_or_none()
    obligation_open(
        actor=actor,
        now=now,
        rule=RULE,
        standard_hash=found.standard.content_hash if found else "",
        subject=Subject(KIND, runbook.slug, runbook.title, teams=(runbook.owner_team.slug,)),
        # By version of the row: what was voided for another keeper or day may be owed again.
        occurrence=f"v{runbook.version}",
        what="Review the runbook: does it still hold?",
        owner=owner,
        due_at=due_at,
        remind=REMIND,
        climb=CLIMB,
    )
