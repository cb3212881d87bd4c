"""Evidence requests: asked of somebody by a time, answered with words and files, accepted or sent back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from compliance.auditing.states import REQUEST, TAKEN_IN
from compliance.auditing.tables import ANSWER_WITHIN, REQUEST_KINDS
from compliance.models import Audit, EvidenceRequest
from compliance.selectors.audits.seen import request_seen
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
from opsportal.core.errors import Conflict, InvalidInput
from opsportal.core.text import clean_text
from opsportal.core.versions import require_version
from opsportal.core.writes import write
from opsportal.files import store
from opsportal.files.models import Attachment
from opsportal.files.names import clean_name
from opsportal.files.services import attachment_add
from opsportal.obligations.terms import Owner, Subject
from opsportal.standards.vocabulary import Value

KIND = "evidence-request"
RULE = "portal.evidence-request"
_ASKED: dict[str, cleaning.Cleaner] = {
    "title": cleaning.line("title", required=True),
    "detail": cleaning.text("detail"),
    "kind": cleaning.word("kind", REQUEST_KINDS),
    "owner": cleaning.person("owner"),
    "due_at": cleaning.nobody_or(cleaning.moment("due_at")),
    "test": cleaning.nobody_or(lambda value: value),
    "item": cleaning.nobody_or(lambda value: value),
}
REQUEST_FIELDS = tuple(_ASKED)
MOVES = ("accept", "return", "cancel")
MOST_FILES = 5


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that comes with an answer: its name as sent, and its bytes in parts."""

    name: str
    chunks: Iterable[bytes]


def request_open(*, actor: Actor, now: datetime, audit: int, fields: Mapping[str, Any]) -> EvidenceRequest:
    """Ask `owner` (a user's id) for something, and return the request (`title`, `kind`, `detail`, `due_at`).

    Without `due_at` the standard's time counts, or five days. `test` and `item` (their numbers) say what it
    is for. Raises `InvalidInput`, `NotFound`, `Forbidden` and `Conflict` outside of fieldwork.
    """
    values = cleaned(fields, _ASKED, ("title", "owner"))
    with write(actor=actor, now=now):
        about = audit_locked(audit, actor=actor)
        case = case_of(about)
        require(actor, "audit.work", case)
        require_under_way(about, *TAKEN_IN["request"])
        if str(values["owner"].pk) in case.team:
            raise InvalidInput.of("owner", "in_team", "Ask somebody who does not work on this audit.")
        row = EvidenceRequest(audit=about, asked_by_id=UUID(actor.id), asked_at=now, updated_at=now)
        row.test = test_of(about, values.pop("test", None))
        row.item = item_of(about, values.pop("item", None))
        due_at = values.pop("due_at", None)
        for name, value in values.items():
            setattr(row, name, value)
        row.due_at = due_at or now + time_for(
            "evidence_request.opened", _facts(row), "evidence_request.answered", ANSWER_WITHIN
        )
        if row.due_at <= now:
            raise InvalidInput.of("due_at", "past", "Must lie ahead.")
        row.save(force_insert=True)
        _happened(row, "opened", actor=actor, now=now)
        _owe(row, actor=actor, now=now)
        return row


def request_attach(
    *, actor: Actor, now: datetime, pk: int, name: str, chunks: Iterable[bytes], note: object = ""
) -> Attachment:
    """Store a file as part of the answer, and return the attachment; ZIP and office documents are taken too.

    Raises `Forbidden`, `TooLarge`, `InvalidInput` for what is not taken, `NotFound` and `Conflict`.
    """
    (kept,) = _kept(pk, [Upload(name, chunks)], actor=actor)
    with write(actor=actor, now=now):
        row = _locked(pk, actor=actor)
        require(actor, "evidence_request.answer", case_of(row.audit, owners=(row.owner_id,)))
        if row.state != "open":
            raise Conflict(f"{row.key} is {row.get_state_display().lower()}.", code="request_state")
        return attachment_add(
            actor=actor, now=now, subject_kind=KIND, subject_key=row.key, kept=kept, name=name, note=note
        )


