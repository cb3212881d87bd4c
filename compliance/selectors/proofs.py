"""What proves a declaration or a statement of readiness: an address, evidence, a file, with its hash."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import OuterRef, Subquery

from compliance.governing.kinds import READINESS
from compliance.models import Declaration, EvidenceRevision, ReadinessStatement
from compliance.models.controls import EVIDENCE_PREFIX
from opsportal.catalog.models import Service
from opsportal.core.keys import number_of
from opsportal.files.models import Attachment

DECLARATION, READY = "declaration", "readiness"
"""The kinds under which files are attached."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What proves one statement: `evidence` as it was named, and its file, each with the SHA-256 of then."""

    evidence: str = ""
    is_item: bool = False
    revision: int = 0
    digest: str = ""
    file: Attachment | None = None


def revision_named(evidence: str, at: datetime) -> EvidenceRevision | None:
    """Return the revision of evidence (its key) that was the newest at `at` (aware UTC).

    None for anything else, and for what was withdrawn.
    """
    number = number_of(evidence, EVIDENCE_PREFIX)
    rows = EvidenceRevision.objects.filter(item=number, item__state="standing", received_at__lte=at)
    return rows.order_by("-number").first() if number else None


def proofs_of(rows: Iterable[Declaration | ReadinessStatement]) -> Mapping[int, Proof]:
    """Return what proves each of these declarations, or of these statements, by primary key. Two queries."""
    found = list(rows)
    kind = DECLARATION if any(isinstance(row, Declaration) for row in found) else READY
    keys = {_key(row): row.pk for row in found}
    files = {
        keys[file.subject_key]: file
        for file in Attachment.objects.select_related("file").filter(
            subject_kind=kind, subject_key__in=list(keys), state="attached"
        )
    }
    numbers = {row.pk: number_of(row.evidence, EVIDENCE_PREFIX) for row in found}
    wanted = [number for number in numbers.values() if number]
    revisions = list(EvidenceRevision.objects.filter(item__in=wanted).order_by("number")) if wanted else []
    return {
        row.pk: _proof(row, [one for one in revisions if one.item_id == numbers[row.pk]], files.get(row.pk))
        for row in found
    }


def statements_of(service: Service) -> list[ReadinessStatement]:
    """Return the newest statement of each item of a service, in the order of the items. One query."""
    latest = ReadinessStatement.objects.filter(service=OuterRef("service"), item=OuterRef("item"))
    rows = ReadinessStatement.objects.filter(
        service=service, pk=Subquery(latest.order_by("-id").values("pk")[:1])
    )
    return sorted(rows, key=lambda row: list(READINESS).index(row.item))


def _proof(
    row: Declaration | ReadinessStatement, revisions: list[EvidenceRevision], file: Attachment | None
) -> Proof:
    at = row.declared_at if isinstance(row, Declaration) else row.stated_at
    # That which was the newest when it was named; a later one says something else.
    then = [one for one in revisions if one.received_at <= at]
    if not then:
        return Proof(row.evidence, file=file)
    return Proof(row.evidence, True, then[-1].number, then[-1].digest, file)


def _key(row: Declaration | ReadinessStatement) -> str:
    return row.key if isinstance(row, Declaration) else str(row.pk)
