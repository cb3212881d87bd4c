"""The gate's answer, case by case."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from changes.gate import Decision, GateAnswer, GateInput, Template, decide
from opsportal.calendar.almanac import FreezeSpan
from opsportal.calendar.places import Scope
from tests import gatepack
from tests.gatepack import HOUR, NOW, PRODUCTION, STAGING, asked, candidate, change_facts, release, standard


def codes(answer: GateAnswer) -> list[str]:
    return [reason.code for reason in answer.reasons]


def ask_named(**fields: Any) -> GateAnswer:
    """Ask with one change, named, which differs in `fields` from one that fits."""
    return decide(asked(candidate(**fields), named="CHG-1042"))


def test_an_approved_change_with_all_checks_passed_is_allowed() -> None:
    answer = ask_named()
    assert (answer.decision, answer.reasons) == (Decision.ALLOWED, ())
    assert answer.change is not None
    assert answer.change.key == "CHG-1042"


@pytest.mark.parametrize("state", ["approved", "scheduled", "implementing"])
def test_states_from_approval_to_the_end_of_the_implementation_are_allowed(state: str) -> None:
    assert ask_named(state=state).decision == "allowed"


@pytest.mark.parametrize(
    ("fields", "decision", "code"),
    [
        ({"state": "draft"}, "blocked", "change_not_submitted"),
        ({"state": "in_review"}, "pending", "change_not_approved"),
        ({"state": "rejected"}, "blocked", "change_rejected"),
        ({"state": "cancelled"}, "withdrawn", "change_withdrawn"),
        ({"state": "implemented"}, "blocked", "change_over"),
        ({"state": "failed"}, "blocked", "change_over"),
        ({"state": "rolled_back"}, "blocked", "change_over"),
        ({"state": "closed"}, "blocked", "change_over"),
        ({"held": True}, "pending", "change_held"),
        ({"names_place": False}, "blocked", "change_elsewhere"),
        ({"done_here": True}, "blocked", "change_done_here"),
        ({"window_start": NOW + HOUR, "window_end": NOW + 2 * HOUR}, "pending", "window_not_open"),
        ({"window_start": NOW - 2 * HOUR, "window_end": NOW}, "expired", "window_over"),
        ({"content_hash": "b" * 64}, "blocked", "content_changed"),
        ({"approved_hash": ""}, "blocked", "approval_missing"),
        ({"state": "implementing", "retrospective": "rejected"}, "blocked", "change_rejected"),
    ],
)
def test_each_guarantee_of_the_portal_has_its_own_answer(
    fields: dict[str, Any], decision: str, code: str
) -> None:
    answer = ask_named(**fields)
    assert (answer.decision, codes(answer)) == (decision, [code])


def test_the_window_begins_with_its_first_instant() -> None:
    assert ask_named(window_start=NOW, window_end=NOW + HOUR).decision == "allowed"


def test_a_change_without_a_window_is_not_bound_to_one() -> None:
    assert ask_named(window_start=None, window_end=None).decision == "allowed"


def test_a_window_that_is_not_open_says_when_to_come_back() -> None:
    assert ask_named(window_start=NOW + HOUR, window_end=NOW + 2 * HOUR).retry_at == NOW + HOUR


def test_an_emergency_may_go_ahead_of_its_approval_where_the_pack_permits_it() -> None:
    assert ask_named(state="in_review", type="emergency", approved_hash="").decision == "allowed"


def test_an_emergency_that_runs_ahead_of_its_approval_goes_on() -> None:
    fields = {"state": "implementing", "type": "emergency", "retrospective": "open", "approved_hash": ""}
    assert ask_named(**fields).decision == "allowed"


def test_an_emergency_waits_where_no_rule_permits_a_start_ahead_of_approval() -> None:
    strict = standard(gatepack.CHANGE_NEEDED)
    emergency = candidate(state="in_review", type="emergency", approved_hash="")
    answer = decide(asked(emergency, named="CHG-1042", standard=strict))
    assert (answer.decision, codes(answer)) == ("pending", ["change_not_approved"])


def test_a_permit_counts_only_while_the_standard_of_today_gives_it_too() -> None:
    permissive = standard()
    strict = standard(gatepack.CHANGE_NEEDED)
    emergency = candidate(state="in_review", type="emergency", approved_hash="", standard=permissive)
    assert decide(asked(emergency, named="CHG-1042", standard=strict)).decision == "pending"


def test_all_failing_reasons_are_given_and_the_worst_decides() -> None:
    change = candidate(state="cancelled", held=True, names_place=False)
    answer = decide(
        asked(change, named="CHG-1042", release=release({"tests": "failed"}, policy_hash="wrong"))
    )
    assert answer.decision == "withdrawn"
    assert codes(answer) == [
        "change_withdrawn",
        "change_elsewhere",
        "check_failed",
        "policy_hash_mismatch",
        "change_held",
        "evidence_missing",
    ]


@pytest.mark.parametrize(
    ("result", "decision", "code"),
    [
        ("failed", "blocked", "check_failed"),
        ("skipped", "blocked", "check_failed"),
        ("running", "pending", "check_running"),
        (None, "pending", "evidence_missing"),
    ],
)
def test_a_check_counts_only_when_it_passed(result: str | None, decision: str, code: str) -> None:
    checks = {"security_scan": "passed", **({"tests": result} if result else {})}
    answer = decide(asked(candidate(), named="CHG-1042", release=release(checks)))
    assert (answer.decision, codes(answer)) == (decision, [code])
    assert answer.reasons[0].rule == "tests"


def test_a_version_that_was_not_supplied_is_never_allowed() -> None:
    answer = decide(asked(candidate(), named="CHG-1042", release=release(version="")))
    assert (answer.decision, codes(answer)) == ("pending", ["evidence_missing"])


def test_a_retired_service_is_blocked() -> None:
    place = replace(PRODUCTION, retired=True)
    answer = decide(asked(candidate(), named="CHG-1042", place=place))
    assert (answer.decision, codes(answer)) == ("blocked", ["service_retired"])


# --- without a named change ---------------------------------------------------------------------------
def test_the_one_fitting_change_is_found() -> None:
    answer = decide(asked(candidate(1), candidate(2, held=True), candidate(3, state="draft")))
    assert answer.decision == "allowed"
    assert answer.change is not None
    assert answer.change.key == "CHG-1"


def test_several_fitting_changes_are_named_and_nothing_is_guessed() -> None:
    answer = decide(asked(candidate(9), candidate(3)))
    assert (answer.decision, codes(answer), answer.change) == ("blocked", ["ambiguous_change"], None)
    assert "CHG-3, CHG-9" in answer.reasons[0].detail


def test_without_any_change_the_pack_says_that_one_is_needed() -> None:
    answer = decide(asked())
    assert (answer.decision, codes(answer)) == ("blocked", ["change_required"])
    assert answer.reasons[0].rule == "change"


def test_without_any_change_a_place_that_needs_none_is_allowed() -> None:
    answer = decide(asked(place=STAGING))
    assert (answer.decision, answer.change) == ("allowed", None)


def test_a_change_that_was_not_named_does_not_hold_up_a_place_that_needs_none() -> None:
    assert decide(asked(candidate(held=True), place=STAGING)).change is None


def test_a_change_in_review_is_not_found_unless_it_is_named() -> None:
    assert codes(decide(asked(candidate(state="in_review")))) == ["change_required"]


def test_the_one_approved_change_whose_window_is_to_come_is_waited_for() -> None:
    answer = decide(asked(candidate(window_start=NOW + HOUR, window_end=NOW + 2 * HOUR)))
    assert (answer.decision, codes(answer)) == ("pending", ["window_not_open"])


def test_the_one_approved_change_whose_window_is_over_is_named() -> None:
    answer = decide(asked(candidate(window_start=NOW - 2 * HOUR, window_end=NOW - HOUR)))
    assert (answer.decision, codes(answer)) == ("expired", ["window_over"])


def test_an_emergency_in_review_is_used_only_when_it_is_named() -> None:
    assert (
        decide(asked(candidate(state="in_review", type="emergency", approved_hash=""))).decision == "blocked"
    )


# --- templates ----------------------------------------------------------------------------------------
ROUTINE = Template(1, "routine-release", change_facts(type="standard", has_template=True))


def test_a_fitting_template_would_open_a_change() -> None:
    answer = decide(asked(templates=(ROUTINE,)))
    assert (answer.decision, answer.change, answer.opens) == ("allowed", None, ROUTINE)


def test_a_template_whose_changes_still_need_a_vote_is_pending() -> None:
    answer = decide(asked(templates=(ROUTINE,), standard=standard(*gatepack.ALL, gatepack.STAGE)))
    assert (answer.decision, codes(answer), answer.opens) == ("pending", ["change_not_approved"], ROUTINE)


def test_a_fitting_change_goes_before_a_template() -> None:
    answer = decide(asked(candidate(), templates=(ROUTINE,)))
    assert answer.opens is None
    assert answer.change is not None


def test_a_standard_change_that_waits_already_is_not_opened_twice() -> None:
    waiting = candidate(7, state="in_review", type="standard", from_template=True, approved_hash="")
    answer = decide(asked(waiting, templates=(ROUTINE,)))
    assert (answer.decision, codes(answer), answer.change) == ("pending", ["change_not_approved"], waiting)


def test_several_templates_are_named_and_none_is_opened() -> None:
    other = Template(2, "config-change", ROUTINE.facts)
    answer = decide(asked(templates=(ROUTINE, other)))
    assert (answer.decision, codes(answer), answer.opens) == ("blocked", ["ambiguous_template"], None)


# --- two standards --------------------------------------------------------------------------------
def test_a_standard_that_was_loosened_does_not_weaken_a_change_under_way() -> None:
    change = candidate(standard=standard())
    answer = decide(
        asked(change, named="CHG-1042", standard=standard(gatepack.CHANGE_NEEDED), release=release({}))
    )
    assert (answer.decision, codes(answer)) == ("pending", ["evidence_missing", "evidence_missing"])
    assert {reason.rule for reason in answer.reasons} == {"tests", "scan"}


def test_a_standard_that_was_tightened_holds_for_a_change_under_way() -> None:
    change = candidate(standard=standard(gatepack.CHANGE_NEEDED))
    assert decide(asked(change, named="CHG-1042", release=release({"tests": "passed"}))).decision == "pending"


def test_the_policies_in_force_are_the_ones_to_validate() -> None:
    change = candidate(standard=standard(policy_hash="of-last-year"))
    assert decide(asked(change, named="CHG-1042")).decision == "allowed"


def test_no_policy_hash_at_all_does_not_pass_for_the_one_in_force() -> None:
    change = candidate(standard=standard(policy_hash="of-last-year"))
    loosened = standard(gatepack.CHANGE_NEEDED, policy_hash="")
    answer = decide(asked(change, named="CHG-1042", standard=loosened, release=release(policy_hash="")))
    assert codes(answer) == ["evidence_missing"]


# --- decided anew ---------------------------------------------------------------------------------
def anew(**fields: Any) -> GateInput:
    return asked(candidate(**fields), named="CHG-1042", bound_hash="a" * 64)


def test_a_change_that_went_back_to_a_draft_withdraws_the_deployment() -> None:
    answer = decide(anew(state="draft"))
    assert (answer.decision, codes(answer)) == ("withdrawn", ["change_withdrawn"])


def test_a_change_that_was_edited_and_approved_anew_needs_a_new_registration() -> None:
    answer = decide(anew(content_hash="b" * 64, approved_hash="b" * 64))
    assert (answer.decision, codes(answer)) == ("blocked", ["content_changed"])


def test_an_unchanged_change_is_decided_as_before() -> None:
    assert decide(anew()).decision == "allowed"


def test_a_named_change_must_be_among_the_candidates() -> None:
    with pytest.raises(LookupError):
        decide(asked(candidate(1), named="CHG-2"))


BOOKS = FreezeSpan("FRZ-1", "Books", NOW - HOUR, NOW + 5 * HOUR, Scope(), frozenset({"cab"}))


@pytest.mark.parametrize(
    ("stages", "decision"),
    [
        ((), "blocked"),
        ((("cab",),), "allowed"),
        ((("lead",), ("cab",)), "allowed"),
        ((("cab", "lead"),), "blocked"),  # the lead alone may have decided it
        ((("lead",),), "blocked"),
        (((),), "blocked"),
    ],
)
def test_a_freeze_is_passed_by_what_only_a_passing_role_could_approve(stages: Any, decision: str) -> None:
    answer = decide(asked(candidate(approved_stages=stages), named="CHG-1042", freezes=(BOOKS,)))
    assert answer.decision == decision
    assert codes(answer) == ([] if decision == "allowed" else ["frozen"])
    assert answer.passed == ((BOOKS,) if decision == "allowed" else ())
    assert answer.retry_at == (None if decision == "allowed" else BOOKS.end)


def test_a_freeze_binds_what_needs_no_change_and_what_a_template_would_open() -> None:
    assert "frozen" in codes(decide(asked(freezes=(BOOKS,))))
    template = Template(id=7, slug="routine", facts=change_facts(type="standard"))
    assert "frozen" in codes(decide(asked(templates=(template,), freezes=(BOOKS,))))


def test_what_waits_for_its_window_and_a_freeze_may_come_back_after_both() -> None:
    later = candidate(window_start=NOW + 9 * HOUR, window_end=NOW + 10 * HOUR)
    answer = decide(asked(later, named="CHG-1042", freezes=(BOOKS,)))
    assert (answer.decision, answer.retry_at) == ("blocked", NOW + 9 * HOUR)
