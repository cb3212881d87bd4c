"""Following a runbook step by step; who did what, when, is kept."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from incidents.models import Incident, RunbookRun, RunbookStep
from incidents.models.response import PREFIX
from incidents.runbook.states import RUN, STEP
from incidents.runbook.text import steps_of
from incidents.selectors.response import visible
from incidents.selectors.runbooks import run_seen, runbook_by_slug, version_of
from incidents.services.response.timeline import entry_add
from opsportal.audit.services import audit_record
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, InvalidInput, NotFound
from opsportal.core.keys import number_of
from opsportal.core.text import clean_text
from opsportal.core.versions import require_version
from opsportal.core.writes import write
from opsportal.outbox.services import outbox_put

MAX_NOTE = 4_000
KIND = "runbook"
STEP_ACTIONS = {
    "do": "run_step_done",
    "skip": "run_step_skipped",
    "fail": "run_step_failed",
    "reopen": "run_step_reopened",
}

TOLD = {
    "run_started": "Began to follow the runbook “{title}”.",
    "run_completed": "Finished the runbook “{title}”. {outcome}",
    "run_abandoned": "Ended the runbook “{title}” unfinished: {outcome}",
}
"""What the timeline of the incident says; single steps stand on the page of the run."""


def run_start(
    *, actor: Actor, now: datetime, slug: str, occasion: str = "", incident: str = ""
) -> RunbookRun:
    """Begin to follow the published version of a runbook, and return the run with its steps.

    The version is fixed from now on: editing the runbook changes nothing here. `occasion` is `exercise`,
    `routine`, or `incident`: the default with an `incident` (its key), on whose timeline it then stands.
    Raises `InvalidInput`, `NotFound`, `Forbidden`, and `Conflict` (`not_published`, `no_steps`).
    """
    with write(actor=actor, now=now):
        require(actor, "runbook.run")
        runbook = runbook_by_slug(slug)
        word = occasion or ("incident" if incident else "routine")
        if word not in RunbookRun.Occasion.values:
            raise InvalidInput.of(
                "occasion", "unknown", f"Must be one of: {', '.join(RunbookRun.Occasion.values)}."
            )
        if (word == "incident") != bool(incident):
            raise InvalidInput.of(
                "incident", "does_not_fit", "Name the incident, or choose another occasion."
            )
        about = _incident(incident, actor=actor, now=now) if incident else None
        if runbook.state != "published" or runbook.published is None:
            raise Conflict("Only a published runbook is followed. Publish it first.", code="not_published")
        content = version_of(runbook, runbook.published)
        steps = steps_of(content.text)
        if not steps:
            raise Conflict("This runbook has no numbered steps to tick off. Read it.", code="no_steps")
        run = RunbookRun.objects.create(
            runbook=runbook,
            content=content,
            occasion=word,
            incident=about,
            started_by_id=actor.id,
            started_at=now,
            updated_at=now,
        )
        for step in steps:
            RunbookStep.objects.create(
                run=run, number=step.number, section=step.section[:200], text=step.text
            )
        _record(run, "run_started", actor=actor, now=now, data={"number": content.number, "occasion": word})
        return run


def run_step(
    *,
    actor: Actor,
    now: datetime,
    pk: int,
    number: int,
    verb: str,
    note: object = "",
    version: int | None = None,
) -> RunbookStep:
    """Tick off one step (`do`, `skip`, `fail`, or `reopen`) and return it. `version` is the step's.

    Two people who tick the same step at once: the second is told that it is done. Raises `InvalidInput`
    (a step that was skipped or failed says why), `NotFound`, `Forbidden`, `Stale` and `IllegalMove`.
    """
    said = clean_text(note, field="note", max_length=MAX_NOTE, required=verb in {"skip", "fail"})
    if verb not in STEP_ACTIONS:
        raise InvalidInput.of("verb", "unknown", f"Must be one of: {', '.join(STEP_ACTIONS)}.")
    with write(actor=actor, now=now):
        require(actor, "runbook.run")
        run = run_locked(pk, actor=actor, now=now)
        step = RunbookStep.objects.select_for_update().filter(run=run, number=number).first()
        if step is None:
            raise NotFound("This run has no such step.")
        run.state = RUN.move(run.state, "step")
        step.state = STEP.move(step.state, verb)
        require_version(step, version)
        step.note = said
        step.by_id, step.at = (None, None) if verb == "reopen" else (actor.id, now)
        step.version += 1
        step.save()
        _save(run, now)
        _record(run, STEP_ACTIONS[verb], actor=actor, now=now, data={"step": number})
        return step


def run_complete(
    *, actor: Actor, now: datetime, pk: int, outcome: object = "", version: int | None = None
) -> RunbookRun:
    """End a run whose steps are all ticked off, and return it.

    Raises `InvalidInput`, `NotFound`, `Forbidden`, `Stale`, `IllegalMove`, and `Conflict` (`steps_open`)
    while a step is open.
    """
    said = clean_text(outcome, field="outcome", max_length=MAX_NOTE)
    with write(actor=actor, now=now):
        run = _ending(actor, now, pk, version)
        run.state = RUN.move(run.state, "complete")
        open_steps = list(run.steps.filter(state="open").values_list("number", flat=True))
        if open_steps:
            numbers = ", ".join(map(str, open_steps[:20]))
            raise Conflict(
                f"Do or skip these steps first: {numbers}. Or end it unfinished.", code="steps_open"
            )
        return _end(run, said, "run_completed", actor=actor, now=now)


def run_abandon(
    *, actor: Actor, now: datetime, pk: int, outcome: object = "", version: int | None = None
) -> RunbookRun:
    """End a run that is not finished, with the reason, and return it. Raises as `run_complete`."""
    said = clean_text(outcome, field="outcome", max_length=MAX_NOTE, required=True)
    with write(actor=actor, now=now):
        run = _ending(actor, now, pk, version)
        run.state = RUN.move(run.state, "abandon")
        return _end(run, said, "run_abandoned", actor=actor, now=now)


def run_locked(pk: int, *, actor: Actor, now: datetime) -> RunbookRun:
    """Lock a run and return it, loaded. Raises `NotFound`, also where `actor` may not see its incident."""
    RunbookRun.objects.select_for_update().filter(pk=pk).first()
    return run_seen(actor, now, pk)


def _incident(key: str, *, actor: Actor, now: datetime) -> Incident:
    number = number_of(key, PREFIX)
    found = visible(actor, now).filter(pk=number).first() if number else None
    if found is None:
        raise InvalidInput.of("incident", "unknown", "There is no such incident.")
    return found


def _ending(actor: Actor, now: datetime, pk: int, version: int | None) -> RunbookRun:
    require(actor, "runbook.run")
    run = run_locked(pk, actor=actor, now=now)
    require_version(run, version)
    return run


def _end(run: RunbookRun, outcome: str, action: str, *, actor: Actor, now: datetime) -> RunbookRun:
    run.outcome = outcome
    run.ended_at = now
    run.ended_by_id = actor.id
    _save(run, now)
    states = list(run.steps.values_list("state", flat=True))
    counts: dict[str, Any] = {state: states.count(state) for state in STEP.states}
    _record(run, action, actor=actor, now=now, data=counts)
    return run


def _save(run: RunbookRun, now: datetime) -> None:
    run.version += 1
    run.updated_at = now
    run.save()


def _record(run: RunbookRun, action: str, *, actor: Actor, now: datetime, data: dict[str, Any]) -> None:
    audit_record(
        actor=actor,
        now=now,
        action=f"runbook.{action}",
        object_kind=KIND,
        object_key=run.runbook.slug,
        data={"run": run.pk, "incident": run.incident.key if run.incident else "", **data},
    )
    if action in TOLD:
        if run.incident is not None:
            entry_add(
                actor=actor,
                now=now,
                incident=run.incident,
                kind=f"runbook_{action}",
                text=TOLD[action].format(title=run.runbook.title, outcome=run.outcome).strip(),
                data={"run": run.pk, "runbook": run.runbook.slug},
            )
        outbox_put(
            now=now,
            topic=f"incidents.runbook.{action}",
            key=run.incident.key if run.incident else run.runbook.slug,
            payload={
                "run": run.pk,
                "runbook": run.runbook.slug,
                "incident": run.incident_id,
                "actor": str(actor),
                "at": now.isoformat(),
            },
        )
