"""Who may do what in audits: auditors plan, the audit's own team works, those concerned answer.

Auditors change nothing of what they audit; audits are their own work, so these are open to them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from rules.predicates import predicate

from opsportal.core.access import allow
from opsportal.core.actor import Actor

SCOPE = "compliance:write"


@dataclass(frozen=True, slots=True)
class Case:
    """Whom something of an audit concerns, by id. The lead is one of the team; doers did what is judged."""

    lead: str = ""
    team: frozenset[str] = field(default_factory=frozenset)
    owners: frozenset[str] = field(default_factory=frozenset)
    doers: frozenset[str] = field(default_factory=frozenset)


@predicate
def is_person(actor: Actor, _case: object | None = None) -> bool:
    return actor.is_user


@predicate
def is_administrator(actor: Actor, _case: object | None = None) -> bool:
    return actor.is_user and actor.is_staff


@predicate
def is_auditor(actor: Actor, _case: object | None = None) -> bool:
    return actor.is_user and actor.is_auditor


@predicate
def is_machine_of_ours(actor: Actor, _case: object | None = None) -> bool:
    return actor.is_service_account and SCOPE in actor.scopes


@predicate
def leads_it(actor: Actor, case: Case) -> bool:
    return actor.is_user and actor.id == case.lead


@predicate
def works_on_it(actor: Actor, case: Case) -> bool:
    return actor.is_user and actor.id in case.team


@predicate
def owns_it(actor: Actor, case: Case) -> bool:
    return actor.is_user and actor.id in case.owners


@predicate
def did_it(actor: Actor, case: Case) -> bool:
    return actor.id in case.doers


def register() -> None:
    """Register the permissions of audits."""
    allow(
        "audit.plan",
        is_auditor | is_administrator | is_machine_of_ours,
        otherwise="Auditors and administrators plan audits.",
        auditors_too=True,
    )
    allow(
        "audit.lead",
        leads_it | is_administrator,
        otherwise="Only the lead auditor of this audit, or an administrator, may do this.",
        auditors_too=True,
    )
    allow(
        "audit.issue",
        leads_it,
        otherwise="Only the lead auditor of this audit issues its report and closes it.",
        auditors_too=True,
    )
    allow(
        "audit.work",
        works_on_it,
        otherwise="Only the team of this audit may do this.",
        auditors_too=True,
    )
    allow(
        "finding.raise",
        works_on_it | is_machine_of_ours,
        otherwise="Only the team of this audit raises findings in it.",
        auditors_too=True,
    )
    allow(
        "finding.verify",
        works_on_it & ~did_it,
        otherwise="Somebody of the audit's team verifies it, who neither owns it nor did it.",
        auditors_too=True,
    )
    allow(
        "finding.respond",
        owns_it,
        otherwise="Only the owner of this finding answers to it.",
    )
    allow(
        "corrective_action.open",
        owns_it | works_on_it,
        otherwise="The owner of the finding and the audit's team say what is done about it.",
        auditors_too=True,
    )
    allow(
        "corrective_action.do",
        owns_it,
        otherwise="Only who owns this corrective action or its finding may do this.",
    )
    allow(
        "evidence_request.answer",
        owns_it,
        otherwise="Only the person who was asked answers.",
    )
