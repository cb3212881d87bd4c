"""Loading the demo organisation: all of it or nothing, into an empty database, with a clock set back."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from changes.models import Change
from opsportal.accounts.models import User
from opsportal.accounts.services import service_account_create
from opsportal.core.actor import Actor
from opsportal.core.writes import edge_transaction
from opsportal.obligations.services import obligations_advance
from opsportal.outbox.services import messages_settle
from opsportal.portal.demo.catalog import load_catalog
from opsportal.portal.demo.compliance import compliance_moments
from opsportal.portal.demo.duty import load_duty
from opsportal.portal.demo.glass import glass_moments
from opsportal.portal.demo.ground import load_ground
from opsportal.portal.demo.meetings import meeting_moments
from opsportal.portal.demo.past import past_stories
from opsportal.portal.demo.people import grant_roles, load_people
from opsportal.portal.demo.response import incident_moments, load_components, load_integration
from opsportal.portal.demo.rosters import load_rosters
from opsportal.portal.demo.routine import routine_runs
from opsportal.portal.demo.runbooks import load_runbooks
from opsportal.portal.demo.stage import Stage
from opsportal.portal.demo.stories_open import OPEN
from opsportal.portal.demo.stories_over import OVER
from opsportal.portal.demo.templates import approve_templates
from opsportal.standards.services import standard_activate

STANDARD = "baseline"
SYSTEM = Actor.system("demo")
HOURS = 90 * 24
HOURS_BETWEEN_TICKS = 8
SCOPES = frozenset({"deployments:write", "gate:read", "catalog:read", "changes:read"})


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing that somebody does in the demo's past."""

    at: datetime
    act: Callable[[datetime], None]


def is_empty() -> bool:
    """Return whether nobody uses this database yet."""
    return not User.objects.exists() and not Change.objects.exists()


def demo_load(*, now: datetime) -> None:
    """Load the demo organisation as of `now` (aware UTC), in one transaction.

    Everything goes through the portal's own services, each with the time at which it happened. What
    happened long ago has been told long ago: only messages of the last hours are still to be sent.
    """
    founded = now - timedelta(days=92)
    with _collecting_seldom(), edge_transaction():
        standard_activate(actor=SYSTEM, now=founded, name=STANDARD)
        users = load_people(actor=SYSTEM, now=founded)
        load_catalog(actor=SYSTEM, now=founded)
        load_components(actor=SYSTEM, now=founded)
        grant_roles(users, actor=SYSTEM, now=founded)
        load_ground(users, actor=SYSTEM, founded=founded, now=now)
        load_integration(actor=SYSTEM, now=founded)
        load_rosters(users, actor=SYSTEM, founded=founded, now=now)
        load_runbooks(users, now=now - timedelta(days=70))
        account = service_account_create(
            actor=SYSTEM, now=founded, slug="ci", description="Build and deployment pipelines"
        )
        stage = Stage(users, Actor.service_account(account.pk, SCOPES), now)
        approve_templates(stage, now - timedelta(days=90))
        for moment in sorted(_moments(stage, now), key=lambda one: one.at):
            moment.act(moment.at)
        load_duty(users, actor=SYSTEM, now=now)
        messages_settle(now=now, before=now - timedelta(hours=1))


@contextmanager
def _collecting_seldom() -> Iterator[None]:
    """Let the garbage collector look less often: a tenth of the load was spent in finding nothing."""
    before = gc.get_threshold()
    gc.set_threshold(100_000, 50, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _moments(stage: Stage, now: datetime) -> Iterator[Moment]:
    """Yield everything that happens, in no order."""
    for story in (*OPEN, *OVER, *past_stories(now)):
        yield Moment(stage.before(story.ago), partial(stage.raise_change, story))
        for step in story.steps:
            yield Moment(stage.before(step.ago), partial(stage.do, story, step))
    for at, act in glass_moments(stage):
        yield Moment(at, act)
    for at, act in meeting_moments(stage):
        yield Moment(at, act)
    for run in routine_runs():
        yield Moment(stage.before(run.ago), partial(stage.run, run))
    for at, act in compliance_moments(stage, now):
        yield Moment(at, act)
    for at, act in incident_moments(stage, now):
        yield Moment(at, act)
    for ticks in range(HOURS // HOURS_BETWEEN_TICKS):
        yield Moment(stage.before(HOURS - ticks * HOURS_BETWEEN_TICKS), _tick)


def _tick(at: datetime) -> None:
    """Remind of what is owed, and note what is late, as the scheduler would have done."""
    obligations_advance(clock=lambda: at)
