"""A broken glass: what it lets pass, and what never bends. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from changes.gate import Decision, Glass, decide
from tests.gatepack import HOUR, NOW, PRODUCTION, asked, candidate, release

GLASS = Glass(id=3, key="BG-3", change=77, ends_at=NOW + HOUR)


def codes(answer: Any) -> list[str]:
    return [reason.code for reason in answer.reasons]


def test_a_fitting_change_needs_no_glass() -> None:
    answer = decide(asked(candidate(), glass=GLASS))
    assert (answer.decision, answer.reasons, answer.glass) == (Decision.ALLOWED, (), None)


@pytest.mark.parametrize(
    ("question", "against"),
    [
        (asked(), "change_required"),
        (asked(candidate(state="rejected"), named="CHG-1042"), "change_rejected"),
        (asked(candidate(state="cancelled"), named="CHG-1042"), "change_withdrawn"),
        (asked(candidate(held=True), named="CHG-1042"), "change_held"),
        (asked(candidate(window_end=NOW), named="CHG-1042"), "window_over"),
        (asked(candidate(), release=release(checks={"tests": "failed"})), "check_failed"),
        (asked(candidate(), release=release(policy_hash="")), "evidence_missing"),
    ],
)
def test_whatever_the_rules_say_it_passes_and_they_are_all_told(question: Any, against: str) -> None:
    plain, broken = decide(question), decide(replace(question, glass=GLASS))
    assert plain.decision is not Decision.ALLOWED
    assert (broken.decision, broken.glass, broken.change) == (Decision.ALLOWED, GLASS, None)
    assert codes(broken) == ["break_glass", *codes(plain)]
    assert against in codes(broken)
    assert "BG-3" in broken.reasons[0].detail


@pytest.mark.parametrize(
    "fields",
    [
        {"place": replace(PRODUCTION, retired=True)},
        {"release": release(version="")},
        {"release": release(policy_hash="another")},
    ],
    ids=["retired", "no version", "other policies"],
)
def test_what_is_deployed_never_bends(fields: dict[str, Any]) -> None:
    question = asked(candidate(), **fields)
    assert decide(replace(question, glass=GLASS)) == decide(question)
    assert not decide(question).allowed
