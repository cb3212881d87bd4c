"""What a pipeline is told when it reports."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from changes.gate import Place, release_facts
from changes.rollout import EVENTS, Action, Advice, Effect, Report, Standing, advise
from changes.states import DEPLOYMENT
from tests.examples import examples
from tests.gatepack import GOOD_RELEASE, PRODUCTION, STAGING, standard

STANDARD = standard()
FINE: dict[str, Any] = {"error_rate": 0.004}


def tell(
    standing: Standing, event: str, percent: int | None = None, *, place: Place = PRODUCTION, **metrics: Any
) -> Advice:
    return advise(standing, Report(event, percent, metrics), STANDARD, release_facts(place, GOOD_RELEASE))


def codes(advice: Advice) -> list[str]:
    return [reason.code for reason in advice.reasons]


def test_started_sets_it_going() -> None:
    assert tell(Standing("registered"), "started") == Advice(
        Action.CONTINUE, (), Effect.APPLIED, "deploying", 0
    )


def test_a_rollout_goes_up_its_ladder() -> None:
    standing = Standing("deploying")
    for percent in (10, 50, 100):
        advice = tell(standing, "rollout", percent, **FINE)
        assert (advice.action, advice.effect, advice.reached) == ("continue", "applied", percent)
        standing = Standing(advice.state, advice.reached)
    assert tell(standing, "verified").state == "verified"
    assert tell(Standing("verified", 100), "succeeded").state == "succeeded"


def test_a_skipped_step_holds_and_does_not_count() -> None:
    advice = tell(Standing("deploying", 0), "rollout", 50, **FINE)
    assert (advice.action, codes(advice), advice.effect, advice.reached) == (
        "hold",
        ["rollout_step"],
        "flagged",
        0,
    )


def test_a_percentage_that_is_no_step_holds() -> None:
    advice = tell(Standing("deploying", 10), "rollout", 30, **FINE)
    assert (advice.action, codes(advice), advice.reached) == ("hold", ["rollout_step"], 10)


def test_any_percentage_does_where_no_ladder_is_demanded() -> None:
    advice = tell(Standing("deploying"), "rollout", 33, place=STAGING, **FINE)
    assert (advice.action, advice.reached) == ("continue", 33)


def test_success_before_the_last_step_is_not_taken() -> None:
    advice = tell(Standing("deploying", 50), "succeeded")
    assert (advice.action, codes(advice), advice.effect, advice.state) == (
        "hold",
        ["rollout_incomplete"],
        "flagged",
        "deploying",
    )


def test_a_passed_threshold_asks_to_roll_back_and_the_step_counts_all_the_same() -> None:
    advice = tell(Standing("deploying", 10), "rollout", 50, error_rate=0.02)
    assert (advice.action, codes(advice), advice.effect, advice.reached) == (
        "roll_back",
        ["threshold_passed"],
        "applied",
        50,
    )
    assert advice.reasons[0].rule == "errors"


def test_a_threshold_that_is_only_reached_is_not_passed() -> None:
    assert tell(Standing("deploying"), "rollout", 10, error_rate=0.01).action == "continue"


def test_a_missing_metric_holds_the_rollout_and_one_with_a_default_does_not() -> None:
    advice = tell(Standing("deploying"), "rollout", 10)
    assert (advice.action, codes(advice), advice.effect) == ("hold", ["evidence_missing"], "applied")
    assert [reason.rule for reason in advice.reasons] == ["errors"]


def test_roll_back_goes_before_hold_and_all_reasons_are_given() -> None:
    advice = tell(Standing("deploying"), "rollout", 10, error_rate=0.5, critical_failure=True)
    assert advice.action == "roll_back"
    assert [reason.rule for reason in advice.reasons] == ["errors", "failure"]


def test_bad_metrics_keep_a_success_from_being_taken() -> None:
    advice = tell(Standing("verified", 100), "succeeded", error_rate=0.5)
    assert (advice.action, advice.effect, advice.state) == ("roll_back", "flagged", "verified")


def test_a_held_change_holds_the_rollout() -> None:
    advice = tell(Standing("deploying", held=True, change="CHG-1042"), "rollout", 10, **FINE)
    assert (advice.action, codes(advice)) == ("hold", ["change_held"])


@pytest.mark.parametrize(
    ("standing", "event", "percent", "action", "reasons"),
    [
        (Standing("deploying", 50), "started", None, "continue", []),
        (Standing("deploying", 50), "rollout", 10, "continue", []),
        (Standing("verified", 100), "verified", None, "continue", []),
        (Standing("succeeded", 100), "succeeded", None, "continue", []),
        (Standing("succeeded", 100), "rollout", 100, "continue", []),
        (Standing("succeeded", 100), "failed", None, "continue", []),
        (Standing("rolled_back", 50), "rolled_back", None, "continue", []),
        (Standing("rolled_back", 50), "succeeded", None, "hold", ["deployment_over"]),
        (Standing("failed", 50), "rollout", 100, "hold", ["deployment_over"]),
        (Standing("registered"), "rollout", 10, "hold", ["not_started"]),
        (Standing("registered"), "succeeded", None, "hold", ["not_started"]),
        (Standing("registered"), "rolled_back", None, "hold", ["not_started"]),
    ],
)
def test_twice_late_or_out_of_order_changes_nothing(
    standing: Standing, event: str, percent: int | None, action: str, reasons: list[str]
) -> None:
    advice = tell(standing, event, percent, **FINE)
    assert (advice.action, codes(advice)) == (action, reasons)
    assert (advice.effect, advice.state, advice.reached) == ("ignored", standing.state, standing.reached)


@pytest.mark.parametrize("state", ["registered", "deploying", "verified"])
def test_a_failure_is_taken_and_nothing_goes_further(state: str) -> None:
    advice = tell(Standing(state, 10), "failed")
    assert (advice.action, codes(advice), advice.effect, advice.state) == (
        "hold",
        ["deployment_failed"],
        "applied",
        "failed",
    )


@pytest.mark.parametrize("state", ["deploying", "verified", "succeeded", "failed"])
def test_a_roll_back_is_taken(state: str) -> None:
    advice = tell(Standing(state, 50), "rolled_back")
    assert (advice.action, advice.effect, advice.state) == ("continue", "applied", "rolled_back")


def test_what_is_not_allowed_is_told_to_hold() -> None:
    advice = tell(Standing("registered", allowed=False), "started")
    assert (advice.action, codes(advice), advice.effect, advice.state) == (
        "hold",
        ["deployment_not_allowed"],
        "flagged",
        "registered",
    )


def test_what_went_on_although_it_was_told_to_hold_is_told_to_roll_back() -> None:
    advice = tell(Standing("registered", allowed=False, obeyed=False), "rollout", 10, **FINE)
    assert (advice.action, advice.effect, advice.state) == ("roll_back", "flagged", "registered")


def test_asking_again_to_start_is_no_disobedience() -> None:
    assert tell(Standing("registered", allowed=False, obeyed=False), "started").action == "hold"


STANDINGS = st.builds(
    Standing,
    state=st.sampled_from(DEPLOYMENT.states),
    reached=st.integers(0, 100),
    allowed=st.booleans(),
    obeyed=st.booleans(),
    held=st.booleans(),
)
REPORTS = st.builds(
    Report,
    event=st.sampled_from(EVENTS),
    percent=st.one_of(st.none(), st.integers(0, 100)),
    metrics=st.dictionaries(st.just("error_rate"), st.floats(0, 1)),
)


@settings(max_examples=examples(500), deadline=None)
@given(STANDINGS, REPORTS)
def test_a_report_moves_only_as_the_machine_says_and_never_down(standing: Standing, report: Report) -> None:
    advice = advise(standing, report, STANDARD, release_facts(PRODUCTION, GOOD_RELEASE))
    if advice.state != standing.state:
        assert advice.state == DEPLOYMENT.move(standing.state, report.event)
        assert advice.effect == "applied"
        assert standing.allowed
    assert advice.reached >= standing.reached
    assert advice.reached in (standing.reached, report.percent)
    assert bool(advice.reasons) == (advice.action != "continue")
    if not standing.allowed:
        assert advice.effect == "flagged"
        assert advice.action != "continue"


@settings(max_examples=examples(300), deadline=None)
@given(STANDINGS, REPORTS)
def test_the_same_report_again_changes_nothing_more(standing: Standing, report: Report) -> None:
    facts = release_facts(PRODUCTION, GOOD_RELEASE)
    first = advise(standing, report, STANDARD, facts)
    after = Standing(first.state, first.reached, standing.allowed, standing.obeyed, standing.held)
    second = advise(after, report, STANDARD, facts)
    assert (second.state, second.reached) == (first.state, first.reached)


@pytest.mark.parametrize("state", ["deploying", "verified"])
@pytest.mark.parametrize("event", ["rollout", "verified", "succeeded"])
def test_an_order_to_roll_back_stands_until_it_is_obeyed(state: str, event: str) -> None:
    standing = Standing(state, 50, recalled=True)
    advice = tell(standing, event, 100 if event == "rollout" else None, **FINE)
    assert (advice.action, codes(advice), advice.effect, advice.state, advice.reached) == (
        "roll_back",
        ["roll_back_ordered"],
        "flagged",
        state,
        50,
    )
    assert tell(standing, "rolled_back").state == "rolled_back"
    assert tell(standing, "failed").state == "failed"
