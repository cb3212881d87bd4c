"""The manual, docs/standards.md, says what is so: its example loads, and its lists are complete."""

from __future__ import annotations

import re
from pathlib import Path

from opsportal.standards.cases import load_cases, run_case
from opsportal.standards.packs import load
from opsportal.standards.rules import FORM_KINDS
from opsportal.standards.shipped import shipped_parents
from opsportal.standards.vocabulary import Vocabulary
from tests.vocabulary import DECLARATIONS

VOCABULARY = Vocabulary.of(DECLARATIONS)
MANUAL = (Path(__file__).parents[2] / "docs" / "standards.md").read_text()
EXAMPLE, CASES = re.findall(r"```toml\n(.*?)```", MANUAL, re.DOTALL)


def test_the_example_is_in_order_and_answers_as_its_cases_say() -> None:
    standard = load(EXAMPLE, parents=shipped_parents(EXAMPLE, VOCABULARY), vocabulary=VOCABULARY)
    replaced = standard.rule("request-test-evidence")
    assert replaced is not None
    assert (replaced.origin, replaced.replaces) == ("acme", "baseline")
    cases = load_cases(CASES.encode(), standard)
    assert [(case.title, run_case(case, standard).differences) for case in cases] == [
        (case.title, ()) for case in cases
    ]
    assert len(cases) == 3


def words_of(text: str) -> set[str]:
    """Return the dotted names of a text; `.plan` goes on from the name before it."""
    found: set[str] = set()
    area = ""
    for word in re.findall(r"`([a-z_.]+)`", text):
        before, dot, name = word.partition(".")
        area = before or area
        if dot:
            found.add(f"{area}.{name}")
    return found


def test_every_point_event_and_fact_is_listed() -> None:
    listed = words_of(MANUAL[MANUAL.index("## Points, events and facts") : MANUAL.index("## Cases")])
    assert set(VOCABULARY.points) - listed == set()
    assert set(VOCABULARY.events) - listed == set()
    assert set(VOCABULARY.facts) - listed == set()


def test_every_form_and_every_field_is_told() -> None:
    for form in FORM_KINDS:
        assert f"| `{form} = " in MANUAL
    told = MANUAL[MANUAL.index("Fields that a rule may demand") : MANUAL.index("Events: `change.submitted`")]
    for point in VOCABULARY.points.values():
        for field in point.fields:
            assert f"`{field.name}`" in told


def test_the_example_of_overriding_is_in_order() -> None:
    blocks = re.findall(r"(?:^    .*\n|\n(?=    ))+", MANUAL[MANUAL.index("## Overriding") :], re.MULTILINE)
    example = re.sub(r"(?m)^    ", "", blocks[0])
    head = EXAMPLE[: EXAMPLE.index("[[role]]")]
    standard = load(head + example, parents=shipped_parents(EXAMPLE, VOCABULARY), vocabulary=VOCABULARY)
    assert len(standard.dropped) == 1
    assert len([rule for rule in standard.rules if rule.origin == "acme"]) == 2
