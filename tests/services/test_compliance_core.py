"""What recurs is owed once for each subject, met by what counts, and judged; every turn is kept."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from compliance import subjects
from compliance.models import ConformanceState, ConformanceTurn, Evidence
from compliance.selectors.conformance import line_of, months_of
from compliance.selectors.judged_owed import judge_owed
from compliance.services.core import cadences_follow, conformance_evaluate, happened
from compliance.subjects import Known
from opsportal.core.actor import Actor
from opsportal.obligations.models import Obligation
from opsportal.obligations.services import obligations_end
from opsportal.obligations.terms import Owner, Subject
from opsportal.standards import vocabulary
from opsportal.standards.rules import Rule
from opsportal.standards.vocabulary import BOOLEAN, Event, Fact, choice
from tests.changing import rule as rule_text
from tests.makers import NOW, make_user
from tests.owing import HOUR, owe, tick
from tests.packs import install

pytestmark = pytest.mark.django_db

MACHINE = Actor.system("test")
START = datetime(2026, 3, 2, 9, tzinfo=UTC)
MONTHLY = """
[[rule]]
id = "open-monthly"
kind = "obligation"
title = "Vaults that matter are opened every month"
applies_to = "opening.recorded"
when = 'vault.tier == "critical"'
source = { section = "A", line = 1, quote = "every month" }
[rule.demand.recur]
what = "Open the vault"
owner = "owner"
every = "month"
counts = "opening.complete"
grace = "2d"
"""


@pytest.fixture
def vaults(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Known]]:
    """Vaults as subjects: facts and events of this test's own."""
    known: list[Known] = []
    monkeypatch.setattr(vocabulary, "_declared", [*vocabulary._declared])
    monkeypatch.setattr(vocabulary, "_cached", [])
    monkeypatch.setattr(subjects, "_sources", {**subjects._sources, "vault": lambda now: known})
    vocabulary.declare(
        Fact("vault.tier", choice("critical", "core"), "the tier of the vault"),
        Fact("opening.complete", BOOLEAN, "whether it was opened wholly"),
        Event("opening.recorded", "a vault is opened", ("vault", "opening"), "vault", ("owner",)),
    )
    yield known
    vocabulary._cached.clear()


def vault(key: str, tier: str = "critical", **more: Any) -> Known:
    return Known(key, f"Vault {key}", START, facts={"vault.tier": tier}, **more)


def opened(known: Known, at: datetime, *, now: datetime | None = None, complete: bool = True) -> Evidence:
    facts = {**(known.facts or {}), "opening.complete": complete}
    return happened(
        actor=MACHINE,
        now=now or at,
        event="opening.recorded",
        subject=Subject("vault", known.key, known.title),
        record=("opening", f"OPN-{at:%m%d}"),
        at=at,
        facts=facts,
        owner=known.owner,
    )


def owed() -> list[tuple[str, str, datetime]]:
    rows = Obligation.objects.filter(ended_at__isnull=True).exclude(rule_id="portal.standard-review")
    return [(row.subject_key, row.occurrence, row.due_at) for row in rows.order_by("subject_key")]


def test_it_is_owed_once_by_whoever_answers_for_each_subject_that_the_rule_is_about(
    vaults: list[Known],
) -> None:
    install(MONTHLY, now=START)
    keeper = make_user()
    vaults += [vault("a", owner=Owner.user(keeper.pk)), vault("b", "core")]
    assert cadences_follow(now=START) == 1
    assert cadences_follow(now=START + timedelta(minutes=5)) == 0
    row = Obligation.objects.get(rule_id="open-monthly")
    assert (row.subject_key, row.owner_key) == ("a", str(keeper.pk))
    assert row.due_at == datetime(2026, 4, 3, tzinfo=UTC)


def test_what_counts_meets_it_and_opens_the_next_month_and_what_does_not_changes_nothing(
    vaults: list[Known],
) -> None:
    install(MONTHLY, now=START)
    vaults.append(vault("a"))
    cadences_follow(now=START)
    opened(vaults[0], START + timedelta(days=1), complete=False)
    assert [one[1] for one in owed()] == ["every:2026-03"]
    opened(vaults[0], START + timedelta(days=2))
    opened(vaults[0], START + timedelta(days=3))
    assert owed() == [("a", "every:2026-04", datetime(2026, 5, 3, tzinfo=UTC))]
    assert Evidence.objects.count() == 3


