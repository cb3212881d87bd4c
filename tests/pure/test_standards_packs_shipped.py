"""The packs that come with the portal: their cases, their sources, nothing left out."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

from changes.facts import TEMPLATE_TEXTS
from opsportal.standards import engine
from opsportal.standards.cases import Case, load_cases, run_case
from opsportal.standards.content import content_bytes
from opsportal.standards.coverage import Entry, coverage, quoted_lines, report, sources_of
from opsportal.standards.packs import restore
from opsportal.standards.rules import Standard
from opsportal.standards.shipped import CASES, DOCUMENTS, shipped_names, shipped_standard
from opsportal.standards.vocabulary import Facts, Vocabulary
from tests.vocabulary import DECLARATIONS

REPORTS = Path(__file__).parents[2] / "docs" / "coverage"
VOCABULARY = Vocabulary.of(DECLARATIONS)
STANDARDS = {name: shipped_standard(name, VOCABULARY) for name in shipped_names()}
ALL_CASES = {
    name: load_cases((CASES / f"{name}.toml").read_bytes(), standard, file=f"cases/{name}.toml")
    for name, standard in STANDARDS.items()
}


def test_the_packs_of_the_contract_that_are_due_are_here() -> None:
    assert set(shipped_names()) == {"baseline", "aielon", "ai-system", "acgs", "twelve-factor", "aios"}


@pytest.mark.parametrize(
    ("name", "case"),
    [
        pytest.param(name, case, id=f"{name}: {case.title}")
        for name, cases in ALL_CASES.items()
        for case in cases
    ],
)
def test_a_pack_says_what_its_case_expects(name: str, case: Case) -> None:
    assert run_case(case, STANDARDS[name]).differences == ()


@pytest.mark.parametrize("name", shipped_names())
def test_every_rule_is_hit_by_a_case(name: str) -> None:
    standard = STANDARDS[name]
    touched = {rule for case in ALL_CASES[name] for rule in run_case(case, standard).touched}
    ids = [[one.id for one in kind] for kind in (standard.rules, standard.escalations, standard.triggers)]
    assert {one for kind in ids for one in kind} - touched == set()


@pytest.mark.parametrize("name", shipped_names())
def test_the_document_is_the_one_that_the_pack_was_written_from(name: str) -> None:
    standard = STANDARDS[name]
    document = (DOCUMENTS / standard.document).read_bytes()
    assert hashlib.sha256(document).hexdigest() == standard.document_sha256


def lines_of(standard: Standard) -> list[str]:
    return (DOCUMENTS / standard.document).read_bytes().decode("utf-8").splitlines()


def entries_of(standard: Standard) -> list[Entry]:
    return [*standard.rules, *standard.escalations, *standard.triggers, *standard.listed]


@pytest.mark.parametrize("name", shipped_names())
def test_every_quotation_stands_in_the_document_at_its_line(name: str) -> None:
    standard = STANDARDS[name]
    lines = lines_of(standard)
    sources = [source for entry in entries_of(standard) for source in sources_of(entry)]
    if standard.review_source is not None:
        sources.append(standard.review_source)
    wrong = [
        (source.section, source.line, source.quote) for source in sources if 0 in quoted_lines(source, lines)
    ]
    assert wrong == []


@pytest.mark.parametrize("name", shipped_names())
def test_every_statement_of_the_document_is_a_mechanism_or_listed_with_its_reason(name: str) -> None:
    left = [one.statement for one in coverage(STANDARDS[name], lines_of(STANDARDS[name])) if one.is_left_out]
    assert {one.id: one.text for one in left} == {}


@pytest.mark.parametrize("name", shipped_names())
def test_the_report_of_the_coverage_is_that_of_the_pack(name: str) -> None:
    told = (REPORTS / f"{name}.md").read_text()
    assert told == report(STANDARDS[name], lines_of(STANDARDS[name])), (
        "run ./manage.py standard coverage --write"
    )


@pytest.mark.parametrize("name", shipped_names())
def test_a_stored_standard_is_read_back_as_it_was(name: str) -> None:
    standard = STANDARDS[name]
    again = restore(content_bytes(standard), vocabulary=VOCABULARY, content_hash=standard.content_hash)
    assert again == standard
    assert again.content_hash == standard.content_hash


@pytest.mark.parametrize("name", shipped_names())
def test_silence_on_an_incident_of_any_severity_tells_somebody(name: str) -> None:
    standard = STANDARDS[name]
    assert [one.severity for one in standard.escalations] == ["sev1", "sev2", "sev3", "sev4"]
    assert all(len(one.steps) > 1 and not one.steps[0].after for one in standard.escalations)


@pytest.mark.parametrize("name", shipped_names())
def test_what_a_standard_change_has_from_its_template_is_demanded_of_the_template(name: str) -> None:
    """Else a template is approved from which no change can be opened."""
    standard = STANDARDS[name]
    if not engine.stages(standard, "template.submit", {}):
        return  # nobody approves templates under this one
    facts: Facts = {"change.type": "standard", "change.production": True, "change.has_template": True}
    asked = {one.demand.field for one in engine.fields(standard, "change.submit", facts) if one.certain}
    template = {one.demand.field for one in engine.fields(standard, "template.submit", {})}
    assert (asked & set(TEMPLATE_TEXTS)) - template == set()


@pytest.mark.parametrize("name", shipped_names())
def test_no_rule_speaks_to_people_in_code(name: str) -> None:
    """Titles and messages are sentences: no identifiers, no expressions."""
    for rule in STANDARDS[name].rules:
        for text in (rule.title, rule.message):
            assert re.search(r"==|[a-z]\.[a-z]|_", text) is None, rule.id


def test_packs_differ_in_content_and_so_in_hash() -> None:
    assert len({standard.content_hash for standard in STANDARDS.values()}) == len(STANDARDS)
