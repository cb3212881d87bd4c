"""Reads of standards. Parsed content is kept in the process by its hash, which never means anything else."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import OuterRef, QuerySet, Subquery

from opsportal.accounts.selectors import holdings_on
from opsportal.core.errors import NotFound, Unavailable
from opsportal.core.ports import Check
from opsportal.core.registry import under_other_standards
from opsportal.core.statements import Statement
from opsportal.standards.models import Activation, Review, StandardDocument, StandardVersion
from opsportal.standards.packs import PackError, Problem, load, named_parent, restore
from opsportal.standards.rules import Role, Standard
from opsportal.standards.shipped import (
    shipped_document,
    shipped_names,
    shipped_parents,
    shipped_source,
    shipped_standard,
)
from opsportal.standards.vocabulary import declared

NONE_ACTIVE = "No standard is active; run manage.py standard activate baseline"
_KEPT = 64
_HASH = re.compile(r"[0-9a-f]{64}")
CAP = 1_000
GENERATIONS = 8
_parsed: dict[str, Standard] = {}


@dataclass(frozen=True, slots=True)
class InForce:
    """The active standard, and since when (aware UTC) and by whom (kind and opaque id) it is so.

    `activation` numbers the activation; `change` is the key of the change that brought it about, `""` for
    the first standard of an installation; `review_due` is the day of the next review: the one that was
    set when it was last reviewed, else the document's own.
    """

    standard: Standard
    since: datetime
    by_kind: str
    by_id: str
    activation: int
    change: str
    review_due: date | None


def active_hash_subquery() -> Subquery:
    """Return the content hash of the active standard, as an annotation; NULL where none is active."""
    return Subquery(Activation.objects.order_by("-id").values("standard__content_hash")[:1])


_ACTIVE = Statement(lambda _: Activation.objects.order_by("-id").values_list("standard__content_hash")[:1])


def active_standard() -> Standard:
    """Return the active standard, in one query once its content is known to this process.

    Raises `Unavailable` where none is active, or where its content cannot be read.
    """
    for (content_hash,) in _ACTIVE.rows():
        return standard_by_hash(content_hash)
    raise Unavailable(NONE_ACTIVE)


def active_standard_or_none() -> Standard | None:
    """Return the active standard, or None where none is active or it cannot be read."""
    try:
        return active_standard()
    except (Unavailable, NotFound):
        return None


def in_force() -> InForce:
    """Return the active standard with its activation. Raises as `active_standard` does."""
    recorded = Review.objects.filter(standard=OuterRef("standard")).order_by("-id").values("next_review")[:1]
    rows = Activation.objects.select_related("standard").defer("standard__source")
    newest = rows.annotate(next_review=Subquery(recorded)).order_by("-id").first()
    if newest is None:
        raise Unavailable(NONE_ACTIVE)
    standard = standard_by_hash(newest.standard.content_hash)
    return InForce(
        standard=standard,
        since=newest.activated_at,
        by_kind=newest.activated_by_kind,
        by_id=newest.activated_by_id,
        activation=newest.pk,
        change=newest.change or "",
        review_due=newest.next_review or standard.next_review,
    )


def in_force_or_none() -> InForce | None:
    """Return the active standard with its activation, or None as in `active_standard_or_none`."""
    try:
        return in_force()
    except (Unavailable, NotFound):
        return None


def standard_by_hash(content_hash: str) -> Standard:
    """Return the standard of this hash, without a query where this process has read it before.

    Raises `NotFound` where none is stored, and `Unavailable` where its content cannot be read.
    """
    standard = _parsed.get(content_hash)
    if standard is None:
        content = (
            StandardVersion.objects.filter(content_hash=content_hash)
            .values_list("content", flat=True)
            .first()
        )
        if content is None:
            raise NotFound("There is no standard of this hash.")
        standard = _keep(_restored(content, content_hash))
    return standard


def standards_by_hash(hashes: Iterable[str]) -> dict[str, Standard]:
    """Return the standards of these hashes that can be read, in one query for those not read before."""
    wanted = set(hashes)
    missing = wanted - set(_parsed)
    rows = (
        StandardVersion.objects.filter(content_hash__in=missing)
        if missing
        else StandardVersion.objects.none()
    )
    found = {content_hash: _parsed[content_hash] for content_hash in wanted - missing}
    for content_hash, content in rows.values_list("content_hash", "content"):
        try:
            found[content_hash] = _keep(_restored(content, content_hash))
        except Unavailable:
            continue
    return found


def reviews_of(content_hash: str) -> QuerySet[Review]:
    """Return the reviews of this standard that were recorded, newest first."""
    return Review.objects.filter(standard__content_hash=content_hash).order_by("-id")


def reviews_due(standards: Collection[Standard]) -> dict[str, date | None]:
    """Return the day of the next review of each, by hash: as last recorded, else the document's own."""
    recorded = Review.objects.filter(standard__content_hash__in=[one.content_hash for one in standards])
    newest = dict(recorded.order_by("id").values_list("standard__content_hash", "next_review"))
    return {one.content_hash: newest.get(one.content_hash, one.next_review) for one in standards}


def overdue_since(due: date | None, today: date) -> date | None:
    """Return `due` where that day has passed, None where it has not or where there is none."""
    return due if due is not None and due < today else None


@dataclass(frozen=True, slots=True)
class Line:
    """A stored version as lists show it. `standard` is None where its content cannot be read."""

    row: StandardVersion
    standard: Standard | None
    review_due: date | None
    overdue_since: date | None


