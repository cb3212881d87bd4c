"""Who watches a change: whoever has a part in it and did not mute it, and whoever chose to."""

from __future__ import annotations

from datetime import datetime

from changes.models import Change, ChangeComment, ChangeWatch
from opsportal.approvals.models import Vote


def watchers_of(change: Change, *, before: datetime | None = None) -> list[str]:
    """Return the ids of those who watch a change, sorted. Two queries.

    Requester, implementer, whoever started it, who commented and who voted watch by themselves; with
    `before` (aware) only who had commented or voted by then: nobody is told of what they knew already.
    """
    chosen = {
        str(person): state
        for person, state in ChangeWatch.objects.filter(change=change).values_list("person_id", "state")
    }
    people = {str(one) for one in (change.requester_id, change.implementer_id, change.started_by_id) if one}
    comments = ChangeComment.objects.filter(change=change).values_list("author_id", flat=True)
    votes = Vote.objects.filter(request__subject_kind="change", request__subject_key=change.key)
    if before is not None:
        comments, votes = comments.filter(created_at__lt=before), votes.filter(cast_at__lt=before)
    people |= {str(one) for one in comments.union(votes.values_list("voter_id", flat=True))}
    people |= {person for person, state in chosen.items() if state == "watching"}
    return sorted(person for person in people if chosen.get(person) != "muted")


def muted_by(change: Change) -> set[str]:
    """Return the ids of those who chose not to watch a change."""
    rows = ChangeWatch.objects.filter(change=change, state="muted")
    return {str(person) for person in rows.values_list("person_id", flat=True)}
