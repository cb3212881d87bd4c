"""The register of documents: where each lies, whose it is, and when it is looked at again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from compliance.facts.policies import document_facts
from compliance.models import Document, DocumentLink
from compliance.permissions.controls import OwnedCase
from compliance.permissions.policies import PlacedCase
from compliance.policing.reviews import end_of_review
from compliance.policing.states import DOCUMENT
from compliance.selectors.policies import document_by_key
from compliance.services.controls.evidence import Upload
from compliance.services.controls.looked_up import needed, owner_or_self
from compliance.services.controls.telling import count, record
from compliance.services.policies.duties import review_follow
from compliance.services.policies.fields import MAX_NOTE, clean_document
from opsportal.catalog.models import Service
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import InvalidInput
from opsportal.core.text import clean_text
from opsportal.core.versions import require_version
from opsportal.core.writes import write
from opsportal.files import store
from opsportal.files.names import clean_name
from opsportal.files.services import attachment_add
from opsportal.obligations.terms import Subject

KIND = "document"
COLUMNS = ("title", "kind", "owner", "service", "team", "url", "review_every")
FIRST_REVIEW = "week"
"""Within what somebody reads a document for the first time that came in without a review."""


def document_register(
    *, actor: Actor, now: datetime, fields: Mapping[str, Any], upload: Upload | None = None
) -> Document:
    """Take a document into the register and return it.

    `fields` are those of `clean_document`; title and kind are needed, `owner` where no person writes it,
    and a `url` or a file. Of a service it is registered by who answers for that one. To register is not to
    review: it counts as looked at from `reviewed_at`, which only who may review it says; without that its
    first review is owed within a week. Raises `InvalidInput`, `Forbidden` and `TooLarge`.
    """
    require(actor, "document.register", placed(clean_document(fields).get("service"), now))
    kept = store.keep(upload.chunks, name=clean_name(upload.name)) if upload else None
    with write(actor=actor, now=now):
        cleaned = clean_document(fields)
        needed(cleaned, "title", "kind")
        if kept is None and not cleaned.get("url"):
            raise InvalidInput.of("url", "required", "Say where it lies, or send the file.")
        document = Document(created_at=now, updated_at=now)
        _apply(document, cleaned)
        document.owner = owner_or_self(cleaned, actor)
        document.reviewed_at = _reviewed_before(document, cleaned.get("reviewed_at"), actor=actor, now=now)
        document.review_due_at = (
            end_of_review(document.reviewed_at, document.review_every)
            if document.reviewed_at
            else end_of_review(now, FIRST_REVIEW)
        )
        document.save()
        if kept is not None and upload is not None:
            # Its key, to which the file is attached, is known only now.
            _store(document, kept, upload, actor=actor, now=now)
            document.save()
        _link_follow(document, now)
        _review_owed(document, actor=actor, now=now)
        _happened(document, "registered", actor=actor, now=now)
        return document


def document_edit(
    *,
    actor: Actor,
    now: datetime,
    key: str,
    fields: Mapping[str, Any],
    upload: Upload | None = None,
    version: int | None = None,
) -> Document:
    """Change what the register says of a document, and return it.

    To make it one of another service, of all services or of another kind takes what registering it there
    takes. Raises `InvalidInput`, `NotFound`, `Forbidden`, `Stale`, and `IllegalMove` for a retired one.
    """
    kept = store.keep(upload.chunks, name=clean_name(upload.name)) if upload else None
    with write(actor=actor, now=now):
        document = document_locked(key)
        require(actor, "document.write", case_of(document, now))
        require_version(document, version)
        cleaned = clean_document(fields)
        service, kind = cleaned.get("service", document.service), cleaned.get("kind", document.kind)
        if (service, kind) != (document.service, document.kind):
            # Of another service or kind it is kept for another rule, as if it were registered anew.
            require(actor, "document.register", placed(service, now))
        document.state = DOCUMENT.move(document.state, "edit")
        _apply(document, cleaned)
        if kept is not None and upload is not None:
            _store(document, kept, upload, actor=actor, now=now)
        if not document.url and document.attachment is None:
            raise InvalidInput.of("url", "required", "Say where it lies, or send the file.")
        if document.reviewed_at is not None:
            document.review_due_at = end_of_review(document.reviewed_at, document.review_every)
        _save(document, now)
        _link_follow(document, now)
        _review_owed(document, actor=actor, now=now)
        _record(document, "edited", actor=actor, now=now)
        return document


def document_review(
    *, actor: Actor, now: datetime, key: str, note: object = "", version: int | None = None
) -> Document:
    """Keep that a person has read the document and found that it holds; return it.

    Raises `InvalidInput`, `NotFound`, `Forbidden`, `Stale` and `IllegalMove`.
    """
    said = clean_text(note, field="note", max_length=MAX_NOTE)
    with write(actor=actor, now=now, reason=said):
        document = document_locked(key)
        require(actor, "document.review", case_of(document, now))
        require_version(document, version)
        document.state = DOCUMENT.move(document.state, "review")
        document.reviewed_at = now
        document.review_due_at = end_of_review(now, document.review_every)
        _save(document, now)
        _review_owed(document, actor=actor, now=now, was_reviewed=True)
        _happened(document, "reviewed", actor=actor, now=now)
        return document


def document_retire(
    *, actor: Actor, now: datetime, key: str, reason: object = "", version: int | None = None
) -> Document:
    """Keep a document in the register as one that nobody goes by any more; return it."""
    return _move("retire", "retired", actor=actor, now=now, key=key, reason=reason, version=version)


def document_reinstate(
    *, actor: Actor, now: datetime, key: str, reason: object = "", version: int | None = None
) -> Document:
    """Take a retired document into use again, and return it."""
    return _move("reinstate", "reinstated", actor=actor, now=now, key=key, reason=reason, version=version)


def document_locked(key: str) -> Document:
    """Lock a document and return it. Raises `NotFound`."""
    found = document_by_key(key)
    rows = Document.objects.select_for_update(of=("self",)).select_related("owner", "team", "service")
    return rows.get(pk=found.pk)


def case_of(document: Document, now: datetime) -> OwnedCase:
    """Return what permissions ask of a document at `now` (aware UTC)."""
    return OwnedCase(str(document.owner_id), document.team.slug if document.team else "", now)


def placed(service: Service | None, now: datetime) -> PlacedCase:
    """Return what permissions ask of a document that comes to be about `service` at `now` (aware UTC)."""
    return PlacedCase(service.owner_team.slug if service else "", now)


def subject_of(document: Document) -> Subject:
    """Return how lower rooms name a document."""
    return Subject(
        KIND,
        document.key,
        document.title,
        services=(document.service.slug,) if document.service else (),
        teams=(document.team.slug,) if document.team else (),
    )


def _move(
    verb: str, done: str, *, actor: Actor, now: datetime, key: str, reason: object, version: int | None
) -> Document:
    said = clean_text(reason, field="reason", max_length=MAX_NOTE)
    with write(actor=actor, now=now, reason=said):
        document = document_locked(key)
        require(actor, "document.write", case_of(document, now))
        require_version(document, version)
        document.state = DOCUMENT.move(document.state, verb)
        _save(document, now)
        _link_follow(document, now)
        _review_owed(document, actor=actor, now=now)
        _record(document, done, actor=actor, now=now)
        return document


def _apply(document: Document, cleaned: Mapping[str, Any]) -> None:
    for name in COLUMNS:
        if name in cleaned:
            setattr(document, name, cleaned[name])


def _reviewed_before(
    document: Document, said: datetime | None, *, actor: Actor, now: datetime
) -> datetime | None:
    """Return when a document that comes in was reviewed last, as somebody says who may review it."""
    if said is None:
        return None
    require(actor, "document.review", case_of(document, now))
    if said > now:
        raise InvalidInput.of("reviewed_at", "in_the_future", "A review still to come does not count.")
    return said


def _store(document: Document, kept: store.Kept, upload: Upload, *, actor: Actor, now: datetime) -> None:
    attachment = attachment_add(
        actor=actor, now=now, subject_kind=KIND, subject_key=document.key, kept=kept, name=upload.name
    )
    document.attachment = attachment.pk


def _link_follow(document: Document, now: datetime) -> None:
    """Keep exactly the address that the document has, a new one due at once."""
    standing = DocumentLink.objects.filter(document=document)
    if document.state == "retired" or not document.url:
        standing.delete()
        return
    row, made = DocumentLink.objects.get_or_create(
        document=document, defaults={"url": document.url, "next_at": now}
    )
    if not made and row.url != document.url:
        standing.update(
            url=document.url, next_at=now, state="unknown", detail="", failures=0, checked_at=None
        )


def _review_owed(document: Document, *, actor: Actor, now: datetime, was_reviewed: bool = False) -> None:
    review_follow(
        actor=actor,
        now=now,
        subject=subject_of(document),
        owner=document.owner_id,
        due_at=document.review_due_at if document.state == "registered" else None,
        version=document.version,
        was_reviewed=was_reviewed,
    )


def _happened(document: Document, event: str, *, actor: Actor, now: datetime) -> None:
    _record(document, event, actor=actor, now=now)
    service = document.service
    count(
        actor=actor,
        now=now,
        event=f"{KIND}.{event}",
        subject=subject_of(document),
        facts=document_facts(
            kind=document.kind, service=service.slug if service else "", tier=service.tier if service else ""
        ),
        owner=document.owner_id,
        valid_until=document.review_due_at,
    )


def _record(document: Document, done: str, *, actor: Actor, now: datetime) -> None:
    service = document.service.slug if document.service else ""
    data = {"kind": document.kind, "service": service}
    record(actor=actor, now=now, kind=KIND, key=document.key, done=done, data=data)


def _save(document: Document, now: datetime) -> None:
    document.version += 1
    document.updated_at = now
    document.save()