def lines_of(rows: Iterable[StandardVersion], today: date) -> list[Line]:
    """Return what to show of these versions on that day (of UTC), in two queries at most."""
    listed = list(rows)
    known = standards_by_hash(row.content_hash for row in listed)
    due = reviews_due(known.values())
    return [
        Line(
            row=row,
            standard=known.get(row.content_hash),
            review_due=due.get(row.content_hash),
            overdue_since=overdue_since(due.get(row.content_hash), today),
        )
        for row in listed
    ]


def versions() -> QuerySet[StandardVersion]:
    """Return all stored versions, newest first, without their texts."""
    return StandardVersion.objects.defer("content", "source").order_by("-id")


def activation_by(change: str) -> Activation | None:
    """Return the activation that the change of this key brought about, or None."""
    return Activation.objects.filter(change=change).first()


@dataclass(frozen=True, slots=True)
class Consequences:
    """What putting a standard in force leaves to be done: roles without a holder, and what goes on.

    `in_flight` counts, by what it is, what runs on under other standards; at most `CAP` of each.
    """

    vacant: tuple[Role, ...]
    in_flight: tuple[tuple[str, int], ...]

    @property
    def lines(self) -> list[str]:
        """The same in words, a line each."""
        vacant = [f"Nobody holds the role {role.title} ({role.id})." for role in self.vacant]
        going_on = [
            f"{count if count < CAP else f'{CAP} or more'} {what} in flight keep the standard that they run"
            " under."
            for what, count in self.in_flight
            if count
        ]
        return [*vacant, *going_on]


def consequences_of(standard: Standard, today: date) -> Consequences:
    """Return what putting `standard` in force on that day (of UTC) would leave to be done."""
    held = set(holdings_on(today).values_list("role__slug", flat=True))
    return Consequences(
        vacant=tuple(role for role in standard.roles if role.id not in held),
        in_flight=tuple(
            (what, count(standard.content_hash, CAP)) for what, count in under_other_standards.items()
        ),
    )


def newest_of(name: str) -> StandardVersion | None:
    """Return the version of the standard `name` that was stored last, or None."""
    return StandardVersion.objects.filter(name=name).order_by("-id").first()


def standard_named(reference: str) -> Standard:
    """Return the standard of this content hash or name: of a name, the one in force, else the newest stored.

    Raises `NotFound` where none is stored, and `Unavailable` where its content cannot be read.
    """
    if _HASH.fullmatch(reference):
        return standard_by_hash(reference)
    active = active_standard_or_none()
    if active is not None and active.name == reference:
        return active
    row = newest_of(reference)
    if row is None:
        raise NotFound("No standard of this name is stored.")
    return standard_by_hash(row.content_hash)


def base_of(standard: Standard) -> Standard | None:
    """Return the standard that this one extends, as it was then where it is known still, else as it is now.

    None where it extends none, or where nothing of that name is left.
    """
    if not standard.extends:
        return None
    try:
        return standard_by_hash(standard.extends_hash)
    except (NotFound, Unavailable):
        pass
    if standard.extends in shipped_names():
        return shipped_standard(standard.extends, declared())
    row = newest_of(standard.extends)
    return standard_by_hash(row.content_hash) if row else None


def document_of(standard: Standard) -> bytes | None:
    """Return the document that the standard was written from, None where the portal does not have it.

    Raises `Unavailable` where its bytes are no longer those of its SHA-256.
    """
    stored = StandardDocument.objects.filter(sha256=standard.document_sha256)
    content = stored.values_list("content", flat=True).first()
    found = bytes(content) if content is not None else shipped_document(standard.document)
    if found is None:
        return None
    if hashlib.sha256(found).hexdigest() == standard.document_sha256:
        return found
    if content is None:  # a document of that name, but another one
        return None
    raise Unavailable("The stored document does not match its hash; it was changed after it was stored.")


def sources_of(standard: Standard) -> dict[str, Standard]:
    """Return the standards whose documents the rules of this one quote, by the name of the document."""
    found: dict[str, Standard] = {}
    one: Standard | None = standard
    while one is not None and len(found) < GENERATIONS:
        found.setdefault(one.document, one)
        one = base_of(one)
    return found


def read_pack(source: bytes, *, file: str = "") -> Standard:
    """Return the standard that a pack describes, with what it inherits from a shipped or stored one.

    Stores nothing. Raises `PackError` with every problem.
    """
    vocabulary = declared()
    parents = shipped_parents(source, vocabulary) or _stored_parents(source)
    standard = load(source, parents=parents, vocabulary=vocabulary, file=file)
    if standard.name in shipped_names() and source != shipped_source(standard.name):
        shipped = shipped_standard(standard.name, vocabulary)
        if standard.content_hash != shipped.content_hash:
            reason = (
                f"'{standard.name}' is the name of a shipped pack. Give yours its own name;"
                f' extends = "{standard.name}" inherits its rules.'
            )
            raise PackError([Problem(file, "", "standard.name", reason)])
    return standard


def readiness() -> Check:
    """Return whether a standard is active and can be read, and what to do where not."""
    try:
        standard = active_standard()
    except (Unavailable, NotFound) as refusal:
        return False, refusal.detail
    return True, f"{standard.name} {standard.version} is active"


def _restored(content: str, content_hash: str) -> Standard:
    try:
        return restore(content.encode(), vocabulary=declared(), content_hash=content_hash)
    except PackError as error:
        raise Unavailable(f"The stored standard cannot be read: {error.problems[0].reason}") from error


def _stored_parents(source: bytes) -> dict[str, Standard]:
    name = named_parent(source)
    parent = newest_of(name) if name else None
    return {parent.name: standard_by_hash(parent.content_hash)} if parent else {}


def _keep(standard: Standard) -> Standard:
    while len(_parsed) >= _KEPT:
        _parsed.pop(next(iter(_parsed)), None)
    _parsed[standard.content_hash] = standard
    return standard
