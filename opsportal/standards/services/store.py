"""Storing a standard: checked, complete in itself, never changed again."""

from __future__ import annotations

import hashlib
from datetime import datetime

from django.db import IntegrityError
from django.db.models import Max

from opsportal.audit.services import audit_record
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, FieldError, InvalidInput
from opsportal.core.writes import write
from opsportal.standards.content import content_bytes
from opsportal.standards.models import StandardDocument, StandardVersion
from opsportal.standards.original import MAX_BYTES as MAX_DOCUMENT
from opsportal.standards.packs import PackError
from opsportal.standards.rules import Standard
from opsportal.standards.selectors import read_pack, versions
from opsportal.standards.shipped import shipped_document, shipped_names, shipped_source


def standard_store(
    *, actor: Actor, now: datetime, source: bytes, file: str = "", document: bytes | None = None
) -> StandardVersion:
    """Store the standard that the pack `source` describes, and return its row.

    `now` is aware UTC; `file` names the pack in messages; `document` is what it was written from, kept
    beside it (of a shipped pack, the shipped one). The same content again gives the row that stands
    already. Raises `InvalidInput` with every problem of the pack, also where the document is not the one
    whose SHA-256 the pack names, `Conflict` ("version_taken") where another content stands under its
    name and version, and `Forbidden`.
    """
    with write(actor=actor, now=now):
        require(actor, "standards.propose")
        standard = _read(source, file)
        _store_document(standard, document, actor=actor, now=now)
        _store_base(standard, actor=actor, now=now)
        try:
            row, made = StandardVersion.objects.get_or_create(
                content_hash=standard.content_hash,
                defaults={
                    "name": standard.name,
                    "version": standard.version,
                    "edition": _edition(standard),
                    "title": standard.title,
                    "content": content_bytes(standard).decode(),
                    "source": source.decode(),
                    "stored_at": now,
                    "stored_by_kind": actor.kind.value,
                    "stored_by_id": actor.id,
                },
            )
        except IntegrityError:
            raise Conflict(
                f"{standard.name} {standard.version} is stored already with another content."
                " A version never changes: give this one a new number.",
                code="version_taken",
            ) from None
        if not made:
            return row
        audit_record(
            actor=actor,
            now=now,
            action="standard.stored",
            object_kind="standard",
            object_key=standard.name,
            data={"version": standard.version, "hash": standard.content_hash},
        )
        return row


def _edition(standard: Standard) -> int:
    """Return the number of this edition: 1, but for a shipped pack that was shipped otherwise before."""
    if standard.name not in shipped_names():
        return 1
    former = versions().filter(name=standard.name, version=standard.version)
    return (former.aggregate(last=Max("edition"))["last"] or 0) + 1


def _store_document(standard: Standard, given: bytes | None, *, actor: Actor, now: datetime) -> None:
    """Keep the document, once. Raises `InvalidInput` where it is not the one that the pack names."""
    is_shipped = standard.name in shipped_names()
    content = shipped_document(standard.document) if is_shipped else given
    if content is None:
        return
    if len(content) > MAX_DOCUMENT:
        raise InvalidInput.of("document", "too_large", f"The document may have {MAX_DOCUMENT} bytes at most.")
    found = hashlib.sha256(content).hexdigest()
    if found != standard.document_sha256:
        raise InvalidInput.of(
            "pack/standard.document_sha256",
            "other_document",
            f"The SHA-256 of {standard.document} is {found}; the pack was written from another document.",
        )
    StandardDocument.objects.get_or_create(
        sha256=found,
        defaults={
            "content": content,
            "stored_at": now,
            "stored_by_kind": actor.kind.value,
            "stored_by_id": actor.id,
        },
    )


def _store_base(standard: Standard, *, actor: Actor, now: datetime) -> None:
    """Keep the shipped pack that this one extends, so that the differences can be told for good."""
    source = shipped_source(standard.extends)
    if source is not None and not versions().filter(content_hash=standard.extends_hash).exists():
        standard_store(actor=actor, now=now, source=source, file=f"{standard.extends}.toml")


def standard_propose(*, actor: Actor, now: datetime, name: str) -> StandardVersion:
    """Store the shipped pack `name`, so that a change can name it, and return its row.

    Raises `InvalidInput` where none of that name is shipped, and what `standard_store` raises.
    """
    with write(actor=actor, now=now):
        require(actor, "standards.propose")
        source = shipped_source(name)
        if source is None:
            known = ", ".join(shipped_names())
            raise InvalidInput.of("name", "unknown", f"No pack '{name[:60]}' is shipped; there are: {known}.")
        return standard_store(actor=actor, now=now, source=source, file=f"{name}.toml")


def _read(source: bytes, file: str) -> Standard:
    try:
        return read_pack(source, file=file)
    except PackError as error:
        count = len(error.problems)
        faults = f"{count} fault{'s' if count > 1 else ''}"
        raise InvalidInput(
            [
                FieldError(
                    f"/{problem.rule or 'pack'}/{problem.field}".rstrip("/"), "invalid_pack", str(problem)
                )
                for problem in error.problems
            ],
            f"The pack has {faults}; the active standard stays as it is.",
        ) from error
