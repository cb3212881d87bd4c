"""Who may write escalation policies and automated responses."""

from __future__ import annotations

from rules.predicates import predicate

from opsportal.accounts.permissions import administration
from opsportal.core.access import allow
from opsportal.core.actor import Actor

SCOPE = "oncall:write"


@predicate
def is_machine_of_ours(actor: Actor, _subject: object | None = None) -> bool:
    """A service account whose token may write on-call settings."""
    return actor.is_service_account and SCOPE in actor.scopes


def register() -> None:
    """Register this area's permissions; called once, by the app's AppConfig."""
    allow(
        "escalation_policy.write",
        administration | is_machine_of_ours,
        otherwise="Only administrators, and tokens with the scope oncall:write, change whom silence tells.",
    )
