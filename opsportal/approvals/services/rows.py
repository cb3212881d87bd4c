"""The live round of a subject under lock."""

from __future__ import annotations

from opsportal.approvals.models import ApprovalRequest
from opsportal.core.errors import Conflict
from opsportal.core.statements import Objects

_LIVE = Objects(
    lambda marks: (
        ApprovalRequest.objects.select_for_update()
        .filter(subject_kind=marks.text("kind"), subject_key=marks.text("key"))
        .exclude(state="void")
    )
)


def live_locked_or_none(subject_kind: str, subject_key: str) -> ApprovalRequest | None:
    """Return the round that counts now with its row locked, None where there is none."""
    return _LIVE.first(kind=subject_kind, key=subject_key)


def live_locked(subject_kind: str, subject_key: str) -> ApprovalRequest:
    """Return the same. Raises `Conflict` with code `voting_closed` where there is none."""
    request = live_locked_or_none(subject_kind, subject_key)
    if request is None:
        raise Conflict("There is nothing to vote on here now.", code="voting_closed")
    return request
