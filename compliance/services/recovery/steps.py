"""The steps of a restore test or an exercise, ticked off with their times."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from compliance.models import Exercise, ProcedureStep, RestoreTest
from compliance.recovery.procedures import BY_SLUG
from compliance.recovery.states import STEP
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, InvalidInput, NotFound
from opsportal.core.text import clean_text
from opsportal.core.versions import require_version

MAX_NOTE = 4_000
VERBS = {"do": "step_done", "skip": "step_skipped", "fail": "step_failed", "reopen": "step_reopened"}
"""What may be done with a step, and the end of the audit action that tells of it."""


def steps_add(trial: RestoreTest | Exercise, *, procedure: str, own: Sequence[str]) -> None:
    """Copy the steps of a procedure, or those that somebody wrote, to a test or an exercise."""
    texts = own or (BY_SLUG[procedure].steps if procedure else ())
    for number, text in enumerate(texts, start=1):
        step = ProcedureStep(number=number, text=text)
        if isinstance(trial, RestoreTest):
            step.restore_test = trial
        else:
            step.exercise = trial
        step.save()


def step_tick(
    trial: RestoreTest | Exercise,
    number: int,
    verb: str,
    *,
    note: object,
    version: int | None,
    actor: Actor,
    now: datetime,
) -> ProcedureStep:
    """Tick off one step of a test or exercise that the caller has locked, and return it.

    Two people who tick the same step at once: the second is told that it is done. Raises `InvalidInput`
    (a step that was skipped or failed says why), `NotFound`, `Stale` and `IllegalMove`.
    """
    if verb not in VERBS:
        raise InvalidInput.of("verb", "unknown", f"Must be one of: {', '.join(VERBS)}.")
    said = clean_text(note, field="note", max_length=MAX_NOTE, required=verb in {"skip", "fail"})
    step = trial.steps.select_for_update().filter(number=number).first()
    if step is None:
        raise NotFound("There is no such step.")
    step.state = STEP.move(step.state, verb)
    require_version(step, version)
    step.note = said
    step.by_id = actor.id if actor.is_user and verb != "reopen" else None
    step.at = None if verb == "reopen" else now
    step.version += 1
    step.save()
    return step


def steps_over(trial: RestoreTest | Exercise, *, passed: bool) -> list[str]:
    """Return the states of all steps.

    Raises `Conflict` while one is open, and where one failed although it `passed`.
    """
    steps = list(trial.steps.values_list("number", "state"))
    still_open = [number for number, state in steps if state == "open"]
    if still_open:
        numbers = ", ".join(map(str, still_open[:20]))
        raise Conflict(f"Do or skip these steps first: {numbers}.", code="steps_open")
    if passed and any(state == "failed" for _, state in steps):
        raise Conflict("A step failed, so it did not pass as a whole.", code="step_failed")
    return [state for _, state in steps]
