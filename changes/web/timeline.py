"""The timeline of a change as its page shows it: icons, tones and words for what happened."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models.functions import Lower
from django.urls import reverse

from changes.mentions import group_names, groups_mentioned, mentioned, typed
from changes.models import Change, ChangeComment
from changes.selectors import Happening, Place, timeline
from changes.selectors.mentioning import group_slugs
from opsportal.accounts.selectors import colleagues
from opsportal.core.actor import Actor
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
    "condition.done": ("check-list", "info"),
    "condition.confirmed": ("check", "good"),
    "condition.returned": ("undo", "waiting"),
    "condition.withdrawn": ("cross", "neutral"),
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
_ELSEWHERE = {
    *("obligation.opened", "obligation.met", "obligation.voided"),
    # What a comment says now stands where it was made.
    *("change.comment_edited", "change.watched", "change.unwatched"),
}
_VOTES = {
    "approve": ("check", "good", "voted yes"),
    "reject": ("cross", "bad", "voted no"),
    "abstain": ("abstain", "neutral", "abstained"),
}
_UNDONE = {"hold": ("pause", "waiting"), "roll_back": ("alert", "waiting")}
"""How a report looks that was not taken, by what the pipeline was told."""
_GATE = {"allowed": "good", "blocked": "bad", "pending": "waiting"}


@dataclass(frozen=True, slots=True)
class Said:
    """A comment as it stands now, and what it said before. `draft` is what its author edits, else empty."""

    id: int
    text: str
    version: int
    edited_at: datetime | None
    earlier: tuple[tuple[datetime, str], ...]
    draft: str = ""

    @property
    def mentions(self) -> list[tuple[str, str]]:
        """Kind and id of whom it names, as the names of people are asked for."""
        said = " ".join([self.text, *(text for _, text in self.earlier)])
        groups = [("role" if kind == "board" else kind, slug) for kind, slug in groups_mentioned(said)]
        return [*(("user", one) for one in mentioned(said)), *groups]


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
    comment: Said | None = None


def moments_of(
    change: Change, stages: Mapping[str, str], reader: Actor, before: Place | None = None
) -> tuple[list[Moment], Place | None]:
    """Return what happened to a change before that place, newest first, and where the next page begins.

    `stages` are the titles of its stages of approval by id.
    """
    happened, further = timeline(change, before=before, most=SHOWN)
    shown = [one for one in happened if one.action not in _ELSEWHERE]
    said = _said(change, [one.data["comment"] for one in shown if "comment" in one.data], reader)
    return [_moment(one, stages, said) for one in shown], further


def _said(change: Change, numbers: list[int], reader: Actor) -> dict[int, Said]:
    """Return these comments by id. Two queries, a third for the reader's own that mention somebody."""
    rows = list(ChangeComment.objects.filter(change=change, pk__in=numbers))
    edited = [row.pk for row in rows if row.edited_at is not None]
    earlier: dict[int, list[tuple[datetime, str]]] = {}
    for row in ChangeComment.history.filter(id__in=edited).order_by("-history_date", "-history_id"):
        earlier.setdefault(row.id, []).append((row.history_date, row.text))
    own = [row for row in rows if reader.is_user and reader.id == str(row.author_id)]
    drafts = _drafts(own)
    return {
        row.pk: Said(
            id=row.pk,
            text=row.text,
            version=row.version,
            edited_at=row.edited_at,
            earlier=tuple(earlier.get(row.pk, ())[1:]),
            draft=drafts.get(row.pk, ""),
        )
        for row in rows
    }


def _drafts(own: list[ChangeComment]) -> dict[int, str]:
    """Return what an author sees in the form of each comment: names in place of ids, where they are clear."""
    wanted = {person for row in own for person in mentioned(row.text)}
    slugs = {slug for row in own for _, slug in groups_mentioned(row.text)}
    if not wanted and not slugs:
        return {row.pk: row.text for row in own}
    people = colleagues().filter(pk__in=wanted)
    names = {str(pk): name for pk, name in people.values_list("pk", "full_name")}
    namesakes = colleagues().filter(full_name__in=names.values())
    count = Counter(namesakes.values_list("full_name", flat=True))
    unique = {name for name, times in count.items() if times == 1}
    if slugs:
        alike = colleagues().annotate(low=Lower("full_name")).filter(low__in=slugs)
        groups = group_names(group_slugs(), list(alike.values_list("low", flat=True)))
        free = Counter(slug for _, slug in groups)
        names |= {identifier: slug for identifier, slug in groups if free[slug] == 1}
        unique |= {slug for slug, times in free.items() if times == 1}
    return {row.pk: typed(row.text, names=names, unique=unique) for row in own}


def _moment(one: Happening, stages: Mapping[str, str], said: Mapping[int, Said]) -> Moment:
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
        elif one.data["effect"] != "applied":
            icon, tone = _UNDONE.get(str(one.data["action"]), ("dot", "neutral"))
    comment = said.get(one.data.get("comment", 0))
    return Moment(
        one.at,
        title,
        icon,
        tone,
        *one.actor,
        text="" if comment else one.text,
        href=href,
        beside_id=beside,
        comment=comment,
    )