def test_what_is_late_stays_owed_until_it_happens_and_an_old_record_does_not_make_up_for_it(
    vaults: list[Known],
) -> None:
    install(MONTHLY, now=START)
    vaults.append(vault("a"))
    cadences_follow(now=START)
    june = datetime(2026, 6, 10, tzinfo=UTC)
    tick(june)
    opened(vaults[0], START - timedelta(days=30), now=june)
    assert [one[1] for one in owed()] == ["every:2026-03"]
    opened(vaults[0], june)
    assert [one[1] for one in owed()] == ["every:2026-07"]
    assert Obligation.objects.get(occurrence="every:2026-03").breached_at == june


def test_a_subject_that_goes_owes_nothing_and_one_that_comes_back_owes_anew(vaults: list[Known]) -> None:
    install(MONTHLY, now=START)
    known = vault("a")
    vaults.append(known)
    cadences_follow(now=START)
    vaults.clear()
    cadences_follow(now=START + timedelta(days=1))
    assert owed() == []
    vaults.append(known)
    cadences_follow(now=START + timedelta(days=2))
    assert [one[1] for one in owed()] == ["every:2026-03#1"]


def test_another_edition_of_the_rule_takes_over_and_what_was_missed_is_not_forgotten(
    vaults: list[Known],
) -> None:
    install(MONTHLY, now=START)
    vaults.append(vault("a"))
    cadences_follow(now=START)
    june = datetime(2026, 6, 10, tzinfo=UTC)
    install(MONTHLY.replace('"2d"', '"5d"'), now=june, version="2")
    cadences_follow(now=june)
    assert owed() == [("a", "every:2026-03#1", datetime(2026, 4, 6, tzinfo=UTC))]


def standing() -> dict[tuple[str, str], str]:
    return {
        (row.rule_id, row.subject_key): row.status
        for row in ConformanceState.objects.filter(rule_id="open-monthly")
    }


def test_conformance_turns_with_what_happens_and_keeps_each_turn(vaults: list[Known]) -> None:
    standard = install(MONTHLY, now=START)
    vaults.append(vault("a"))
    cadences_follow(now=START)
    conformance_evaluate(clock=lambda: START)
    assert standing() == {("open-monthly", "a"): "no_data"}
    opened(vaults[0], START + timedelta(days=8))
    conformance_evaluate(clock=lambda: START + timedelta(days=8))
    conformance_evaluate(clock=lambda: START + timedelta(days=9))
    assert standing() == {("open-monthly", "a"): "met"}
    june = datetime(2026, 6, 1, tzinfo=UTC)
    tick(june)
    conformance_evaluate(clock=lambda: june)
    state = ConformanceState.objects.get(rule_id="open-monthly")
    assert (state.status, state.since, state.value) == ("breached", june, "last on 2026-03-10")
    assert state.records == [["opening", "OPN-0310"]]
    turns = ConformanceTurn.objects.filter(rule_id="open-monthly").order_by("id")
    assert [turn.status for turn in turns] == ["no_data", "met", "breached"]
    rule: Rule = standard.rules[0]
    assert line_of(rule).status == "breached"
    months = {f"{month.start:%m}": month for month in months_of(rule, june + timedelta(days=9))}
    assert months["05"].status == "met"
    assert months["06"].met_percent == 0
    vaults.clear()
    conformance_evaluate(clock=lambda: june + timedelta(days=1))
    assert standing() == {("open-monthly", ""): "no_data"}


def test_what_is_void_is_forgiven_unless_it_was_late() -> None:
    demand = '{ owe = { what = "Decide", owner = "stage", within = "24h", met_by = ["change.approved"] } }'
    standard = install(rule_text("decide", "change.submitted", demand, kind="obligation"), now=NOW)

    def judged(now: datetime) -> tuple[str, str, int]:
        (found,) = judge_owed(standard.rules, standard, now)["decide"]
        return found.status, found.value, len(found.records)

    for occurrence in ("r1", "r2"):
        owe(Owner.role("board"), due=24 * HOUR, rule="decide", occurrence=occurrence)
    end = {"actor": MACHINE, "subject_kind": "change", "subject_key": "CHG-7", "rule_ids": ["decide"]}
    obligations_end(**end, now=NOW + HOUR, outcome="void", occurrence="r1")  # type: ignore[arg-type]
    late = NOW + 25 * HOUR
    tick(late)
    assert judged(late) == ("breached", "0 of 1 in time", 1)
    obligations_end(**end, now=late, outcome="void")  # type: ignore[arg-type]
    assert judged(late + HOUR) == ("breached", "0 of 1 in time", 1)
    assert judged(late + timedelta(days=30)) == ("met", "nothing due", 0)
