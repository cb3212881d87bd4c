"""The timeline of a change as its page shows it: icons, tones and words for what happened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from changes.models import Change
from changes.selectors import Happening, Place, timeline
from opsportal.web.looks import words_of

SHOWN = 60

_LOOKS: Mapping[str, tuple[str, str]] = {
    "change.created": ("plus", "neutral"),
    "change.cloned": ("copy", "neutral"),
    "change.edited": ("edit", "neutral"),
    "change.revised": ("edit", "waiting"),
    "change.submitted": ("arrow-right", "info"),
    "change.withdrawn": ("undo", "neutral"),
    "change.approved": ("shield", "good"),
    "change.rejected": ("cross", "bad"),
    "change.scheduled": ("calendar", "info"),
    "change.started": ("play", "active"),
    "change.implemented": ("check", "good"),
    "change.failed": ("alert", "bad"),
    "change.rolled_back": ("undo", "bad"),
    "change.reviewed": ("file", "info"),
    "change.attested": ("shield", "good"),
    "change.closed": ("flag", "done"),
    "change.cancelled": ("cross", "done"),
    "change.held": ("pause", "waiting"),
    "change.released": ("play", "info"),
    "change.commented": ("chat", "neutral"),
    "change.asked": ("question", "waiting"),
    "file.attached": ("clip", "neutral"),
    "file.removed": ("clip", "waiting"),
    "approval.recused": ("shield", "waiting"),
    "approval.recounted": ("board", "info"),
    "change.retrospective_approved": ("shield", "good"),
    "change.retrospective_rejected": ("cross", "bad"),
    "change.objection_answered": ("chat", "info"),
    "change.objection_accepted": ("check", "good"),
    "change.objection_upheld": ("cross", "bad"),
    "change.rolled_back_later": ("undo", "bad"),
    "deployment.started": ("play", "active"),
    "deployment.succeeded": ("check", "good"),
    "deployment.failed": ("alert", "bad"),
    "deployment.rolled_back": ("undo", "bad"),
}
# What the standard makes of each step stands in the panel of obligations.
_ELSEWHERE = {"obligation.opened", "obligation.met", "obligation.voided"}
_VOTES = {
    "approve": ("check", "good", "voted yes"),
    "reject": ("cross", "bad", "voted no"),
    "abstain": ("abstain", "neutral", "abstained"),
}
_GATE = {"allowed": "good", "blocked": "bad", "pending": "waiting"}


@dataclass(frozen=True, slots=True)
class Moment:
    """One line of the timeline."""

    at: datetime
    title: str
    icon: str
    tone: str
    actor_kind: str = ""
    actor_id: str = ""
    text: str = ""
    href: str = ""
    beside_id: str = ""
    """In whose place it was done."""


def moments_of(
    change: Change, stages: Mapping[str, str], before: Place | None = None
) -> tuple[list[Moment], Place | None]:
    """Return what happened to a change before that place, newest first, and where the next page begins.

    `stages` are the titles of its stages of approval by id.
    """
    happened, further = timeline(change, before=before, most=SHOWN)
    return [_moment(one, stages) for one in happened if one.action not in _ELSEWHERE], further


def _moment(one: Happening, stages: Mapping[str, str]) -> Moment:
    icon, tone = _LOOKS.get(one.action, ("dot", "neutral"))
    title, href, beside = one.words, "", ""
    if one.action == "approval.voted":
        icon, tone, title = _VOTES.get(str(one.data.get("decision")), (icon, tone, title))
        stage = str(one.data.get("stage", ""))
        title = f"{title} in “{stages.get(stage) or words_of(stage)}”"
        beside = str(one.data.get("on_behalf_of") or "")
    elif one.action == "change.cloned":
        title = f"copied it from {one.data['from']}"
        href = reverse("changes:change", args=[one.data["from"]])
    elif "deployment" in one.data:
        href = reverse("changes:deployment", args=[one.data["deployment"]])
        if one.action == "deployment.registered":
            icon, tone = "rocket", _GATE.get(str(one.data["decision"]), "neutral")
            title = (
                f"{one.words}: {one.data['service']} {one.data['version']} to {one.data['environment']},"
                f" {one.data['decision']}"
            )
        elif one.data.get("percent") is not None:
            title = f"{one.words} at {one.data['percent']} %"
    return Moment(one.at, title, icon, tone, *one.actor, text=one.text, href=href, beside_id=beside)
