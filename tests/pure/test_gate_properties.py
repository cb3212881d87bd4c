"""What holds for the gate whatever it is asked."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from changes.gate import FIT, Candidate, Decision, GateInput, Release, Template, decide
from changes.states import CHANGE, RETROSPECTIVE
from opsportal.standards import engine
from opsportal.standards.vocabulary import Value
from tests import gatepack
from tests.examples import examples
from tests.gatepack import NOW, POLICY_HASH, PRODUCTION, STAGING, candidate, change_facts

STRICT = gatepack.standard()
LOOSE = gatepack.standard(gatepack.CHANGE_NEEDED)
NONE = gatepack.standard(gatepack.FAILURE)
STANDARDS = st.sampled_from([STRICT, LOOSE, NONE])
HASHES = st.sampled_from(["a" * 64, "b" * 64])
RESULTS = st.sampled_from(["passed", "failed", "skipped", "running"])


@st.composite
def windows(draw: st.DrawFn) -> dict[str, Any]:
    if draw(st.booleans()):
        return {"window_start": None, "window_end": None}
    start = NOW + timedelta(minutes=draw(st.integers(-200, 200)))
    return {"window_start": start, "window_end": start + timedelta(minutes=draw(st.integers(1, 200)))}


@st.composite
def candidates(draw: st.DrawFn, number: int) -> Candidate:
    return candidate(
        number,
        state=draw(st.sampled_from(CHANGE.states)),
        type=draw(st.sampled_from(["standard", "normal", "emergency"])),
        retrospective=draw(st.sampled_from(RETROSPECTIVE.states)),
        held=draw(st.booleans()),
        content_hash=draw(HASHES),
        approved_hash=draw(st.one_of(st.just(""), HASHES)),
        names_place=draw(st.booleans()),
        done_here=draw(st.booleans()),
        from_template=draw(st.booleans()),
        standard=draw(st.one_of(st.none(), STANDARDS)),
        **draw(windows()),
    )


@st.composite
def questions(draw: st.DrawFn) -> GateInput:
    found = tuple(draw(candidates(number)) for number in range(1, draw(st.integers(1, 5))))
    named = draw(st.sampled_from(["", *(one.key for one in found)]))
    templates = (Template(1, "routine", change_facts(type="standard")),) if draw(st.booleans()) else ()
    return GateInput(
        now=NOW,
        place=replace(draw(st.sampled_from([PRODUCTION, STAGING])), retired=draw(st.booleans())),
        release=Release(
            version=draw(st.sampled_from(["", "2.14.0"])),
            policy_hash=draw(st.sampled_from(["", "other", POLICY_HASH])),
            checks=draw(st.dictionaries(st.sampled_from(["tests", "security_scan"]), RESULTS)),
        ),
        standard=draw(STANDARDS),
        named=named,
        candidates=found,
        templates=() if named else templates,
        bound_hash=draw(HASHES) if named and draw(st.booleans()) else "",
    )


@settings(max_examples=examples(600), deadline=None)
@given(questions())
def test_a_yes_means_that_every_guarantee_holds(question: GateInput) -> None:
    answer = decide(question)
    if answer.decision is not Decision.ALLOWED:
        assert answer.reasons
        return
    assert answer.reasons == ()
    assert question.release.version
    assert not question.place.retired
    change = answer.change
    if change is None:
        assert not question.named
        facts: dict[str, Value] = {
            "deployment.has_change": answer.opens is not None,
            "environment.kind": question.place.environment_kind,
        }
        rule = [
            hit
            for hit in engine.decide(question.standard, "deployment.gate", facts).hits
            if hit.rule.id == "change"
        ]
        assert answer.opens is not None or all(hit.outcome == "allowed" for hit in rule)
        return
    assert change.names_place
    assert not change.done_here
    assert not change.held
    assert change.window_start is None or change.window_start <= NOW
    assert change.window_end is None or change.window_end > NOW
    assert change.retrospective != "rejected"
    assert not question.bound_hash or question.bound_hash == change.content_hash
    if change.state in FIT and (change.state, change.retrospective) != ("implementing", "open"):
        assert change.approved_hash == change.content_hash
    else:
        assert change.type == "emergency"
        assert change.state in ("in_review", "implementing")
        assert question.standard is STRICT  # the only one with the permit
        assert change.standard in (None, STRICT)


WORSE = st.sampled_from(
    [
        {"held": True},
        {"names_place": False},
        {"done_here": True},
        {"approved_hash": ""},
        {"approved_hash": "c" * 64},
        {"state": "cancelled"},
        {"retrospective": "rejected"},
        {"window_start": NOW + timedelta(hours=1), "window_end": NOW + timedelta(hours=2)},
    ]
)


@settings(max_examples=examples(400), deadline=None)
@given(questions().filter(lambda one: bool(one.named)), WORSE)
def test_one_more_fault_never_makes_the_answer_better(question: GateInput, fault: dict[str, Any]) -> None:
    worse = tuple(replace(one, **fault) if one.key == question.named else one for one in question.candidates)
    before = decide(question)
    after = decide(replace(question, candidates=worse))
    if fault.keys() & {"state"}:
        # A state says one thing at a time; cancelled is the worst of all.
        assert after.decision is Decision.WITHDRAWN
    elif fault.keys() & {"window_start"} and before.decision is Decision.EXPIRED:
        assert after.decision is not Decision.ALLOWED  # the window before was over, this one is to come
    else:
        assert after.decision.rank >= before.decision.rank


@settings(max_examples=examples(300), deadline=None)
@given(questions(), st.sampled_from(["tests", "security_scan"]))
def test_a_check_that_fails_never_makes_the_answer_better(question: GateInput, check: str) -> None:
    passed = replace(question.release, checks={**question.release.checks, check: "passed"})
    failed = replace(question.release, checks={**question.release.checks, check: "failed"})
    better = decide(replace(question, release=passed))
    assert decide(replace(question, release=failed)).decision.rank >= better.decision.rank


@settings(max_examples=examples(300), deadline=None)
@given(questions())
def test_the_order_of_the_candidates_does_not_matter(question: GateInput) -> None:
    turned = replace(question, candidates=tuple(reversed(question.candidates)))
    first, second = decide(question), decide(turned)
    assert (first.decision, first.change, first.opens) == (second.decision, second.change, second.opens)
    assert first.reasons == second.reasons


@settings(max_examples=examples(300), deadline=None)
@given(questions())
def test_a_second_standard_never_makes_the_answer_better(question: GateInput) -> None:
    alone = tuple(replace(one, standard=None) for one in question.candidates)
    if question.named:
        assert decide(question).decision.rank >= decide(replace(question, candidates=alone)).decision.rank