def request_answer(
    *,
    actor: Actor,
    now: datetime,
    pk: int,
    answer: object,
    links: object = "",
    files: Sequence[Upload] = (),
    note: object = "",
    version: int | None = None,
) -> EvidenceRequest:
    """Hand in the answer (words, and `links`: keys and addresses, one a line), and return the request.

    `files` (five at most, `note` says what they are) become part of it, as by `request_attach`: all of them,
    or nothing of the answer. Raises `InvalidInput`, `TooLarge`, `NotFound`, `Forbidden`, `Stale`, `Conflict`
    and `IllegalMove`.
    """
    said = clean_text(answer, field="answer", max_length=cleaning.MAX_TEXT, required=True)
    listed = cleaning.references("links")(links)
    if len(files) > MOST_FILES:
        raise InvalidInput.of("file", "too_many", f"At most {MOST_FILES} files at once.")
    kept = _kept(pk, files, actor=actor)
    with write(actor=actor, now=now):
        row = _locked(pk, actor=actor)
        require(actor, "evidence_request.answer", case_of(row.audit, owners=(row.owner_id,)))
        require_version(row, version)
        row.state = REQUEST.move(row.state, "answer")
        for upload, stored in zip(files, kept, strict=True):
            attachment_add(
                actor=actor,
                now=now,
                subject_kind=KIND,
                subject_key=row.key,
                kept=stored,
                name=upload.name,
                note=note,
            )
        row.answer, row.links = said, listed
        row.answered_by_id, row.answered_at = UUID(actor.id), now
        step(row, now)
        settle(RULE, actor=actor, now=now, subject=_subject(row), met=True)
        _happened(row, "answered", actor=actor, now=now)
        return row


def request_move(
    *,
    actor: Actor,
    now: datetime,
    pk: int,
    verb: str,
    remark: object = "",
    due_at: datetime | None = None,
    version: int | None = None,
) -> EvidenceRequest:
    """`accept` the answer, `return` it (`remark` says why, `due_at` by when) or `cancel`; return the request.

    Raises `InvalidInput`, `NotFound`, `Forbidden`, `Stale` and `IllegalMove`.
    """
    if verb not in MOVES:
        raise InvalidInput.of("verb", "unknown", f"Must be one of: {', '.join(MOVES)}.")
    said = clean_text(remark, field="remark", max_length=2_000, required=verb in {"return", "cancel"})
    with write(actor=actor, now=now, reason=said[:500]):
        row = _locked(pk, actor=actor)
        require(actor, "audit.work", case_of(row.audit))
        require_version(row, version)
        row.state = REQUEST.move(row.state, verb)
        row.remark = said
        if verb == "return":
            row.rounds += 1
            row.due_at = cleaning.moment("due_at")(due_at) if due_at else max(row.due_at, now + ANSWER_WITHIN)
            if row.due_at <= now:
                raise InvalidInput.of("due_at", "past", "Must lie ahead.")
        else:
            row.settled_at = now
        step(row, now)
        event = {"accept": "accepted", "return": "returned", "cancel": "cancelled"}[verb]
        if verb == "return":
            _owe(row, actor=actor, now=now)
        elif verb == "cancel":
            settle(RULE, actor=actor, now=now, subject=_subject(row), met=False)
        _happened(row, event, actor=actor, now=now)
        return row


def _kept(pk: int, files: Iterable[Upload], *, actor: Actor) -> list[store.Kept]:
    """Store the bytes of files of an answer, by who may give it, and return what they are."""
    seen = request_seen(actor, pk)
    require(actor, "evidence_request.answer", case_of(seen.audit, owners=(seen.owner_id,)))
    return [store.keep(one.chunks, name=clean_name(one.name), takes_archives=True) for one in files]


def _locked(pk: int, *, actor: Actor) -> EvidenceRequest:
    seen = request_seen(actor, pk)
    about = Audit.objects.select_for_update(of=("self",)).get(pk=seen.audit_id)
    row = EvidenceRequest.objects.select_for_update(of=("self",)).get(pk=pk)
    row.audit = about
    return row


def _facts(row: EvidenceRequest) -> dict[str, Value]:
    return {"evidence_request.kind": row.kind, "audit.kind": row.audit.kind}


def _subject(row: EvidenceRequest) -> Subject:
    return Subject(KIND, row.key, row.title)


def _owe(row: EvidenceRequest, *, actor: Actor, now: datetime) -> None:
    owe(
        RULE,
        actor=actor,
        now=now,
        subject=_subject(row),
        what="Answer the auditor's request",
        owner=Owner.user(row.owner_id),
        due_at=row.due_at,
        met_by=("evidence_request.answered",),
        void_by=("evidence_request.cancelled",),
        occurrence=f"v{row.version}",
    )


def _happened(row: EvidenceRequest, event: str, *, actor: Actor, now: datetime) -> None:
    data = {"request": row.pk, "audit": row.audit_id, "state": row.state, "owner": str(row.owner_id)}
    record("evidence_request", row.key, event, actor=actor, now=now, data=data)
    owner = Owner.user(row.owner_id)
    follow(
        f"evidence_request.{event}",
        actor=actor,
        now=now,
        subject=_subject(row),
        facts=_facts(row),
        people={
            "request_owner": owner,
            "lead_auditor": Owner.user(row.audit.lead_id),
            "otherwise": owner,
        },
        occurrence=f"v{row.version}",
    )
