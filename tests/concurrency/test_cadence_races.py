"""What recurs, met by several at once while ticks look: one round is met, one is owed, no turn is doubled."""

from __future__ import annotations

from datetime import timedelta

import pytest

from compliance import subjects
from compliance.models import ConformanceState, ConformanceTurn, Evidence
from compliance.services.core import cadences_follow, conformance_evaluate, happened
from compliance.subjects import ORGANISATION, Known
from opsportal.core.actor import Actor
from opsportal.obligations.models import Obligation
from opsportal.obligations.terms import Subject
from tests.databases import Database
from tests.makers import NOW
from tests.packs import install
from tests.racing import race

MACHINE = Actor.system("tests")
ROLE = """
[[role]]
id = "trainers"
title = "Trainers"
kind = "job"
"""
MONTHLY = """
[[rule]]
id = "train-monthly"
kind = "obligation"
title = "People are trained every month"
applies_to = "training.held"
source = { section = "A", line = 1, quote = "every month" }
[rule.demand.recur]
what = "Train people"
owner = "role:trainers"
every = "month"
"""


@pytest.fixture(autouse=True)
def _database(fresh_database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commit for real, about an organisation that has been there since `NOW`."""
    known = Known(ORGANISATION, "The organisation", NOW)
    monkeypatch.setitem(subjects._sources, ORGANISATION, lambda now: [known])


def train() -> object:
    return happened(
        actor=MACHINE,
        now=NOW + timedelta(days=40),
        event="training.held",
        subject=Subject(ORGANISATION, ORGANISATION, "The organisation"),
        record=("training", "TRN-1"),
        at=NOW + timedelta(days=40),
        facts={"training.attended": 3},
        owner=None,
    )


def follow() -> object:
    return cadences_follow(now=NOW + timedelta(days=40))


def test_six_records_and_two_ticks_at_once_meet_one_round_and_open_one() -> None:
    install(ROLE, MONTHLY, now=NOW)
    cadences_follow(now=NOW)
    told = race(*(train for _ in range(6)), follow, follow)
    assert [one for one in told if isinstance(one, Exception)] == []
    rows = Obligation.objects.filter(rule_id="train-monthly")
    # The month was over when it was done.
    assert sorted(row.standing for row in rows) == ["Met late", "Open"]
    assert Evidence.objects.count() == 6


def test_ticks_of_conformance_at_once_keep_each_turn_once() -> None:
    install(ROLE, MONTHLY, now=NOW)
    cadences_follow(now=NOW)
    told = race(*(lambda: conformance_evaluate(clock=lambda: NOW) for _ in range(4)))
    assert [one for one in told if isinstance(one, Exception)] == []
    assert ConformanceState.objects.count() == ConformanceTurn.objects.count() == 1
