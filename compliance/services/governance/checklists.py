"""Checklists: defined or taken over from those that are shipped, gone through, signed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from importlib import resources
from typing import Any
from uuid import UUID

from compliance.governing.kinds import ANSWERS
from compliance.governing.lists import (
    Definition,
    Item,
    clean_items,
    clean_period,
    read_definition,
    unanswered,
)
from compliance.governing.periods import period_of
from compliance.governing.states import CHECKLIST, RUN
from compliance.models import Checklist, ChecklistAnswer, ChecklistEdition, ChecklistRun
from compliance.permissions.governance import ChecklistCase
from compliance.selectors.checklists import figures_for
from compliance.services.governance.fields import cleaned, day, line, slug, utc_day
from compliance.services.governance.records import ORGANISATION, counted, told
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, FieldError, InvalidInput, NotFound
from opsportal.core.text import clean_text
from opsportal.core.versions import require_version
from opsportal.core.writes import write

KIND = "checklist"
MAX_NOTE = 1_000
FIELDS = ("slug", "title", "period", "items", "owner_role")


def shipped() -> tuple[Definition, ...]:
    """Return the checklists that come with the portal, by slug."""
    folder = resources.files("compliance") / "governing" / "shipped"
    files = [one for one in folder.iterdir() if one.name.endswith(".toml")]
    found = [read_definition(one.read_text("utf-8")) for one in files]
    return tuple(sorted(found, key=lambda one: one.slug))


def checklist_adopt(*, actor: Actor, now: datetime, slug: str) -> Checklist:
    """Take a shipped checklist into use, and return it; one that stands already stays as it is.

    Raises `NotFound`, `Forbidden`.
    """
    one = next((one for one in shipped() if one.slug == slug), None)
    if one is None:
        raise NotFound("No such checklist comes with the portal.")
    standing = Checklist.objects.filter(slug=slug).first()
    if standing is not None:
        return standing
    return _define(
        actor=actor,
        now=now,
        given={
            "slug": one.slug,
            "title": one.title,
            "period": one.period,
            "owner_role": one.owner_role,
            "items": one.items,
        },
        source=f"{one.document} {one.section}".strip(),
    )


def checklist_define(*, actor: Actor, now: datetime, fields: Mapping[str, Any]) -> Checklist:
    """Make a checklist and return it. `fields` are those of `FIELDS`; all but `owner_role` are needed.

    Raises `Forbidden`, `InvalidInput`.
    """
    given = cleaned(fields, _CLEANERS, required=("slug", "title", "period", "items"))
    return _define(actor=actor, now=now, given=given, source="")


def _define(*, actor: Actor, now: datetime, given: Mapping[str, Any], source: str) -> Checklist:
    with write(actor=actor, now=now):
        require(actor, "checklist.define")
        if Checklist.objects.filter(slug=given["slug"]).exists():
            raise InvalidInput.of("slug", "taken", "There is a checklist with this slug already.")
        checklist = Checklist(
            slug=given["slug"],
            title=given["title"],
            period=given["period"],
            owner_role=given.get("owner_role", ""),
            source=source[:200],
            created_at=now,
            updated_at=now,
        )
        checklist.save(force_insert=True)
        _edition(checklist, given["items"], now)
        told("checklist.defined", kind=KIND, key=checklist.slug, actor=actor, now=now)
        return checklist


def checklist_edit(
    *, actor: Actor, now: datetime, slug: str, fields: Mapping[str, Any], version: int | None = None
) -> Checklist:
    """Change title, role or items of a checklist and return it; other items are a new edition.

    Runs that are under way keep the items that they began with. Raises `NotFound`, `Forbidden`,
    `InvalidInput`, `Stale`, `IllegalMove`.
    """
    readers = {name: _CLEANERS[name] for name in ("title", "owner_role", "items")}
    given = cleaned(fields, readers)
    with write(actor=actor, now=now):
        require(actor, "checklist.define")
        checklist = _locked(slug)
        require_version(checklist, version)
        checklist.state = CHECKLIST.move(checklist.state, "edit")
        for name in ("title", "owner_role"):
            setattr(checklist, name, given.get(name, getattr(checklist, name)))
        items = given.get("items")
        last = checklist.editions.get(number=checklist.edition)
        if items is not None and items != last.listed:
            checklist.edition += 1
            _edition(checklist, items, now)
        _save(checklist, now)
        data = {"edition": checklist.edition}
        told("checklist.edited", kind=KIND, key=slug, actor=actor, now=now, data=data)
        return checklist


def checklist_move(
    *, actor: Actor, now: datetime, slug: str, verb: str, version: int | None = None
) -> Checklist:
    """Retire or restore (`verb`) a checklist. Raises `NotFound`, `Forbidden`, `Stale`, `IllegalMove`."""
    events = {"retire": "retired", "restore": "restored"}
    if verb not in events:
        raise InvalidInput.of("verb", "unknown", f"Must be one of: {', '.join(events)}.")
    with write(actor=actor, now=now):
        require(actor, "checklist.define")
        checklist = _locked(slug)
        require_version(checklist, version)
        checklist.state = CHECKLIST.move(checklist.state, verb)
        _save(checklist, now)
        told(f"checklist.{events[verb]}", kind=KIND, key=slug, actor=actor, now=now)
        return checklist


def checklist_start(*, actor: Actor, now: datetime, slug: str, on: date | None = None) -> ChecklistRun:
    """Begin with a checklist for the period in which the day `on` lies (missing: today), and return the run.

    The run of that period that stands already is returned as it is. Raises `NotFound`, `Forbidden`,
    `InvalidInput` (a day ahead), `Conflict` (`retired`).
    """
    chosen: date = day("on", until=utc_day(now))(on) if on is not None else utc_day(now)
    with write(actor=actor, now=now):
        checklist = _locked(slug)
        require(actor, "checklist.sign", case_of(checklist, now))
        period = period_of(checklist.period, chosen)
        standing = checklist.runs.filter(first_day=period.first).first()
        if standing is not None:
            return standing
        if checklist.state != CHECKLIST.initial:
            raise Conflict("This checklist is retired.", code="retired")
        run = ChecklistRun(
            checklist=checklist,
            edition=checklist.editions.get(number=checklist.edition),
            first_day=period.first,
            last_day=period.last,
            started_by_id=UUID(actor.id),
            started_at=now,
            updated_at=now,
        )
        run.save(force_insert=True)
        data = {"period": period.name}
        told("checklist.started", kind=KIND, key=slug, actor=actor, now=now, data=data)
        return run


def checklist_answer(
    *,
    actor: Actor,
    now: datetime,
    run: int,
    answers: Sequence[Mapping[str, Any]],
    version: int | None = None,
) -> ChecklistRun:
    """Answer items of an open run and return it; an item that is answered already gets the newer answer.

    Each of `answers` has `item`, `answer` (`ticked`, `noted`, `not_applicable`) and, but for a tick, a
    `note`. What the portal knows of the item is kept with the answer. Raises `NotFound`, `Forbidden`,
    `InvalidInput` with a pointer for each, `Stale`, `IllegalMove`.
    """
    with write(actor=actor, now=now):
        row = run_locked(run)
        require(actor, "checklist.sign", case_of(row.checklist, now))
        require_version(row, version)
        row.state = RUN.move(row.state, "answer")
        _answer(row, answers, actor=actor, now=now)
        row.version += 1
        row.updated_at = now
        row.save()
        data = {"run": row.pk, "items": [str(one["item"]) for one in answers]}
        told("checklist.answered", kind=KIND, key=row.checklist.slug, actor=actor, now=now, data=data)
        return row


def checklist_sign(
    *,
    actor: Actor,
    now: datetime,
    run: int,
    answers: Sequence[Mapping[str, Any]] = (),
    remark: object = "",
    version: int | None = None,
) -> ChecklistRun:
    """Sign a run in which every item is answered, and return it. `answers` are taken first.

    Raises as `checklist_answer`, and `Conflict` (`unanswered`), naming the first item.
    """
    said = clean_text(remark, field="remark", max_length=MAX_NOTE)
    with write(actor=actor, now=now):
        row = run_locked(run)
        require(actor, "checklist.sign", case_of(row.checklist, now))
        require_version(row, version)
        state = RUN.move(row.state, "sign")
        if answers:
            _answer(row, answers, actor=actor, now=now)
        given = dict(row.answers.values_list("item", "answer"))
        left = unanswered(row.edition.listed, given)
        if left:
            more = f" and {len(left) - 1} more" if len(left) > 1 else ""
            raise Conflict(f"Not answered yet: {left[0].text}{more}.", code="unanswered")
        row.state, row.signed_by_id, row.signed_at = state, UUID(actor.id), now
        row.remark, row.updated_at = said, now
        row.version += 1
        row.save()
        _signed(row, list(given.values()), actor=actor, now=now)
        return row


def _signed(row: ChecklistRun, given: list[str], *, actor: Actor, now: datetime) -> None:
    checklist = row.checklist
    period = period_of(checklist.period, row.first_day)
    counts = {word: given.count(word) for word in ANSWERS}
    data = {"run": row.pk, "period": period.name, **counts}
    told("checklist.signed", kind=KIND, key=checklist.slug, actor=actor, now=now, data=data)
    counted(
        "checklist.signed",
        subject=ORGANISATION,
        record=("checklist-run", f"{checklist.slug}:{period.name}"),
        facts={
            "checklist.slug": checklist.slug,
            "checklist.period": checklist.period,
            "checklist.items": len(given),
            **{f"checklist.{word}": count for word, count in counts.items()},
        },
        at=now,
        actor=actor,
        now=now,
        summary=f"{checklist.title}, {period.name}",
    )


def _answer(row: ChecklistRun, answers: Sequence[Mapping[str, Any]], *, actor: Actor, now: datetime) -> None:
    items = {item.id: item for item in row.edition.listed}
    errors: list[FieldError] = []
    read: list[tuple[Item, str, str]] = []
    for index, one in enumerate(answers):
        try:
            read.append(_one(one, items))
        except InvalidInput as refusal:
            errors.extend(
                FieldError(f"/answers/{index}{error.pointer}", error.code, error.detail)
                for error in refusal.errors
            )
    if errors:
        raise InvalidInput(errors)
    period = period_of(row.checklist.period, row.first_day)
    figures = figures_for({item.hint for item, _, _ in read if item.hint}, period, now)
    standing = {answer.item: answer for answer in row.answers.all()}
    for item, answer, note in read:
        known = standing.get(item.id) or ChecklistAnswer(run=row, item=item.id)
        known.answer, known.note, known.at = answer, note, now
        known.figures = figures.get(item.hint, "")[:300]
        known.by_id = UUID(actor.id)
        known.save()
        standing[item.id] = known


def _one(given: Mapping[str, Any], items: Mapping[str, Item]) -> tuple[Item, str, str]:
    item = items.get(str(given.get("item", "")))
    if item is None:
        raise InvalidInput.of("item", "unknown", f"Its items are: {', '.join(items)}.")
    answer = given.get("answer")
    if answer not in ANSWERS:
        raise InvalidInput.of("answer", "unknown", f"Must be one of: {', '.join(ANSWERS)}.")
    note = clean_text(given.get("note", ""), field="note", max_length=MAX_NOTE, required=answer != "ticked")
    return item, str(answer), note


def case_of(checklist: Checklist, now: datetime) -> ChecklistCase:
    """Return what permissions ask of a checklist at `now` (aware UTC)."""
    return ChecklistCase(checklist.slug, checklist.owner_role, now)


def run_locked(pk: int) -> ChecklistRun:
    """Lock a run and return it, with its checklist. Raises `NotFound`."""
    found = (
        ChecklistRun.objects.select_for_update(of=("self",))
        .select_related("checklist", "edition")
        .filter(pk=pk)
        .first()
    )
    if found is None:
        raise NotFound("This checklist was not begun.")
    return found


def _locked(slug_: str) -> Checklist:
    found = Checklist.objects.select_for_update().filter(slug=slug_).first()
    if found is None:
        raise NotFound("There is no such checklist.")
    return found


def _edition(checklist: Checklist, items: tuple[Item, ...], now: datetime) -> ChecklistEdition:
    edition = ChecklistEdition(
        checklist=checklist,
        number=checklist.edition,
        items=[item.as_data() for item in items],
        written_at=now,
    )
    edition.save(force_insert=True)
    return edition


def _save(checklist: Checklist, now: datetime) -> None:
    checklist.version += 1
    checklist.updated_at = now
    checklist.save()


_CLEANERS = {
    "slug": slug("slug"),
    "title": line("title", 120, required=True),
    "period": clean_period,
    "items": clean_items,
    "owner_role": line("owner_role", 60),
}
