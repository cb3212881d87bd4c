"""Whether a control is met: never typed, and what nobody can verify is neither failed nor met."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.controlling.status import (
    CollectedState,
    EvidenceState,
    Excuse,
    Judged,
    RuleState,
    judge_control,
)

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
DAY = timedelta(days=1)
MET = RuleState("r-met", "met", NOW - 9 * DAY)
BREACHED = RuleState("r-breached", "breached", NOW - 3 * DAY, "Three are late.")
EXCUSED = RuleState("r-excused", "breached", NOW - 4 * DAY, "", "EXC-1")
NO_DATA = RuleState("r-none", "no_data", NOW - 5 * DAY)
GONE = RuleState("r-gone", "gone")
FRESH = EvidenceState("EVD-1", "Report", "works", NOW - 2 * DAY, NOW + DAY)
STALE = EvidenceState("EVD-2", "Old report", "works", NOW - 90 * DAY, NOW - 6 * DAY)
FAILS = EvidenceState("EVD-3", "Scan", "fails", NOW - DAY, NOW + DAY)
OLD_FAILURE = EvidenceState("EVD-4", "Old scan", "fails", NOW - 90 * DAY, NOW - 7 * DAY)
SEEN = CollectedState("policy.reviewed", "a policy was reviewed", NOW - DAY, NOW + DAY)
UNSEEN = CollectedState("policy.reviewed", "a policy was reviewed")
SEEN_ONCE = CollectedState("policy.reviewed", "a policy was reviewed", NOW - 99 * DAY, NOW - 8 * DAY)
ACCEPTED = Excuse("EXC-2", "exception", NOW - 2 * DAY, NOW + DAY)
OTHER = Excuse("EXC-3", "alternative", NOW - DAY, NOW + DAY)
OVER = Excuse("EXC-4", "exception", NOW - 9 * DAY, NOW)


def judged(*parts: Any) -> Judged:
    def of(kind: type) -> list[Any]:
        return [one for one in parts if isinstance(one, kind)]

    return judge_control(
        now=NOW,
        rules=of(RuleState),
        evidence=of(EvidenceState),
        collected=of(CollectedState),
        excuses=of(Excuse),
    )


@pytest.mark.parametrize(
    ("parts", "status", "since"),
    [
        ((), "not_verifiable", None),
        ((MET,), "met", NOW - 9 * DAY),
        ((MET, FRESH), "met", NOW - 2 * DAY),
        ((FRESH,), "met", NOW - 2 * DAY),
        ((MET, BREACHED), "not_met", NOW - 3 * DAY),
        ((MET, NO_DATA), "not_verifiable", NOW - 5 * DAY),
        ((NO_DATA, BREACHED), "not_met", NOW - 3 * DAY),
        ((MET, GONE), "not_verifiable", None),
        ((STALE,), "not_verifiable", NOW - 6 * DAY),
        ((MET, STALE), "not_verifiable", NOW - 6 * DAY),
        ((FRESH, STALE), "met", NOW - 2 * DAY),
        ((FRESH, FAILS), "not_met", NOW - DAY),
        ((FRESH, OLD_FAILURE), "met", NOW - 2 * DAY),
        ((SEEN,), "met", NOW - DAY),
        ((UNSEEN, MET), "not_verifiable", None),
        ((SEEN_ONCE,), "not_verifiable", NOW - 8 * DAY),
        ((MET, EXCUSED), "compensated", NOW - 4 * DAY),
        ((EXCUSED, BREACHED), "not_met", NOW - 3 * DAY),
        ((BREACHED, ACCEPTED), "compensated", NOW - 2 * DAY),
        ((BREACHED, OTHER), "not_met", NOW - 3 * DAY),
        ((BREACHED, OVER), "not_met", NOW - 3 * DAY),
        ((NO_DATA, OTHER), "compensated", NOW - DAY),
        ((NO_DATA, ACCEPTED), "not_verifiable", NOW - 5 * DAY),
        ((MET, ACCEPTED), "met", NOW - 9 * DAY),
    ],
)
def test_a_control_stands_as_what_is_known_of_it_says(
    parts: tuple[Any, ...], status: str, since: datetime | None
) -> None:
    found = judged(*parts)
    assert (found.status, found.since) == (status, since)
    assert found.reasons


def test_the_reasons_begin_with_the_worst_and_name_where_to_read_on() -> None:
    found = judged(MET, NO_DATA, BREACHED)
    assert [one.key for one in found.reasons] == ["r-breached", "r-none", "r-met"]
    assert found.reasons[0].words == "The rule r-breached is breached. Three are late."


PARTS = st.lists(
    st.sampled_from(
        [MET, BREACHED, EXCUSED, NO_DATA, GONE, FRESH, STALE, FAILS, SEEN, UNSEEN, ACCEPTED, OTHER, OVER]
    ),
    max_size=8,
)


@given(PARTS)
def test_met_needs_proof_and_nothing_against_it(parts: list[Any]) -> None:
    found = judged(*parts)
    if found.status == "met":
        assert not {"r-breached", "r-excused", "r-none", "r-gone"} & {
            one.rule for one in parts if isinstance(one, RuleState)
        }
        assert UNSEEN not in parts
        assert FAILS not in parts
    if BREACHED in parts and ACCEPTED not in parts:
        assert found.status == "not_met"


@given(PARTS, st.permutations(range(8)))
def test_the_order_makes_no_difference(parts: list[Any], order: list[int]) -> None:
    turned = [parts[index] for index in order if index < len(parts)]
    first, second = judged(*parts), judged(*turned)
    assert (first.status, first.since) == (second.status, second.since)
