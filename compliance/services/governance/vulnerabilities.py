"""Vulnerabilities: found by scans, fixed by a time, verified by a later scan or by somebody else."""

from __future__ import annotations

from datetime import datetime

from compliance.governing.findings import Found
from compliance.governing.kinds import REMEDIATION
from compliance.governing.states import VULNERABILITY
from compliance.models import Scan, Vulnerability
from compliance.permissions.governance import ScanCase
from compliance.services.governance.fields import MAX_PROSE, ahead
from compliance.services.governance.records import counted, facts_of, owner_of, told
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import InvalidInput, NotFound
from opsportal.core.text import clean_text
from opsportal.core.versions import require_version
from opsportal.core.writes import write
from opsportal.obligations.terms import Subject
from opsportal.standards.engine import owed
from opsportal.standards.selectors import in_force_or_none
from opsportal.standards.vocabulary import Value

KIND = "vulnerability"
VERBS = {
    "fix": ("fixed", "vulnerability.work"),
    "verify": ("verified", "vulnerability.verify"),
    "accept": ("accepted", "vulnerability.accept"),
    "dismiss": ("dismissed", "vulnerability.work"),
    "reopen": ("reopened", "vulnerability.work"),
}


def vulnerability_move(
    *,
    actor: Actor,
    now: datetime,
    pk: int,
    verb: str,
    text: object = "",
    until: datetime | None = None,
    exception: object = "",
    version: int | None = None,
) -> Vulnerability:
    """Take a step (`fix`, `verify`, `accept`, `dismiss`, `reopen`) and return the vulnerability.

    `text` says what was done or why; needed but for `verify`. A risk is accepted `until` an instant ahead,
    under an `exception` (its key) where there is one. Nobody verifies what they fixed themselves.
    Raises `InvalidInput`, `NotFound`, `Forbidden`, `Stale`, `IllegalMove`.
    """
    if verb not in VERBS:
        raise InvalidInput.of("verb", "unknown", f"Must be one of: {', '.join(VERBS)}.")
    event, permission = VERBS[verb]
    said = clean_text(text, field="text", max_length=MAX_PROSE, required=verb != "verify")
    if verb == "accept" and until is None:
        raise InvalidInput.of("until", "required", "Say until when the risk is accepted.")
    accepted_until = ahead("until", now)(until) if verb == "accept" else None
    key = clean_text(exception, field="exception", max_length=30, lines=False)
    with write(actor=actor, now=now, reason=said[:500]):
        row = vulnerability_locked(pk)
        require(actor, permission, case_of(row, now))
        require_version(row, version)
        row.state = VULNERABILITY.move(row.state, verb)
        row.outcome = said or row.outcome
        row.accepted_until = accepted_until
        row.exception_key = key if verb == "accept" else row.exception_key
        row.verified_by_scan = None
        if verb == "reopen":
            _open_again(row, now)
        elif verb != "verify":
            row.ended_at, row.ended_by_kind, row.ended_by_id = now, actor.kind.value, actor.id
        _save(row, now)
        _happened(row, event, actor=actor, now=now)
        return row


def vulnerability_found(scan: Scan, one: Found, place: str, *, actor: Actor, now: datetime) -> Vulnerability:
    """Open what a scan found, inside the caller's write, by the shortest deadline of the standard."""
    row = Vulnerability(
        scan=scan,
        service=scan.service,
        place=place,
        fingerprint=one.fingerprint,
        reference=one.reference,
        component=one.component,
        title=one.title,
        detail=one.detail,
        severity=one.severity,
        found_at=scan.performed_at,
        due_at=now,
        updated_at=now,
    )
    _set_deadline(row)
    row.save(force_insert=True)
    _happened(row, "found", actor=actor, now=now)
    return row


def vulnerability_again(row: Vulnerability, scan: Scan, *, actor: Actor, now: datetime) -> None:
    """Open a locked vulnerability again, since `scan` found it though it was fixed."""
    row.state = VULNERABILITY.move(row.state, "reopen")
    row.outcome = f"{scan.key} found it again."
    _open_again(row, now)
    _save(row, now)
    _happened(row, "reopened", actor=actor, now=now)


