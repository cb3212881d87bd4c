"""Who acts: a kind and an opaque identifier, never a name or an address."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class ActorKind(StrEnum):
    USER = "user"
    SERVICE_ACCOUNT = "service_account"
    SYSTEM = "system"
    ANONYMOUS = "anonymous"


@dataclass(frozen=True, slots=True)
class Actor:
    """The one on whose behalf a write happens.

    `id` is opaque (a user's or service account's UUID as text, or the name of a tick), so that it
    may stand in tables that can never be changed. `scopes` are those of the token in use; a person
    signed in on the web has none and is bound by roles alone.
    """

    kind: ActorKind
    id: str
    scopes: frozenset[str] = field(default_factory=frozenset, compare=False)
    is_staff: bool = field(default=False, compare=False)
    is_auditor: bool = field(default=False, compare=False)
    """Reads everything, changes nothing: `opsportal.core.access` closes all else to them."""
    is_guest: bool = field(default=False, compare=False)
    """From outside: reads what was opened to them for a while, and nothing else."""

    @classmethod
    def user(
        cls,
        identifier: object,
        *,
        is_staff: bool = False,
        is_auditor: bool = False,
        is_guest: bool = False,
    ) -> Actor:
        """Return the actor for the person with this identifier."""
        return cls(
            ActorKind.USER, str(identifier), is_staff=is_staff, is_auditor=is_auditor, is_guest=is_guest
        )

    @classmethod
    def service_account(cls, identifier: object, scopes: frozenset[str] = frozenset()) -> Actor:
        """Return the actor for a machine that holds a token with these scopes."""
        return cls(ActorKind.SERVICE_ACCOUNT, str(identifier), scopes)

    @classmethod
    def system(cls, name: str) -> Actor:
        """Return the actor for the portal's own work, e.g. `obligations.tick`."""
        return cls(ActorKind.SYSTEM, name)

    @classmethod
    def anonymous(cls) -> Actor:
        """Return the actor for somebody who has not signed in."""
        return cls(ActorKind.ANONYMOUS, "")

    @property
    def is_user(self) -> bool:
        return self.kind is ActorKind.USER

    @property
    def is_service_account(self) -> bool:
        return self.kind is ActorKind.SERVICE_ACCOUNT

    @property
    def is_system(self) -> bool:
        return self.kind is ActorKind.SYSTEM

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"
