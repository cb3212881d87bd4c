"""The buttons of a change: how each step that `changes.next_step` allows is offered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.urls import reverse

from changes.web.loading import Seen


@dataclass(frozen=True, slots=True)
class Look:
    """How a step is offered. `reason` is "" (not asked), "optional" or "required"."""

    label: str
    icon: str
    look: str = ""
    reason: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One step that this reader may take now. `page` where it has a page of its own."""

    verb: str
    look: Look
    url: str
    page: bool = False

    @property
    def main(self) -> bool:
        """Whether it is one of the ways forward, which stand out."""
        return bool(self.look.look)


LOOKS: Mapping[str, Look] = {
    "submit": Look("Submit for approval", "arrow-right", "btn-primary"),
    "schedule": Look("Schedule for its window", "calendar", "btn-primary"),
    "start": Look("Start implementation", "play", "btn-primary"),
    "activate_standard": Look("Put the standard in force", "standard", "btn-primary"),
    "complete": Look("Report as done", "check", "op-btn-good"),
    "fail": Look("Report a failure", "alert", "", "optional", "What went wrong? It stays with the history."),
    "roll_back": Look("Report as rolled back", "undo", "btn-primary", "optional", "How was it taken back?"),
    "answer": Look(
        "Answer the objection", "edit", "btn-primary", "required", "What is done about it, or why it stays."
    ),
    "accept": Look("Accept the answer", "check", "op-btn-good", "optional", "It may be closed then."),
    "uphold": Look("Not enough", "cross", "", "required", "What is still missing? Another answer is owed."),
    "close": Look("Review and close", "flag", "btn-primary"),
    "edit": Look("Edit", "edit"),
    "withdraw": Look("Take it back", "undo", "", "optional", "It becomes a draft again, and votes are void."),
    "hold": Look("Hold", "pause", "", "required", "Nothing of it starts or deploys until it is released."),
    "release": Look("Release", "play", "btn-primary", "optional", "Why may it go on?"),
    "cancel": Look(
        "Cancel the change", "cross", "", "required", "A cancelled change cannot be taken up again."
    ),
}
REVIEW = Look("Write the review", "edit", "btn-primary")
_PAGES = {"edit": "changes:edit", "close": "changes:close"}


def steps_for(seen: Seen, allowed: Iterable[str]) -> list[Step]:
    """Return the steps of `allowed` (as `changes.next_step` gives them) that have a button, forward first."""
    verbs = list(allowed)
    steps = [_step(seen, verb) for verb in verbs if verb in LOOKS]
    if "review" in verbs and "close" not in verbs:
        # It is closed, and what it brought was rolled back since: only the review is still written.
        steps.append(Step("review", REVIEW, reverse("changes:close", args=[seen.key]), page=True))
    return steps


def _step(seen: Seen, verb: str) -> Step:
    page = _PAGES.get(verb)
    url = reverse(page, args=[seen.key]) if page else reverse("changes:move", args=[seen.key, verb])
    look = LOOKS[verb]
    if verb == "start" and seen.change.state == "in_review":
        look = Look("Start ahead of approval", "play", "op-btn-bad")
    return Step(verb, look, url, page=page is not None)
