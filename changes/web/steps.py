"""The buttons of a change: how each step that `changes.next_step` allows is offered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from django.urls import reverse

from changes.services.windows import schedule_reasons
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
GIVE_WINDOW = Look("Give it a window", "calendar")
_PAGES = {"edit": "changes:edit", "close": "changes:close"}


def steps_for(seen: Seen, allowed: Iterable[str], *, is_conditional: bool = False) -> list[Step]:
    """Return the steps of `allowed` (as `changes.next_step` gives them) that have a button, forward first.

    `is_conditional`: a condition of its approval is not met yet, so that scheduling it leads nowhere soon.
    """
    verbs = list(allowed)
    steps = [_step(seen, verb) for verb in verbs if verb in LOOKS]
    if "schedule" in verbs:
        steps = [one for step in steps for one in _scheduling(seen, step, verbs, is_conditional)]
    if "review" in verbs and "close" not in verbs:
        # It is closed, and what it brought was rolled back since: only the review is still written.
        steps.append(Step("review", REVIEW, reverse("changes:close", args=[seen.key]), page=True))
    return steps


def _scheduling(seen: Seen, step: Step, verbs: list[str], is_conditional: bool) -> list[Step]:
    """Return a step as it is offered where scheduling is possible: without a window, that comes first."""
    if step.verb != "schedule":
        return [step]
    if schedule_reasons(seen.change.window_start, seen.change.window_end, seen.now):
        # Whoever may not edit it reads in the sentence what is missing.
        edit = reverse("changes:edit", args=[seen.key])
        return [Step("edit", GIVE_WINDOW, f"{edit}#id_window_start", page=True)] if "edit" in verbs else []
    return [replace(step, look=replace(step.look, look=""))] if is_conditional else [step]


def _step(seen: Seen, verb: str) -> Step:
    page = _PAGES.get(verb)
    url = reverse(page, args=[seen.key]) if page else reverse("changes:move", args=[seen.key, verb])
    look = LOOKS[verb]
    if verb == "start" and seen.change.state == "in_review":
        look = Look("Start ahead of approval", "play", "op-btn-bad")
    return Step(verb, look, url, page=page is not None)
