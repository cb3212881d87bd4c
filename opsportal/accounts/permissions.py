"""Who may: people, teams, roles, service accounts and tokens."""

from __future__ import annotations

from rules.predicates import predicate

from opsportal.accounts.models import User
from opsportal.core.access import allow
from opsportal.core.actor import Actor


@predicate
def is_administrator(actor: Actor, _subject: object | None = None) -> bool:
    """A person who is an administrator; a service account never is one."""
    return actor.is_user and actor.is_staff


@predicate
def is_person(actor: Actor, _subject: object | None = None) -> bool:
    """Anybody who signs in as a person."""
    return actor.is_user


@predicate
def is_portal_itself(actor: Actor, _subject: object | None = None) -> bool:
    """The portal's own commands and ticks, which need access to its machine."""
    return actor.is_system


@predicate
def is_this_person(actor: Actor, subject: User | None = None) -> bool:
    """The person themselves."""
    return actor.is_user and subject is not None and actor.id == str(subject.pk)


administration = is_administrator | is_portal_itself


def register() -> None:
    """Register this app's permissions; called once, by its AppConfig."""
    allow("accounts.administer", administration, otherwise="Only administrators may do this.")
    allow(
        "user.update",
        administration | is_this_person,
        otherwise="Only administrators and the person themselves may change this.",
        auditors_too=True,
    )
    allow(
        "user.set_password",
        is_portal_itself | is_this_person,
        otherwise="Only the person themselves may set their password.",
        auditors_too=True,
    )
    allow(
        "absence.set",
        administration | is_this_person,
        otherwise="Only the person themselves and administrators may say when they are away, and who stands"
        " in for them.",
    )
    allow("search.keep", is_person, otherwise="Only people keep searches.", auditors_too=True)
    # Reliability S8: nobody raises their own role, not even an administrator.
    allow(
        "user.promote",
        administration & ~is_this_person,
        otherwise="Nobody raises their own role: another administrator has to do this.",
    )
