"""Any sequence of steps by anybody: the machine table holds, and nothing is approved that was not."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, event, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from changes.models import Change
from changes.panels import next_step_of
from changes.services.closing import change_attest, change_cancel, change_close, change_review
from changes.services.comments import change_comment
from changes.services.content import content_of
from changes.services.drafts import change_revise
from changes.services.holding import change_hold, change_release
from changes.services.implementation import change_complete, change_fail, change_roll_back, change_start
from changes.services.recounting import change_recuse
from changes.services.scene import targets_of
from changes.services.schedule import change_schedule
from changes.services.submission import change_submit, change_withdraw
from changes.services.votes import change_vote
from changes.states import CHANGE
from opsportal.approvals.models import ApprovalRequest, Vote
from opsportal.approvals.outcome import Decision
from opsportal.approvals.selectors import live_request
from opsportal.audit.models import AuditEntry
from opsportal.audit.selectors import entries_about
from opsportal.core.errors import Forbidden, IllegalMove, Refusal
from opsportal.obligations.models import Obligation
from opsportal.outbox.models import OutboxMessage
from tests.changing import (
    HOUR,
    Cast,
    approved,
    draft,
    failed,
    fresh,
    history_count,
    implemented,
    implementing,
    make_cast,
    running_ahead,
    submitted,
    window,
)
from tests.examples import examples
from tests.makers import NOW, join

pytestmark = pytest.mark.django_db

PEOPLE = st.sampled_from(["requester", "lead", "ada", "bea", "cem", "bystander"])
AFTER_APPROVAL = {"approved", "scheduled"}
CARRIED_OUT = {"implementing", "implemented", "failed", "rolled_back", "closed"}
VERBS = {
    "submit": change_submit,
    "withdraw": change_withdraw,
    "schedule": change_schedule,
    "start": change_start,
    "complete": change_complete,
    "fail": change_fail,
    "roll_back": change_roll_back,
    "close": change_close,
}


def written() -> tuple[int, ...]:
    """Return how much there is in the tables that a step writes to."""
    models = (AuditEntry, OutboxMessage, Vote, ApprovalRequest, Obligation)
    return (Change.history.count(), *(model._default_manager.count() for model in models))


_SERVICES: dict[str, Any] = {
    **VERBS,
    "approve": change_vote,
    "reject": change_vote,
    "abstain": change_vote,
    "recuse": change_recuse,
    "review": change_review,
    "attest": change_attest,
    "edit": change_revise,
    "hold": change_hold,
    "release": change_release,
    "cancel": change_cancel,
    "comment": change_comment,
}


def _arguments(step: str, change: Change) -> dict[str, Any]:
    """Return what goes along with a step that somebody takes from its page."""
    match step:
        case "approve" | "reject" | "abstain":
            return {"decision": Decision(step), "content_hash": change.content_hash, "comment": "Seen."}
        case "review":
            return {"review": "Well.", "lessons_learned": "Much."}
        case "attest":
            return {"duty": "documentation"}
        case "edit":
            return {"fields": {"plan": f"Plan {change.version}."}}
        case "hold" | "cancel" | "recuse":
            return {"reason": "Wait."}
        case "comment":
            return {"text": "Well."}
        case _:
            return {}


class Lifecycle(RuleBasedStateMachine):
    """One change, six people, a clock that only goes on; each example is rolled back at its end."""

    def __init__(self) -> None:
        super().__init__()
        self.block = transaction.atomic()
        self.block.__enter__()
        self.now: datetime = NOW
        self.cast: Cast = make_cast()
        self.seen: list[str] = []

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.block.__exit__(None, None, None)

    @initialize(
        start=st.sampled_from([draft, submitted, approved, running_ahead, implementing, implemented, failed]),
        timed=st.booleans(),
        board_member_works_on_it=st.booleans(),
    )
    def raised(self, start: Any, timed: bool, board_member_works_on_it: bool) -> None:
        if board_member_works_on_it:
            join(self.cast.team, self.cast.board[0])
        self.change = start(self.cast, **window(-HOUR, 9 * HOUR) if timed else {})
        self.seen.append(self.change.content_hash)

    def person(self, name: str) -> Any:
        cast = self.cast
        board = dict(zip(("ada", "bea", "cem"), cast.board, strict=True))
        return board.get(name) or getattr(cast, name)

    def attempt(self, service: Any, name: str, **more: Any) -> Refusal | None:
        """Take a step; it either moves as the table says or is refused, returned, and writes nothing."""
        before, rows = fresh(self.change), written()
        entries = entries_about("change", self.change.key).count()
        try:
            with transaction.atomic():
                service(actor=self.person(name).actor, now=self.now, pk=self.change.pk, **more)
        except Refusal as refusal:
            assert written() == rows
            return refusal
        after = fresh(self.change)
        event(f"{after.state}, in retrospect {after.retrospective_state}")
        if after.state != before.state:
            assert after.state in {state for (here, _), state in CHANGE.moves.items() if here == before.state}
            assert entries_about("change", self.change.key).count() > entries
        if after.version != before.version:
            assert history_count(after) >= after.version
        if after.content_hash not in self.seen:
            self.seen.append(after.content_hash)
        return None

    @rule(name=PEOPLE, verb=st.sampled_from(sorted(VERBS)))
    def step(self, name: str, verb: str) -> None:
        self.attempt(VERBS[verb], name)

    @rule(name=PEOPLE, choice=st.integers(0, 99))
    def take_what_is_offered(self, name: str, choice: int) -> None:
        """Whatever a page offers somebody is neither forbidden to them nor an illegal move."""
        change = fresh(self.change)
        offered = [
            step
            for step in next_step_of(
                change, targets_of(change), actor=self.person(name).actor, now=self.now
            ).allowed
            if step not in {"cancel", "comment", "attest"} or choice % 10 == 0
        ]
        if not offered:
            return
        step = offered[choice % len(offered)]
        refusal = self.attempt(_SERVICES[step], name, **_arguments(step, change))
        if isinstance(refusal, Forbidden):
            assert step == "start"  # S4: its only approver; who that is, the button does not know
        else:
            assert not isinstance(refusal, IllegalMove)

    @rule(name=PEOPLE)
    def cancel(self, name: str) -> None:
        if self.now > NOW + 6 * HOUR:  # late only, or most examples would end before they begin
            self.attempt(change_cancel, name, reason="Not needed.")

    @rule(name=PEOPLE, decision=st.sampled_from(list(Decision)), index=st.integers(0, 3))
    def vote(self, name: str, decision: Decision, index: int) -> None:
        seen = self.seen[-1 - index % len(self.seen)]
        self.attempt(change_vote, name, decision=decision, content_hash=seen)

    @rule(names=st.permutations(["lead", "ada", "bea", "cem"]))
    def several_approve_what_stands(self, names: list[str]) -> None:
        present = fresh(self.change).content_hash
        for name in names:
            self.attempt(change_vote, name, decision=Decision.APPROVE, content_hash=present)

    @rule(name=PEOPLE, plan=st.sampled_from(["", "In one step.", "In two steps."]))
    def revise(self, name: str, plan: str) -> None:
        self.attempt(change_revise, name, fields={"plan": plan})

    @rule(name=PEOPLE)
    def hold(self, name: str) -> None:
        self.attempt(change_hold, name, reason="Wait.")

    @rule(name=PEOPLE)
    def release(self, name: str) -> None:
        self.attempt(change_release, name)

    @rule(name=PEOPLE)
    def review(self, name: str) -> None:
        self.attempt(change_review, name, review="It went as it went.", lessons_learned="Much.")

    @rule()
    def close_with_all_that_is_asked(self) -> None:
        change = fresh(self.change)
        duties = {"documentation": "The wiki."} if change.outcome == "implemented" else {}
        self.attempt(change_close, "requester", review="Well.", lessons_learned="Much.", attestations=duties)

    @rule(hours=st.integers(1, 3))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @invariant()
    def nothing_is_approved_that_was_not(self) -> None:
        if not hasattr(self, "change"):
            return
        change = fresh(self.change)
        request = live_request("change", change.key)
        assert change.content_hash == content_of(change, change.targets.all()).hash
        if change.state in AFTER_APPROVAL or (
            change.state in CARRIED_OUT and change.retrospective_state in {"none", "approved"}
        ):
            assert request is not None
            assert (request.state, request.content_hash, request.revision) == (
                "approved",
                change.content_hash,
                change.revision,
            )
            yes = Vote.objects.filter(request=request, decision="approve", content_hash=change.content_hash)
            assert yes.count() >= (3 if change.type == "normal" else 1)
        if change.state in {"draft", "cancelled"}:
            assert request is None
            assert change.retrospective_state == "none"
        if change.retrospective_state != "none":
            assert change.type == "emergency"
            assert change.state in CARRIED_OUT

    @invariant()
    def the_separation_of_duties_holds(self) -> None:
        if not hasattr(self, "change"):
            return
        requester = str(self.cast.requester.pk)
        for vote in Vote.objects.select_related("request"):
            assert str(vote.voter_id) != requester
            assert vote.content_hash == vote.request.content_hash
        voters = list(Vote.objects.values_list("request_id", "voter_id"))
        assert len(voters) == len(set(voters))
        change = fresh(self.change)
        if change.state in CARRIED_OUT and change.retrospective_state == "none":
            approvers = {
                str(voter)
                for voter in Vote.objects.filter(
                    request=live_request("change", change.key), decision="approve"
                ).values_list("voter_id", flat=True)
            }
            assert approvers != {str(change.started_by_id)}

    @invariant()
    def what_ran_ahead_is_not_closed_while_anything_is_owed(self) -> None:
        if not hasattr(self, "change"):
            return
        change = fresh(self.change)
        if change.state == "closed":
            assert change.retrospective_state != "open"
            owed = Obligation.objects.filter(subject_key=change.key, ended_at__isnull=True)
            assert [row for row in owed if "change.close" in row.blocks] == []
            assert change.review
        assert ApprovalRequest.objects.exclude(state="void").count() <= 1
        assert AuditEntry.objects.filter(outcome="refused").count() == 0


def test_any_sequence_of_steps_keeps_what_is_promised() -> None:
    run_state_machine_as_test(
        Lifecycle,
        settings=settings(
            max_examples=examples(40),
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
