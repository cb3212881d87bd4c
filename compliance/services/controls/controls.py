"""Writing controls: what we do, who answers for it, and what it is judged by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from django.db.models import Model

from compliance.controlling.states import CONTROL
from compliance.facts.controls import control_facts
from compliance.models import Control, ControlEvent, ControlLink, ControlRequirement, ControlRule
from compliance.permissions.controls import OwnedCase
from compliance.selectors.controls import control_by_key
from compliance.services.controls.control_fields import clean_control
from compliance.services.controls.looked_up import needed, owner_or_self
from compliance.services.controls.telling import count, record
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import InvalidInput
from opsportal.core.text import clean_text
from opsportal.core.versions import require_version
from opsportal.core.writes import write
from opsportal.obligations.terms import Subject

KIND = "control"
MAX_NOTE = 2_000
COLUMNS = ("title", "description", "team", "frequency")
M = TypeVar("M", bound=Model)


def control_create(*, actor: Actor, now: datetime, fields: Mapping[str, Any]) -> Control:
    """Make a control and return it.

    `fields` are those of `clean_control`; title and frequency are needed, and `owner` where no person
    writes it. Raises `InvalidInput` and `Forbidden`.
    """
    with write(actor=actor, now=now):
        cleaned = clean_control(fields)
        needed(cleaned, "title", "frequency")
        owner = owner_or_self(cleaned, actor)
        team = cleaned.get("team")
        require(actor, "control.write", OwnedCase("", team.slug if team else "", now))
        control = Control(
            **{name: cleaned[name] for name in COLUMNS if name in cleaned},
            owner=owner,
            created_at=now,
            updated_at=now,
        )
        control.save()
        _map(control, cleaned)
        record(actor=actor, now=now, kind=KIND, key=control.key, done="created", data=_counts(cleaned))
        return control


def control_edit(
    *, actor: Actor, now: datetime, key: str, fields: Mapping[str, Any], version: int | None = None
) -> Control:
    """Change a control and return it. Each kind of mapping that is given is given whole.

    Raises `InvalidInput`, `NotFound`, `Forbidden`, `Stale`, and `IllegalMove` for a retired one.
    """
    with write(actor=actor, now=now):
        control = control_locked(key)
        require(actor, "control.write", case_of(control, now))
        require_version(control, version)
        cleaned = clean_control(fields)
        control.state = CONTROL.move(control.state, "edit")
        for name in (*COLUMNS, "owner"):
            if name in cleaned:
                setattr(control, name, cleaned[name])
        _map(control, cleaned)
        _save(control, now)
        record(actor=actor, now=now, kind=KIND, key=control.key, done="edited", data=_counts(cleaned))
        return control


def control_review(
    *, actor: Actor, now: datetime, key: str, note: object = "", version: int | None = None
) -> Control:
    """Keep that a person has looked at the control and found that it says what is done; return it.

    Raises `InvalidInput`, `NotFound`, `Forbidden`, `Stale` and `IllegalMove`.
    """
    said = clean_text(note, field="note", max_length=MAX_NOTE)
    with write(actor=actor, now=now, reason=said[:500]):
        control = control_locked(key)
        require(actor, "control.review", case_of(control, now))
        require_version(control, version)
        control.state = CONTROL.move(control.state, "review")
        control.reviewed_at = now
        _save(control, now)
        record(actor=actor, now=now, kind=KIND, key=control.key, done="reviewed")
        count(
            actor=actor,
            now=now,
            event="control.reviewed",
            subject=subject_of(control),
            facts=facts_of(control),
            owner=control.owner_id,
        )
        return control


def control_retire(
    *, actor: Actor, now: datetime, key: str, reason: object = "", version: int | None = None
) -> Control:
    """Judge a control no more, and return it. What it was judged by stays. Raises as `control_review`."""
    return _move("retire", "retired", actor=actor, now=now, key=key, reason=reason, version=version)


def control_reinstate(
    *, actor: Actor, now: datetime, key: str, reason: object = "", version: int | None = None
) -> Control:
    """Take a retired control into use again, and return it. Raises as `control_review`."""
    return _move("reinstate", "reinstated", actor=actor, now=now, key=key, reason=reason, version=version)


def control_locked(key: str) -> Control:
    """Lock a control and return it. Raises `NotFound`."""
    found = control_by_key(key)
    return Control.objects.select_for_update(of=("self",)).select_related("owner", "team").get(pk=found.pk)


def case_of(control: Control, now: datetime) -> OwnedCase:
    """Return what permissions ask of a control at `now` (aware UTC)."""
    return OwnedCase(str(control.owner_id), control.team.slug if control.team else "", now)


def subject_of(control: Control) -> Subject:
    """Return how lower rooms name a control."""
    return Subject(KIND, control.key, control.title, teams=(control.team.slug,) if control.team else ())


def facts_of(control: Control) -> dict[str, Any]:
    """Return what rules may ask of a control. One query."""
    frameworks = control.requirements.values_list("framework__slug", flat=True)
    return control_facts(frequency=control.frequency, frameworks=set(frameworks))


def _move(
    verb: str, done: str, *, actor: Actor, now: datetime, key: str, reason: object, version: int | None
) -> Control:
    said = clean_text(reason, field="reason", max_length=MAX_NOTE)
    with write(actor=actor, now=now, reason=said[:500]):
        control = control_locked(key)
        require(actor, "control.retire", case_of(control, now))
        require_version(control, version)
        control.state = CONTROL.move(control.state, verb)
        _save(control, now)
        record(actor=actor, now=now, kind=KIND, key=control.key, done=done)
        return control


def _save(control: Control, now: datetime) -> None:
    control.version += 1
    control.updated_at = now
    control.save()


def _counts(cleaned: Mapping[str, Any]) -> dict[str, int]:
    kinds = ("requirements", "rules", "events", "links")
    return {kind: len(cleaned[kind]) for kind in kinds if kind in cleaned}


def _map(control: Control, cleaned: Mapping[str, Any]) -> None:
    """Make each kind of mapping that is given exactly what is given."""
    if "requirements" in cleaned:
        wanted = {one.pk: one for one in cleaned["requirements"]}
        rows = ControlRequirement.objects.filter(control=control)
        for row in _surplus(rows, wanted, lambda row: row.requirement_id):
            row.delete()
        for one in wanted.values():
            ControlRequirement.objects.create(control=control, requirement=one)
    if "rules" in cleaned:
        pairs = dict.fromkeys(cleaned["rules"], None)
        for rule_row in _surplus(
            ControlRule.objects.filter(control=control), pairs, lambda row: (row.pack, row.rule)
        ):
            rule_row.delete()
        for pack, rule in pairs:
            ControlRule.objects.create(control=control, pack=pack, rule=rule)
    if "events" in cleaned:
        names = dict.fromkeys(cleaned["events"], None)
        for event_row in _surplus(ControlEvent.objects.filter(control=control), names, lambda row: row.event):
            event_row.delete()
        for name in names:
            ControlEvent.objects.create(control=control, event=name)
    if "links" in cleaned:
        _link(control, cleaned["links"])


def _link(control: Control, links: Iterable[tuple[str, Control]]) -> None:
    others = {(relation, other.pk): other for relation, other in links}
    if any(other.pk == control.pk for other in others.values()):
        raise InvalidInput.of("links", "itself", "A control is not linked to itself.")
    rows = ControlLink.objects.filter(control=control)
    for row in _surplus(rows, others, lambda row: (row.relation, row.other_id)):
        row.delete()
    for (relation, _), other in others.items():
        ControlLink.objects.create(control=control, other=other, relation=relation)


def _surplus(rows: Iterable[M], wanted: dict[Any, Any], key_of: Any) -> list[M]:
    """Take what stands already out of `wanted`; return the rows that are not wanted any more."""
    missing = object()
    return [row for row in rows if wanted.pop(key_of(row), missing) is missing]
