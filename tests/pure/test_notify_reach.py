"""By which ways somebody is reached and when, the links that acknowledge, the codes, and the seal."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsportal.core.sealing import BrokenSealError, seal, unseal
from opsportal.notify import ack_links, codes
from opsportal.notify.reach import ACCOUNT, ACCOUNT_EMAIL, Method, Step, due_at, steps_of
from opsportal.web.public import is_public, without_secret

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
PUSH, TEXT, CALL = Method("p", "ntfy"), Method("t", "sms"), Method("c", "voice")
KINDS = st.sampled_from(["ntfy", "pushover", "slack", "sms", "voice", "email"])
METHODS = st.lists(st.builds(Method, st.uuids().map(str), KINDS), max_size=6, unique_by=lambda one: one.key)


def minutes(steps: list[Step]) -> list[tuple[str, float]]:
    return [(step.method.key, step.after / MINUTE) for step in steps]


@pytest.mark.parametrize(
    ("chosen", "verified", "urgency", "expected"),
    [
        ([], [], "high", [("account", 0)]),
        ([], [CALL, TEXT, PUSH], "high", [("p", 0), ("account", 0), ("t", 1), ("c", 5)]),
        ([], [CALL, TEXT, PUSH], "low", [("p", 0), ("account", 0)]),
        ([], [CALL], "low", [("account", 0)]),
        ([{"method": "c", "after": 0}], [CALL, PUSH], "high", [("c", 0)]),
        (
            [{"method": "c", "after": 5}, {"method": "p", "after": 0}],
            [CALL, PUSH],
            "high",
            [("p", 0), ("c", 5)],
        ),
        ([{"method": "p", "after": 0}, {"method": "p", "after": 10}], [PUSH], "high", [("p", 0), ("p", 10)]),
        ([{"method": "gone", "after": 0}], [PUSH], "high", [("p", 0), ("account", 0)]),
        ([{"method": "gone", "after": 0}, {"method": "account", "after": 3}], [], "high", [("account", 3)]),
    ],
)
def test_whose_turn_it_is_when(
    chosen: list[dict[str, object]], verified: list[Method], urgency: str, expected: list[tuple[str, float]]
) -> None:
    assert minutes(steps_of(chosen, verified, urgency)) == expected  # type: ignore[arg-type]


@given(METHODS, st.lists(st.tuples(st.uuids().map(str), st.integers(0, 60)), max_size=4), st.booleans())
def test_nobody_is_without_a_step_and_the_first_of_the_default_is_at_once(
    verified: list[Method], strange: list[tuple[str, int]], high: bool
) -> None:
    chosen = [{"method": key, "after": after} for key, after in strange]
    steps = steps_of(chosen, verified, "high" if high else "low")
    assert steps
    assert steps == sorted(steps, key=lambda step: step.after)
    assert {step.method for step in steps} <= {*verified, ACCOUNT}
    assert steps[0].after == timedelta(0)
    assert ACCOUNT_EMAIL in {step.method.key for step in steps}
    if not high:
        assert not {step.method.kind for step in steps} & {"sms", "voice"}


def test_a_turn_that_has_passed_is_now() -> None:
    step = Step(CALL, 5 * MINUTE)
    assert due_at(step, started_at=NOW - 3 * MINUTE, now=NOW) == NOW + 2 * MINUTE
    assert due_at(step, started_at=NOW - 9 * MINUTE, now=NOW) == NOW


def test_a_link_is_good_for_a_day_and_for_one_page() -> None:
    page = uuid4()
    token = ack_links.token_of(page, now=NOW)
    assert ack_links.page_of(token, now=NOW + timedelta(hours=24) - MINUTE) == page
    assert ack_links.page_of(token, now=NOW + timedelta(hours=24)) is None
    assert ack_links.page_of(token.removeprefix("opa_"), now=NOW) is None


@given(st.text(max_size=120))
def test_what_nobody_signed_is_no_link(text: str) -> None:
    assert ack_links.page_of(text, now=NOW) is None
    assert ack_links.page_of(f"opa_{text}", now=NOW) is None


@given(st.integers(0, 1000), st.characters(codec="ascii"))
def test_a_link_that_was_changed_anywhere_is_none(place: int, other: str) -> None:
    token = ack_links.token_of(UUID(int=7), now=NOW)
    at = place % len(token)
    changed = token[:at] + other + token[at + 1 :]
    assert changed == token or ack_links.page_of(changed, now=NOW) is None


def test_a_link_of_another_key_is_none(settings: object) -> None:
    token = ack_links.token_of(UUID(int=7), now=NOW)
    settings.SECRET_KEY = "another-key-that-is-long-enough-for-anybody"  # type: ignore[attr-defined]
    assert ack_links.page_of(token, now=NOW) is None


def test_logs_keep_what_a_link_begins_with_and_no_more() -> None:
    token = ack_links.token_of(UUID(int=7), now=NOW)
    for path in (f"/ack/{token}/", f"/hooks/twilio/call/{token}/"):
        assert is_public(path)
        assert without_secret(path) == path.replace(token, f"{token[:8]}…")


@given(st.uuids(), st.text(min_size=1, max_size=40))
def test_a_code_has_six_digits_and_is_right_for_itself_alone(method: UUID, nonce: str) -> None:
    code = codes.code_of(method, nonce)
    assert len(code) == 6
    assert code.isdecimal()
    assert codes.is_right(f" {code[:3]} {code[3:]}\n", method=method, nonce=nonce)
    assert not codes.is_right(code[:-1], method=method, nonce=nonce)
    assert not codes.is_right(code, method=method, nonce="")
    assert not codes.is_right("١٢٣٤٥٦", method=method, nonce=nonce)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=200))
def test_what_was_sealed_opens_again_and_shows_nothing_meanwhile(text: str) -> None:
    sealed = seal(text)
    assert unseal(sealed) == text
    assert len(text) < 4 or text not in sealed


def test_a_broken_seal_says_so() -> None:
    with pytest.raises(BrokenSealError):
        unseal(seal("hello")[:-4] + "AAAA")
