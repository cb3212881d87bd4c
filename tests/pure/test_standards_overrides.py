"""A pack of one's own overrides inherited values and drops rules, each with its reason; the differences."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations

import pytest

from opsportal.standards.comparison import compare
from opsportal.standards.content import content_bytes
from opsportal.standards.packs import PackError, load, restore
from opsportal.standards.rules import Owe, Stage, Standard
from opsportal.standards.shipped import shipped_names, shipped_standard
from opsportal.standards.vocabulary import Vocabulary
from tests.vocabulary import DECLARATIONS

VOCABULARY = Vocabulary.of(DECLARATIONS)
BASE = shipped_standard("baseline", VOCABULARY)
HEAD = f"""
[standard]
name = "ours"
title = "Ours"
version = "1"
extends = "baseline"
document = "ours.md"
document_sha256 = "{"0" * 64}"
"""
STAGE = next(rule for rule in BASE.rules if isinstance(rule.demand, Stage))
OWED = next(rule for rule in BASE.rules if isinstance(rule.demand, Owe))
MANY = f"""
[[override]]
rule = "{STAGE.id}"
reason = "We are small."
demand.stage.quorum = 7
message = "Ask the seven."

[[override]]
rule = "{OWED.id}"
reason = "We are slow."
demand.owe.within = "77h"
"""


def ours(*parts: str) -> Standard:
    return load(HEAD + "".join(parts), parents={"baseline": BASE}, vocabulary=VOCABULARY, file="ours.toml")


def faults(*parts: str) -> list[tuple[str, str, str]]:
    with pytest.raises(PackError) as caught:
        ours(*parts)
    return [(one.rule, one.field, one.reason) for one in caught.value.problems]


def test_single_values_are_overridden_and_all_else_is_inherited() -> None:
    standard = ours(MANY)
    rule, owed = standard.rule(STAGE.id), standard.rule(OWED.id)
    assert rule is not None and isinstance(rule.demand, Stage) and isinstance(STAGE.demand, Stage)  # noqa: PT018
    assert (rule.demand.quorum, rule.message) == (7, "Ask the seven.")
    assert (rule.demand.roles, rule.when, rule.source) == (STAGE.demand.roles, STAGE.when, STAGE.source)
    assert (rule.origin, rule.replaces, rule.reason) == ("ours", "baseline", "We are small.")
    assert owed is not None and isinstance(owed.demand, Owe)  # noqa: PT018
    assert owed.demand.within == timedelta(hours=77)
    assert [one.id for one in standard.rules] == [one.id for one in BASE.rules]
    assert standard.extends_hash == BASE.content_hash


def test_what_was_stored_reads_back_whatever_becomes_of_the_base() -> None:
    standard = ours(MANY, f'[[drop]]\nrule = "{BASE.rules[0].id}"\nreason = "No."\n')
    content = content_bytes(standard)
    assert restore(content, vocabulary=VOCABULARY, content_hash=standard.content_hash) == standard


def test_an_inherited_rule_is_dropped_with_a_reason() -> None:
    gone = BASE.rules[0]
    standard = ours(f'[[drop]]\nrule = "{gone.id}"\nreason = "Not for us."\n')
    assert standard.rule(gone.id) is None
    (dropped,) = standard.dropped
    assert (dropped.rule, dropped.origin, dropped.dropped_by, dropped.reason, dropped.source) == (
        gone.id,
        "baseline",
        "ours",
        "Not for us.",
        gone.source,
    )


@pytest.mark.parametrize(
    ("part", "field", "reason"),
    [
        (f'[[override]]\nrule = "{STAGE.id}"\nmessage = "x"\n', "reason", "is missing"),
        (f'[[drop]]\nrule = "{STAGE.id}"\n', "reason", "is missing"),
        (f'[[override]]\nrule = "{STAGE.id}"\nreason = "x"\n', "", "overrides nothing"),
        (
            f'[[override]]\nrule = "{STAGE.id}"\nreason = "x"\ntitle = "{STAGE.title}"\n',
            "",
            "changes nothing",
        ),
        ('[[override]]\nrule = "dreamt"\nreason = "x"\nmessage = "x"\n', "rule", "no inherited rule"),
        ('[[drop]]\nrule = "dreamt"\nreason = "x"\n', "rule", "no inherited rule"),
        (f'[[override]]\nrule = "{STAGE.id}"\nreason = "x"\nkind = "duty"\n', "kind", "not a key"),
        (
            f'[[override]]\nrule = "{STAGE.id}"\nreason = "x"\ndemand.check = "tests"\n',
            "demand",
            "must have 'stage' alone",
        ),
        (
            f'[[override]]\nrule = "{STAGE.id}"\nreason = "x"\ndemand.stage.colour = "red"\n',
            "demand.stage.colour",
            "not a key",
        ),
        (
            f'[[override]]\nrule = "{STAGE.id}"\nreason = "x"\ndemand.stage.quorum = "few"\n',
            "demand.stage.quorum",
            "must be one of",
        ),
        (
            f'[[override]]\nrule = "{STAGE.id}"\nreason = "x"\nmessage = "x"\n'
            f'[[drop]]\nrule = "{STAGE.id}"\nreason = "x"\n',
            "drop",
            "do one of both",
        ),
        (f'[[drop]]\nrule = "{STAGE.id}"\nreason = "x"\n' * 2, "rule", "dropped twice"),
        (
            f'[[override]]\nrule = "{STAGE.id}"\nreason = "x"\nmessage = "x"\n' * 2,
            "rule",
            "overridden twice",
        ),
    ],
)
def test_what_cannot_be_meant_is_a_fault(part: str, field: str, reason: str) -> None:
    found = faults(part)
    assert [one for one in found if one[1] == field and reason in one[2]], found


def test_a_pack_that_extends_none_has_nothing_to_override() -> None:
    part = HEAD.replace('extends = "baseline"', "") + MANY
    with pytest.raises(PackError, match="there is no inherited rule of this id"):
        load(part, parents={}, vocabulary=VOCABULARY)


def test_the_differences_show_base_and_own_value_with_reason_and_source() -> None:
    gone = BASE.rules[-1]
    found = compare(BASE, ours(MANY, f'[[drop]]\nrule = "{gone.id}"\nreason = "Not for us."\n'))
    assert isinstance(OWED.demand, Owe)
    told = {one.id: one for one in found.rules}
    assert set(told) == {STAGE.id, OWED.id, gone.id}
    assert {(one.key, one.own) for one in told[STAGE.id].values} == {
        ("message", "Ask the seven."),
        ("demand.stage.quorum", "7"),
    }
    (value,) = told[OWED.id].values
    assert (value.label, value.own, told[OWED.id].reason) == ("deadline", "77h", "We are slow.")
    assert told[OWED.id].source == OWED.source
    assert (told[gone.id].kind, told[gone.id].reason) == ("dropped", "Not for us.")


def test_an_own_rule_is_added() -> None:
    own = ours(
        '[[rule]]\nid = "mine"\nkind = "gate"\ntitle = "Mine"\napplies_to = "change.submit"\n'
        'demand = { field = "plan" }\nsource = { section = "1", line = 1, quote = "Plan it." }\n'
    )
    assert [(one.id, one.kind) for one in compare(BASE, own).rules] == [("mine", "added")]


@pytest.mark.parametrize("name", shipped_names())
def test_a_standard_differs_in_nothing_from_itself(name: str) -> None:
    standard = shipped_standard(name, VOCABULARY)
    found = compare(standard, standard)
    assert (found.head, found.rules) == ((), ())


def test_what_one_has_more_the_other_has_less() -> None:
    standards = [shipped_standard(name, VOCABULARY) for name in shipped_names()]
    for one, other in permutations(standards, 2):
        there, back = compare(one, other), compare(other, one)
        assert {rule.id for rule in there.added} == {rule.id for rule in back.dropped}
        assert {rule.id for rule in there.changed} == {rule.id for rule in back.changed}


def test_what_a_role_may_see_is_a_difference_and_so_is_what_a_metric_counts_as() -> None:
    def edition(role: str = "", metric: str = "", head: str = "") -> Standard:
        source = (
            f'{HEAD}{head}\n[[role]]\nid = "desk"\ntitle = "Desk"\nkind = "job"\n{role}\n'
            f'[[metric]]\nid = "queue"\ntitle = "Length of the queue"\ntype = "number"\n{metric}\n'
            '[[figure]]\nid = "mood"\ntitle = "Mood"\nunit = "points"\n'
        )
        return load(source, parents={"baseline": BASE}, vocabulary=VOCABULARY, file="ours.toml")

    before = edition()
    after = edition("sees_restricted = true", "default = 3", 'description = "For the desk."')
    assert {(one.label, one.base, one.own) for one in compare(before, after).head} == {
        ("description", "", "For the desk."),
        ("role desk: sees restricted", "", "yes"),
        ("metric queue: default", "", "3"),
    }
    added = {(one.label, one.own) for one in compare(BASE, after).head}
    assert {("desk", "Desk"), ("role desk: sees restricted", "yes"), ("mood", "Mood")} <= added
