"""Several workers and people at one escalation at once: one page, and one of two outcomes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from incidents.services.response.moving import incident_acknowledge
from opsportal.notify.models import Page
from tests.databases import Database
from tests.escalating import escalation_fresh, log_of, make_policy, person, step, tick, waiting
from tests.makers import NOW
from tests.racing import race
from tests.response import MINUTE, Crew, declared, incident_fresh, make_crew


@pytest.fixture
def crew(fresh_database: Database) -> Crew:
    return make_crew()


def test_two_workers_page_once(crew: Crew) -> None:
    make_policy(step(0, person(crew.responder)), step(5, person(crew.second)))
    incidents = [declared(crew, policy="ours") for _ in range(5)]
    moved = race(*[lambda: tick(NOW)] * 4)
    assert all(isinstance(one, int) for one in moved), moved
    tick(NOW)
    for incident in incidents:
        assert log_of(incident) == [("told", 0)]
        assert Page.objects.filter(reference=incident.key).count() == 1


def test_an_acknowledgement_against_the_tick_ends_with_nobody_being_paged(crew: Crew) -> None:
    make_policy(step(0, person(crew.responder)), step(5, person(crew.second)))
    for _ in range(3):
        incident = declared(crew, policy="ours")
        tick(NOW)
        results = race(
            lambda pk=incident.pk: incident_acknowledge(  # type: ignore[misc]
                actor=crew.responder.actor, now=NOW + 5 * MINUTE, pk=pk
            ),
            lambda: tick(NOW + 5 * MINUTE),
            lambda: tick(NOW + 5 * MINUTE),
        )
        assert not [one for one in results if isinstance(one, Exception)]
        # Whoever was first: in the end it is acknowledged, and no page goes on.
        assert incident_fresh(incident).state == "acknowledged"
        assert escalation_fresh(incident).state == "acknowledged"
        assert waiting(incident) == []


def test_two_people_acknowledge_and_one_is_told_that_it_is_done(crew: Crew) -> None:
    incident = declared(crew)
    results = race(
        *[
            lambda user=user: incident_acknowledge(
                actor=user.actor, now=NOW + timedelta(seconds=1), pk=incident.pk
            )
            for user in (crew.responder, crew.second, crew.manager)
        ]
    )
    assert sum(isinstance(one, Exception) for one in results) == 2
    assert escalation_fresh(incident).acknowledgements.count() == 1
