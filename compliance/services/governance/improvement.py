"""The improvement plan: phases, what is done in them, and how mature operations are judged to be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from compliance.governing.kinds import LEVELS
from compliance.governing.states import IMPROVEMENT
from compliance.models import ImprovementItem, ImprovementPhase, MaturityAssessment
from compliance.permissions.governance import PlanCase
from compliance.services.governance.fields import (
    MAX_PROSE,
    cleaned,
    day,
    line,
    moment,
    one_of,
    prose,
    whole,
    worker,
)
from compliance.services.governance.records import ORGANISATION, counted, told
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import InvalidInput, NotFound
from opsportal.core.text import clean_text
from opsportal.core.versions import require_version
from opsportal.core.writes import write
from opsportal.obligations.services import obligation_open, obligations_end
from opsportal.obligations.terms import Owner, Subject

KIND = "improvement"
RULE = "portal.improvement"
REMIND = (timedelta(days=7), timedelta(days=1))
PHASE_FIELDS = ("number", "title", "owner", "first_day", "last_day")
NEEDED = ("number", "title", "first_day", "last_day")
FIELDS = ("phase", "title", "detail", "owner", "due_at")
VERBS = {"start": "started", "finish": "done", "drop": "dropped", "reopen": "reopened"}


def phase_plan(*, actor: Actor, now: datetime, fields: Mapping[str, Any]) -> ImprovementPhase:
    """Make a phase of the plan, or bring the one of that number up to date, and return it.

    `fields` are those of `PHASE_FIELDS`; all but `owner`, who plans what is done in it, are needed.
    Raises `Forbidden`, `InvalidInput`.
    """
    given = cleaned(fields, _PHASE, required=NEEDED)
    if given["last_day"] < given["first_day"]:
        raise InvalidInput.of("last_day", "before_start", "Must not lie before the first day.")
    with write(actor=actor, now=now):
        require(actor, "improvement.phase", PlanCase(now))
        phase = ImprovementPhase.objects.select_for_update().filter(number=given["number"]).first()
        event = "planned" if phase is None else "edited"
        phase = phase or ImprovementPhase(version=0)
        for name, value in given.items():
            setattr(phase, name, value)
        phase.version += 1
        phase.save()
        told(f"improvement_phase.{event}", kind=KIND, key=f"phase-{phase.number}", actor=actor, now=now)
        return phase


def improvement_open(*, actor: Actor, now: datetime, fields: Mapping[str, Any]) -> ImprovementItem:
    """Plan an improvement and return it. `fields` are those of `FIELDS`; `detail` may be missing.

    Without `due_at` it is due at the end of its phase. Its owner owes it. Raises `Forbidden`, `InvalidInput`.
    """
    given = cleaned(fields, _CLEANERS, required=("phase", "title", "owner"))
    with write(actor=actor, now=now):
        phase: ImprovementPhase = given["phase"]
        require(actor, "improvement.plan", case_of_phase(phase, now))
        item = ImprovementItem(opened_at=now, updated_at=now, due_at=_end_of(phase, now))
        for name, value in given.items():
            setattr(item, name, value)
        item.save(force_insert=True)
        _owe(item, actor=actor, now=now)
        _happened(item, "opened", actor=actor, now=now)
        return item


def improvement_edit(
    *, actor: Actor, now: datetime, pk: int, fields: Mapping[str, Any], version: int | None = None
) -> ImprovementItem:
    """Change an improvement that is not done yet, and return it. Raises as `improvement_move`.

    Into another phase moves it who may plan there, too.
    """
    given = cleaned(fields, _CLEANERS)
    with write(actor=actor, now=now):
        item = improvement_locked(pk)
        for phase in {item.phase, given.get("phase", item.phase)}:
            require(actor, "improvement.plan", case_of_phase(phase, now))
        require_version(item, version)
        item.state = IMPROVEMENT.move(item.state, "edit")
        before = (item.owner_id, item.due_at)
        for name, value in given.items():
            setattr(item, name, value)
        _save(item, now)
        if (item.owner_id, item.due_at) != before:
            _owe(item, actor=actor, now=now)
        _told(item, "edited", actor=actor, now=now)
        return item


def improvement_move(
    *, actor: Actor, now: datetime, pk: int, verb: str, text: object = "", version: int | None = None
) -> ImprovementItem:
    """Take a step of `VERBS` and return the improvement. To drop it or open it again needs a `text`.

    Raises `InvalidInput`, `NotFound`, `Forbidden`, `Stale`, `IllegalMove`.
    """
    if verb not in VERBS:
        raise InvalidInput.of("verb", "unknown", f"Must be one of: {', '.join(VERBS)}.")
    said = clean_text(text, field="text", max_length=MAX_PROSE, required=verb in {"drop", "reopen"})
    with write(actor=actor, now=now, reason=said[:500]):
        item = improvement_locked(pk)
        require(actor, permission_of(verb), case_of(item, now))
        require_version(item, version)
        item.state = IMPROVEMENT.move(item.state, verb)
        item.outcome = said or item.outcome
        item.ended_at = now if verb in {"finish", "drop"} else None
        _save(item, now)
        if verb == "reopen":
            _owe(item, actor=actor, now=now)
        elif verb in {"finish", "drop"}:
            _end(item, "met" if verb == "finish" else "void", actor=actor, now=now)
        if verb in {"finish", "drop"}:
            _happened(item, VERBS[verb], actor=actor, now=now)
        else:
            _told(item, VERBS[verb], actor=actor, now=now)
        return item


def maturity_assess(*, actor: Actor, now: datetime, fields: Mapping[str, Any]) -> MaturityAssessment:
    """Record how mature operations are judged to be, and return it.

    `fields`: `level` and `target` (1 to 5, needed), `strengths`, `gaps`. Raises `Forbidden`, `InvalidInput`.
    """
    given = cleaned(fields, _MATURITY, required=("level", "target"))
    with write(actor=actor, now=now):
        require(actor, "maturity.assess", PlanCase(now))
        row = MaturityAssessment(assessed_by_id=UUID(actor.id), assessed_at=now, **given)
        row.save(force_insert=True)
        data = {"level": row.level, "target": row.target}
        told("maturity.assessed", kind="maturity", key=str(row.pk), actor=actor, now=now, data=data)
        counted(
            "maturity.assessed",
            subject=ORGANISATION,
            record=("maturity", str(row.pk)),
            facts={"maturity.level": row.level, "maturity.target": row.target},
            at=now,
            actor=actor,
            now=now,
            summary=f"Level {row.level}, to become {row.target}",
        )
        return row


def case_of_phase(phase: ImprovementPhase, now: datetime) -> PlanCase:
    """Return what permissions ask of a phase at `now` (aware UTC)."""
    return PlanCase(now, str(phase.owner_id or ""))


def case_of(item: ImprovementItem, now: datetime) -> PlanCase:
    """Return what permissions ask of an improvement, loaded with its phase, at `now` (aware UTC)."""
    return replace(case_of_phase(item.phase, now), item_owner=str(item.owner_id))


def permission_of(verb: str) -> str:
    """Return the permission of a step: who owes an improvement does it, who plans it drops and reopens it."""
    return "improvement.do" if verb in {"start", "finish"} else "improvement.plan"


def improvement_locked(pk: int) -> ImprovementItem:
    """Lock an improvement and return it, with its phase. Raises `NotFound`."""
    rows = ImprovementItem.objects.select_for_update(of=("self",)).select_related("phase")
    found = rows.filter(pk=pk).first()
    if found is None:
        raise NotFound("There is no such improvement.")
    return found


def _end_of(phase: ImprovementPhase, now: datetime) -> datetime:
    end = datetime(phase.last_day.year, phase.last_day.month, phase.last_day.day, 23, 59, tzinfo=now.tzinfo)
    return max(end, now + timedelta(days=1))


def _subject(item: ImprovementItem) -> Subject:
    return Subject(KIND, item.key, item.title)


def _owe(item: ImprovementItem, *, actor: Actor, now: datetime) -> None:
    _end(item, "void", actor=actor, now=now)
    obligation_open(
        actor=actor,
        now=now,
        rule=RULE,
        standard_hash="",
        subject=_subject(item),
        occurrence=f"v{item.version}",
        what="Do what the improvement plan says",
        owner=Owner.user(item.owner_id),
        due_at=item.due_at,
        remind=REMIND,
    )


def _end(item: ImprovementItem, outcome: Any, *, actor: Actor, now: datetime) -> None:
    obligations_end(
        actor=actor, now=now, subject_kind=KIND, subject_key=item.key, rule_ids=[RULE], outcome=outcome
    )


def _save(item: ImprovementItem, now: datetime) -> None:
    item.version += 1
    item.updated_at = now
    item.save()


def _told(item: ImprovementItem, event: str, *, actor: Actor, now: datetime) -> None:
    data = {"phase": item.phase.number, "state": item.state, "due_at": item.due_at.isoformat()}
    told(f"improvement_item.{event}", kind=KIND, key=item.key, actor=actor, now=now, data=data)


def _happened(item: ImprovementItem, event: str, *, actor: Actor, now: datetime) -> None:
    _told(item, event, actor=actor, now=now)
    counted(
        f"improvement_item.{event}",
        subject=_subject(item),
        record=(KIND, item.key),
        facts={"improvement.phase": item.phase.number},
        at=now,
        actor=actor,
        now=now,
        owner=Owner.user(item.owner_id),
        summary=item.title,
        occurrence=f"v{item.version}",
    )


def _phase(value: object) -> ImprovementPhase:
    number = value if isinstance(value, int) and not isinstance(value, bool) else -1
    found = ImprovementPhase.objects.filter(number=number).first() if 0 <= number < 1000 else None
    if found is None:
        raise InvalidInput.of("phase", "unknown", "There is no phase of this number.")
    return found


def _maybe_person(value: object) -> Any:
    return None if value in ("", None) else worker("owner")(value)


_PHASE = {
    "number": whole("number", 1, 99),
    "title": line("title", 120, required=True),
    "owner": _maybe_person,
    "first_day": day("first_day"),
    "last_day": day("last_day"),
}
_CLEANERS = {
    "phase": _phase,
    "title": line("title", 200, required=True),
    "detail": prose("detail"),
    "owner": worker("owner"),
    "due_at": moment("due_at"),
}
_MATURITY = {
    "level": one_of("level", LEVELS),
    "target": one_of("target", LEVELS),
    "strengths": prose("strengths"),
    "gaps": prose("gaps"),
}
