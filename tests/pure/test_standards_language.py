"""The rule language: what it reads, what it refuses, and what it answers when something is not known."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsportal.standards.language import Expression, LanguageError, compile_expression
from opsportal.standards.syntax import MAX_DEPTH, MAX_LENGTH, format_duration, parse, parse_duration
from opsportal.standards.vocabulary import (
    BOOLEAN,
    DURATION,
    NUMBER,
    TEXT,
    TIME,
    Fact,
    Value,
    choice,
    many,
)

FACTS = {
    fact.name: fact
    for fact in (
        Fact("t.text", TEXT, "the text"),
        Fact("t.risk", choice("low", "medium", "high"), "the risk"),
        Fact("t.mood", choice("good", "bad"), "the mood"),
        Fact("t.number", NUMBER, "the number"),
        Fact("t.other", NUMBER, "the other number"),
        Fact("t.yes", BOOLEAN, "whether yes"),
        Fact("t.no", BOOLEAN, "whether no"),
        Fact("t.lead", DURATION, "the lead time"),
        Fact("t.at", TIME, "the instant"),
        Fact("t.until", TIME, "the other instant"),
        Fact("t.tiers", many(choice("critical", "core")), "the tiers"),
        Fact("t.names", many(TEXT), "the names"),
        Fact("t.a", BOOLEAN, "a"),
        Fact("t.b", BOOLEAN, "b"),
        Fact("t.with_default", BOOLEAN, "with a default", default=False),
    )
}
ELSEWHERE = {**FACTS, "far.away": Fact("far.away", TEXT, "far away")}

KNOWN: dict[str, Value] = {
    "t.text": "hello",
    "t.risk": "medium",
    "t.mood": "good",
    "t.number": 0.02,
    "t.other": 5,
    "t.yes": True,
    "t.no": False,
    "t.lead": timedelta(hours=36),
    "t.at": datetime(2026, 11, 21, 3, tzinfo=UTC),
    "t.until": datetime(2026, 11, 21, 4, tzinfo=UTC),
    "t.tiers": ("core",),
    "t.names": ("a", "b"),
}


def compiled(text: str) -> Expression:
    return compile_expression(text, FACTS, elsewhere=ELSEWHERE)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("true", True),
        ("false", False),
        ("t.yes", True),
        ("not t.yes", False),
        ("not not t.yes", True),
        ("t.no", False),
        ('t.text == "hello"', True),
        ("t.text != 'hello'", False),
        (r'"\"" == "\""', True),
        ('t.risk == "medium"', True),
        ('t.risk in ["low", "medium"]', True),
        ('t.risk not in ["low", "medium"]', False),
        ('t.risk in ["low",]', False),
        ("t.number > 0.01", True),
        ("t.number >= 0.02", True),
        ("t.number < 0.02", False),
        ("t.number <= 0.02", True),
        ("t.other == 5", True),
        ("t.other == 5.0", True),
        ("t.other in [1, 5]", True),
        ("t.number < t.other", True),
        ("t.lead >= 24h", True),
        ("t.lead == 36h", True),
        ("t.lead > 2d", False),
        ("t.lead < 1w", True),
        ("t.lead > 90m", True),
        ("t.lead > 30s", True),
        ("t.at < t.until", True),
        ("t.at == t.until", False),
        ('t.tiers contains "core"', True),
        ('t.tiers contains "critical"', False),
        ('"core" in t.tiers', True),
        ('"core" not in t.tiers', False),
        ('t.names contains "c"', False),
        ("t.text in t.names", False),
        ("filled(t.text)", True),
        ("filled(t.names)", True),
        ("t.yes == true", True),
        ("t.yes != t.no", True),
        ("t.no or t.yes", True),
        ("t.no and t.yes or t.yes", True),
        ("t.yes or t.yes and t.no", True),
        ("(t.yes or t.yes) and t.no", False),
        ("not t.no and t.yes", True),
        ("not (t.no or t.yes)", False),
        ('not t.risk == "low"', True),
        ("t.yes and\n  t.yes\tand t.yes", True),
        ("t.with_default", False),
    ],
)
def test_a_condition_has_an_answer(text: str, answer: bool) -> None:
    assert compiled(text).evaluate(KNOWN) is answer


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "the expression is empty"),
        ("   ", "the expression is empty"),
        ("t.yes t.no", "'t.no' does not belong here"),
        ("t.yes and", "something is missing at the end"),
        ("and t.yes", "'and' is not a value"),
        ("(t.yes", "')' is missing"),
        ("t.yes)", "')' does not belong here"),
        ("t.risk == 'low", "the text that starts here does not end"),
        ("t.number > 5x", "this is neither a number (0.05) nor a duration (24h)"),
        ("t.number > 5.", "this is neither a number (0.05) nor a duration (24h)"),
        ("t.number > 1e9", "this is neither a number (0.05) nor a duration (24h)"),
        ("t.number > 1" + "0" * 20, "this is neither a number (0.05) nor a duration (24h)"),
        ("t.lead > 999999999w", "999999999w is longer than 3660 days"),
        ("t.yes; t.no", "';' means nothing here"),
        ("t.yes && t.no", "'&' means nothing here"),
        ("t.risk = 'low'", "'=' means nothing here"),
        ("yes", "'yes' is not known; facts have a dot, texts have quotes"),
        ("True", "'True' is not known; facts have a dot, texts have quotes"),
        ("t.risk == low", "'low' is not known; facts have a dot, texts have quotes"),
        ("t.risk in []", "the list is empty"),
        ("t.risk in ['low', 1]", "the items of a list must be of one type"),
        ("t.risk in ['low' 'high']", "',' is missing"),
        ("t.risk in [t.risk]", "'t.risk' is not a value"),
        ("filled('x')", "'filled' takes the name of a fact"),
        ("filled t.text", "'(' is missing"),
        ("t.number < t.other < t.number", "comparisons do not chain; join two with 'and'"),
        ("t.risk not 'low'", "'in' is missing"),
        ("t.nothing", "'t.nothing' is not a fact that rules may ask"),
        ("x.y", "'x.y' is not a fact that rules may ask"),
        ("far.away == 'x'", "'far.away' is not known here"),
        ("filled(t.nothing)", "'t.nothing' is not a fact that rules may ask"),
        ("t.text", "the whole must be true or false, but this is a text"),
        ("5", "the whole must be true or false, but this is a number"),
        ("['a']", "the whole must be true or false, but this is a list of text"),
        ("t.text and t.yes", "'and' joins what is true or false, but this is a text"),
        ("t.yes or 5", "'or' joins what is true or false, but this is a number"),
        ("not t.risk", "'not' joins what is true or false, but this is one of"),
        ("t.risk == 'huge'", '\'huge\' is never one of "low", "medium", "high"'),
        ("'huge' != t.risk", "'huge' is never one of"),
        ("t.risk in ['low', 'huge']", "'huge' is never one of"),
        ("t.tiers contains 'huge'", "'huge' is never one of"),
        ("'huge' in t.tiers", "'huge' is never one of"),
        ("t.risk == t.mood", 'is never one of "good", "bad"'),
        ("t.risk == 5", "is never a number"),
        ("t.number == 'five'", "a number is never a text"),
        ("t.lead > 5", "a duration is never a number"),
        ("t.number > 24h", "a number is never a duration"),
        ("t.yes == 1", "a boolean is never a number"),
        ("t.risk < 'high'", "'<' needs an order"),
        ("t.yes > t.no", "'>' needs an order"),
        ("t.text >= 'a'", "'>=' needs an order"),
        ("t.tiers == 'core'", "a list cannot stand at '=='"),
        ("t.risk != ['low']", "a list cannot stand at '!='"),
        ("t.risk in 'low'", "'in' needs one value and one list"),
        ("t.tiers in ['core']", "'in' needs one value and one list"),
        ("t.text contains 'x'", "'contains' needs one value and one list"),
        ("t.tiers contains ['core']", "'contains' needs one value and one list"),
        ("t.tiers contains 5", "a number is never"),
    ],
)
def test_a_condition_that_could_not_be_evaluated_is_refused(text: str, reason: str) -> None:
    with pytest.raises(LanguageError) as refused:
        compiled(text)
    assert reason in str(refused.value)


def test_a_refusal_says_where() -> None:
    with pytest.raises(LanguageError, match=r"at character 15\)$"):
        compiled("t.yes and not t.nothing")
    with pytest.raises(LanguageError, match=r"at character 9\)$"):
        compiled("t.yes   ; t.no")


def test_a_long_condition_is_refused() -> None:
    assert compiled("t.yes or " * 110 + "t.yes").evaluate(KNOWN) is True
    with pytest.raises(LanguageError, match=f"at most {MAX_LENGTH} are read"):
        compiled("t.yes or " * 111 + "t.yes")


def test_a_deep_condition_is_refused() -> None:
    deepest = MAX_DEPTH - 1
    assert compiled("(" * deepest + "t.yes" + ")" * deepest).evaluate(KNOWN) is True
    for opener, closer in (("(", ")"), ("not ", "")):
        with pytest.raises(LanguageError, match="nests deeper than 20 levels"):
            compiled(opener * MAX_DEPTH + "t.yes" + closer * MAX_DEPTH)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("t.text == 'x'", None),
        ("t.number > 1", None),
        ("filled(t.text)", None),
        ("not t.yes", None),
        ("t.yes and false", False),
        ("false and t.yes", False),
        ("t.yes and true", None),
        ("t.yes or true", True),
        ("t.yes or false", None),
        ("t.with_default", False),
        ("true == t.yes", None),
    ],
)
def test_what_is_not_known_stays_not_known_unless_it_does_not_matter(text: str, answer: bool | None) -> None:
    assert compiled(text).evaluate({}) is answer
    assert compiled(text).evaluate({"t.text": None, "t.number": None, "t.yes": None}) is answer


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("t.number", "5"),
        ("t.number", True),
        ("t.number", float("nan")),
        ("t.number", float("inf")),
        ("t.risk", "huge"),
        ("t.yes", 1),
        ("t.lead", 5),
        ("t.at", datetime(2026, 11, 21)),  # noqa: DTZ001 (that is the point)
        ("t.tiers", ("core", "huge")),
        ("t.names", "a"),
    ],
)
def test_a_value_of_another_type_counts_as_not_known(name: str, value: Value) -> None:
    assert compiled(f"filled({name})").evaluate({name: value}) is None


@pytest.mark.parametrize(("value", "filled"), [("", False), (" \n", False), ("x", True)])
def test_a_blank_text_is_not_filled(value: str, filled: bool) -> None:
    assert compiled("filled(t.text)").evaluate({"t.text": value}) is filled


def test_an_empty_list_is_not_filled() -> None:
    assert compiled("filled(t.names)").evaluate({"t.names": ()}) is False


def test_only_the_facts_that_matter_are_named_as_missing() -> None:
    condition = compiled("(t.a and t.yes) or (t.b and t.number > 1) or t.no")
    missing = condition.missing({"t.a": False, "t.no": False})
    assert [fact.name for fact in missing] == ["t.b", "t.number"]
    assert condition.missing({"t.a": True, "t.yes": True}) == ()


three_valued = st.sampled_from([True, False, None])
expressions = st.recursive(
    st.sampled_from(["t.a", "t.b", "t.yes", "t.no", "t.number > 1", 't.risk == "low"', "true", "false"]),
    lambda inner: st.one_of(
        inner.map(lambda one: f"not ({one})"),
        st.tuples(inner, inner).map(lambda two: f"({two[0]}) and ({two[1]})"),
        st.tuples(inner, inner).map(lambda two: f"({two[0]}) or ({two[1]})"),
    ),
    max_leaves=8,
)
some_facts = st.fixed_dictionaries(
    {},
    optional={
        "t.a": three_valued,
        "t.b": three_valued,
        "t.yes": three_valued,
        "t.no": three_valued,
        "t.number": st.one_of(st.none(), st.integers(-3, 3)),
        "t.risk": st.one_of(st.none(), st.sampled_from(["low", "medium", "high"])),
    },
)


@given(st.text(max_size=200))
def test_the_parser_raises_nothing_but_its_own_error(text: str) -> None:
    with suppress(LanguageError):
        parse(text)


WORDS = """and or not in contains filled ( ) [ ] , == <
           t.yes t.risk t.tiers t.number t.no.thing 'low' "x" 5 0.5 24h true"""
grammar = st.lists(st.sampled_from(WORDS.split()), max_size=14).map(" ".join)


@given(grammar)
def test_whatever_compiles_can_be_evaluated(text: str) -> None:
    try:
        condition = compiled(text)
    except LanguageError:
        return
    assert condition.evaluate(KNOWN) in (True, False)
    assert condition.evaluate({}) in (True, False, None)


@given(expressions, some_facts)
def test_de_morgan_holds(text: str, facts: dict[str, Value]) -> None:
    both = compiled(f"not (({text}) and t.b)").evaluate(facts)
    either = compiled(f"(not ({text})) or (not t.b)").evaluate(facts)
    assert both is either


@pytest.mark.parametrize(("a", "b"), list(product([True, False, None], repeat=2)))
def test_the_tables_are_those_of_kleene(a: bool | None, b: bool | None) -> None:
    facts: dict[str, Value] = {"t.a": a, "t.b": b}
    order = {False: 0, None: 1, True: 2}
    smaller, larger = sorted((a, b), key=lambda value: order[value])
    assert compiled("t.a and t.b").evaluate(facts) is smaller
    assert compiled("t.a or t.b").evaluate(facts) is larger
    assert compiled("not t.a").evaluate(facts) is (None if a is None else not a)


@given(expressions, some_facts, some_facts)
def test_learning_more_never_turns_an_answer(
    text: str, facts: dict[str, Value], more: dict[str, Value]
) -> None:
    condition = compiled(text)
    before = condition.evaluate(facts)
    learned = {**more, **{name: value for name, value in facts.items() if value is not None}}
    if before is not None:
        assert condition.evaluate(learned) is before


@given(expressions, some_facts)
def test_something_is_missing_exactly_where_the_answer_is_not_known(
    text: str, facts: dict[str, Value]
) -> None:
    condition = compiled(text)
    assert bool(condition.missing(facts)) is (condition.evaluate(facts) is None)


@given(st.integers(1, 3660 * 24 * 60))
def test_a_duration_is_read_as_it_is_written(minutes: int) -> None:
    assert parse_duration(format_duration(timedelta(minutes=minutes))) == timedelta(minutes=minutes)


@pytest.mark.parametrize("text", ["", "5", "h", "1.5h", "-1h", "1h30m", "1 h", "１h", "1y", "9" * 10 + "h"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(LanguageError, match="is no duration"):
        parse_duration(text)
