"""Freezes: set, changed, lifted; and who may."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from opsportal.audit.selectors import entries_about
from opsportal.calendar.models import Freeze
from opsportal.calendar.places import Scope
from opsportal.calendar.selectors import almanac_at
from opsportal.calendar.services import freeze_create, freeze_lift, freeze_update
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, Forbidden, IllegalMove, InvalidInput, NotFound, Stale
from tests.freezing import DAY, make_freeze
from tests.makers import NOW, ROOT, grant, make_environment, make_role, make_service, make_user
from tests.untouched import refused

pytestmark = pytest.mark.django_db


def told(freeze: Freeze) -> list[str]:
    return [entry.action for entry in entries_about("freeze", freeze.key)]


def test_a_member_of_a_board_sets_changes_and_lifts_a_freeze() -> None:
    board = make_user()
    grant(make_role("cab"), board)
    make_service("payments-api")
    make_environment("production")
    freeze = freeze_create(
        actor=board.actor,
        now=NOW,
        title="  Christmas ",
        reason="Nobody is here.",
        starts_at=NOW + DAY,
        ends_at=NOW + 3 * DAY,
        scope=Scope(services=("payments-api",), environments=("production",), tiers=("critical", "core")),
        pass_roles=["cab"],
    )
    assert (freeze.key, freeze.title, freeze.state) == (f"FRZ-{freeze.pk}", "Christmas", "set")
    assert freeze.scope["tiers"] == ["core", "critical"]
    changed = freeze_update(actor=board.actor, now=NOW, pk=freeze.pk, version=1, ends_at=NOW + 2 * DAY)
    assert (changed.ends_at, changed.version) == (NOW + 2 * DAY, 2)
    assert freeze_update(actor=board.actor, now=NOW, pk=freeze.pk, title="Christmas").version == 2
    lifted = freeze_lift(actor=board.actor, now=NOW, pk=freeze.pk, reason="Snow melted.", version=2)
    assert lifted.state == "lifted"
    assert told(freeze) == ["freeze.set", "freeze.updated", "freeze.lifted"]
    assert Freeze.history.filter(id=freeze.pk).count() == 3
    assert almanac_at(NOW).freezes == ()


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"ends_at": NOW - timedelta(hours=2)}, "ends_at"),
        ({"starts_at": NOW - 2 * DAY, "ends_at": NOW}, "ends_at"),
        ({"ends_at": NOW + 400 * DAY}, "ends_at"),
        ({"ends_at": (NOW + DAY).replace(tzinfo=None)}, "ends_at"),
        ({"reason": " "}, "reason"),
        ({"title": "two\nlines"}, "title"),
        ({"scope": Scope(services=("no-such",))}, "services"),
        ({"scope": Scope(environments=("no-such",))}, "environments"),
        ({"scope": Scope(environment_kinds=("moon",))}, "environment_kinds"),
        ({"scope": Scope(tiers=("purple",))}, "tiers"),
        ({"pass_roles": ["no-such"]}, "pass_roles"),
    ],
)
def test_what_is_wrong_is_refused_at_its_field(fields: dict[str, Any], field: str) -> None:
    with refused(InvalidInput) as caught:
        make_freeze(**fields)
    assert caught.value.errors[0].pointer == f"/{field}"


@pytest.mark.parametrize(
    "actor", [Actor.service_account("m", frozenset({"changes:write"})), Actor.user("nobody")]
)
def test_neither_machines_nor_just_anybody_sets_or_lifts_one(actor: Actor) -> None:
    freeze = make_freeze()
    with refused(Forbidden):
        freeze_create(actor=actor, now=NOW, title="T", reason="R", starts_at=NOW, ends_at=NOW + DAY)
    with refused(Forbidden):
        freeze_lift(actor=actor, now=NOW, pk=freeze.pk)


def test_what_is_over_or_lifted_stays_as_it_was() -> None:
    over = make_freeze()
    with refused(Conflict, "over"):
        freeze_update(actor=ROOT, now=NOW + DAY, pk=over.pk, ends_at=NOW + 2 * DAY)
    with refused(Conflict, "over"):
        freeze_lift(actor=ROOT, now=NOW + DAY, pk=over.pk)
    freeze_lift(actor=ROOT, now=NOW, pk=over.pk)
    with refused(IllegalMove):
        freeze_lift(actor=ROOT, now=NOW, pk=over.pk)
    with refused(Stale):
        freeze_update(actor=ROOT, now=NOW, pk=over.pk, version=1, title="New")
    with refused(NotFound):
        freeze_lift(actor=ROOT, now=NOW, pk=over.pk + 99)
