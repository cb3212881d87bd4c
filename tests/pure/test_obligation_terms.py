"""Owners, subjects and scopes as they are stored."""

from __future__ import annotations

from opsportal.obligations.states import OBLIGATION
from opsportal.obligations.terms import Owner, joined, parted, scope_of, scope_text


def test_words_between_bars_come_back_and_none_is_empty() -> None:
    assert joined(["cab", "cto"]) == "|cab|cto|"
    assert parted("|cab|cto|") == ("cab", "cto")
    assert joined([]) == ""
    assert parted("") == ()


def test_a_scope_comes_back_sorted_and_each_member_once() -> None:
    text = scope_text(["payments-api", "auth", "auth"], ["platform"])
    assert text == "|service:auth|service:payments-api|team:platform|"
    assert scope_of(text) == (("auth", "payments-api"), ("platform",))
    assert scope_of("") == ((), ())


def test_an_owner_is_a_person_or_the_holders_of_roles() -> None:
    assert Owner.user(7) == Owner("user", ("7",))
    assert Owner.role("cab", "cto", teams=("platform",)) == Owner("role", ("cab", "cto"), (), ("platform",))


def test_what_was_breached_stays_so_on_record_when_it_is_met() -> None:
    assert OBLIGATION.move("breached", "meet") == "breached"
    assert {state: sorted(OBLIGATION.verbs(state)) for state in OBLIGATION.states} == {
        "open": ["breach", "meet", "void", "waive"],
        "met": [],
        "breached": ["meet", "void", "waive"],
        "waived": [],
        "void": [],
    }
