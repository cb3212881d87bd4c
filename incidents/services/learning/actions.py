"""Action items: opened with an owner and a time, done, verified by somebody else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from incidents.learning.states import ACTION
from incidents.learning.template import PRIORITIES
from incidents.models import ActionItem
from incidents.models.learning import POSTMORTEM_PREFIX
from incidents.selectors.learning import action_seen, postmortems_seen
from opsportal.accounts.models import User
from opsportal.accounts.selectors import colleagues
from opsportal.accounts.services import require_worker
from opsportal.audit.services import audit_record
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, FieldError, InvalidInput
from opsportal.core.keys import number_of, parse_key
from opsportal.core.moments import clean_moment
from opsportal.core.text import clean_text
from opsportal.core.versions import require_version
from opsportal.core.writes import write
from opsportal.obligations.models import Obligation
from opsportal.obligations.services import obligation_open, obligations_end, obligations_follow
from opsportal.obligations.terms import Owner, Subject
from opsportal.outbox.services import outbox_put
from opsportal.standards import engine
from opsportal.standards.selectors import standard_by_hash
from opsportal.standards.vocabulary import Value

KIND = "action-item"
RULE = "portal.action-item"
WITHIN = timedelta(days=30)
"""The time of an action item for which neither people nor the standard name one."""
REMIND = (timedelta(days=7), timedelta(days=1))
MAX_DETAIL = 10_000
FIELDS = ("title", "detail", "owner", "priority", "due_at", "change")
MET_BY, VOID_BY = ("action_item.done", "action_item.verified"), ("action_item.dropped",)


def action_open(*, actor: Actor, now: datetime, postmortem: str, fields: Mapping[str, Any]) -> ActionItem:
    """Open an action item of a postmortem (its key) and return it.

    `fields` are those of `FIELDS`: `title` and `owner` (a person's id or address) are needed; `due_at`
    (aware) is, where it is missing, what the standard of the incident gives, or 30 days. Raises
    `InvalidInput`, `Forbidden`, and `Conflict` (`waived`).
    """
    cleaned = _cleaned(fields, now)
    with write(actor=actor, now=now):
        require(actor, "action_item.write")
        number = number_of(postmortem, POSTMORTEM_PREFIX)
        about = postmortems_seen(actor, now).filter(pk=number).first() if number else None
        missing = [
            FieldError(f"/{name}", "required", "This is needed.")
            for name in ("title", "owner")
            if name not in cleaned
        ]
        if about is None:
            missing.insert(0, FieldError("/postmortem", "unknown", "There is no such postmortem."))
        if missing or about is None:
            raise InvalidInput(missing)
        if about.state == "waived":
            raise Conflict("This postmortem is waived. Write it, then say what is done.", code="waived")
        item = ActionItem(postmortem=about, due_at=now + WITHIN, opened_at=now, updated_at=now)
        within = _within(item)
        item.due_at = now + within
        _apply(item, cleaned)
        item.save(force_insert=True)
        _owe(item, actor=actor, now=now)
        _record(item, "opened", actor=actor, now=now)
        return item


def action_edit(
    *, actor: Actor, now: datetime, pk: int, fields: Mapping[str, Any], version: int | None = None
) -> ActionItem:
    """Change an action item that is not done yet, and return it. Raises as `action_move`."""
    cleaned = _cleaned(fields, now)
    with write(actor=actor, now=now):
        require(actor, "action_item.write")
        item = action_locked(pk, actor=actor, now=now)
        require_version(item, version)
        item.state = ACTION.move(item.state, "edit")
        before = (item.owner_id, item.due_at)
        _apply(item, cleaned)
        _save(item, now)
        if (item.owner_id, item.due_at) != before:
            _owe(item, actor=actor, now=now)
        _record(item, "edited", actor=actor, now=now)
        return item


def action_move(
    *, actor: Actor, now: datetime, pk: int, verb: str, text: object = "", version: int | None = None
) -> ActionItem:
    """Take a step (`start`, `finish`, `verify`, `reopen`, `drop`) and return the action item.

    `text` says what came of it; needed where it is dropped or opened again. Nobody verifies what they did
    or owe themselves. Raises `InvalidInput`, `NotFound`, `Forbidden`, `Stale` and `IllegalMove`.
    """
    if verb not in _EVENTS:
        raise InvalidInput.of("verb", "unknown", f"Must be one of: {', '.join(_EVENTS)}.")
    said = clean_text(text, field="text", max_length=MAX_DETAIL, required=verb in {"drop", "reopen"})
    with write(actor=actor, now=now, reason=said[:500]):
        item = action_locked(pk, actor=actor, now=now)
        require(actor, "action_item.verify" if verb == "verify" else "action_item.write", item)
        require_version(item, version)
        item.state = ACTION.move(item.state, verb)
        item.outcome = said or item.outcome
        if verb == "finish":
            item.done_at, item.done_by_id = now, UUID(actor.id) if actor.is_user else None
        elif verb == "verify":
            item.verified_at, item.verified_by_id = now, UUID(actor.id)
        elif verb == "reopen":
            item.done_at = item.done_by_id = item.verified_at = item.verified_by_id = None
        _save(item, now)
        event = _EVENTS[verb]
        if verb == "reopen":
            _owe(item, actor=actor, now=now)
        elif verb != "start":
            _follow(item, event, actor=actor, now=now)
        _record(item, event, actor=actor, now=now)
        return item


_EVENTS = {
    "start": "started",
    "finish": "done",
    "verify": "verified",
    "reopen": "reopened",
    "drop": "dropped",
}


def action_locked(pk: int, *, actor: Actor, now: datetime) -> ActionItem:
    """Lock an action item and return it, loaded. Raises `NotFound`."""
    ActionItem.objects.select_for_update().filter(pk=pk).first()
    return action_seen(actor, now, pk)


def _facts(item: ActionItem) -> dict[str, Value]:
    return {"action_item.priority": item.priority, "action_item.state": item.state}


def _subject(item: ActionItem) -> Subject:
    hidden = item.postmortem.incident.is_restricted
    return Subject(KIND, item.key, "Action item of a restricted incident" if hidden else item.title)


def _demands(item: ActionItem) -> tuple[engine.ObligationDemand, ...]:
    standard = standard_by_hash(item.postmortem.incident.standard_hash)
    return engine.owed(standard, "action_item.opened", _facts(item))


def _within(item: ActionItem) -> timedelta:
    return min((one.demand.within for one in _demands(item)), default=WITHIN)


def _owe(item: ActionItem, *, actor: Actor, now: datetime) -> None:
    """Let the owner owe it by its time, and nothing else: what was owed before is void.

    Under the rule of the standard where it has one, so that its source stands beside it.
    """
    standing = Obligation.objects.filter(subject_kind=KIND, subject_key=item.key, ended_at__isnull=True)
    obligations_end(
        actor=actor,
        now=now,
        subject_kind=KIND,
        subject_key=item.key,
        rule_ids=list(standing.values_list("rule_id", flat=True)),
        outcome="void",
    )
    demand = next(iter(_demands(item)), None)
    obligation_open(
        actor=actor,
        now=now,
        rule=demand.rule_id if demand else RULE,
        standard_hash=item.postmortem.incident.standard_hash,
        subject=_subject(item),
        occurrence=f"v{item.version}",
        what=demand.demand.what if demand else "Do what the postmortem found",
        owner=Owner.user(item.owner_id),
        due_at=item.due_at,
        remind=demand.demand.remind if demand else REMIND,
        climb=demand.demand.climb if demand else (),
        met_by=MET_BY,
        void_by=VOID_BY,
        source=asdict(demand.rule.source) if demand else None,
    )


def _follow(item: ActionItem, event: str, *, actor: Actor, now: datetime) -> None:
    obligations_follow(
        actor=actor,
        now=now,
        standard=standard_by_hash(item.postmortem.incident.standard_hash),
        event=f"action_item.{event}",
        facts=_facts(item),
        subject=_subject(item),
        people={"action_owner": Owner.user(item.owner_id), "otherwise": Owner.user(item.owner_id)},
        occurrence=f"v{item.version}",
    )


def _cleaned(fields: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    cleaned: dict[str, Any] = {}
    errors: list[FieldError] = []
    for name, value in fields.items():
        try:
            if name not in _CLEANERS:
                raise InvalidInput.of(name, "unknown", f"Known are: {', '.join(FIELDS)}.")
            cleaned[name] = _CLEANERS[name](value)
        except InvalidInput as refusal:
            errors.extend(refusal.errors)
    if "due_at" in cleaned and cleaned["due_at"] <= now:
        errors.append(FieldError("/due_at", "past", "Must lie ahead."))
    if errors:
        raise InvalidInput(errors)
    return cleaned


def _person(value: object) -> User:
    text, people = str(value).strip().lower(), colleagues()
    try:
        person = people.filter(email=text).first() if "@" in text else people.filter(pk=UUID(text)).first()
    except ValueError:
        person = None
    if person is None:
        raise InvalidInput.of("owner", "unknown", "There is no such person who may sign in.")
    return require_worker("owner", person)


def _priority(value: object) -> str:
    if value not in PRIORITIES:
        raise InvalidInput.of("priority", "unknown", f"Must be one of: {', '.join(PRIORITIES)}.")
    return str(value)


def _due(value: object) -> datetime:
    if not isinstance(value, datetime):
        raise InvalidInput.of("due_at", "not_a_time", "Must be a time.")
    return clean_moment(value, field="due_at")


def _change(value: object) -> str:
    text = clean_text(value, field="change", max_length=30, lines=False)
    parsed = parse_key(text) if text else None
    if text and (parsed is None or parsed[0] != "CHG"):
        raise InvalidInput.of("change", "not_a_key", "Must be the key of a change, e.g. CHG-1042.")
    return f"CHG-{parsed[1]}" if parsed else ""


_CLEANERS = {
    "title": lambda value: clean_text(value, field="title", max_length=200, required=True, lines=False),
    "detail": lambda value: clean_text(value, field="detail", max_length=MAX_DETAIL),
    "owner": _person,
    "priority": _priority,
    "due_at": _due,
    "change": _change,
}


def _apply(item: ActionItem, cleaned: Mapping[str, Any]) -> None:
    for name, value in cleaned.items():
        setattr(item, "change_key" if name == "change" else name, value)


def _save(item: ActionItem, now: datetime) -> None:
    item.version += 1
    item.updated_at = now
    item.save()


def _record(item: ActionItem, event: str, *, actor: Actor, now: datetime) -> None:
    audit_record(
        actor=actor,
        now=now,
        action=f"action_item.{event}",
        object_kind=KIND,
        object_key=item.key,
        data={"postmortem": item.postmortem.key, "state": item.state, "due_at": item.due_at.isoformat()},
    )
    outbox_put(
        now=now,
        topic=f"incidents.action_item.{event}",
        key=item.key,
        payload={
            "action_item": item.pk,
            "postmortem": item.postmortem_id,
            "state": item.state,
            "owner": str(item.owner_id),
            "actor": str(actor),
            "at": now.isoformat(),
        },
    )
