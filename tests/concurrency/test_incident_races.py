"""Many people at one incident at the same moment: one wins, the others are told."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from incidents.models import Incident
from incidents.services.response.moving import incident_acknowledge, incident_reopen, incident_resolve
from opsportal.core.errors import IllegalMove
from tests.databases import Database
from tests.makers import NOW
from tests.racing import overtaken, race
from tests.response import declared, incident_fresh, lines_of, make_crew, resolved


@pytest.mark.parametrize(
    ("step", "kind"), [(incident_acknowledge, "acknowledged"), (incident_resolve, "resolved")]
)
def test_of_fifty_who_do_it_at_once_one_does(
    fresh_database: Database, step: Callable[..., Incident], kind: str
) -> None:
    crew = make_crew()
    incident = declared(crew)
    people = [crew.responder, crew.second, crew.security, crew.manager, crew.outsider] * 10
    outcomes = race(*(partial(step, actor=one.actor, now=NOW, pk=incident.pk) for one in people))
    assert sum(isinstance(one, Incident) for one in outcomes) == 1
    assert sum(isinstance(one, IllegalMove) for one in outcomes) == 49
    assert lines_of(incident) == ["declared", kind]
    assert incident_fresh(incident).version == 2


def test_of_many_who_declare_the_same_one_opens_it(fresh_database: Database) -> None:
    crew = make_crew()
    outcomes: list[Any] = race(*(partial(declared, crew, group_key="disk") for _ in range(10)))
    assert {one.pk for one in outcomes} == {Incident.objects.get().pk}
    assert lines_of(Incident.objects.get()) == ["declared"]


def test_one_that_is_reopened_while_its_group_opens_another_is_kept_apart_from_it(
    fresh_database: Database,
) -> None:
    crew = make_crew()
    old = resolved(crew, group_key="disk")
    new, again = overtaken(
        lambda: declared(crew, group_key="disk"),
        lambda: incident_reopen(actor=crew.responder.actor, now=NOW, pk=old.pk, reason="It is not over."),
    )
    assert (again.pk, again.state, again.group_key) == (old.pk, "triggered", "")
    assert incident_fresh(new).group_key == "disk"
    assert incident_fresh(old).state == "triggered"
