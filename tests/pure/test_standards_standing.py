"""What rules demand all the time: read from a pack, stored, restored, said in words; and what is refused."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from opsportal.standards import engine
from opsportal.standards.content import content_bytes
from opsportal.standards.packs import PackError, load, restore
from opsportal.standards.standing import Measure, Recover, Recur, Retain, Span
from opsportal.standards.vocabulary import BOOLEAN, Event, Fact, Vocabulary, choice
from opsportal.standards.wording import demand_in_words
from tests.vocabulary import DECLARATIONS

VOCABULARY = Vocabulary.of(
    [
        *DECLARATIONS,
        Fact("vault.tier", choice("critical", "core"), "the tier of the vault"),
        Fact("opening.complete", BOOLEAN, "whether it was opened wholly"),
        Event(
            "opening.recorded", "a vault is opened", ("vault", "opening"), about="vault", owners=("owner",)
        ),
    ]
)
HEAD = f"""
[standard]
name = "acme"
title = "Acme"
version = "1"
document = "acme.md"
document_sha256 = "{"0" * 64}"

[[role]]
id = "keepers"
title = "Keepers"
kind = "job"

[[figure]]
id = "brightness"
title = "Brightness"
unit = "lux"
"""


def rule(kind: str, at: str, demand: str, more: str = "") -> str:
    return f"""
[[rule]]
id = "one"
kind = "{kind}"
title = "One"
applies_to = "{at}"
{more}
demand = {demand}
source = {{ section = "A", line = 1, quote = "a" }}
"""


RECUR = """{ recur = { what = "Open it", owner = "owner", every = "month",
    counts = "opening.complete", grace = "3d", climb = [{ after = "1d", role = "keepers" }] } }""".replace(
    "\n    ", " "
)
GOOD = [
    ("obligation", "opening.recorded", RECUR),
    (
        "target",
        "measures.evaluate",
        '{ measure = { figure = "brightness", is = "at_least", target = 99.95, critical = 99 } }',
    ),
    ("target", "recovery.evaluate", '{ recover = { rto = "15m", rpo = "0m" } }'),
    ("gate", "retention.purge", '{ retain = { records = "audit-log", keep = "7 years" } }'),
    ("duty", "duties.declare", '{ declare = { id = "tls", title = "TLS 1.3", owner = "role:keepers" } }'),
    ("duty", "artefacts.keep", '{ keep = { artefact = "policy:security", review = "year" } }'),
    ("duty", "artefacts.keep", '{ keep = { artefact = "policy:acceptable_use" } }'),
    ("duty", "services.readiness", '{ ready = { item = "health_check" } }'),
]


@pytest.mark.parametrize(("kind", "at", "demand"), GOOD)
def test_a_standing_demand_survives_being_stored(kind: str, at: str, demand: str) -> None:
    standard = load(HEAD + rule(kind, at, demand), parents={}, vocabulary=VOCABULARY)
    again = restore(content_bytes(standard), vocabulary=VOCABULARY, content_hash=standard.content_hash)
    assert again == standard
    assert demand_in_words(standard.rules[0], standard)
    assert [one.rule_id for one in engine.standing(standard, at, {})] == ["one"]


def test_values_are_read_exactly() -> None:
    demands = [load(HEAD + rule(*one), parents={}, vocabulary=VOCABULARY).rules[0].demand for one in GOOD[:4]]
    recur, measure, recover, retain = demands
    assert isinstance(recur, Recur)
    assert recur.grace == timedelta(days=3)
    assert isinstance(measure, Measure)
    assert measure.target == Decimal("99.95")
    assert not measure.holds(Decimal("99.94"))
    assert measure.holds(Decimal("99.2"), measure.critical)
    assert recover == Recover(timedelta(minutes=15), timedelta())
    assert retain == Retain("audit-log", Span(7, "year"))


BAD = [
    ("obligation", "change.submitted", RECUR, "one kind of subject"),
    ("obligation", "opening.recorded", RECUR.replace("month", "fortnight"), "must be one of day"),
    ("obligation", "opening.recorded", RECUR.replace('"owner"', '"requester"'), "must be owner or role:<id>"),
    (
        "target",
        "measures.evaluate",
        '{ measure = { figure = "gloom", is = "at_least", target = 1 } }',
        "neither a [[figure]]",
    ),
    (
        "target",
        "measures.evaluate",
        '{ measure = { figure = "brightness", is = "at_least", target = nan } }',
        "must be a number",
    ),
    ("target", "recovery.evaluate", "{ recover = {} }", "must have rto, rpo, or both"),
    ("gate", "retention.purge", '{ retain = { records = "logs", keep = "7y" } }', "must be like 7 years"),
    ("duty", "artefacts.keep", '{ keep = { artefact = "security" } }', "must be like document:architecture"),
    ("duty", "change.close", '{ ready = { item = "logs" } }', "takes no such demand"),
]


@pytest.mark.parametrize(("kind", "at", "demand", "reason"), BAD)
def test_what_is_wrong_is_said(kind: str, at: str, demand: str, reason: str) -> None:
    with pytest.raises(PackError) as caught:
        load(HEAD + rule(kind, at, demand), parents={}, vocabulary=VOCABULARY)
    assert reason in str(caught.value)


def test_a_cadence_chooses_its_subjects_by_what_is_known_of_them_alone() -> None:
    fine = HEAD + rule("obligation", "opening.recorded", RECUR, "when = 'vault.tier == \"core\"'")
    load(fine, parents={}, vocabulary=VOCABULARY)
    with pytest.raises(PackError) as caught:
        load(
            HEAD + rule("obligation", "opening.recorded", RECUR, "when = 'opening.complete'"),
            parents={},
            vocabulary=VOCABULARY,
        )
    assert "it chooses subjects" in str(caught.value)


def test_who_owes_may_be_any_word_that_the_event_knows() -> None:
    owe = (
        '{ owe = { what = "Answer", owner = "finding_owner", within = "2d", met_by = ["finding.accepted"] } }'
    )
    standard = load(
        HEAD + rule("obligation", "finding.reported", owe), parents={}, vocabulary=Vocabulary.of(DECLARATIONS)
    )
    assert "The owner of the finding owes" in demand_in_words(standard.rules[0], standard)
