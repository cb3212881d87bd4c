"""Who may do what to policies and to documents of the register."""

from __future__ import annotations

from compliance.permissions.controls import (
    has_scope,
    is_administrator,
    is_on_a_board,
    is_person,
    owns_it,
)
from opsportal.core.access import allow


def register() -> None:
    """Register the permissions of policies and documents."""
    owners = "Only its owner, members of a board and administrators may do this."
    keepers = "Only its owner, the members of its team and administrators may do this."
    of_it = is_administrator | owns_it | is_on_a_board
    allow("policy.write", of_it, otherwise=owners)
    allow("policy.publish", of_it, otherwise=owners)
    allow("policy.review", of_it, otherwise=owners)
    allow("policy.retire", is_administrator, otherwise="Only administrators retire a policy.")
    allow("policy.vote", is_person, otherwise="Only people vote.")
    allow("policy.attest", is_person, otherwise="Only people sign a policy, each for themselves.")
    allow(
        "document.register",
        is_person | has_scope,
        otherwise="Only people, and tokens with the scope compliance:write, register documents.",
    )
    allow("document.write", is_administrator | owns_it | has_scope, otherwise=keepers)
    allow("document.review", is_administrator | owns_it, otherwise=f"A review is a person's word. {keepers}")
