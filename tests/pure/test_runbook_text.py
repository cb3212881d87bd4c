"""What the text of a runbook says: sections, steps, links."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.runbook.templates import TEMPLATES
from incidents.runbook.text import (
    MAX_STEPS,
    SECTIONS,
    end_of_review,
    filled_sections,
    fits,
    links_of,
    sections_of,
    slug_in,
    steps_of,
)

OUTAGE = """\
Read this first.

## Symptoms
- Health checks failing

## Immediate Actions
1. Check the logs:
   ```
   journalctl -u api
   1. this is output
   ```
2. Restart
   it, if nothing else helps.
   1. one instance first
   2. then the others

   Wait a minute.

Not a step any more.

### Automation
1) Restarting
"""


def test_headings_part_a_runbook_whatever_their_level_and_case() -> None:
    assert [(one.title, one.key) for one in sections_of(OUTAGE)] == [
        ("", ""),
        ("Symptoms", "symptoms"),
        ("Immediate Actions", "immediate_actions"),
        ("Automation", "automation_candidate"),
    ]
    filled = filled_sections(OUTAGE)
    assert filled["symptoms"] == "- Health checks failing"
    assert filled["escalation"] == ""


def test_steps_are_the_numbered_lists_at_the_margin_with_all_that_belongs_to_them() -> None:
    steps = steps_of(OUTAGE)
    assert [(one.number, one.section) for one in steps] == [
        (1, "Immediate Actions"),
        (2, "Immediate Actions"),
        (3, "Automation"),
    ]
    assert steps[0].text == "Check the logs:\n```\njournalctl -u api\n1. this is output\n```"
    assert steps[1].text == (
        "Restart\nit, if nothing else helps.\n1. one instance first\n2. then the others\n\nWait a minute."
    )
    assert steps[2].text == "Restarting"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("1. a\n2. b", ["a", "b"]),
        ("1.a", []),  # no list in Markdown either
        ("    1. code", []),
        ("```\n1. a\n## x\n```\n1. b", ["b"]),
        ("~~~\n1. a\n```\n~~~\n1. b", ["b"]),
        ("1. a\nlazy line\n\nafter", ["a\nlazy line"]),
        ("1.\n2. b", ["b"]),
        ("- a\n- b", []),
    ],
)
def test_edges_of_lists(text: str, expected: list[str]) -> None:
    assert [one.text for one in steps_of(text)] == expected


def test_too_many_steps_are_refused() -> None:
    with pytest.raises(ValueError, match="At most"):
        steps_of("\n".join(f"{number}. x" for number in range(1, MAX_STEPS + 2)))


@given(st.text(alphabet="#1.) \n`~-ab", max_size=200))
def test_any_text_is_read_and_no_step_is_empty(text: str) -> None:
    steps = steps_of(text) if text.count("\n") < MAX_STEPS else ()
    assert all(one.text.strip() for one in steps)
    assert [one.number for one in steps] == list(range(1, len(steps) + 1))


def test_links_are_found_once_without_the_punctuation_around_them() -> None:
    text = (
        "See [the board](https://board.example/d/1?x=(y)), <https://a.example/b> and https://a.example/b.\n"
        "```\ncurl https://only.code.example\n```\n`http://inline.example` (https://c.example/d_(e))\n"
        "[https://f.example](https://f.example/g)"
    )
    assert links_of(text) == (
        "https://board.example/d/1?x=(y)",
        "https://a.example/b",
        "https://c.example/d_(e)",
        "https://f.example",
        "https://f.example/g",
    )


@pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES.keys())
def test_each_template_has_every_section_and_steps(template: object) -> None:
    text = template.text  # type: ignore[attr-defined]
    assert all(filled_sections(text).values())
    assert list(SECTIONS) == [one.key for one in sections_of(text)]
    assert len(steps_of(text)) >= 5


@pytest.mark.parametrize(
    ("wanted", "labels", "expected"),
    [
        ({"alertname": "High"}, {"alertname": "High", "x": "y"}, True),
        ({"alertname": "High"}, {"alertname": "high"}, False),
        ({"alertname": "High*"}, {"alertname": "HighErrorRate"}, True),
        ({"alertname": "*"}, {"alertname": ""}, True),
        ({"alertname": "*"}, {}, False),
        ({"a": "1", "b": "2"}, {"a": "1"}, False),
        ({}, {"a": "1"}, False),
    ],
)
def test_labels_fit_only_where_all_do(wanted: dict[str, str], labels: dict[str, str], expected: bool) -> None:
    assert fits(wanted, labels) is expected


@pytest.mark.parametrize(
    ("address", "slug"),
    [
        ("https://ops.example/runbooks/high-errors/", "high-errors"),
        ("/runbooks/high-errors", "high-errors"),
        ("http://127.0.0.1:8000/runbooks/x/?a=1#b", "x"),
        ("https://wiki.example/runbooks/x/edit/", ""),
        ("javascript:alert(1)//runbooks/x", ""),
        ("", ""),
    ],
)
def test_an_address_of_ours_names_a_runbook(address: str, slug: str) -> None:
    assert slug_in(address) == slug


def test_a_review_is_due_when_its_day_is_over() -> None:
    reviewed = datetime(2026, 3, 2, 23, 59, tzinfo=UTC)
    assert end_of_review(reviewed, 1) == datetime(2026, 3, 4, tzinfo=UTC)
