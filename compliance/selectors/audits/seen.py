"""Who sees what of audits: one place for every face.

Auditors and administrators see every audit; a guest those that are opened to them now; other people what
concerns them: what they are asked for, and findings and corrective actions of theirs, once reported. Working
notes and drafts of findings are seen by the audit's team alone; an opinion by it, auditors and
administrators until the report is issued.
"""

from __future__ import annotations

from datetime import datetime
from typing import TypeVar
from uuid import UUID

from django.db.models import Exists, Model, OuterRef, Q, QuerySet

from compliance.auditing.states import TOLD
from compliance.models import (
    Audit,
    AuditMember,
    AuditorAccess,
    CorrectiveAction,
    EvidenceRequest,
    Finding,
    WorkingNote,
)
from opsportal.core.actor import Actor
from opsportal.core.clock import database_now
from opsportal.core.errors import NotFound

M = TypeVar("M", bound=Model)

READ = "compliance:read"
WRITE = "compliance:write"


def reads_audits(actor: Actor) -> bool:
    """Return whether `actor` sees every audit."""
    if actor.is_guest:
        return False
    if actor.is_service_account:
        return READ in actor.scopes or WRITE in actor.scopes
    return actor.is_system or actor.is_staff or actor.is_auditor


def audits_open_to(guest: str, at: datetime) -> QuerySet[AuditorAccess]:
    """Return what is open to this guest at `at` (aware UTC)."""
    return AuditorAccess.objects.filter(
        person_id=UUID(guest), revoked_at__isnull=True, starts_at__lte=at, ends_at__gt=at
    )


def audits_seen(actor: Actor) -> QuerySet[Audit]:
    """Return the audits that `actor` may see. What is open to a guest is asked of the database's clock."""
    return Audit.objects.filter(_of_audits(actor))


def findings_seen(actor: Actor) -> QuerySet[Finding]:
    """Return the findings that `actor` may see."""
    rows = Finding.objects.select_related("audit", "owner")
    if actor.is_system:
        return rows
    told = Q(state__in=TOLD)
    if actor.is_guest:
        return rows.filter(told, _of_audits(actor, "audit__"))
    if reads_audits(actor):
        return rows.filter(told | in_team(actor, "audit")) if actor.is_user else rows.filter(told)
    if not actor.is_user:
        return rows.none()
    mine = Q(owner_id=actor.id) | Q(Exists(_actions_of(actor)))
    return rows.filter((told & mine) | in_team(actor, "audit"))


def finding_versions_seen(actor: Actor, pk: int, versions: QuerySet[M]) -> QuerySet[M]:
    """Return those of the `versions` of a finding that `actor` may see: the drafts are its team's."""
    if actor.is_system or Finding.objects.filter(in_team(actor, "audit"), pk=pk).exists():
        return versions
    return versions.filter(state__in=TOLD)


def opinion_is_seen(actor: Actor, audit: Audit) -> bool:
    """Return whether `actor` may read opinion and conclusion: a guest once a report is issued."""
    return not actor.is_guest or audit.reports.exists()


def actions_seen(actor: Actor) -> QuerySet[CorrectiveAction]:
    """Return the corrective actions that `actor` may see."""
    rows = CorrectiveAction.objects.select_related("finding__audit", "owner")
    if reads_audits(actor):
        return rows
    if actor.is_guest:
        return rows.filter(_of_audits(actor, "finding__audit__"), finding__state__in=TOLD)
    if not actor.is_user:
        return rows.none()
    return rows.filter(
        Q(owner_id=actor.id) | Q(finding__owner_id=actor.id) | in_team(actor, "finding__audit")
    )


def requests_seen(actor: Actor) -> QuerySet[EvidenceRequest]:
    """Return the evidence requests that `actor` may see."""
    rows = EvidenceRequest.objects.select_related("audit", "owner")
    if reads_audits(actor):
        return rows
    if actor.is_guest:
        return rows.filter(_of_audits(actor, "audit__"))
    if not actor.is_user:
        return rows.none()
    return rows.filter(Q(owner_id=actor.id) | in_team(actor, "audit"))


def notes_seen(actor: Actor) -> QuerySet[WorkingNote]:
    """Return the working notes that `actor` may see: those of audits that they work on."""
    rows = WorkingNote.objects.select_related("audit", "author")
    return rows.filter(in_team(actor, "audit")) if actor.is_user and not actor.is_guest else rows.none()


def in_team(actor: Actor, audit: str = "") -> Q:
    """Return the condition "`actor` leads this audit or works on it"; `audit` is the way to it."""
    if not actor.is_user:
        return Q(pk__in=[])
    prefix = f"{audit}__" if audit else ""
    member = AuditMember.objects.filter(audit=OuterRef(f"{prefix}pk"), person_id=UUID(actor.id))
    return Q(**{f"{prefix}lead_id": actor.id}) | Q(Exists(member))


def finding_seen(actor: Actor, pk: int) -> Finding:
    """Return one finding. Raises `NotFound`, also where `actor` may not see it."""
    return _one(findings_seen(actor), pk, "finding")


def action_seen(actor: Actor, pk: int) -> CorrectiveAction:
    """Return one corrective action. Raises `NotFound`."""
    return _one(actions_seen(actor), pk, "corrective action")


def request_seen(actor: Actor, pk: int) -> EvidenceRequest:
    """Return one evidence request. Raises `NotFound`."""
    return _one(requests_seen(actor), pk, "evidence request")


def audit_seen(actor: Actor, pk: int) -> Audit:
    """Return one audit. Raises `NotFound`."""
    return _one(audits_seen(actor).select_related("lead", "programme"), pk, "audit")


def _of_audits(actor: Actor, prefix: str = "") -> Q:
    if reads_audits(actor):
        return Q()
    if actor.is_guest:
        open_now = audits_open_to(actor.id, database_now()).values("audit_id")
        return Q(**{f"{prefix}pk__in": open_now})
    return in_team(actor, prefix.removesuffix("__"))


def _actions_of(actor: Actor) -> QuerySet[CorrectiveAction]:
    return CorrectiveAction.objects.filter(finding=OuterRef("pk"), owner_id=UUID(actor.id))


def _one(rows: QuerySet[M], pk: int, named: str) -> M:
    found = rows.filter(pk=pk).first()
    if found is None:
        raise NotFound(f"There is no such {named}.")
    return found
