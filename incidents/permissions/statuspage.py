"""Who may write on the public status page."""

from __future__ import annotations

from dataclasses import dataclass

from rules.predicates import predicate

from opsportal.accounts.permissions import administration
from opsportal.core.access import allow
from opsportal.core.actor import Actor


@dataclass(frozen=True, slots=True)
class NoticeCase:
    """What its actor is to a notice.

    `owns_components`: teams of theirs own the services behind all of its components. `works_on_it`: the
    incident that it tells of is theirs, they declared or acknowledged it, or they have a role in it.
    """

    owns_components: bool
    works_on_it: bool = False


@predicate
def owns_components(_actor: Actor, case: NoticeCase | None = None) -> bool:
    """A member of the teams that own all services which the notice is about."""
    return case is not None and case.owns_components


@predicate
def works_on_it(_actor: Actor, case: NoticeCase | None = None) -> bool:
    """Somebody who works on the incident that the notice tells of."""
    return case is not None and case.works_on_it


@predicate
def writes_incidents(actor: Actor, _case: object | None = None) -> bool:
    """A machine whose token may write incidents."""
    return actor.is_service_account and "incidents:write" in actor.scopes


def register() -> None:
    """Register the permissions of this area."""
    allow(
        "status.arrange", administration, otherwise="Only administrators arrange what the status page shows."
    )
    allow(
        "status.notice",
        administration | owns_components | works_on_it | writes_incidents,
        otherwise="Only administrators, members of the teams that own every service of it, and whoever works"
        " on the incident tell the public.",
    )
