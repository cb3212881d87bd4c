"""Findings: drafted by the team, reported, answered by their owner, put right, verified by somebody else."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from compliance.auditing.states import FINDING, TAKEN_IN
from compliance.auditing.tables import SEVERITIES, WITHIN
from compliance.models import Audit, Finding
from compliance.selectors.audits.seen import finding_seen
from compliance.services.audits import cleaning
from compliance.services.audits.cleaning import cleaned
from compliance.services.audits.scene import (
    audit_locked,
    case_of,
    follow,
    item_of,
    owe,
    record,
    require_under_way,
    settle,
    step,
    test_of,
    time_for,
)
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, FieldError, InvalidInput
from opsportal.core.text import clean_text
from opsportal.core.versions import require_version
from opsportal.core.writes import write
from opsportal.obligations.terms import Owner, Subject
from opsportal.standards.vocabulary import Value

KIND = "finding"
RULE = "portal.finding"
_FIELDS: dict[str, cleaning.Cleaner] = {
    "title": cleaning.line("title", required=True),
    "severity": cleaning.word("severity", SEVERITIES),
    "condition": cleaning.text("condition"),
    "criteria": cleaning.text("criteria"),
    "cause": cleaning.text("cause"),
    "effect": cleaning.text("effect"),
    "recommendation": cleaning.text("recommendation"),
    "service": cleaning.service("service"),
    "owner": cleaning.nobody_or(cleaning.person("owner")),
    "due_at": cleaning.nobody_or(cleaning.moment("due_at")),
    "test": cleaning.nobody_or(lambda value: value),
    "item": cleaning.nobody_or(lambda value: value),
}
FINDING_FIELDS = tuple(_FIELDS)
NEEDED = ("title", "severity", "condition", "criteria")
_EVENTS = {
    "report": "reported",
    "withdraw": "withdrawn",
    "uphold": "upheld",
    "accept": "accepted",
    "dispute": "disputed",
    "verify": "verified",
    "close": "closed",
    "reopen": "reopened",
}
MOVES = tuple(_EVENTS)
ANSWERS = ("accept", "dispute")
_TEXT_NEEDED = {"withdraw", "uphold", "accept", "dispute", "verify", "reopen"}


def finding_raise(*, actor: Actor, now: datetime, audit: int, fields: Mapping[str, Any]) -> Finding:
    """Draft a finding and return it. `fields` are those of `FINDING_FIELDS`; `NEEDED` are needed.

    Raises `InvalidInput`, `NotFound`, `Forbidden` and `Conflict` outside of fieldwork and reporting.
    """
    values = cleaned(fields, _FIELDS, NEEDED)
    with write(actor=actor, now=now):
        about = audit_locked(audit, actor=actor)
        require(actor, "finding.raise", case_of(about))
        require_under_way(about, *TAKEN_IN["finding"])
        row = Finding(audit=about, raised_at=now, updated_at=now)
        row.raised_by_id = UUID(actor.id) if actor.is_user else None
        _apply(row, values)
        row.save(force_insert=True)
        _happened(row, "drafted", actor=actor, now=now)
        return row


def finding_edit(
    *, actor: Actor, now: datetime, pk: int, fields: Mapping[str, Any], version: int | None = None
) -> Finding:
    """Change a draft and return it. Raises as `finding_raise`, `Stale` and `IllegalMove`."""
    values = cleaned(fields, _FIELDS)
    with write(actor=actor, now=now):
        row = finding_locked(pk, actor=actor)
        require(actor, "finding.raise", case_of(row.audit))
        require_version(row, version)
        row.state = FINDING.move(row.state, "edit")
        _apply(row, values)
        step(row, now)
        _happened(row, "edited", actor=actor, now=now)
        return row


def finding_move(
    *, actor: Actor, now: datetime, pk: int, verb: str, text: object = "", version: int | None = None
) -> Finding:
    """Take a step and return the finding.

    The team `report`s (it has an owner then, and a day), `withdraw`s, `uphold`s what is disputed, `verify`s
    what was put right (`text` is what the re-test showed, and every corrective action is verified), `close`s
    and `reopen`s. The owner `accept`s with the management response, or `dispute`s with reasons (`text`).
    Raises `InvalidInput`, `NotFound`, `Forbidden`, `Stale`, `IllegalMove`, and `Conflict` (`actions_open`).
    """
    if verb not in _EVENTS:
        raise InvalidInput.of("verb", "unknown", f"Must be one of: {', '.join(_EVENTS)}.")
    said = clean_text(text, field="text", max_length=cleaning.MAX_TEXT, required=verb in _TEXT_NEEDED)
    with write(actor=actor, now=now, reason="" if verb in ANSWERS else said[:500]):
        row = finding_locked(pk, actor=actor)
        _require(row, verb, actor)
        require_version(row, version)
        row.state = FINDING.move(row.state, verb)
        _STEPS[verb](row, said, actor, now)
        step(row, now)
        _happened(row, _EVENTS[verb], actor=actor, now=now)
        _owe(row, verb, actor=actor, now=now)
        return row


def finding_locked(pk: int, *, actor: Actor) -> Finding:
    """Lock a finding behind its audit and return it. Raises `NotFound`."""
    seen = finding_seen(actor, pk)
    about = Audit.objects.select_for_update(of=("self",)).get(pk=seen.audit_id)
    row = Finding.objects.select_for_update(of=("self",)).get(pk=pk)
    row.audit = about
    return row


def finding_facts(row: Finding) -> dict[str, Value]:
    """Return what rules may ask of a finding."""
    return {
        "finding.severity": row.severity,
        "finding.state": row.state,
        "finding.service": row.service,
        "finding.framework": row.audit.framework,
        "audit.kind": row.audit.kind,
    }


def finding_subject(row: Finding) -> Subject:
    """Return what an obligation about this finding is about."""
    return Subject(KIND, row.key, row.title, services=(row.service,) if row.service else ())


def _require(row: Finding, verb: str, actor: Actor) -> None:
    if verb in ANSWERS:
        require(actor, "finding.respond", case_of(row.audit, owners=(row.owner_id,)))
    elif verb in {"verify", "close"}:
        doers = row.actions.values_list("done_by_id", "owner_id")
        did = tuple(person for pair in doers for person in pair)
        require(actor, "finding.verify", case_of(row.audit, doers=(row.owner_id, *did)))
    else:
        require(actor, "audit.work", case_of(row.audit))


def _report(row: Finding, said: str, actor: Actor, now: datetime) -> None:
    missing = [name for name in NEEDED if not getattr(row, name)]
    if not row.owner_id:
        missing.append("owner")
    if missing:
        raise InvalidInput(
            FieldError(f"/{name}", "required", f"A reported finding has its {name}.") for name in missing
        )
    if str(row.owner_id) in case_of(row.audit).team:
        raise InvalidInput.of("owner", "in_team", "Who audits does not own what is found.")
    row.reported_at = row.reported_at or now
    if row.due_at is None or row.due_at <= now:
        facts = finding_facts(row)
        row.due_at = now + time_for("finding.reported", facts, "finding.verified", WITHIN[row.severity])


def _answered(row: Finding, said: str, actor: Actor, now: datetime) -> None:
    row.response, row.responded_by_id, row.responded_at = said, UUID(actor.id), now


def _verified(row: Finding, said: str, actor: Actor, now: datetime) -> None:
    if row.actions.filter(state__in=["open", "done"]).exists():
        raise Conflict("A corrective action is not verified yet.", code="actions_open")
    row.outcome, row.verified_by_id, row.verified_at = said, UUID(actor.id), now


def _closed(row: Finding, said: str, actor: Actor, now: datetime) -> None:
    row.closed_at = now


def _reopened(row: Finding, said: str, actor: Actor, now: datetime) -> None:
    row.outcome, row.closed_at = said, None
    row.verified_by_id = row.verified_at = None
    row.due_at = now + WITHIN[row.severity]


def _nothing(row: Finding, said: str, actor: Actor, now: datetime) -> None:
    if said:
        row.outcome = said


_STEPS = {
    "report": _report,
    "withdraw": _nothing,
    "uphold": _nothing,
    "accept": _answered,
    "dispute": _answered,
    "verify": _verified,
    "close": _closed,
    "reopen": _reopened,
}


def _apply(row: Finding, values: Mapping[str, Any]) -> None:
    given = dict(values)
    if "test" in given:
        row.test = test_of(row.audit, given.pop("test"))
    if "item" in given:
        row.item = item_of(row.audit, given.pop("item"))
    for name, value in given.items():
        setattr(row, name, value)


def _owe(row: Finding, verb: str, *, actor: Actor, now: datetime) -> None:
    if verb in {"report", "reopen"} and row.due_at is not None:
        owe(
            RULE,
            actor=actor,
            now=now,
            subject=finding_subject(row),
            what="Put right what the audit found",
            owner=Owner.user(row.owner_id),
            due_at=row.due_at,
            met_by=("finding.verified",),
            void_by=("finding.withdrawn",),
            occurrence=f"v{row.version}",
        )
    elif verb in {"verify", "withdraw"}:
        settle(RULE, actor=actor, now=now, subject=finding_subject(row), met=verb == "verify")


def _happened(row: Finding, event: str, *, actor: Actor, now: datetime) -> None:
    # Of a draft others learn nothing: neither its severity nor whose it would be.
    told = row.reported_at is not None
    about = {"finding": row.pk, "audit": row.audit_id, "state": row.state}
    data = {**about, "severity": row.severity, "owner": str(row.owner_id)} if told else about
    record("finding", row.key, event, actor=actor, now=now, data=data)
    if not told or event == "edited":
        return
    owner = Owner.user(row.owner_id)
    follow(
        f"finding.{event}",
        actor=actor,
        now=now,
        subject=finding_subject(row),
        facts=finding_facts(row),
        people={"finding_owner": owner, "lead_auditor": Owner.user(row.audit.lead_id), "otherwise": owner},
        occurrence=f"v{row.version}",
    )
