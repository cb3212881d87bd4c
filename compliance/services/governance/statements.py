"""What people state: what a rule lets them declare, and how ready a service is to be run."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from compliance.governing.kinds import READINESS, STATED
from compliance.governing.readiness import VALID
from compliance.models import Declaration, ReadinessStatement
from compliance.models.controls import EVIDENCE_PREFIX
from compliance.selectors.declarations import asked
from compliance.selectors.proofs import DECLARATION, READY, revision_named
from compliance.services.controls.evidence import Upload
from compliance.services.governance.fields import ahead, cleaned, line, link, one_of, prose
from compliance.services.governance.records import ORGANISATION, counted, facts_of, told
from opsportal.catalog.models import Service
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import Forbidden, InvalidInput, NotFound
from opsportal.core.writes import write
from opsportal.files import store
from opsportal.files.names import clean_name
from opsportal.files.services import attachment_add
from opsportal.obligations.terms import Subject


def declaration_make(
    *, actor: Actor, now: datetime, fields: Mapping[str, Any], upload: Upload | None = None
) -> Declaration:
    """Declare what a rule of the standard in force asks somebody to declare, and return it.

    `fields`: `rule` (its id) and `text` are needed; `subject` (the slug of a service) where it is asked of
    each service; `evidence` is an address or a key; `valid_until` is ahead, where it holds for less than
    the cadence; `upload` is a file that proves it. Who holds the role that the rule names declares, and
    administrators. Raises `Forbidden`, `InvalidInput`, `TooLarge`.
    """
    given = cleaned(fields, _declaration(now), required=("rule", "text"))
    require(actor, "declaration.make")
    kept = _kept(upload)
    with write(actor=actor, now=now):
        one = next(
            (
                row
                for row in asked(now)
                if row.rule == given["rule"] and row.subject.key == (given.get("subject") or row.subject.key)
            ),
            None,
        )
        if one is None:
            raise InvalidInput.of("rule", "unknown", "The standard in force asks nobody to declare that.")
        if one.per == "service" and not given.get("subject"):
            raise InvalidInput.of("subject", "required", "Say for which service.")
        if not (actor.is_staff or one.may_be_declared_by(actor, now)):
            raise Forbidden(
                f"{one.deliverer[:1].upper()}{one.deliverer[1:]} declares this, or an administrator."
            )
        row = Declaration(
            rule_id=one.rule,
            name=one.name,
            standard_hash=one.standard_hash,
            subject_kind=one.subject.kind,
            subject_key=one.subject.key,
            text=given["text"],
            evidence=given.get("evidence", ""),
            declared_by_id=UUID(actor.id),
            declared_at=now,
            valid_until=given.get("valid_until"),
        )
        row.save(force_insert=True)
        digest = _prove(DECLARATION, row.key, row.evidence, kept, upload, actor=actor, now=now)
        data = {"rule": one.rule, "subject": one.subject.key, "digest": digest}
        told("declaration.made", kind=DECLARATION, key=row.key, actor=actor, now=now, data=data)
        counted(
            "declaration.made",
            subject=ORGANISATION,
            record=(DECLARATION, row.key),
            facts={"declaration.rule": one.rule, "declaration.name": one.name},
            at=now,
            actor=actor,
            now=now,
            summary=one.title,
            digest=digest,
            valid_until=row.valid_until,
        )
        return row


def readiness_state(
    *, actor: Actor, now: datetime, service: str, fields: Mapping[str, Any], upload: Upload | None = None
) -> ReadinessStatement:
    """State whether one item of a service's readiness holds, and return the statement.

    `fields`: `item`, `status` (`met` or `not_met`) and `text` are needed; `evidence` is an address or a
    key; `valid_until` is in 180 days where it is missing; `upload` is a file that proves it.
    Raises `NotFound`, `Forbidden`, `InvalidInput`, `TooLarge`.
    """
    given = cleaned(fields, _readiness(now), required=("item", "status", "text"))
    found = Service.objects.select_related("owner_team").filter(slug=service).first()
    if found is None:
        raise NotFound("There is no such service.")
    require(actor, "readiness.state", (found.owner_team.slug, now))
    kept = _kept(upload)
    with write(actor=actor, now=now):
        row = ReadinessStatement(
            service=found,
            item=given["item"],
            is_met=given["status"] == "met",
            text=given["text"],
            evidence=given.get("evidence", ""),
            stated_by_id=UUID(actor.id),
            stated_at=now,
            valid_until=given.get("valid_until", now + VALID),
        )
        row.save(force_insert=True)
        digest = _prove(READY, str(row.pk), row.evidence, kept, upload, actor=actor, now=now)
        data = {"item": row.item, "status": given["status"], "digest": digest}
        told("readiness.stated", kind="service", key=found.slug, actor=actor, now=now, data=data)
        counted(
            "readiness.stated",
            subject=Subject("service", found.slug, found.name),
            record=(READY, str(row.pk)),
            facts={
                "readiness.item": row.item,
                "readiness.status": given["status"],
                **facts_of(found),
            },
            at=now,
            actor=actor,
            now=now,
            summary=f"{READINESS[row.item]}: {given['status']}",
            digest=digest,
            valid_until=row.valid_until,
        )
        return row


def _kept(upload: Upload | None) -> store.Kept | None:
    """Keep the bytes of a file before the transaction begins, so that no upload holds a lock."""
    if upload is None:
        return None
    return store.keep(upload.chunks, name=clean_name(upload.name), takes_archives=True)


def _prove(
    kind: str,
    key: str,
    evidence: str,
    kept: store.Kept | None,
    upload: Upload | None,
    *,
    actor: Actor,
    now: datetime,
) -> str:
    """Attach the file that came with a statement; return the SHA-256 of what proves it, `""` if unknown.

    That is the file's, or that of the newest revision of the evidence that it names. Raises `InvalidInput`.
    """
    revision = revision_named(evidence, now)
    if revision is None and evidence.startswith(EVIDENCE_PREFIX + "-"):
        raise InvalidInput.of("evidence", "unknown", f"There is no evidence {evidence} that still stands.")
    if kept is None or upload is None:
        return revision.digest if revision else ""
    attachment_add(actor=actor, now=now, subject_kind=kind, subject_key=key, kept=kept, name=upload.name)
    return kept.sha256


def _declaration(now: datetime) -> dict[str, Any]:
    return {
        "rule": line("rule", 120, required=True),
        "subject": line("subject", 100),
        "text": prose("text", required=True),
        "evidence": link("evidence"),
        "valid_until": ahead("valid_until", now),
    }


def _readiness(now: datetime) -> dict[str, Any]:
    return {
        "item": one_of("item", READINESS),
        "status": one_of("status", STATED),
        "text": prose("text", 2_000, required=True),
        "evidence": link("evidence"),
        "valid_until": ahead("valid_until", now),
    }
