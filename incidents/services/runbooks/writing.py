"""Writing runbooks: drafts, versions, what they are attached to, publication, review, retirement."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from incidents.models import Runbook, RunbookTarget, RunbookVersion
from incidents.permissions.runbooks import RunbookCase
from incidents.runbook.facts import runbook_facts
from incidents.runbook.states import RUNBOOK
from incidents.runbook.templates import TEMPLATES
from incidents.runbook.text import end_of_review
from incidents.selectors.runbooks import runbook_by_slug, version_of
from incidents.services.runbooks.fields import MAX_NOTE, clean_runbook, content_hash
from incidents.services.runbooks.links import links_follow
from incidents.services.runbooks.review_duty import review_follow
from opsportal.audit.services import audit_record
from opsportal.catalog.models import Service
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import InvalidInput, NotFound, RuleRefused
from opsportal.core.text import clean_slug, clean_text
from opsportal.core.versions import require_version
from opsportal.core.writes import write
from opsportal.outbox.services import outbox_put
from opsportal.standards import engine
from opsportal.standards.selectors import active_standard
from opsportal.standards.vocabulary import Value

KIND = "runbook"
POINT = "runbook.publish"
RESERVED = frozenset({"new", "coverage", "runs", "preview", "targets"})
"""Words that addresses of our own pages take."""
DEFAULT_REVIEW_DAYS = 180


def runbook_create(*, actor: Actor, now: datetime, slug: object, fields: Mapping[str, Any]) -> Runbook:
    """Make a draft of a runbook with its first version and return it.

    `fields` are those of `clean_runbook`; `title` and `team` are needed, and `keeper` (a user's id) where
    no person writes it. Without `text` it begins with the template of its `kind`. Raises `InvalidInput`
    (also for a slug that is taken) and `Forbidden`.
    """
    with write(actor=actor, now=now):
        name = clean_slug(slug, field="slug")
        cleaned = clean_runbook(fields)
        if name in RESERVED:
            raise InvalidInput.of("slug", "reserved", "This word is taken; use another one.")
        for field in ("title", "team"):
            if field not in cleaned:
                raise InvalidInput.of(field, "required", "This is needed.")
        keeper_id = cleaned["keeper"].pk if "keeper" in cleaned else (actor.id if actor.is_user else None)
        if keeper_id is None:
            raise InvalidInput.of("keeper", "required", "Say who keeps it: that person owes its review.")
        require(actor, "runbook.write", RunbookCase(cleaned["team"].slug, "", now))
        kind = cleaned.get("kind", "outage")
        runbook = Runbook(
            slug=name,
            title=cleaned["title"],
            kind=kind,
            owner_team=cleaned["team"],
            keeper_id=keeper_id,
            review_every_days=cleaned.get("review_every_days", DEFAULT_REVIEW_DAYS),
            created_at=now,
            updated_at=now,
        )
        _insert(runbook)
        template = TEMPLATES.get(kind)
        text = cleaned.get("text") or (template.text.strip() if template else "")
        _write_version(runbook, 1, text, cleaned.get("note", ""), actor=actor, now=now)
        _attach(runbook, cleaned)
        _record(runbook, "created", actor=actor, now=now, data={"number": 1})
        return runbook


def runbook_edit(
    *, actor: Actor, now: datetime, slug: str, fields: Mapping[str, Any], version: int | None = None
) -> Runbook:
    """Change a runbook and return it. Another text is another version.

    What is published goes on to be followed as it was, until the newer version is published. The team
    that it is given to must be one of the actor's own too. Raises `InvalidInput`, `NotFound`, `Forbidden`,
    `Stale`, and `IllegalMove` for a retired one.
    """
    with write(actor=actor, now=now):
        runbook = runbook_locked(slug)
        require(actor, "runbook.write", case_of(runbook, now))
        require_version(runbook, version)
        cleaned = clean_runbook(fields)
        runbook.state = RUNBOOK.move(runbook.state, "edit")
        if "team" in cleaned and cleaned["team"].pk != runbook.owner_team_id:
            require(actor, "runbook.write", RunbookCase(cleaned["team"].slug, "", now))
            runbook.owner_team = cleaned["team"]
        for field in ("title", "kind", "keeper", "review_every_days"):
            if field in cleaned:
                setattr(runbook, field, cleaned[field])
        standing = version_of(runbook, runbook.latest)
        if "text" in cleaned and content_hash(cleaned["text"]) != standing.content_hash:
            runbook.latest += 1
            note = cleaned.get("note", "")
            _write_version(runbook, runbook.latest, cleaned["text"], note, actor=actor, now=now)
        _attach(runbook, cleaned)
        if runbook.reviewed_at is not None:
            runbook.review_due_at = end_of_review(runbook.reviewed_at, runbook.review_every_days)
        _save(runbook, now)
        review_follow(runbook, actor=actor, now=now)
        _record(runbook, "edited", actor=actor, now=now, data={"number": runbook.latest})
        return runbook


def runbook_publish(*, actor: Actor, now: datetime, slug: str, version: int | None = None) -> Runbook:
    """Let people follow the newest version from now on, and return the runbook. It counts as reviewed.

    Raises `RuleRefused` with all that the standard in force misses in it; `NotFound`, `Forbidden`, `Stale`
    and `IllegalMove`.
    """
    with write(actor=actor, now=now):
        runbook = runbook_locked(slug)
        require(actor, "runbook.publish", case_of(runbook, now))
        require_version(runbook, version)
        state = RUNBOOK.move(runbook.state, "publish")
        newest = version_of(runbook, runbook.latest)
        if not newest.text:
            raise InvalidInput.of("text", "required", "It says nothing yet. Write it, then publish it.")
        decision = engine.decide(active_standard(), POINT, facts_of(runbook, newest.text))
        if decision.reasons:
            raise RuleRefused(decision.reasons)
        runbook.state = state
        runbook.published = newest.number
        runbook.published_at = runbook.reviewed_at = now
        runbook.review_due_at = end_of_review(now, runbook.review_every_days)
        _save(runbook, now)
        review_follow(runbook, actor=actor, now=now, reviewed=True)
        links_follow(runbook, newest.text, now=now)
        _record(runbook, "published", actor=actor, now=now, data={"number": newest.number})
        return runbook


def runbook_review(
    *, actor: Actor, now: datetime, slug: str, note: object = "", version: int | None = None
) -> Runbook:
    """Keep that a person has read the published version and found that it holds; return the runbook.

    The next review is due `review_every_days` later. Raises `InvalidInput`, `NotFound`, `Forbidden`,
    `Stale`, and `IllegalMove` for what is not published.
    """
    said = clean_text(note, field="note", max_length=MAX_NOTE, lines=False)
    with write(actor=actor, now=now, reason=said):
        runbook = runbook_locked(slug)
        require(actor, "runbook.review", case_of(runbook, now))
        require_version(runbook, version)
        runbook.state = RUNBOOK.move(runbook.state, "review")
        runbook.reviewed_at = now
        runbook.review_due_at = end_of_review(now, runbook.review_every_days)
        _save(runbook, now)
        review_follow(runbook, actor=actor, now=now, reviewed=True)
        _record(runbook, "reviewed", actor=actor, now=now, data={"number": runbook.published})
        return runbook


def runbook_retire(
    *, actor: Actor, now: datetime, slug: str, reason: object = "", version: int | None = None
) -> Runbook:
    """Offer a runbook no more, and return it. Runs that go on go on. Raises as `runbook_review`."""
    said = clean_text(reason, field="reason", max_length=MAX_NOTE)
    with write(actor=actor, now=now, reason=said):
        runbook = runbook_locked(slug)
        require(actor, "runbook.retire", case_of(runbook, now))
        require_version(runbook, version)
        runbook.state = RUNBOOK.move(runbook.state, "retire")
        _save(runbook, now)
        review_follow(runbook, actor=actor, now=now)
        links_follow(runbook, "", now=now)
        _record(runbook, "retired", actor=actor, now=now)
        return runbook


def runbook_reinstate(*, actor: Actor, now: datetime, slug: str, version: int | None = None) -> Runbook:
    """Make a retired runbook a draft again, and return it. Raises as `runbook_review`."""
    with write(actor=actor, now=now):
        runbook = runbook_locked(slug)
        require(actor, "runbook.retire", case_of(runbook, now))
        require_version(runbook, version)
        runbook.state = RUNBOOK.move(runbook.state, "reinstate")
        _save(runbook, now)
        _record(runbook, "reinstated", actor=actor, now=now)
        return runbook


def facts_of(runbook: Runbook, text: str) -> dict[str, Value]:
    """Return what rules may ask of a runbook that says `text`. Its targets are loaded with their services."""
    targets = list(runbook.targets.all())
    services = [target.service.slug for target in targets if target.service is not None]
    return runbook_facts(kind=runbook.kind, text=text, services=services, attached=bool(targets))


def runbook_locked(slug: str) -> Runbook:
    """Lock a runbook and return it, loaded. Raises `NotFound`."""
    if not Runbook.objects.select_for_update().filter(slug=slug).exists():
        raise NotFound("There is no such runbook.")
    return runbook_by_slug(slug)


def case_of(runbook: Runbook, now: datetime) -> RunbookCase:
    """Return what permissions ask of a runbook at `now` (aware UTC)."""
    return RunbookCase(runbook.owner_team.slug, str(runbook.keeper_id), now)


def _insert(runbook: Runbook) -> None:
    taken = InvalidInput.of("slug", "taken", "There is a runbook with this short name already.")
    if Runbook.objects.filter(slug=runbook.slug).exists():
        raise taken
    try:
        with transaction.atomic():
            runbook.save(force_insert=True)
    except IntegrityError:  # somebody else took it between the look and the save
        raise taken from None


def _write_version(
    runbook: Runbook, number: int, text: str, note: str, *, actor: Actor, now: datetime
) -> None:
    RunbookVersion.objects.create(
        runbook=runbook,
        number=number,
        text=text,
        content_hash=content_hash(text),
        note=note,
        actor_kind=actor.kind.value,
        actor_id=actor.id,
        written_at=now,
    )


def _attach(runbook: Runbook, cleaned: Mapping[str, Any]) -> None:
    """Make the targets those that are given, of each kind that is given."""
    if "services" in cleaned:
        wanted: dict[int, Service] = {service.pk: service for service in cleaned["services"]}
        for target in RunbookTarget.objects.filter(runbook=runbook, service__isnull=False):
            if wanted.pop(target.service_id or 0, None) is None:
                target.delete()
        for service in wanted.values():
            RunbookTarget.objects.create(runbook=runbook, service=service)
    if "alerts" in cleaned:
        tables = list(cleaned["alerts"])
        for target in RunbookTarget.objects.filter(runbook=runbook, service__isnull=True):
            if target.labels in tables:
                tables.remove(target.labels)
            else:
                target.delete()
        for labels in tables:
            RunbookTarget.objects.create(runbook=runbook, labels=labels)


def _save(runbook: Runbook, now: datetime) -> None:
    runbook.version += 1
    runbook.updated_at = now
    runbook.save()


def _record(
    runbook: Runbook, event: str, *, actor: Actor, now: datetime, data: dict[str, Any] | None = None
) -> None:
    audit_record(
        actor=actor,
        now=now,
        action=f"runbook.{event}",
        object_kind=KIND,
        object_key=runbook.slug,
        data=data or {},
    )
    outbox_put(
        now=now,
        topic=f"incidents.runbook.{event}",
        key=runbook.slug,
        payload={"runbook": runbook.slug, "state": runbook.state, "actor": str(actor), "at": now.isoformat()},
    )
