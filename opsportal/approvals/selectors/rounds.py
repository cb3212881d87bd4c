"""Reads of rounds of approval, and of the conditions that they are tied to."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import QuerySet

from opsportal.approvals.models import ApprovalRequest, Condition, Vote
from opsportal.approvals.outcome import Decision
from opsportal.core.statements import Objects

_LIVE = Objects(
    lambda marks: ApprovalRequest.objects.filter(
        subject_kind=marks.text("kind"), subject_key=marks.text("key")
    ).exclude(state="void")
)


def live_request(subject_kind: str, subject_key: str) -> ApprovalRequest | None:
    """Return the round of approval that counts now for a subject, or None where there is none."""
    return _LIVE.first(kind=subject_kind, key=subject_key)


def live_requests(subject_kind: str, keys: Collection[str]) -> dict[str, ApprovalRequest]:
    """Return the round that counts now for each of these subjects, by key, with stages and votes.

    Three queries, however many there are.
    """
    rows = (
        ApprovalRequest.objects.filter(subject_kind=subject_kind, subject_key__in=list(keys))
        .exclude(state="void")
        .prefetch_related(
            "stages__votes__voter",
            "stages__votes__on_behalf_of",
            "stages__votes__conditions",
            "recusals__person",
        )
    )
    return {row.subject_key: row for row in rows}


def requests_about(subject_kind: str, subject_key: str) -> QuerySet[ApprovalRequest]:
    """Return every round of approval of a subject, newest first, with stages and votes."""
    return (
        ApprovalRequest.objects.filter(subject_kind=subject_kind, subject_key=subject_key)
        .prefetch_related(
            "stages__votes__voter",
            "stages__votes__on_behalf_of",
            "stages__votes__conditions",
            "recusals__person",
        )
        .order_by("-id")
    )


def approvers_of(request: ApprovalRequest) -> frozenset[str]:
    """Return the ids of those who voted yes in this round."""
    yes = Vote.objects.filter(request=request, decision=Decision.APPROVE)
    return frozenset(str(voter) for voter in yes.values_list("voter_id", flat=True))


def approved_alone(request: ApprovalRequest, person: str) -> bool:
    """Return whether every yes of this round was this person's (an id), or given in their place."""
    yes = list(Vote.objects.filter(request=request, decision=Decision.APPROVE))
    return bool(yes) and all(person in {str(vote.voter_id), str(vote.on_behalf_of_id)} for vote in yes)


_UNMET = Objects(
    lambda marks: (
        Condition.objects.filter(
            request__subject_kind=marks.text("kind"),
            request__subject_key=marks.text("key"),
            state__in=["open", "done"],
        )
        .select_related("stage")
        .order_by("id")
    )
)


def unmet_conditions(subject_kind: str, subject_key: str) -> list[Condition]:
    """Return the conditions of the live round of a subject that are not confirmed yet. One query."""
    return _UNMET.all(kind=subject_kind, key=subject_key)


def conditions_about(subject_kind: str, subject_key: str) -> QuerySet[Condition]:
    """Return every condition that an approval of this subject was tied to, oldest first, with its people."""
    rows = Condition.objects.filter(request__subject_kind=subject_kind, request__subject_key=subject_key)
    return rows.select_related("request", "stage__request", "vote__voter", "done_by", "settled_by").order_by(
        "id"
    )
