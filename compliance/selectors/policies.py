"""Reads of policies, of who has to sign them, and of the register of documents."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet

from compliance.models import Attestation, Document, Policy, PolicyVersion
from compliance.models.policies import DOCUMENT_PREFIX, POLICY_PREFIX
from opsportal.accounts.models import User
from opsportal.accounts.selectors import holders_of, members_of, teams_of, workers
from opsportal.approvals.selectors import open_stages_for
from opsportal.catalog.models import Service
from opsportal.core.actor import Actor
from opsportal.core.errors import NotFound
from opsportal.core.keys import number_of

ORDERINGS: dict[str, tuple[str, ...]] = {
    "title": ("title", "id"),
    "-title": ("-title", "-id"),
    "updated_at": ("updated_at", "id"),
    "-updated_at": ("-updated_at", "-id"),
}


def policies_loaded() -> QuerySet[Policy]:
    """Return all policies with their owners."""
    return Policy.objects.select_related("owner")


def policy_by_key(key: str) -> Policy:
    """Return one policy, loaded. Raises `NotFound`."""
    number = number_of(key, POLICY_PREFIX)
    found = policies_loaded().filter(pk=number).first() if number else None
    if found is None:
        raise NotFound("There is no such policy.")
    return found


def policy_version(policy: Policy, number: int) -> PolicyVersion:
    """Return one version of what a policy says. Raises `NotFound`."""
    found = PolicyVersion.objects.filter(policy=policy, number=number).first()
    if found is None:
        raise NotFound("There is no such version of this policy.")
    return found


def services_answered_by(actor: Actor, now: datetime) -> QuerySet[Service]:
    """Return the services in use of the actor's teams as of `now` (aware UTC); none for machines."""
    teams = teams_of(actor.id, now.astimezone(UTC).date()) if actor.is_user else ()
    return Service.objects.filter(state="active", owner_team__slug__in=teams)


def audience_of(policy: Policy, now: datetime) -> QuerySet[User]:
    """Return the active people who have to sign the policy as of `now` (aware UTC), each once.

    An auditor signs nothing, so nobody waits for that.
    """
    day = now.astimezone(UTC).date()
    match policy.audience_kind:
        case "everybody":
            return workers()
        case "team":
            return members_of(policy.audience_key, day).filter(is_auditor=False)
        case "role":
            return holders_of(policy.audience_key, day).filter(is_auditor=False)
        case _:
            return User.objects.none()


def signed(policy: Policy, number: int | None) -> QuerySet[Attestation]:
    """Return who signed this version, first to last, with the people."""
    rows = Attestation.objects.filter(policy=policy, number=number or 0).select_related("person")
    return rows.order_by("signed_at", "id")


def unsigned(policy: Policy, now: datetime) -> QuerySet[User]:
    """Return those of the audience who have not signed the version in force, by name."""
    if not policy.is_in_force:
        return User.objects.none()
    mine = Attestation.objects.filter(policy=policy, number=policy.published or 0, person=OuterRef("pk"))
    return audience_of(policy, now).filter(~Exists(mine)).order_by("full_name", "pk")


def has_signed(policy: Policy, person: str) -> bool:
    """Return whether this person (an id) has signed the version in force."""
    return Attestation.objects.filter(
        policy=policy, number=policy.published or 0, person=UUID(person)
    ).exists()


def documents_loaded() -> QuerySet[Document]:
    """Return all documents with owner, team, service and what is known of their links."""
    return Document.objects.select_related("owner", "team", "service", "link")


def document_by_key(key: str) -> Document:
    """Return one document, loaded. Raises `NotFound`."""
    number = number_of(key, DOCUMENT_PREFIX)
    found = documents_loaded().filter(pk=number).first() if number else None
    if found is None:
        raise NotFound("There is no such document.")
    return found


def policies_to_vote(person: UUID, now: datetime) -> list[Policy]:
    """Return the policies in review on which this person may vote and has not. Five queries."""
    stages = open_stages_for(person, now).filter(request__subject_kind="policy")
    keys = {stage.request.subject_key.partition(".")[0] for stage in stages}
    numbers = [number for key in keys if (number := number_of(key, POLICY_PREFIX))]
    rows = policies_loaded().filter(pk__in=numbers, state="in_review")
    return list(rows.order_by("updated_at", "id"))
