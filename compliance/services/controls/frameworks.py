"""Importing frameworks: those that the portal ships, checked by their hash, and those of others."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from importlib import resources

from compliance.controlling.frameworks import FrameworkText, read_framework
from compliance.controlling.states import REQUIREMENT
from compliance.models import Framework, Requirement
from compliance.services.controls.telling import record
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, FieldError, InvalidInput
from opsportal.core.writes import write

KIND = "framework"
SUMS = "SHA256SUMS"


def framework_import(*, actor: Actor, now: datetime, source: bytes) -> tuple[Framework, bool]:
    """Import a framework from the bytes of its file; return it and whether anything is different now.

    The same content again changes nothing. Another content of the same slug is its next edition:
    requirements of the same reference take the new words and keep what is mapped to them; those that it
    leaves out stay as dropped. Raises `Forbidden`, `InvalidInput` (an error for each wrong line), and
    `Conflict` (`shipped`) for the slug of a framework that comes with the portal.
    """
    return _import(source, Framework.Origin.OWN, actor=actor, now=now)


def frameworks_install(*, actor: Actor, now: datetime) -> list[Framework]:
    """Import every framework that the portal ships; return the changed ones. Raises as `frameworks_load`."""
    found = frameworks_load(actor=actor, now=now)
    return [framework for framework, is_different in found if is_different]


def frameworks_load(
    *, actor: Actor, now: datetime, slugs: Collection[str] = (), sources: Sequence[bytes] = ()
) -> list[tuple[Framework, bool]]:
    """Import shipped frameworks by slug, own ones from the bytes of their files; without any, all shipped.

    Returns each with whether anything is different now. All or nothing: raises `Forbidden`, `InvalidInput`
    (`unknown` for a slug that does not ship, else as `framework_import`), and `Conflict` (`tampered`) where a
    shipped file is not the one that was shipped.
    """
    known = {read_framework(source).slug: source for source in _shipped()}
    unknown = [
        FieldError(
            "/slugs", "unknown", f"“{slug[:60]}” does not ship with the portal; {', '.join(known)} do."
        )
        for slug in slugs
        if slug not in known
    ]
    if unknown:
        raise InvalidInput(unknown)
    wanted = [known[slug] for slug in slugs or (() if sources else known)]
    with write(actor=actor, now=now):
        shipped = [_import(source, Framework.Origin.SHIPPED, actor=actor, now=now) for source in wanted]
        own = [_import(source, Framework.Origin.OWN, actor=actor, now=now) for source in sources]
        return shipped + own


def frameworks_shipped() -> list[FrameworkText]:
    """Return the frameworks that the portal ships. Raises `Conflict` (`tampered`)."""
    return [read_framework(source) for source in _shipped()]


def _shipped() -> Iterator[bytes]:
    folder = resources.files("compliance") / "frameworks"
    for line in (folder / SUMS).read_text("ascii").splitlines():
        digest, _, name = line.partition("  ")
        source = (folder / name).read_bytes()
        if hashlib.sha256(source).hexdigest() != digest:
            raise Conflict(f"The file {name} is not the one that was shipped.", code="tampered")
        yield source


def _import(
    source: bytes, origin: Framework.Origin, *, actor: Actor, now: datetime
) -> tuple[Framework, bool]:
    with write(actor=actor, now=now):
        require(actor, "framework.import")
        text = read_framework(source)
        standing = Framework.objects.select_for_update().filter(slug=text.slug).first()
        if standing is not None and standing.origin != origin:
            if origin == Framework.Origin.OWN:
                raise Conflict(
                    f"“{text.slug}” comes with the portal. Give yours another slug.", code="shipped"
                )
            raise InvalidInput.of("slug", "taken", f"A framework of your own is called “{text.slug}”.")
        if standing is not None and standing.content_hash == text.content_hash:
            return standing, False
        framework = standing
        if framework is None:
            framework = Framework(slug=text.slug, origin=origin, edition=0, version=0)
        framework.title = text.title
        framework.published_version = text.version
        framework.publisher = text.publisher
        framework.content_hash = text.content_hash
        framework.edition += 1
        framework.version += 1
        framework.imported_at = framework.updated_at = now
        framework.save()
        kept, dropped = _follow(framework, text)
        record(
            actor=actor,
            now=now,
            kind=KIND,
            key=framework.slug,
            done="imported",
            data={
                "content_hash": framework.content_hash,
                "edition": framework.edition,
                "requirements": kept,
                "dropped": dropped,
            },
        )
        return framework, True


def _follow(framework: Framework, text: FrameworkText) -> tuple[int, int]:
    """Make the requirements those of the file; return how many it has, and how many it has dropped."""
    standing = {one.reference: one for one in Requirement.objects.filter(framework=framework)}
    for position, wanted in enumerate(text.requirements):
        known = standing.pop(wanted.reference, None)
        row = known if known else Requirement(framework=framework, reference=wanted.reference)
        before = (row.section, row.section_title, row.text, row.position, row.state)
        row.section, row.section_title = wanted.section, wanted.section_title
        row.text, row.position = wanted.text, position
        row.state = REQUIREMENT.move(row.state, "keep")
        if known is None or before != (row.section, row.section_title, row.text, row.position, row.state):
            row.save()
    dropped = [row for row in standing.values() if row.state == "current"]
    for row in dropped:
        row.state = REQUIREMENT.move(row.state, "drop")
        row.save()
    return len(text.requirements), len(dropped)
