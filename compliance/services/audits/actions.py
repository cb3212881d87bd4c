"""Corrective actions: opened for a finding, done by their owner, verified by somebody else by a re-test."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from compliance.auditing.states import ACTION, FINDING
from compliance.models import CorrectiveAction
from compliance.selectors.audits.seen import action_seen
from compliance.services.audits import cleaning
from compliance.services.audits.cleaning import cleaned
from compliance.services.audits.findings import finding_facts, finding_locked
from compliance.services.audits.scene import case_of, follow, owe, record, settle, step
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import InvalidInput
from opsportal.core.text import clean_text
from opsportal.core.versions import require_version
from opsportal.core.writes import write
from opsportal.obligations.terms import Owner, Subject

KIND = "corrective-action"
RULE = "portal.corrective-action"
_FIELDS: dict[str, cleaning.Cleaner] = {
    "title": cleaning.line("title", required=True),
    "detail": cleaning.text("detail"),
    "owner": cleaning.person("owner"),
    "due_at": cleaning.nobody_or(cleaning.moment("due_at")),
}
ACTION_FIELDS = tuple(_FIELDS)
_EVENTS = {"finish": "done", "verify": "verified", "return": "returned", "drop": "dropped"}
MOVES = tuple(_EVENTS)


def action_open(*, actor: Actor, now: datetime, finding: int, fields: Mapping[str, Any]) -> CorrectiveAction:
    """Open what is done about an accepted finding (`title`, `owner`, `detail`, `due_at`) and return it.

    Without `due_at` it is due when the finding is. Raises `InvalidInput`, `NotFound`, `Forbidden` and
    `IllegalMove` for a finding that is not accepted.
    """
    values = cleaned(fields, _FIELDS, ("title", "owner"))
    with write(actor=actor, now=now):
        about = finding_locked(finding, actor=actor)
        case = case_of(about.audit, owners=(about.owner_id,))
        require(actor, "corrective_action.open", case)
        if str(values["owner"].pk) in case.team:
            raise InvalidInput.of("owner", "in_team", "Who audits does not put it right.")
        about.state = FINDING.move(about.state, "remediate")
        due_at = values.pop("due_at", None) or about.due_at
        if due_at is None or due_at <= now:
            raise InvalidInput.of("due_at", "past", "Must lie ahead.")
        row = CorrectiveAction(finding=about, due_at=due_at, opened_at=now, updated_at=now, **values)
        step(about, now)
        row.save(force_insert=True)
        _happened(row, "opened", actor=actor, now=now)
        _owe(row, actor=actor, now=now)
        return row


def action_move(
    *, actor: Actor, now: datetime, pk: int, verb: str, text: object, version: int | None = None
) -> CorrectiveAction:
    """Take a step and return the corrective action; `text` says what came of it.

    Its owner `finish`es it or `drop`s it; somebody of the audit's team who neither owns nor did it
    `verify`s it (`text` is what the re-test showed) or `return`s it. Raises `InvalidInput`, `NotFound`,
    `Forbidden`, `Stale` and `IllegalMove`.
    """
    if verb not in _EVENTS:
        raise InvalidInput.of("verb", "unknown", f"Must be one of: {', '.join(_EVENTS)}.")
    said = clean_text(text, field="text", max_length=cleaning.MAX_TEXT, required=True)
    with write(actor=actor, now=now, reason=said[:500]):
        seen = action_seen(actor, pk)
        finding = finding_locked(seen.finding_id, actor=Actor.system("audits"))
        row = CorrectiveAction.objects.select_for_update(of=("self",)).get(pk=pk)
        row.finding = finding
        case = case_of(
            finding.audit, owners=(row.owner_id, finding.owner_id), doers=(row.owner_id, row.done_by_id)
        )
        by_team = verb in {"verify", "return"}
        require(actor, "finding.verify" if by_team else "corrective_action.do", case)
        require_version(row, version)
        row.state = ACTION.move(row.state, verb)
        if verb == "finish":
            row.outcome, row.done_at, row.done_by_id = said, now, UUID(actor.id)
        elif verb == "verify":
            row.retest, row.verified_at, row.verified_by_id = said, now, UUID(actor.id)
        elif verb == "return":
            row.retest = said
            row.done_at = row.done_by_id = None
            row.due_at = max(row.due_at, now + cleaning.AGAIN)
        else:
            row.outcome = said
        step(row, now)
        if verb == "return":
            _owe(row, actor=actor, now=now)
        else:
            settle(RULE, actor=actor, now=now, subject=_subject(row), met=verb != "drop")
        _happened(row, _EVENTS[verb], actor=actor, now=now)
        return row


def _subject(row: CorrectiveAction) -> Subject:
    return Subject(KIND, row.key, row.title)


def _owe(row: CorrectiveAction, *, actor: Actor, now: datetime) -> None:
    owe(
        RULE,
        actor=actor,
        now=now,
        subject=_subject(row),
        what="Do what puts the finding right",
        owner=Owner.user(row.owner_id),
        due_at=row.due_at,
        met_by=("corrective_action.done",),
        void_by=("corrective_action.dropped",),
        occurrence=f"v{row.version}",
    )


def _happened(row: CorrectiveAction, event: str, *, actor: Actor, now: datetime) -> None:
    finding = row.finding
    data = {"action": row.pk, "finding": finding.key, "state": row.state, "owner": str(row.owner_id)}
    record("corrective_action", row.key, event, actor=actor, now=now, data=data)
    owner = Owner.user(row.owner_id)
    facts = {**finding_facts(finding), "corrective_action.state": row.state}
    follow(
        f"corrective_action.{event}",
        actor=actor,
        now=now,
        subject=_subject(row),
        facts={**facts, "corrective_action.severity": finding.severity},
        people={"action_owner": owner, "finding_owner": Owner.user(finding.owner_id), "otherwise": owner},
        occurrence=f"v{row.version}",
    )
