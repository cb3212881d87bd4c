"""Escalations and triggers of a pack: faults are named, what is inherited is kept, what differs is shown."""

from __future__ import annotations

from datetime import timedelta

import pytest

from opsportal.standards import engine
from opsportal.standards.comparison import compare
from opsportal.standards.content import content_bytes
from opsportal.standards.packs import PackError, load, restore
from opsportal.standards.presentation import escalations_of, triggers_of
from opsportal.standards.rules import Standard
from opsportal.standards.vocabulary import Vocabulary

VOCABULARY = Vocabulary.of([])
PACK = """
[standard]
name = "own"
title = "Our own standard"
version = "1"
document = "own.md"
document_sha256 = "0000000000000000000000000000000000000000000000000000000000000000"

[[role]]
id = "cto"
title = "The CTO"
kind = "job"

[[metric]]
id = "errors"
title = "Errors"
type = "number"
"""
ESCALATION = """
[[escalation]]
id = "p0"
title = "Critical"
severity = "sev1"
lapse = "30m"
steps = [{ after = "0m", who = ["on_call:primary", "assignee"] }, { after = "15m", who = "role:cto" }]
source = { section = "1", line = 1, quote = "Tell the CTO." }
"""
TRIGGER = """
[[trigger]]
id = "errors"
title = "Restart"
when = 'metric.errors > 3'
lasting = "2m"
actions = [{ id = "restart" }, { id = "notify", tell = ["role:cto"] }]
timeout = "300s"
source = { section = "2", line = 2, quote = "Restart it." }
"""


def own(text: str, parents: dict[str, Standard] | None = None) -> Standard:
    return load(text, parents=parents or {}, vocabulary=VOCABULARY, file="own.toml")


WHOLE = own(PACK + ESCALATION + TRIGGER)


def heir(extra: str) -> Standard:
    head = PACK.replace('name = "own"', 'name = "heir"\nextends = "own"').partition("[[role]]")[0]
    return own(head + extra, {"own": WHOLE})


def test_it_is_stored_whole_and_is_part_of_the_content() -> None:
    assert WHOLE.content_hash != own(PACK).content_hash
    again = restore(content_bytes(WHOLE), vocabulary=VOCABULARY, content_hash=WHOLE.content_hash)
    assert again == WHOLE
    assert again.escalation("sev1") == WHOLE.escalations[0]
    assert again.escalation("sev2") is None


def test_people_read_it() -> None:
    (row,), (trigger,) = escalations_of(WHOLE), triggers_of(WHOLE)
    assert row.steps == (
        ("at once", "primary on call, whoever has the incident"),
        ("after 15 minutes", "The CTO"),
    )
    assert (trigger.lasting, trigger.timeout) == ("2 minutes", "5 minutes")
    assert trigger.actions == (("restart", ""), ("notify", "The CTO"))


@pytest.mark.parametrize(
    ("errors", "lasting", "fires"),
    [(4, 2, True), (4, 1, False), (3, 9, False), (None, 9, False)],
)
def test_a_trigger_needs_its_condition_its_time_and_its_facts(
    errors: int | None, lasting: int, fires: bool
) -> None:
    found = engine.triggers(WHOLE, {"metric.errors": errors}, timedelta(minutes=lasting))
    assert [one.id for one in found] == ["errors"] * fires


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ('severity = "sev1"', 'severity = "P0"', "severity"),
        ('after = "15m"', 'after = "0m"', "steps[2].after"),
        ('after = "15m"', 'after = "25h"', "steps[2].after"),
        ('after = "15m"', "after = 15", "steps[2].after"),
        ('"role:cto"', '"role:boss"', "steps[2].who"),
        ('"role:cto"', '"somebody"', "steps[2].who"),
        ('who = "role:cto"', "who = []", "steps[2].who"),
        ('lapse = "30m"', 'lapse = "0m"', "lapse"),
        ('lapse = "30m"', "loops = 3", "loops"),
        ('lapse = "30m"', "repeat = 10", "repeat"),
        ('lapse = "30m"', 'reason = "because"', "reason"),
        ('lapse = "30m"', 'urgency = "mild"', "urgency"),
        ("steps = ", "stairs = ", "steps"),
        ("metric.errors > 3", "metric.faults > 3", "when"),
        ("when = 'metric.errors > 3'", "", "when"),
        ('timeout = "300s"', 'timeout = "0s"', "timeout"),
        ('timeout = "300s"', "", "timeout"),
        ('id = "notify"', 'id = "restart"', "actions[2].id"),
        ('tell = ["role:cto"]', 'tell = ["role:boss"]', "actions[2].tell"),
        ('{ id = "restart" }', '{ id = "rm -rf" }', "actions[1].id"),
    ],
)
def test_a_fault_is_named_by_its_place(old: str, new: str, field: str) -> None:
    text = PACK + ESCALATION + TRIGGER
    assert old in text
    with pytest.raises(PackError) as refused:
        own(text.replace(old, new))
    assert field in [problem.field for problem in refused.value.problems]


def test_one_severity_has_one_escalation() -> None:
    with pytest.raises(PackError) as refused:
        own(PACK + ESCALATION + ESCALATION.replace('"p0"', '"p1"') + TRIGGER + TRIGGER)
    assert [(problem.rule, problem.field) for problem in refused.value.problems] == [
        ("p1", "id"),
        ("errors", "id"),
        ("errors", "id"),
    ][: len(refused.value.problems)]


def test_it_is_inherited_and_an_own_one_takes_its_place_with_a_reason() -> None:
    assert (heir("").escalations, heir("").triggers) == (WHOLE.escalations, WHOLE.triggers)
    changed = ESCALATION.replace('"15m"', '"20m"').replace('"p0"', '"own-p0"')
    with pytest.raises(PackError, match="why it replaces that of 'own'"):
        heir(changed)
    child = heir(changed + 'reason = "We are slower."\n')
    escalation = child.escalation("sev1")
    assert escalation is not None
    assert (escalation.id, escalation.origin, escalation.replaces) == ("own-p0", "heir", "own")
    labels = {(value.label, value.base, value.own) for value in compare(WHOLE, child).head}
    assert ("escalation sev1: steps", "after 0s who on_call:primary, assignee, after 15m who role:cto",
            "after 0s who on_call:primary, assignee, after 20m who role:cto") in labels  # fmt: skip
    added = {value.label for value in compare(own(PACK), WHOLE).head}
    assert {"escalation sev1: lapse", "trigger errors: when"} <= added
