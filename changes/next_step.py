"""What happens next with a change, in plain words, and the steps that somebody may take. Pure.

One source for buttons and for the API's `allowed`: the state machine, the hold, the permit to start ahead,
and the permissions of whoever asks. What rules and windows still stand against is said when it is tried.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from changes.states import CHANGE, HOLDABLE, OVER, RETROSPECTIVE

STEPS: Mapping[str, str] = {
    "submit": "submit",
    "approve": "vote",
    "reject": "vote",
    "abstain": "vote",
    "recuse": "vote",
    "schedule": "schedule",
    "start": "start",
    "activate_standard": "activate_standard",
    "complete": "complete",
    "fail": "fail",
    "roll_back": "roll_back",
    "review": "review",
    "attest": "attest",
    "answer": "answer",
    "accept": "settle",
    "uphold": "settle",
    "close": "close",
    "edit": "edit",
    "withdraw": "withdraw",
    "hold": "hold",
    "release": "release",
    "cancel": "cancel",
    "comment": "comment",
}
"""Each step, the way forward first, and the permission (`change.<…>`) that it takes."""

_VERBS: Mapping[str, str] = {"edit": "revise"}
_VOTES = frozenset({"approve", "reject", "abstain", "recuse"})
_SETTLING = frozenset({"accept", "uphold"})
_OF_A_BOARD = _VOTES | _SETTLING | {"answer"}


@dataclass(frozen=True, slots=True)
class Situation:
    """A change as one reader sees it at `now`.

    `waits_for` are the titles of the stages that are open, `votes_in` whether the reader may vote in one
    of them; `may_run_ahead`: the standard lets it start ahead of its approval; `has_standard_to_activate`:
    it names a standard that it has not put in force yet; `judges`: the reader is one of those who settle an
    objection in retrospect; `conditions` is how many conditions of its approval are not confirmed yet;
    `taken_back` are key and state of a deployment that did not last and has no successor yet.
    """

    state: str
    now: datetime
    held: bool = False
    retrospective: str = "none"
    window_start: datetime | None = None
    window_end: datetime | None = None
    waits_for: tuple[str, ...] = ()
    votes_in: bool = False
    may_run_ahead: bool = False
    has_standard_to_activate: bool = False
    judges: bool = False
    rolled_back_later: bool = False
    conditions: int = 0
    taken_back: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class NextStep:
    """The sentence that says what happens next, and the steps that the reader may take, forward first."""

    sentence: str
    allowed: tuple[str, ...]


def next_step(situation: Situation, permissions: frozenset[str]) -> NextStep:
    """Return what is next for a reader who holds these permissions (`start` for `change.start`)."""
    allowed = (step for step, needs in STEPS.items() if needs in permissions and is_possible(situation, step))
    return NextStep(sentence(situation), tuple(allowed))


def is_possible(situation: Situation, step: str) -> bool:
    """Return whether `step` is possible in this situation, for whoever may take it."""
    state = situation.state
    match step:
        case "comment":
            return True
        case "hold":
            return state in HOLDABLE and not situation.held
        case "release":
            return situation.held
        case "review" | "attest":
            taken_back = step == "review" and state == "closed" and situation.rolled_back_later
            return state in OVER or taken_back
        case "activate_standard":
            return state == "implementing" and situation.has_standard_to_activate and not situation.held
        case "start":
            ahead = state != "in_review" or situation.may_run_ahead
            return CHANGE.can(state, "start") and ahead and not situation.held and not situation.conditions
        case _ if step in _OF_A_BOARD:
            return _is_possible_with_a_board(situation, step)
        case _:
            # What it names is put in force before it is done.
            too_early = step == "complete" and situation.has_standard_to_activate
            return CHANGE.can(state, _VERBS.get(step, step)) and not too_early


def _is_possible_with_a_board(situation: Situation, step: str) -> bool:
    state, retrospective = situation.state, situation.retrospective
    if step in _VOTES:
        return situation.votes_in and (state == "in_review" or retrospective == "open")
    asked = situation.judges if step in _SETTLING else state in OVER
    return asked and RETROSPECTIVE.can(retrospective, step)


def sentence(situation: Situation) -> str:
    """Return what happens next, in plain words."""
    deciders = _and(situation.waits_for) or "its approvers"
    if situation.held:
        return "It is on hold. It goes on when somebody releases it."
    if situation.state in OVER and situation.retrospective in _IN_RETROSPECT:
        return _IN_RETROSPECT[situation.retrospective].format(deciders=deciders)
    match situation.state:
        case "in_review" if situation.may_run_ahead:
            return f"It waits for the votes of {deciders}. If it cannot wait, it may start ahead of them."
        case "in_review":
            return f"It waits for the votes of {deciders}."
        case "approved" | "scheduled":
            return _before_the_start(situation)
        case "implementing":
            return _while_carried_out(situation, deciders)
        case _:
            return _SENTENCES[situation.state]


def _while_carried_out(situation: Situation, deciders: str) -> str:
    if situation.taken_back is not None:
        key, ended = situation.taken_back
        return f"{key} {_ENDED[ended]}: report the failure, or deploy again."
    if situation.has_standard_to_activate:
        return "It is being carried out. Put the standard in force that it names, then report it as done."
    if situation.retrospective == "open":
        return (
            "It is being carried out ahead of its approval. Report it as done or failed;"
            f" {deciders} still decides."
        )
    return _SENTENCES[situation.state]


def _before_the_start(situation: Situation) -> str:
    start, end, now = situation.window_start, situation.window_end, situation.now
    word = CHANGE.names[situation.state].lower()
    if end is not None and end <= now:
        return "Its window is over. Edit it to give it a new one, and submit it again."
    if situation.conditions:
        some = "a condition" if situation.conditions == 1 else f"{situation.conditions} conditions"
        return f"It is {word}, on {some}. It may start when all are met and confirmed."
    if start is None and situation.state == "approved":
        return (
            "It is approved, without a window. Start it, or let the pipeline start it by deploying;"
            " to schedule it, give it a window first, which takes a new approval."
        )
    if start is not None and start > now:
        also = " Schedule it now, or start" if situation.state == "approved" else " Start"
        return f"It is {word}.{also} it when its window opens."
    return f"It is {word}. Start it, or let the pipeline start it by deploying."


_ENDED: Mapping[str, str] = {"failed": "failed", "rolled_back": "was rolled back"}
_IN_RETROSPECT: Mapping[str, str] = {
    "open": "It was started ahead of its approval; {deciders} still decides. It can be closed afterwards.",
    "rejected": "The board rejected it in retrospect. Write the review, then answer the objection.",
    "answered": "The objection is answered. Those who rejected it say whether that is enough.",
}
_SENTENCES: Mapping[str, str] = {
    "draft": "It is a draft. Fill in what the standard asks for, then submit it.",
    "implementing": "It is being carried out. Report it as done or failed; a pipeline does so by itself.",
    "implemented": "It is done. Write the review, attest what the standard asks for, and close it.",
    "failed": "It failed. Roll it back, or say in the review why it stays, and close it.",
    "rolled_back": "It was rolled back. Write the review and what was learned, then close it.",
    "closed": "It is closed. Nothing more has to be done.",
    "rejected": "It was rejected. Edit it to answer the objections; that makes it a draft again.",
    "cancelled": "It was cancelled. Raise a new change if it is needed after all.",
}


def _and(words: tuple[str, ...]) -> str:
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else "".join(words)
