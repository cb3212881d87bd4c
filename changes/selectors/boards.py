"""What waits for a board, and for one person."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from django.db.models import Q

from changes.models import Change, ChangeComment, ChangeTarget
from changes.models.changes import PREFIX
from changes.selectors.conflicts import Conflict, conflicts_of_all
from changes.selectors.lists import changes_loaded
from opsportal.approvals.models import ApprovalRequest, ApprovalStage, Vote
from opsportal.approvals.selectors import (
    Progress,
    live_requests,
    open_stages_for,
    open_stages_of,
    progress_of_all,
)
from opsportal.core.keys import number_of

KIND = "change"
MOST = 50
RECENT = 5


@dataclass(frozen=True, slots=True)
class QueueItem:
    """One change that waits for a board, with all that a member wants to see before voting.

    `progress` is of all its stages, `stage` the one that waits for this board. `own_vote` is the
    reader's in this round, `may_vote` whether they still have one here. `recent` are the changes last
    made to its services, `questions` those asked about it, newest first.
    """

    change: Change
    request: ApprovalRequest
    stage: ApprovalStage
    progress: tuple[Progress, ...]
    may_vote: bool
    own_vote: Vote | None
    conflicts: tuple[Conflict, ...]
    recent: tuple[Change, ...]
    questions: tuple[ChangeComment, ...]


def queue_of_board(role: str, *, person: UUID, now: datetime) -> list[QueueItem]:
    """Return what waits for the holders of `role` (its slug), longest first, 50 at most, as `person` sees it.

    The number of queries does not depend on how much there is.
    """
    stages = list(open_stages_of(role).filter(request__subject_kind=KIND)[:MOST])
    changes = _changes_of(stages)
    requests = live_requests(KIND, [stage.request.subject_key for stage in stages])
    progress = progress_of_all(list(requests.values()), now.astimezone(UTC).date())
    conflicts = conflicts_of_all(list(changes.values()))
    recent = _recent(changes.values())
    questions = _questions(changes)
    items = []
    for stage in stages:
        change = changes.get(number_of(stage.request.subject_key, PREFIX) or 0)
        request = requests.get(stage.request.subject_key)
        if change is None or request is None:
            continue
        rows = tuple(progress[request.pk])
        items.append(
            QueueItem(
                change=change,
                request=request,
                stage=stage,
                progress=rows,
                may_vote=any(_waits_for(row, stage, person) for row in rows),
                own_vote=next((vote for row in rows for vote in row.votes if vote.voter_id == person), None),
                conflicts=tuple(conflicts[change.pk]),
                recent=tuple(recent[change.pk]),
                questions=tuple(questions[change.pk]),
            )
        )
    return items


def _waits_for(progress: Progress, stage: ApprovalStage, person: UUID) -> bool:
    return progress.stage.pk == stage.pk and any(one.pk == person for one in progress.waiting_for)


def _changes_of(stages: Collection[ApprovalStage]) -> dict[int, Change]:
    numbers = [number_of(stage.request.subject_key, PREFIX) for stage in stages]
    return {change.pk: change for change in changes_loaded().filter(pk__in=[n for n in numbers if n])}


def _recent(changes: Collection[Change]) -> dict[int, list[Change]]:
    """Return for each change those that were last worked on in one of its services."""
    services = {target.service_id for change in changes for target in change.targets.all()}
    rows = (
        ChangeTarget.objects.filter(service_id__in=services)
        .exclude(change__state="draft")
        .select_related("change")
        .order_by("-change_id", "id")[: MOST * RECENT * 4]
    )
    by_service: dict[int, list[Change]] = defaultdict(list)
    for row in rows:
        by_service[row.service_id].append(row.change)
    return {change.pk: _newest(change, by_service) for change in changes}


def _newest(change: Change, by_service: dict[int, list[Change]]) -> list[Change]:
    others = {
        other.pk: other
        for target in change.targets.all()
        for other in by_service[target.service_id]
        if other.pk != change.pk
    }
    return [others[pk] for pk in sorted(others, reverse=True)[:RECENT]]


def _questions(changes: Collection[int]) -> dict[int, list[ChangeComment]]:
    found: dict[int, list[ChangeComment]] = defaultdict(list)
    rows = ChangeComment.objects.filter(change_id__in=changes, kind=ChangeComment.Kind.QUESTION)
    for row in rows.select_related("author").order_by("-id")[: MOST * RECENT]:
        found[row.change_id].append(row)
    return found


@dataclass(frozen=True, slots=True)
class Waiting:
    """A change that waits for somebody, the verb with which they answer, and that in words."""

    change: Change
    verb: str
    what: str
    since: datetime


_OWN = {
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

    Five queries, however much there is.
    """
    stages = list(
        open_stages_for(person, now.astimezone(UTC).date()).filter(request__subject_kind=KIND)[:MOST]
    )
    changes = _changes_of(stages)
    votes = [
        Waiting(change, "approve", f"Vote in “{stage.title}”", stage.opened_at or now)
        for stage in stages
        if (change := changes.get(number_of(stage.request.subject_key, PREFIX) or 0)) is not None
    ]
    own = (
        changes_loaded()
        .filter(Q(requester_id=person) | Q(implementer_id=person), state__in=list(_OWN))
        .order_by("updated_at", "id")[:MOST]
    )
    return [*votes, *(Waiting(change, *_OWN[change.state], change.updated_at) for change in own)]
