"""What the engine answers: all reasons, each with its rule; what is not known is never a yes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsportal.standards import engine
from opsportal.standards.engine import Outcome
from opsportal.standards.packs import load
from opsportal.standards.rules import Rule, Standard
from opsportal.standards.shipped import shipped_names, shipped_standard
from opsportal.standards.standing import Climb
from opsportal.standards.vocabulary import Fact, Kind, Type, Value, Vocabulary
from tests.vocabulary import DECLARATIONS

VOCABULARY = Vocabulary.of(DECLARATIONS)
SHIPPED = {name: shipped_standard(name, VOCABULARY) for name in shipped_names()}

PACK = """
[standard]
name = "own"
title = "Our own standard"
version = "1"
document = "own.md"
document_sha256 = "0000000000000000000000000000000000000000000000000000000000000000"
policy_hash = "abc"

[[role]]
id = "board"
title = "The board"
kind = "board"
[[role]]
id = "chief"
title = "The chief"
kind = "job"
[[check]]
id = "tests"
title = "Automated tests"
[[metric]]
id = "errors"
title = "Errors"
type = "number"
[[metric]]
id = "broken"
title = "Something is broken"
type = "boolean"
default = false
"""
SOURCE = 'source = { section = "1", line = 1, quote = "So be it." }\n'


def pack(*rules: str) -> Standard:
    return load(
        PACK + "\n".join(f"[[rule]]\n{one}\n{SOURCE}" for one in rules), parents={}, vocabulary=VOCABULARY
    )


def gate(demand: str, *, at: str = "change.submit", rule: str = "r", more: str = "") -> str:
    return (
        f'id = "{rule}"\nkind = "gate"\ntitle = "The title"\napplies_to = "{at}"\ndemand = {demand}\n{more}'
    )


REQUIRE = "{ require = 'change.risk == \"low\"' }"
MESSAGE = 'message = "Make it smaller."\n'


def reasons(standard: Standard, at: str, facts: dict[str, Value]) -> tuple[str, list[tuple[str, str, str]]]:
    decision = engine.decide(standard, at, facts)
    return decision.outcome.value, [(one.code, one.rule, one.detail) for one in decision.reasons]


@pytest.mark.parametrize(
    ("risk", "answer"),
    [
        ("low", ("allowed", [])),
        ("high", ("refused", [("requirement_not_met", "r", "Make it smaller.")])),
        (
            None,
            (
                "pending",
                [
                    (
                        "evidence_missing",
                        "r",
                        "Not known yet: the risk of the change. Supply it and ask again."
                        " It is needed for: The title.",
                    )
                ],
            ),
        ),
    ],
)
def test_a_condition_is_required(risk: str | None, answer: object) -> None:
    assert reasons(pack(gate(REQUIRE, more=MESSAGE)), "change.submit", {"change.risk": risk}) == answer


def test_a_rule_gives_its_own_code() -> None:
    standard = pack(gate(REQUIRE, more=MESSAGE + 'code = "too_risky"'))
    assert reasons(standard, "change.submit", {"change.risk": "high"})[1][0][0] == "too_risky"
    assert reasons(standard, "change.submit", {})[1][0][0] == "evidence_missing"


@pytest.mark.parametrize(
    ("production", "risk", "outcome"),
    [
        (False, "high", "allowed"),
        (False, None, "allowed"),
        (True, "high", "refused"),
        (True, None, "pending"),
        (None, "low", "allowed"),
        (None, "high", "pending"),
        (None, None, "pending"),
    ],
)
def test_a_rule_of_which_it_is_not_known_whether_it_applies_never_lets_through_what_it_would_stop(
    production: bool | None, risk: str | None, outcome: str
) -> None:
    standard = pack(gate(REQUIRE, more=MESSAGE + "when = 'change.production'"))
    facts: dict[str, Value] = {"change.production": production, "change.risk": risk}
    assert engine.decide(standard, "change.submit", facts).outcome == outcome


def test_what_is_missing_to_know_whether_a_rule_applies_is_named() -> None:
    standard = pack(gate(REQUIRE, more=MESSAGE + "when = 'change.production'"))
    assert reasons(standard, "change.submit", {"change.risk": "high"}) == (
        "pending",
        [
            (
                "evidence_missing",
                "r",
                "Not known yet: whether the change touches production. Supply it and ask again."
                " It is needed for: The title.",
            )
        ],
    )


def test_all_reasons_are_given_refusals_first() -> None:
    standard = pack(
        gate('{ field = "plan" }', rule="plan"),
        gate(REQUIRE, rule="risk", more=MESSAGE),
        gate('{ field = "impact" }', rule="impact"),
    )
    decision = engine.decide(standard, "change.submit", {"change.risk": "high", "change.impact": ""})
    assert decision.outcome is Outcome.REFUSED
    assert not decision.allowed
    assert [(one.rule, one.code) for one in decision.reasons] == [
        ("risk", "requirement_not_met"),
        ("impact", "field_missing"),
        ("plan", "evidence_missing"),
    ]
    assert [(hit.rule.id, hit.outcome) for hit in decision.hits] == [
        ("plan", "pending"),
        ("risk", "refused"),
        ("impact", "refused"),
    ]


def test_rules_that_do_not_apply_are_no_hits() -> None:
    standard = pack(gate(REQUIRE, more=MESSAGE + "when = 'change.production'"))
    assert engine.decide(standard, "change.submit", {"change.production": False}).hits == ()
    assert engine.decide(standard, "change.start", {}).hits == ()
    assert engine.decide(standard, "change.start", {}).allowed


@pytest.mark.parametrize(
    ("value", "answer"),
    [
        ("a plan", ("allowed", [])),
        (" ", ("refused", "Fill in the implementation plan. The standard demands it: The title.")),
        (
            None,
            (
                "pending",
                "Not known yet: the implementation plan. Fill it in. The standard demands it: The title.",
            ),
        ),
    ],
)
def test_a_field_is_demanded(value: Value, answer: tuple[str, object]) -> None:
    outcome, found = reasons(pack(gate('{ field = "plan" }')), "change.submit", {"change.plan": value})
    assert (outcome, found[0][2] if found else []) == answer


@pytest.mark.parametrize(("value", "outcome"), [(True, "allowed"), (False, "refused"), (None, "pending")])
def test_a_window_is_demanded(value: Value, outcome: str) -> None:
    standard = pack(gate('{ field = "window" }'))
    assert reasons(standard, "change.submit", {"change.has_window": value})[0] == outcome


@pytest.mark.parametrize(
    ("result", "answer"),
    [
        ("passed", ("allowed", "", "")),
        (
            "failed",
            (
                "refused",
                "check_failed",
                "The check “tests” (Automated tests) has not passed: failed."
                " Mend what it found and run it again.",
            ),
        ),
        (
            "skipped",
            (
                "refused",
                "check_failed",
                "The check “tests” (Automated tests) has not passed: skipped."
                " Mend what it found and run it again.",
            ),
        ),
        (
            "running",
            (
                "pending",
                "check_running",
                "The check “tests” (Automated tests) is still running. Ask again when it is done.",
            ),
        ),
        (
            None,
            (
                "pending",
                "evidence_missing",
                "The check “tests” (Automated tests) was not reported."
                " Run it and send its result with the deployment.",
            ),
        ),
        (
            "green",
            (
                "pending",
                "evidence_missing",
                "The check “tests” (Automated tests) was not reported."
                " Run it and send its result with the deployment.",
            ),
        ),
    ],
)
def test_a_check_must_have_passed(result: Value, answer: tuple[str, str, str]) -> None:
    standard = pack(gate('{ check = "tests" }', at="deployment.gate"))
    outcome, found = reasons(standard, "deployment.gate", {"check.tests": result})
    assert (outcome, *((found[0][0], found[0][2]) if found else ("", ""))) == answer


@pytest.mark.parametrize(
    ("given_hash", "outcome", "code"),
    [
        ("abc", "allowed", ""),
        ("ABC", "refused", "policy_hash_mismatch"),
        ("", "pending", "evidence_missing"),
        (None, "pending", "evidence_missing"),
    ],
)
def test_the_policy_hash_must_be_the_standards(given_hash: Value, outcome: str, code: str) -> None:
    standard = pack(gate("{ policy_hash = true }", at="deployment.gate"))
    answer, found = reasons(standard, "deployment.gate", {"deployment.policy_hash": given_hash})
    assert (answer, found[0][0] if found else "") == (outcome, code)


@pytest.mark.parametrize(
    ("facts", "outcome", "code"),
    [
        ({}, "pending", "evidence_missing"),
        ({"deployment.has_change": False}, "refused", "change_required"),
        ({"deployment.has_change": False, "change.state": "approved"}, "refused", "change_required"),
        ({"deployment.has_change": True}, "pending", "evidence_missing"),
        ({"deployment.has_change": True, "change.state": "approved"}, "allowed", ""),
        ({"deployment.has_change": True, "change.state": "scheduled"}, "allowed", ""),
        ({"deployment.has_change": True, "change.state": "implementing"}, "allowed", ""),
        ({"deployment.has_change": True, "change.state": "in_review"}, "refused", "change_not_approved"),
        ({"deployment.has_change": True, "change.state": "closed"}, "refused", "change_not_approved"),
    ],
)
def test_an_approved_change_must_stand_behind(facts: dict[str, Value], outcome: str, code: str) -> None:
    standard = pack(gate('{ change = "approved" }', at="deployment.gate"))
    answer, found = reasons(standard, "deployment.gate", facts)
    assert (answer, found[0][0] if found else "") == (outcome, code)


@pytest.mark.parametrize(
    ("event", "percent", "reached", "outcome", "code"),
    [
        ("started", None, None, "allowed", ""),
        ("verified", None, None, "allowed", ""),
        ("failed", None, 10, "allowed", ""),
        (None, 10, 0, "pending", "evidence_missing"),
        ("rollout", None, 0, "pending", "evidence_missing"),
        ("rollout", 10, 0, "allowed", ""),
        ("rollout", 10, None, "allowed", ""),
        ("rollout", 10, 50, "allowed", ""),
        ("rollout", 50, 10, "allowed", ""),
        ("rollout", 50, 50, "allowed", ""),
        ("rollout", 50, None, "pending", "evidence_missing"),
        ("rollout", 50, 0, "refused", "rollout_step"),
        ("rollout", 100, 10, "refused", "rollout_step"),
        ("rollout", 30, 10, "refused", "rollout_step"),
        ("rollout", 0, 0, "refused", "rollout_step"),
        ("succeeded", None, 100, "allowed", ""),
        ("succeeded", None, 50, "refused", "rollout_incomplete"),
        ("succeeded", None, None, "pending", "evidence_missing"),
    ],
)
def test_a_rollout_goes_up_its_ladder(
    event: Value, percent: Value, reached: Value, outcome: str, code: str
) -> None:
    standard = pack(gate("{ steps = [10, 50, 100] }", at="deployment.rollout"))
    facts: dict[str, Value] = {"rollout.event": event, "rollout.percent": percent, "rollout.reached": reached}
    answer, found = reasons(standard, "deployment.rollout", facts)
    assert (answer, found[0][0] if found else "") == (outcome, code)
    assert engine.steps(standard, "deployment.rollout", facts)[0].demand.percents == (10, 50, 100)


def test_stages_come_in_order_and_also_where_it_is_not_known_whether_they_are_needed() -> None:
    def stage(name: str, order: int) -> str:
        roles = 'role = ["board", "chief"]'
        return f'{{ stage = {{ id = "{name}", title = "T", order = {order}, {roles}, quorum = 2 }} }}'

    standard = pack(
        gate(stage("last", 9), rule="a"),
        gate(stage("maybe", 5), rule="b", more="when = 'change.production'"),
        gate(stage("first", 1), rule="c"),
    )

    def asked(facts: dict[str, Value]) -> list[tuple[str, bool]]:
        return [(one.demand.id, one.certain) for one in engine.stages(standard, "change.submit", facts)]

    assert asked({}) == [("first", True), ("maybe", False), ("last", True)]
    assert asked({"change.production": True}) == [("first", True), ("maybe", True), ("last", True)]
    assert asked({"change.production": False}) == [("first", True), ("last", True)]
    first = engine.stages(standard, "change.submit", {})[0]
    assert (first.rule_id, first.demand.role, first.demand.roles, first.demand.quorum) == (
        "c",
        "board",
        ("board", "chief"),
        2,
    )
    assert first.rule.source.quote == "So be it."
    assert engine.decide(standard, "change.submit", {}).allowed


def test_a_field_is_asked_once_by_the_rule_that_is_sure_to_apply() -> None:
    standard = pack(
        gate('{ field = "plan" }', rule="maybe", more="when = 'change.production'"),
        gate('{ field = "plan" }', rule="sure"),
        gate('{ field = "impact" }', rule="perhaps", more="when = 'change.production'"),
    )
    asked = engine.fields(standard, "change.submit", {})
    assert [(one.demand.field, one.rule_id, one.certain) for one in asked] == [
        ("plan", "sure", True),
        ("impact", "perhaps", False),
    ]


def test_a_permit_is_only_given_where_it_is_sure() -> None:
    standard = pack(
        gate('{ permit = "start_before_approval" }', at="change.start", more="when = 'change.production'")
    )

    def given_for(production: Value) -> list[str]:
        facts: dict[str, Value] = {"change.production": production}
        return [one.demand.permit for one in engine.permits(standard, "change.start", facts)]

    assert given_for(True) == ["start_before_approval"]
    assert given_for(False) == []
    assert given_for(None) == []


def target(action: str, when: str, rule: str) -> str:
    return (
        f'id = "{rule}"\nkind = "target"\ntitle = "Title {rule}"\napplies_to = "deployment.rollout"\n'
        f"when = '{when}'\ndemand = {{ action = \"{action}\" }}"
    )


def test_passed_thresholds_ask_for_actions_roll_back_first() -> None:
    standard = pack(
        target("hold", "metric.errors > 1", "some"),
        target("roll_back", "metric.errors > 5", "many"),
        target("roll_back", "metric.broken", "broken"),
    )

    def asked(facts: dict[str, Value]) -> list[tuple[str, str, str]]:
        found = engine.actions(standard, "deployment.rollout", facts)
        return [(one.action, one.rule.id, one.reason.detail) for one in found]

    assert asked({}) == []
    assert asked({"metric.errors": 1}) == []
    assert asked({"metric.errors": 2}) == [("hold", "some", "Title some.")]
    assert asked({"metric.errors": 6, "metric.broken": True}) == [
        ("roll_back", "many", "Title many."),
        ("roll_back", "broken", "Title broken."),
        ("hold", "some", "Title some."),
    ]
    assert engine.decide(standard, "deployment.rollout", {"metric.errors": 6}).allowed


def test_a_duty_is_done_when_somebody_has_attested_it() -> None:
    standard = pack(
        'id = "r"\nkind = "duty"\ntitle = "The title"\napplies_to = "change.close"\n'
        'demand = { attest = { id = "cmdb", title = "The CMDB is updated" } }'
    )
    assert [one.demand.id for one in engine.attestations(standard, "change.close", {})] == ["cmdb"]
    assert reasons(standard, "change.close", {"attest.cmdb": True}) == ("allowed", [])
    assert reasons(standard, "change.close", {}) == (
        "refused",
        [("attestation_missing", "r", "Attest on the change: The CMDB is updated.")],
    )


OWE = """id = "r"
kind = "obligation"
title = "The title"
applies_to = ["change.submitted", "change.revised"]
when = 'change.production'
[rule.demand.owe]
what = "Decide"
owner = "role:board"
within = "2d"
met_by = ["change.approved"]
void_by = ["change.cancelled"]
remind = ["4h", "1d"]
climb = [{ after = "1d", role = "chief" }, { after = "0h", role = "board" }]
blocks = ["change.close"]
"""


def test_an_event_makes_somebody_owe() -> None:
    text = OWE.replace("[rule.demand.owe]", SOURCE + "[rule.demand.owe]")
    standard = load(PACK + "[[rule]]\n" + text, parents={}, vocabulary=VOCABULARY)
    (one,) = engine.owed(standard, "change.submitted", {"change.production": True})
    assert (one.rule_id, one.certain) == ("r", True)
    assert (one.demand.what, one.demand.owner, one.demand.within) == (
        "Decide",
        "role:board",
        timedelta(days=2),
    )
    assert one.demand.remind == (timedelta(days=1), timedelta(hours=4))
    assert one.demand.climb == (Climb(timedelta(), "board"), Climb(timedelta(days=1), "chief"))
    assert one.demand.blocks == ("change.close",)
    assert [
        demand.rule_id for demand in engine.owed(standard, "change.revised", {"change.production": True})
    ] == ["r"]
    assert engine.owed(standard, "change.submitted", {"change.production": False}) == ()
    assert engine.owed(standard, "change.approved", {"change.production": True}) == ()
    (unsure,) = engine.owed(standard, "change.submitted", {})
    assert not unsure.certain
    assert [(end.rule.id, end.outcome) for end in engine.ends(standard, "change.approved")] == [("r", "met")]
    assert [(end.rule.id, end.outcome) for end in engine.ends(standard, "change.cancelled")] == [
        ("r", "void")
    ]
    assert engine.ends(standard, "change.submitted") == ()


# --- properties over the shipped packs -------------------------------------------------------------------


def values_of(kind: Type) -> st.SearchStrategy[Value]:
    match kind.kind:
        case Kind.TEXT:
            return st.sampled_from(kind.choices) if kind.choices else st.sampled_from(["", " ", "x", "cab"])
        case Kind.NUMBER:
            return st.sampled_from([0, 0.01, 0.02, 0.06, 10, 50, 100, 600])
        case Kind.BOOLEAN:
            return st.booleans()
        case Kind.DURATION:
            return st.integers(0, 400).map(lambda hours: timedelta(hours=hours))
        case Kind.LIST:
            assert kind.item is not None
            return st.lists(values_of(kind.item), max_size=3).map(tuple)  # type: ignore[arg-type]
    raise AssertionError(kind)


def wanted(standard: Standard, at: str) -> list[Fact]:
    place = standard.vocabulary.points[at]
    return [fact for fact in standard.vocabulary.known_in(place.areas).values() if fact.default is None]


@st.composite
def situations(draw: st.DrawFn) -> tuple[Standard, str, dict[str, Value], dict[str, Value]]:
    """A shipped standard, a point, some of its facts, and the same with more of them known."""
    standard = SHIPPED[draw(st.sampled_from(sorted(SHIPPED)))]
    at = draw(st.sampled_from(sorted(VOCABULARY.points)))
    every = {fact.name: draw(values_of(fact.type)) for fact in wanted(standard, at)}
    hidden = draw(st.sets(st.sampled_from(sorted(every)))) if every else set()
    return standard, at, {name: value for name, value in every.items() if name not in hidden}, every


@given(situations())
def test_learning_more_never_turns_a_decision(
    situation: tuple[Standard, str, dict[str, Value], dict[str, Value]],
) -> None:
    """What was allowed stays allowed and what was refused stays refused, by the same rules."""
    standard, at, some, every = situation
    before, after = engine.decide(standard, at, some), engine.decide(standard, at, every)
    if before.outcome is Outcome.ALLOWED:
        assert after.outcome is Outcome.ALLOWED
    refused = {hit.rule.id for hit in before.hits if hit.outcome is Outcome.REFUSED}
    assert refused <= {hit.rule.id for hit in after.hits if hit.outcome is Outcome.REFUSED}


@given(situations())
def test_what_is_certain_stays_and_nothing_new_comes_up(
    situation: tuple[Standard, str, dict[str, Value], dict[str, Value]],
) -> None:
    """With less known, more is asked for: stages and fields are never missed for want of a fact."""
    standard, at, some, every = situation
    for ask in (engine.stages, engine.fields, engine.attestations):
        before = {(one.rule.title, one.certain) for one in ask(standard, at, some)}
        after = {one.rule.title for one in ask(standard, at, every)}
        if ask is not engine.fields:  # of two rules for one field, the surer one is named
            assert after <= {title for title, _ in before}
            assert {title for title, certain in before if certain} <= after


@given(situations())
def test_every_reason_names_a_rule_of_the_standard_and_says_something(
    situation: tuple[Standard, str, dict[str, Value], dict[str, Value]],
) -> None:
    standard, at, some, _ = situation
    decision = engine.decide(standard, at, some)
    for reason in decision.reasons:
        rule: Rule | None = standard.rule(reason.rule)
        assert rule is not None
        assert at in rule.applies_to
        assert reason.detail.endswith(".")
    assert (decision.outcome is Outcome.ALLOWED) is (decision.reasons == ())
    assert len(decision.reasons) == len({reason.rule for reason in decision.reasons})


@given(situations())
def test_a_value_of_the_wrong_type_is_no_better_than_none(
    situation: tuple[Standard, str, dict[str, Value], dict[str, Value]],
) -> None:
    standard, at, some, every = situation
    wrong: dict[str, Value] = {name: some.get(name, ("wrong",)) for name in every}
    texts = {name for name in every if isinstance(every[name], tuple)}
    for name in texts - set(some):
        wrong[name] = 5
    assert engine.decide(standard, at, wrong).outcome == engine.decide(standard, at, some).outcome
