"""What happens next, in plain words, and the steps that somebody may take."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changes.next_step import STEPS, Situation, is_possible, next_step, sentence
from changes.states import CHANGE, HOLDABLE, RETROSPECTIVE

AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
EVERYTHING = frozenset(STEPS.values())
SITUATIONS = st.builds(
    Situation,
    state=st.sampled_from(CHANGE.states),
    now=st.just(AT),
    held=st.booleans(),
    retrospective=st.sampled_from(RETROSPECTIVE.states),
    window_start=st.sampled_from([None, AT - 2 * HOUR, AT + HOUR]),
    window_end=st.sampled_from([None, AT - HOUR, AT + 2 * HOUR]),
    waits_for=st.sampled_from([(), ("CAB",), ("CAB", "Security"), ("A", "B", "C")]),
    votes_in=st.booleans(),
    may_run_ahead=st.booleans(),
)
MACHINE_STEPS = {
    "submit": "submit",
    "schedule": "schedule",
    "complete": "complete",
    "fail": "fail",
    "roll_back": "roll_back",
    "close": "close",
    "withdraw": "withdraw",
    "cancel": "cancel",
    "edit": "revise",
}


def at(state: str, **more: object) -> Situation:
    return replace(Situation(state=state, now=AT), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("situation", "words"),
    [
        (at("draft"), "It is a draft. Fill in what the standard asks for, then submit it."),
        (at("in_review", waits_for=("CAB", "Security")), "It waits for the votes of CAB and Security."),
        (
            at("in_review", waits_for=("CAB",), may_run_ahead=True),
            "It waits for the votes of CAB. If it cannot wait, it may start ahead of them.",
        ),
        (
            at("approved"),
            "It is approved, without a window. Start it, or let the pipeline start it by deploying;"
            " to schedule it, give it a window first, which takes a new approval.",
        ),
        (
            at("approved", window_start=AT - HOUR, window_end=AT + HOUR),
            "It is approved. Start it, or let the pipeline start it by deploying.",
        ),
        (
            at("implementing", taken_back=("DEP-7", "rolled_back")),
            "DEP-7 was rolled back: report the failure, or deploy again.",
        ),
        (
            at("implementing", taken_back=("DEP-7", "failed"), has_standard_to_activate=True),
            "DEP-7 failed: report the failure, or deploy again.",
        ),
        (
            at("approved", window_start=AT + HOUR, window_end=AT + 2 * HOUR),
            "It is approved. Schedule it now, or start it when its window opens.",
        ),
        (
            at("scheduled", window_start=AT + HOUR, window_end=AT + 2 * HOUR),
            "It is scheduled. Start it when its window opens.",
        ),
        (
            at("scheduled", window_start=AT - HOUR, window_end=AT),
            "Its window is over. Edit it to give it a new one, and submit it again.",
        ),
        (at("approved", held=True), "It is on hold. It goes on when somebody releases it."),
        (
            at("implemented", retrospective="open", waits_for=("CAB",)),
            "It was started ahead of its approval; CAB still decides. It can be closed afterwards.",
        ),
        (
            at("implementing", retrospective="open", waits_for=("CAB",)),
            "It is being carried out ahead of its approval. Report it as done or failed; CAB still decides.",
        ),
        (at("closed"), "It is closed. Nothing more has to be done."),
    ],
)
def test_the_sentence_says_what_is_next(situation: Situation, words: str) -> None:
    assert sentence(situation) == words


@given(SITUATIONS)
def test_every_situation_has_a_sentence(situation: Situation) -> None:
    assert sentence(situation).endswith(".")


@given(SITUATIONS)
def test_what_is_allowed_is_possible_and_permitted_in_the_order_of_the_way_forward(
    situation: Situation,
) -> None:
    allowed = next_step(situation, EVERYTHING).allowed
    assert list(allowed) == [step for step in STEPS if is_possible(situation, step)]
    assert next_step(situation, frozenset()).allowed == ()
    assert set(next_step(situation, frozenset({"comment"})).allowed) == {"comment"}


@given(SITUATIONS)
def test_the_machine_is_the_source_of_what_is_possible(situation: Situation) -> None:
    for step, verb in MACHINE_STEPS.items():
        assert is_possible(situation, step) == CHANGE.can(situation.state, verb)
    if is_possible(situation, "start"):
        assert CHANGE.can(situation.state, "start")
        assert not situation.held
    assert is_possible(situation, "hold") == (situation.state in HOLDABLE and not situation.held)


def test_voting_is_possible_only_where_the_reader_has_a_vote() -> None:
    for step in ("approve", "reject", "abstain"):
        assert is_possible(at("in_review", votes_in=True), step)
        assert is_possible(at("implemented", retrospective="open", votes_in=True), step)
        assert not is_possible(at("in_review"), step)
        assert not is_possible(at("draft", votes_in=True), step)
        assert not is_possible(at("implemented", votes_in=True), step)


def test_ahead_of_approval_only_with_a_permit() -> None:
    assert is_possible(at("in_review", may_run_ahead=True), "start")
    assert not is_possible(at("in_review"), "start")
    assert not is_possible(at("in_review", may_run_ahead=True, held=True), "start")
