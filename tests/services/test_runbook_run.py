"""Following a runbook step by step."""

from __future__ import annotations

import pytest

from incidents.models import RunbookRun, RunbookStep
from incidents.services.runbooks.running import run_abandon, run_complete, run_start, run_step
from incidents.services.runbooks.writing import runbook_edit, runbook_publish, runbook_retire
from opsportal.audit.selectors import entries_about
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, Forbidden, IllegalMove, InvalidInput, NotFound, Stale
from tests.makers import NOW
from tests.services.test_runbook import Cast, make, make_cast, published
from tests.untouched import refused

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def start(cast: Cast) -> RunbookRun:
    published(cast)
    return run_start(actor=cast.other.actor, now=NOW, slug="slow-api", occasion="exercise")


def tick(cast: Cast, run: RunbookRun, number: int, verb: str = "do", **more: object) -> RunbookStep:
    return run_step(actor=cast.other.actor, now=NOW, pk=run.pk, number=number, verb=verb, **more)  # type: ignore[arg-type]


def test_a_run_keeps_the_steps_of_its_start_whatever_becomes_of_the_runbook(cast: Cast) -> None:
    run = start(cast)
    runbook_edit(
        actor=cast.owner.actor, now=NOW, slug="slow-api", fields={"text": "## Symptoms\nx\n\n1. New"}
    )
    runbook_publish(actor=cast.owner.actor, now=NOW, slug="slow-api")
    runbook_retire(actor=cast.owner.actor, now=NOW, slug="slow-api")
    assert list(run.steps.values_list("number", "text", "section")) == [
        (1, "Look", "Immediate actions"),
        (2, "Restart", "Immediate actions"),
    ]
    assert tick(cast, run, 1).state == "done"


def test_each_step_says_who_did_what_when_and_the_end_counts_them(cast: Cast) -> None:
    run = start(cast)
    done = tick(cast, run, 1, note="Nothing there.")
    assert (done.by, done.at, done.note) == (cast.other, NOW, "Nothing there.")
    with refused(Conflict, "steps_open"):
        run_complete(actor=cast.other.actor, now=NOW, pk=run.pk)
    with refused(InvalidInput, "required"):
        tick(cast, run, 2, "skip")
    tick(cast, run, 2, "skip", note="Not needed.")
    ended = run_complete(actor=cast.owner.actor, now=NOW, pk=run.pk, outcome="Went well.")
    assert (ended.state, ended.ended_by, ended.outcome) == ("completed", cast.owner, "Went well.")
    assert [entry.action for entry in entries_about("runbook", "slow-api")][-4:] == [
        "runbook.run_started",
        "runbook.run_step_done",
        "runbook.run_step_skipped",
        "runbook.run_completed",
    ]


def test_the_second_to_tick_a_step_is_told_that_it_is_done(cast: Cast) -> None:
    run = start(cast)
    tick(cast, run, 1, version=1)
    with refused(IllegalMove):
        tick(cast, run, 1, version=1)
    reopened = tick(cast, run, 1, "reopen", version=2)
    assert (reopened.by, reopened.at) == (None, None)
    with refused(Stale):
        tick(cast, run, 1, "fail", note="x", version=2)


def test_a_run_that_ended_moves_no_more(cast: Cast) -> None:
    run = start(cast)
    with refused(InvalidInput, "required"):
        run_abandon(actor=cast.other.actor, now=NOW, pk=run.pk)
    run_abandon(actor=cast.other.actor, now=NOW, pk=run.pk, outcome="It was something else.")
    with refused(IllegalMove):
        tick(cast, run, 1)
    with refused(IllegalMove):
        run_complete(actor=cast.other.actor, now=NOW, pk=run.pk)


def test_what_cannot_be_followed_is_refused(cast: Cast) -> None:
    make(cast, "draft")
    published(cast, "no-steps", text="## Symptoms\n- only read")
    actor = cast.other.actor
    with refused(Conflict, "not_published"):
        run_start(actor=actor, now=NOW, slug="draft")
    with refused(Conflict, "no_steps"):
        run_start(actor=actor, now=NOW, slug="no-steps")
    with refused(NotFound):
        run_start(actor=actor, now=NOW, slug="nope")
    with refused(InvalidInput, "unknown"):
        run_start(actor=actor, now=NOW, slug="no-steps", occasion="party")
    with refused(InvalidInput, "does_not_fit"):
        run_start(actor=actor, now=NOW, slug="no-steps", occasion="incident")
    with refused(Forbidden):
        run_start(actor=Actor.service_account("m", frozenset({"incidents:write"})), now=NOW, slug="draft")
    with refused(NotFound):
        run_step(actor=actor, now=NOW, pk=999_999, number=1, verb="do")
