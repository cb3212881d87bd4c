"""Exceptions: asked for, decided by somebody else, and over by themselves."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from compliance.controlling.states import EXCEPTION
from compliance.controlling.words import EXCEPTION_KINDS, RISKS
from compliance.facts.controls import exception_facts
from compliance.models import Control, ControlException, EvidenceItem
from compliance.models.controls import EVIDENCE_PREFIX
from compliance.permissions.controls import ExceptionCase
from compliance.selectors.controls import exception_by_key
from compliance.services.controls.control_fields import control_named
from compliance.services.controls.looked_up import Cleaner, cleaned_by, moment, needed, one_of, words
from compliance.services.controls.telling import count, record
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.due import each_due
from opsportal.core.errors import InvalidInput
from opsportal.core.keys import number_of
from opsportal.core.text import clean_text
from opsportal.core.versions import require_version
from opsportal.core.writes import write
from opsportal.obligations.terms import Subject
from opsportal.standards.selectors import active_standard_or_none

KIND = "exception"
MAX_NOTE = 2_000
MAX_TEXT = 10_000
LONGEST = timedelta(days=366)
EXPIRY = Actor.system("compliance.exceptions")
_BATCH = 100


def exception_request(*, actor: Actor, now: datetime, fields: Mapping[str, Any]) -> ControlException:
    """Ask for an exception and return it; it holds once somebody else has approved it.

    `fields`: kind, title, reason, risk, risk_text, compensating (what is done instead), `expires_at` (within
    a year), one of `rule` (`pack/rule`, or the id of a rule in force; with `scope` as `kind:key` for one
    subject only) and `control` (a key); `instead` is the control that stands in, `evidence` the key of what
    is accepted in place of what cannot be verified. Raises `InvalidInput` and `Forbidden`.
    """
    with write(actor=actor, now=now):
        require(actor, "exception.request")
        cleaned = cleaned_by(_CLEANERS, fields)
        needed(cleaned, "kind", "title", "reason", "risk", "compensating", "expires_at")
        _check(cleaned, now)
        pack, rule = cleaned.pop("rule", None) or ("", "")
        scope_kind, scope_key = cleaned.pop("scope", None) or ("", "")
        row = ControlException(
            **cleaned,
            pack=pack,
            rule=rule,
            scope_kind=scope_kind,
            scope_key=scope_key,
            requested_by_id=actor.id,
            requested_at=now,
            updated_at=now,
        )
        row.save()
        _happened(row, "requested", actor=actor, now=now)
        return row


def exception_approve(
    *, actor: Actor, now: datetime, key: str, note: object = "", version: int | None = None
) -> ControlException:
    """Accept an exception until it expires, and return it.

    Raises `InvalidInput` (also where it would be over already), `NotFound`, `Forbidden` (also for whoever
    asked for it or owns the control), `Stale` and `IllegalMove`.
    """
    said = clean_text(note, field="note", max_length=MAX_NOTE)
    with write(actor=actor, now=now, reason=said[:500]):
        row = _deciding(actor, now, key, version)
        state = EXCEPTION.move(row.state, "approve")
        if row.expires_at <= now:
            raise InvalidInput.of("expires_at", "over", "It would be over already. Ask for it anew.")
        row.state = state
        _decide(row, said, actor=actor, now=now)
        _happened(row, "approved", actor=actor, now=now)
        return row


def exception_reject(
    *, actor: Actor, now: datetime, key: str, note: object, version: int | None = None
) -> ControlException:
    """Refuse an exception, with a reason, and return it. Raises as `exception_approve`."""
    said = clean_text(note, field="note", max_length=MAX_NOTE, required=True)
    with write(actor=actor, now=now, reason=said[:500]):
        row = _deciding(actor, now, key, version)
        row.state = EXCEPTION.move(row.state, "reject")
        row.ended_at = now
        _decide(row, said, actor=actor, now=now)
        _happened(row, "rejected", actor=actor, now=now)
        return row


def exception_withdraw(
    *, actor: Actor, now: datetime, key: str, note: object = "", version: int | None = None
) -> ControlException:
    """Take back what one has asked for, before it is decided; return it."""
    return _end("withdraw", "withdrawn", actor=actor, now=now, key=key, note=note, version=version)


def exception_revoke(
    *, actor: Actor, now: datetime, key: str, note: object, version: int | None = None
) -> ControlException:
    """End an accepted exception before its time, with a reason: what it covered counts again. Return it."""
    clean_text(note, field="note", max_length=MAX_NOTE, required=True)
    return _end("revoke", "revoked", actor=actor, now=now, key=key, note=note, version=version)


def exceptions_expire(*, now: datetime) -> int:
    """End the accepted exceptions whose time is over at `now` (the database's, aware UTC); return how many.

    Each in its own transaction; raises `DueError` at the end where one of them failed. Whoever judges asks
    for the expiry itself, so nothing hangs on this tick.
    """
    due = ControlException.objects.filter(state="approved", expires_at__lte=now).order_by("expires_at", "id")
    return each_due("exceptions", due.values_list("pk", flat=True)[:_BATCH], _expire, now)


def _expire(pk: int, now: datetime) -> int:
    with write(actor=EXPIRY, now=now):
        row = ControlException.objects.select_for_update(of=("self",)).get(pk=pk)
        if not EXCEPTION.can(row.state, "expire") or row.expires_at > now:
            return 0
        row.state = EXCEPTION.move(row.state, "expire")
        row.ended_at = now
        _save(row, now)
        _happened(row, "expired", actor=EXPIRY, now=now)
        return 1


def case_of(row: ControlException, now: datetime) -> ExceptionCase:
    """Return what permissions ask of an exception at `now` (aware UTC)."""
    owner = str(row.control.owner_id) if row.control else ""
    return ExceptionCase(str(row.requested_by_id), owner, now)


def exception_locked(key: str) -> ControlException:
    """Lock an exception and return it with its control. Raises `NotFound`."""
    found = exception_by_key(key)
    rows = ControlException.objects.select_for_update(of=("self",)).select_related("control")
    return rows.get(pk=found.pk)


def _check(cleaned: Mapping[str, Any], now: datetime) -> None:
    if bool(cleaned.get("rule")) == bool(cleaned.get("control")):
        raise InvalidInput.of("rule", "one_of", "Name either a rule or a control that it is about.")
    if cleaned.get("control") and cleaned.get("scope"):
        raise InvalidInput.of("scope", "for_rules", "Only an exception of a rule has a scope.")
    if cleaned["kind"] == "alternative" and not cleaned.get("evidence"):
        raise InvalidInput.of(
            "evidence", "required", "Name the evidence that is accepted in place of what cannot be verified."
        )
    if not now < cleaned["expires_at"] <= now + LONGEST:
        raise InvalidInput.of(
            "expires_at", "out_of_range", "Must lie ahead, within a year: what lasts is asked for anew."
        )


def _deciding(actor: Actor, now: datetime, key: str, version: int | None) -> ControlException:
    row = exception_locked(key)
    require(actor, "exception.decide", case_of(row, now))
    require_version(row, version)
    return row


def _decide(row: ControlException, said: str, *, actor: Actor, now: datetime) -> None:
    row.decided_by_id = actor.id
    row.decided_at = now
    row.decision_note = said
    _save(row, now)


def _end(
    verb: str, done: str, *, actor: Actor, now: datetime, key: str, note: object, version: int | None
) -> ControlException:
    said = clean_text(note, field="note", max_length=MAX_NOTE)
    with write(actor=actor, now=now, reason=said[:500]):
        row = exception_locked(key)
        require(actor, f"exception.{verb}", case_of(row, now))
        require_version(row, version)
        row.state = EXCEPTION.move(row.state, verb)
        row.ended_at = now
        row.decision_note = said or row.decision_note
        _save(row, now)
        _happened(row, done, actor=actor, now=now)
        return row


def _save(row: ControlException, now: datetime) -> None:
    row.version += 1
    row.updated_at = now
    row.save()


def _happened(row: ControlException, done: str, *, actor: Actor, now: datetime) -> None:
    about = "control" if row.control_id else "rule"
    record(
        actor=actor,
        now=now,
        kind=KIND,
        key=row.key,
        done=done,
        data={"about": about, "kind": row.kind, "risk": row.risk, "expires_at": row.expires_at.isoformat()},
    )
    if done == "withdrawn":
        return
    count(
        actor=actor,
        now=now,
        event=f"{KIND}.{done}",
        subject=Subject(KIND, row.key, row.title),
        facts=exception_facts(kind=row.kind, about=about, risk=row.risk),
        owner=row.requested_by_id,
        valid_until=row.expires_at if done == "approved" else None,
    )


def _rule(value: object, field: str) -> tuple[str, str] | None:
    text = clean_text(value, field=field, max_length=181, lines=False)
    if not text:
        return None
    pack, has_pack, rule_id = text.rpartition("/")
    standard = active_standard_or_none()
    rule = standard.rule(rule_id) if standard is not None else None
    if rule is None or (has_pack and pack not in {rule.origin, rule.replaces}):
        raise InvalidInput.of(field, "unknown", f"The standard in force has no rule “{text[:80]}”.")
    return rule.origin, rule_id


def _scope(value: object, field: str) -> tuple[str, str] | None:
    text = clean_text(value, field=field, max_length=141, lines=False)
    kind, sign, key = text.partition(":")
    if text and not (kind and sign and key and len(kind) <= 40 and len(key) <= 100):
        raise InvalidInput.of(field, "not_a_subject", "Write kind:key, e.g. service:payments-api.")
    return (kind, key) if text else None


def _control(value: object, field: str) -> Control | None:
    return control_named(value, field) if value not in ("", None) else None


def _evidence(value: object, field: str) -> EvidenceItem | None:
    text = clean_text(value, field=field, max_length=30, lines=False)
    number = number_of(text, EVIDENCE_PREFIX)
    found = EvidenceItem.objects.filter(pk=number, state="standing").first() if number else None
    if text and found is None:
        raise InvalidInput.of(field, "unknown", f"There is no evidence “{text}” that stands.")
    return found


_CLEANERS: Mapping[str, Cleaner] = {
    "kind": one_of(EXCEPTION_KINDS),
    "title": words(200, required=True, lines=False),
    "reason": words(MAX_TEXT, required=True),
    "risk": one_of(RISKS),
    "risk_text": words(MAX_TEXT),
    "compensating": words(MAX_TEXT, required=True),
    "rule": _rule,
    "control": _control,
    "scope": _scope,
    "instead": _control,
    "evidence": _evidence,
    "expires_at": moment,
}