def vulnerability_gone(row: Vulnerability, scan: Scan, *, actor: Actor, now: datetime) -> None:
    """Note that `scan` of the whole did not find a locked vulnerability any more: fixed, and verified."""
    if row.state == "open":
        row.state = VULNERABILITY.move(row.state, "fix")
        row.ended_at, row.ended_by_kind, row.ended_by_id = now, actor.kind.value, actor.id
        _happened(row, "fixed", actor=actor, now=now)
    row.state = VULNERABILITY.move(row.state, "verify")
    row.verified_by_scan = scan
    row.outcome = row.outcome or f"{scan.key} does not find it any more."
    _save(row, now)
    _happened(row, "verified", actor=actor, now=now)


def vulnerabilities_lapse(*, actor: Actor, now: datetime, most: int = 200) -> int:
    """Open again what was accepted until now, and return how many that were. Twice the same does nothing."""
    with write(actor=actor, now=now):
        due = Vulnerability.objects.select_for_update(of=("self",), skip_locked=True).filter(
            state="accepted", accepted_until__lte=now
        )
        rows = list(due.select_related("service__owner_team").order_by("accepted_until", "id")[:most])
        for row in rows:
            row.state = VULNERABILITY.move(row.state, "reopen")
            row.outcome = "The time for which its risk was accepted is over."
            row.accepted_until = None
            _open_again(row, now)
            _save(row, now)
            _happened(row, "reopened", actor=actor, now=now)
        return len(rows)


def case_of(row: Vulnerability, now: datetime) -> ScanCase:
    """Return what permissions ask of a vulnerability, loaded with service and scan, at `now` (aware UTC)."""
    scanner = row.scan.recorded_by_id if row.scan.recorded_by_kind == "user" else ""
    return ScanCase(row.service.owner_team.slug if row.service else "", now, scanner, row.ended_by_id)


def vulnerability_locked(pk: int) -> Vulnerability:
    """Lock a vulnerability and return it, with its service. Raises `NotFound`."""
    rows = Vulnerability.objects.select_for_update(of=("self",)).select_related("service__owner_team", "scan")
    found = rows.filter(pk=pk).first()
    if found is None:
        raise NotFound("There is no such vulnerability.")
    return found


def _open_again(row: Vulnerability, now: datetime) -> None:
    row.ended_at, row.ended_by_kind, row.ended_by_id = None, "", ""
    row.verified_by_scan = None
    row.found_at = now
    row.episode += 1
    _set_deadline(row)


def _set_deadline(row: Vulnerability) -> None:
    found = in_force_or_none()
    demands = owed(found.standard, "vulnerability.found", _facts(row)) if found else ()
    within = min((one.demand.within for one in demands), default=REMEDIATION[row.severity])
    row.standard_hash = found.standard.content_hash if found else ""
    row.due_at = row.found_at + within


def _facts(row: Vulnerability) -> dict[str, Value]:
    return {
        "vulnerability.severity": row.severity,
        "vulnerability.kind": row.scan.kind,
        **facts_of(row.service),
    }


def _save(row: Vulnerability, now: datetime) -> None:
    row.version += 1
    row.updated_at = now
    row.save()


def _happened(row: Vulnerability, event: str, *, actor: Actor, now: datetime) -> None:
    told(
        f"vulnerability.{event}",
        kind=KIND,
        key=row.key,
        actor=actor,
        now=now,
        data={"severity": row.severity, "state": row.state, "due_at": row.due_at.isoformat()},
    )
    services = (row.service.slug,) if row.service else ()
    subject = Subject(KIND, row.key, row.title, services=services)
    owner = owner_of(row.service, actor, now)
    # A vulnerability that is open again is owed like a new one: the standard speaks of finding it.
    for name in (event, "found") if event == "reopened" else (event,):
        counted(
            f"vulnerability.{name}",
            subject=subject,
            record=(KIND, row.key),
            facts=_facts(row),
            at=now,
            actor=actor,
            now=now,
            owner=owner,
            summary=row.title,
            occurrence=f"e{row.episode}",
        )
