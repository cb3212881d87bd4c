"""What an opinion rests on: unfinished work and grave findings speak against it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.auditing.opinions import Standing, against, open_points
from compliance.auditing.reading import Look, look_of
from compliance.auditing.tables import OPINIONS

WORDS = st.lists(st.text("ab", min_size=1, max_size=3), max_size=2).map(tuple)
STANDINGS = st.builds(
    Standing,
    untested=WORDS,
    unfinished=st.lists(st.tuples(st.just("the sample"), st.integers(1, 9), st.just(9)), max_size=2).map(
        tuple
    ),
    exceptions=st.lists(st.tuples(st.just("the sample"), st.integers(1, 9)), max_size=2).map(tuple),
    not_met=WORDS,
    not_verifiable=WORDS,
    critical=WORDS,
    high=WORDS,
    other=WORDS,
    requests=st.integers(0, 2),
)


@pytest.mark.parametrize(
    ("standing", "effective", "with_exceptions"),
    [
        (Standing(), 0, 0),
        (Standing(untested=("CTL-1",)), 1, 1),
        (Standing(unfinished=(("the sample of 25 from changes", 3, 25),)), 1, 1),
        (Standing(exceptions=(("the sample", 2),)), 1, 0),
        (Standing(not_met=("CTL-1",)), 1, 0),
        (Standing(not_verifiable=("CTL-1",)), 1, 0),
        (Standing(critical=("FND-1",)), 1, 1),
        (Standing(high=("FND-1",)), 1, 0),
        (Standing(other=("FND-1",), requests=2), 0, 0),
    ],
)
def test_what_speaks_against_an_opinion(standing: Standing, effective: int, with_exceptions: int) -> None:
    assert len(against("effective", standing)) == effective
    assert len(against("effective_with_exceptions", standing)) == with_exceptions
    for opinion in ("not_effective", "no_opinion", ""):
        assert against(opinion, standing) == ()


@given(STANDINGS)
def test_what_speaks_against_is_open_and_the_bolder_claim_needs_more(standing: Standing) -> None:
    everything = set(open_points(standing))
    for opinion in OPINIONS:
        assert set(against(opinion, standing)) <= everything
    assert set(against("effective_with_exceptions", standing)) <= set(against("effective", standing))


@pytest.mark.parametrize(
    ("page", "subject", "look"),
    [
        ("admin:compliance_finding_change", "12", Look("Page", "Finding", "finding", 12)),
        ("admin:compliance_finding_history", "12", Look("History", "Finding", "finding", 12)),
        ("admin:compliance_finding_simple_history", "12 40", Look("Old version", "Finding", "finding", 12)),
        ("admin:compliance_finding_changelist", "", Look("List of findings")),
        ("admin:compliance_audit_work", "3", Look("Page", "Audit", "audit", 3)),
        ("admin:compliance_audit_sample", "3 9", Look("Page", "Sample", "sample", 9)),
        ("admin:compliance_audit_keys", "3 4 csv", Look("Frozen list", "Population", "population", 4)),
        ("admin:compliance_audit_file", "3 CHG-7", Look("Complete file", "Change", key="CHG-7")),
        ("admin:index", "", Look("First page")),
    ],
)
def test_a_look_is_told_in_words(page: str, subject: str, look: Look) -> None:
    assert look_of(page, subject) == look


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_look_has_words(page: str, subject: str) -> None:
    assert look_of(page, subject).view
    assert look_of(f"admin:compliance_audit_{page}", subject).view
