"""What waits for one person."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from changes.models import Change, ChangeTemplate
from changes.models.changes import PREFIX
from opsportal.approvals.models import ApprovalStage
from opsportal.approvals.selectors import open_stages_for
from opsportal.core.keys import number_of

MOST = 50


@dataclass(frozen=True, slots=True)
class Waiting:
    """A change or a template that waits for somebody: the step with which they answer, and that in words.

    `kind` is "change" or "template", `key` a change's key or a template's slug.
    """

    kind: str
    key: str
    title: str
    state: str
    step: str
    what: str
    since: datetime


_OWN: Mapping[str, tuple[str, str]] = {
    "draft": ("submit", "Finish the draft and submit it"),
    "rejected": ("edit", "It was rejected: answer the objections, or cancel it"),
    "approved": ("start", "It is approved: schedule it or start it"),
    "scheduled": ("start", "It is scheduled: start it in its window"),
    "implementing": ("complete", "It is under way: report how it ended"),
    "implemented": ("close", "Write the review and close it"),
    "failed": ("roll_back", "It failed: roll it back, or review and close it"),
    "rolled_back": ("close", "Write the review and close it"),
}


def waiting_for(person: UUID, now: datetime) -> list[Waiting]:
    """Return what waits for this person: votes first, then their own changes; longest first, 50 of each.

    Seven queries at most, however much there is.
    """
    stages = open_stages_for(person, now)
    stages = stages.filter(request__subject_kind__in=["change", "template"])
    own = Change.objects.filter(Q(requester_id=person) | Q(implementer_id=person), state__in=list(_OWN))
    return [*_votes(stages[:MOST]), *(_own(change) for change in own.order_by("updated_at", "id")[:MOST])]


def _votes(stages: Collection[ApprovalStage]) -> Iterator[Waiting]:
    keys = {(stage.request.subject_kind, stage.request.subject_key) for stage in stages}
    numbers = [number_of(key, PREFIX) for kind, key in keys if kind == "change"]
    slugs = [key for kind, key in keys if kind == "template"]
    found: dict[tuple[str, str], Change | ChangeTemplate] = {
        ("change", change.key): change
        for change in Change.objects.filter(pk__in=[number for number in numbers if number])
    }
    if slugs:
        templates = ChangeTemplate.objects.filter(slug__in=slugs)
        found |= {("template", template.slug): template for template in templates}
    for stage in stages:
        subject = found.get((stage.request.subject_kind, stage.request.subject_key))
        if subject is not None and stage.opened_at is not None:
            yield Waiting(
                kind=stage.request.subject_kind,
                key=stage.request.subject_key,
                title=subject.title,
                state=subject.state,
                step="approve",
                what=f"Vote in “{stage.title}”",
                since=stage.opened_at,
            )


def _own(change: Change) -> Waiting:
    step, what = _OWN[change.state]
    return Waiting("change", change.key, change.title, change.state, step, what, change.updated_at)
