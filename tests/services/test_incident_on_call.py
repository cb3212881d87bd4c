"""Roles that are filled by themselves when an incident is declared."""

from __future__ import annotations

import pytest

from opsportal.accounts.models import User
from opsportal.obligations.models import Obligation
from tests.makers import NOW
from tests.response import Crew, declared, lines_of, make_crew, restricted
from tests.rostering import make_schedule

pytestmark = pytest.mark.django_db


def on_call(crew: Crew, *people: User) -> None:
    make_schedule(*people, team=crew.team.slug)


def roles(incident: object) -> list[tuple[str, str]]:
    rows = incident.roles.order_by("pk")  # type: ignore[attr-defined]
    return list(rows.values_list("role", "person__full_name"))


def test_who_is_on_call_for_the_team_leads_and_owes() -> None:
    crew = make_crew()
    on_call(crew, crew.second)
    incident = declared(crew, by=crew.outsider)
    assert roles(incident) == [("commander", "Sol")]
    assert lines_of(incident)[:2] == ["declared", "role_filled"]
    owners = Obligation.objects.filter(subject_key=incident.key).values_list("owner_key", flat=True)
    assert set(owners) == {str(crew.second.pk)}


def test_nobody_is_brought_into_a_restricted_one_nor_where_nothing_is_named() -> None:
    crew = make_crew()
    on_call(crew, crew.second)
    assert roles(restricted(crew)) == []
    assert roles(declared(crew, services=[])) == []


def test_where_nobody_is_on_call_whoever_declared_it_owes() -> None:
    crew = make_crew()
    incident = declared(crew, now=NOW)
    assert roles(incident) == []
