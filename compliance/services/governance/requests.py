"""Requests of persons: taken in, identified, answered or refused by a time, and then forgotten."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from compliance.governing.kinds import REQUESTS
from compliance.governing.periods import month_later
from compliance.governing.states import PERSON_REQUEST, REQUEST_OPEN
from compliance.models import PersonRequest
from compliance.services.governance.fields import MAX_PROSE, cleaned, line, one_of, past, person
from compliance.services.governance.records import counted, told
from opsportal.accounts.services import user_erase
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, InvalidInput, NotFound
from opsportal.core.text import clean_text
from opsportal.core.versions import require_version
from opsportal.core.writes import write
from opsportal.obligations.terms import Owner, Subject
from opsportal.standards.engine import owed
from opsportal.standards.selectors import in_force_or_none
from opsportal.standards.vocabulary import Value

KIND = "person-request"
FIELDS = ("kind", "reference", "contact", "member", "systems", "received_at", "handler")
FORGET_AFTER = timedelta(days=30)
VERBS = {
    "identify": "identified",
    "extend": "extended",
    "erase": "erased",
    "answer": "answered",
    "refuse": "refused",
    "withdraw": "withdrawn",
}


def person_request_receive(*, actor: Actor, now: datetime, fields: Mapping[str, Any]) -> PersonRequest:
    """Take in a request and return it. `fields` are those of `FIELDS`; `kind` and `reference` are needed.

    `reference` is opaque (a customer number, a ticket): no name, no address. It is due as the standard in
    force says, else one calendar month after it was received (GDPR art. 12(3)). Who takes it in handles it,
    unless a `handler` is named. Raises `Forbidden`, `InvalidInput`.
    """
    given = cleaned(fields, _cleaners(now), required=("kind", "reference"))
    with write(actor=actor, now=now):
        require(actor, "person_request.receive")
        received = given.get("received_at", now)
        handler = given.get("handler")
        row = PersonRequest(
            kind=given["kind"],
            reference=given["reference"],
            contact=given.get("contact", ""),
            member=given.get("member"),
            systems=given.get("systems", ""),
            handler_id=handler.pk if handler else UUID(actor.id),
            taken_in_by_id=UUID(actor.id),
            received_at=received,
            due_at=_due(given["kind"], received),
            recorded_at=now,
            updated_at=now,
        )
        found = in_force_or_none()
        row.standard_hash = found.standard.content_hash if found else ""
        row.save(force_insert=True)
        _happened(row, "received", actor=actor, now=now)
        return row


def person_request_move(
    *, actor: Actor, now: datetime, pk: int, verb: str, text: object = "", version: int | None = None
) -> PersonRequest:
    """Take a step of `VERBS` and return the request.

    `identify` says how identity was checked; `extend` gives two further months once, with a reason (GDPR
    art. 12(3)); `erase` has the portal's own user erased; `answer` and `refuse` say what or why. All but
    `erase` need a `text`. A request is answered only after identity was checked, and a deletion that
    concerns a member of the portal only after their erasing. Raises `InvalidInput`, `NotFound`, `Forbidden`,
    `Stale`, `IllegalMove`, `Conflict` (`extended`, `not_erased`, `not_deletion`).
    """
    if verb not in VERBS:
        raise InvalidInput.of("verb", "unknown", f"Must be one of: {', '.join(VERBS)}.")
    most = 300 if verb == "identify" else MAX_PROSE
    said = clean_text(text, field="text", max_length=most, required=verb != "erase")
    with write(actor=actor, now=now):
        row = person_request_locked(pk)
        require(actor, "person_request.handle", row)
        require_version(row, version)
        row.state = PERSON_REQUEST.move(row.state, verb)
        _STEPS[verb](row, said, actor, now)
        if row.state not in REQUEST_OPEN:
            row.outcome, row.ended_at, row.forget_at = said, now, now + FORGET_AFTER
        row.version += 1
        row.updated_at = now
        row.save()
        _happened(row, VERBS[verb], actor=actor, now=now)
        return row


def contacts_forget(*, actor: Actor, now: datetime, most: int = 200) -> int:
    """Forget how to reach those whose request ended 30 days ago; return how many. Twice does nothing more."""
    with write(actor=actor, now=now):
        due = PersonRequest.objects.select_for_update(skip_locked=True).filter(forget_at__lte=now)
        rows = list(due.order_by("forget_at", "id")[:most])
        for row in rows:
            row.contact, row.forget_at = "", None
            row.version += 1
            row.updated_at = now
            row.save()
            told("person_request.forgotten", kind=KIND, key=row.key, actor=actor, now=now)
        return len(rows)


def person_request_locked(pk: int) -> PersonRequest:
    """Lock a request and return it. Raises `NotFound`."""
    found = PersonRequest.objects.select_for_update().filter(pk=pk).first()
    if found is None:
        raise NotFound("There is no such request.")
    return found


def _identify(row: PersonRequest, said: str, actor: Actor, now: datetime) -> None:
    row.identified_how, row.identified_at, row.identified_by_id = said, now, UUID(actor.id)


def _extend(row: PersonRequest, said: str, actor: Actor, now: datetime) -> None:
    if row.extended_because:
        raise Conflict("It was extended already; that is possible once.", code="extended")
    row.extended_because, row.due_at = said, _months_after(row.due_at, 2)


def _erase(row: PersonRequest, said: str, actor: Actor, now: datetime) -> None:
    if row.kind != "deletion" or row.member_id is None:
        raise Conflict(
            "Only where a member of the portal asks for deletion is there somebody to erase here.",
            code="not_deletion",
        )
    user_erase(actor=actor, now=now, user_id=row.member_id)
    row.erased_at = now


def _answer(row: PersonRequest, said: str, actor: Actor, now: datetime) -> None:
    if row.kind == "deletion" and row.member_id is not None and row.erased_at is None:
        raise Conflict(
            "Have the member of the portal erased first, or refuse with a reason.", code="not_erased"
        )


def _nothing(row: PersonRequest, said: str, actor: Actor, now: datetime) -> None:
    """Refusing and withdrawing change no more than the state."""


_STEPS = {
    "identify": _identify,
    "extend": _extend,
    "erase": _erase,
    "answer": _answer,
    "refuse": _nothing,
    "withdraw": _nothing,
}


def _due(kind: str, received: datetime) -> datetime:
    found = in_force_or_none()
    facts: dict[str, Value] = {"person_request.kind": kind}
    demands = owed(found.standard, "person_request.received", facts) if found else ()
    if demands:
        return received + min(one.demand.within for one in demands)
    return _months_after(received, 1)


def _months_after(at: datetime, months: int) -> datetime:
    moment = at.astimezone(UTC)
    later = month_later(moment.date(), months)
    return moment.replace(year=later.year, month=later.month, day=later.day)


def _happened(row: PersonRequest, event: str, *, actor: Actor, now: datetime) -> None:
    data = {"kind": row.kind, "state": row.state, "due_at": row.due_at.isoformat()}
    told(f"person_request.{event}", kind=KIND, key=row.key, actor=actor, now=now, data={"request": data})
    if event == "erased":
        return
    counted(
        f"person_request.{event}",
        subject=Subject(KIND, row.key, f"Request of a person: {row.get_kind_display().lower()}"),
        record=(KIND, row.key),
        facts={"person_request.kind": row.kind},
        at=row.received_at if event == "received" else now,
        actor=actor,
        now=now,
        owner=Owner.user(row.handler_id),
        occurrence="r1",
    )


def _maybe(field: str) -> Any:
    return lambda value: None if value in ("", None) else person(field)(value)


def _cleaners(now: datetime) -> dict[str, Any]:
    return {
        "kind": one_of("kind", REQUESTS),
        "reference": line("reference", 100, required=True),
        "contact": line("contact", 300),
        "member": _maybe("member"),
        "systems": line("systems", 500),
        "received_at": past("received_at", now),
        "handler": _maybe("handler"),
    }
