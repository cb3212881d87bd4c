"""Submitting a change for approval, and taking it back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from changes.models import Change
from changes.services.drafts import change_create, change_revise
from changes.services.events import happened, stages_opened
from changes.services.reasons import clean_reason, refuse
from changes.services.rounds import approved_without_stages, let_go, open_round
from changes.services.scene import scene_locked
from changes.states import CHANGE
from opsportal.core.actor import Actor
from opsportal.core.errors import FieldError, InvalidInput
from opsportal.core.versions import require_version
from opsportal.core.writes import write
from opsportal.standards import engine
from opsportal.standards.language import is_filled
from opsportal.standards.rules import Standard
from opsportal.standards.vocabulary import Facts

POINT = "change.submit"
_POINTERS = {"window": "window_start"}


def change_submit(*, actor: Actor, now: datetime, pk: int, version: int | None = None) -> Change:
    """Submit a draft for approval and return the change: in review, or approved where nobody is asked.

    It runs under the standard that is active now, whatever is activated later. Raises `InvalidInput`
    for a window that is over (an emergency may have one) and with every field that the standard demands,
    `RuleRefused` with every other reason (also where a stage has nobody who may decide it), `NotFound`,
    `Forbidden`, `Stale` and `IllegalMove`.
    """
    with write(actor=actor, now=now):
        scene = scene_locked(pk)
        change = scene.change
        scene.require(actor, "submit", now)
        require_version(change, version)
        state, facts = CHANGE.move(change.state, "submit"), scene.facts(now)
        _refuse_past_window(change, now)
        _refuse_what_lacks(scene.standard, facts)
        change.state = state
        change.standard_hash = scene.standard.content_hash
        change.submitted_at = now
        change.submissions += 1
        opened = open_round(scene, facts, actor=actor, now=now)
        scene.save(now)
        happened(scene, actor=actor, now=now, event="submitted", data={"standard_hash": change.standard_hash})
        if opened.request.state == "approved":
            approved_without_stages(scene, actor=actor, now=now)
        else:
            stages_opened(scene, opened.opened, actor=actor, now=now)
        return change


def change_raise(*, actor: Actor, now: datetime, fields: Mapping[str, Any]) -> Change:
    """Draft a change and submit it at once; return it. Where it may not be submitted, nothing is drafted.

    Raises what `change_create` and `change_submit` raise.
    """
    with write(actor=actor, now=now):
        change = change_create(actor=actor, now=now, fields=fields)
        return change_submit(actor=actor, now=now, pk=change.pk)


def change_amend(
    *, actor: Actor, now: datetime, pk: int, fields: Mapping[str, Any], version: int | None = None
) -> Change:
    """Revise a change and submit it at once; return it. Where it may not be submitted, nothing is revised.

    Raises what `change_revise` and `change_submit` raise.
    """
    with write(actor=actor, now=now):
        change_revise(actor=actor, now=now, pk=pk, fields=fields, version=version)
        return change_submit(actor=actor, now=now, pk=pk)


def change_withdraw(
    *, actor: Actor, now: datetime, pk: int, reason: object = "", version: int | None = None
) -> Change:
    """Take a change back from review, approval or schedule and return it, a draft again; votes are void.

    Raises `InvalidInput`, `NotFound`, `Forbidden`, `Stale` and `IllegalMove`.
    """
    text = clean_reason(reason)
    with write(actor=actor, now=now, reason=text):
        scene = scene_locked(pk)
        change = scene.change
        scene.require(actor, "withdraw", now)
        require_version(change, version)
        state = CHANGE.move(change.state, "withdraw")
        let_go(scene, actor=actor, now=now)
        change.state = state
        change.submitted_at = change.decided_at = None
        change.standard_hash = ""
        scene.save(now)
        happened(scene, actor=actor, now=now, event="withdrawn")
        return change


def _refuse_past_window(change: Change, now: datetime) -> None:
    """Nobody decides on what could not be carried out any more; an emergency may be over when it is told."""
    if change.type != Change.Type.EMERGENCY and change.window_end is not None and change.window_end <= now:
        raise InvalidInput.of(
            "window_end", "window_over", "This window is over. Give the change one that is still to come."
        )


def _refuse_what_lacks(standard: Standard, facts: Facts) -> None:
    missing = list(_missing_fields(standard, facts))
    if missing:
        raise InvalidInput(missing)
    refuse(engine.decide(standard, POINT, facts).reasons)


def _missing_fields(standard: Standard, facts: Facts) -> Iterator[FieldError]:
    """Yield an error for each demanded field that is empty: where it is, and the rule that asks for it."""
    for demanded in engine.fields(standard, POINT, facts):
        value = facts.get(demanded.demand.fact)
        if value if isinstance(value, bool) else is_filled(value):
            continue
        rule, name = demanded.rule, demanded.demand.field
        words = rule.message or f"Fill in the {demanded.demand.title}."
        yield FieldError(
            f"/{_POINTERS.get(name, name)}",
            "required_by_standard",
            f"{words} The standard demands it: “{rule.source.quote}” (rule {rule.id}).",
        )
