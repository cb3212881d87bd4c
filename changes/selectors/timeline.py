"""All that happened to a change, in one order: audit entries with their words, deployments, their reports."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.db.models import Q, QuerySet

from changes.models import Change, ChangeComment, Deployment, DeploymentEvent
from opsportal.approvals.models import Recusal, Vote
from opsportal.audit import actions
from opsportal.audit.selectors import entries_about, entry_data
from opsportal.core.errors import InvalidInput
from opsportal.obligations.models import Obligation

KIND = "change"
NEWEST = 200
_REPORTED = {
    "started": "started",
    "rollout": "reached {percent} %",
    "verified": "was verified",
    "succeeded": "succeeded",
    "failed": "failed",
    "rolled_back": "was rolled back",
}


_OF_WHAT = frozenset(
    f"obligation.{what}" for what in ("reminded", "breached", "climbed", "met_late", "waived", "handed_over")
)
"""Whoever reads of it wants to know what was owed; what opens and is met in time stands beside it."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A place in a timeline. What happened at one instant stands in the order of source and number."""

    at: datetime
    rank: int
    number: int

    def as_cursor(self) -> str:
        """Return this place as opaque text for a link."""
        text = f"{self.at.astimezone(UTC).isoformat()}|{self.rank}|{self.number}"
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @classmethod
    def of_cursor(cls, cursor: str) -> Place:
        """Return the place that `as_cursor` wrote. Raises `InvalidInput`."""
        try:
            text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
            at, rank, number = text.split("|")
            place = cls(datetime.fromisoformat(at), int(rank), int(number))
        except (ValueError, binascii.Error):
            place = None
        if place is None or place.at.tzinfo is None or not 0 <= place.number < 2**63:
            raise InvalidInput.of("cursor", "invalid", "This cursor is not one of ours.")
        return place


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that happened. `action` is the audit action, `deployment.registered` or a report's event.

    `words` say it after a name ("submitted the change"), `text` is what a person wrote along.
    """

    place: Place
    action: str
    words: str
    actor: tuple[str, str]
    text: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)

    @property
    def at(self) -> datetime:
        return self.place.at


def timeline(
    change: Change, *, before: Place | None = None, most: int = NEWEST
) -> tuple[list[Happening], Place | None]:
    """Return what happened to `change` before that place, newest first, and where the next page begins.

    `most` at a time; None where nothing is older. Eight queries at most.
    """
    happenings = [
        *_entries(change, before, most + 1),
        *_deployments(change, before, most + 1),
        *_reports(change, before, most + 1),
    ]
    newest = sorted(happenings, key=lambda one: one.place, reverse=True)
    page = newest[:most]
    return page, page[-1].place if len(newest) > most else None


def _until(rows: QuerySet[Any], column: str, rank: int, before: Place | None, most: int) -> QuerySet[Any]:
    """Return the newest rows of one source whose place is before `before`."""
    if before is not None:
        same_instant = {"id__lt": before.number} if rank == before.rank else {}
        earlier = Q(**{f"{column}__lt": before.at})
        rows = rows.filter(
            earlier | Q(**{column: before.at}, **same_instant) if rank <= before.rank else earlier
        )
    return rows.order_by(f"-{column}", "-id")[:most]


def _entries(change: Change, before: Place | None, most: int) -> Iterable[Happening]:
    entries = list(_until(entries_about(KIND, change.key), "at", 0, before, most))
    data = {entry.pk: entry_data(entry) for entry in entries}
    comments = dict(ChangeComment.objects.filter(change=change).values_list("id", "text"))
    votes = {
        (str(vote.voter_id), vote.cast_at): vote
        for vote in Vote.objects.filter(request__subject_kind=KIND, request__subject_key=change.key)
    }
    reasons = {
        (str(user), at): reason
        for user, at, reason in change.history.exclude(history_change_reason="").values_list(
            "history_user_id", "history_date", "history_change_reason"
        )
    }
    owed = _owed(data[entry.pk]["obligation"] for entry in entries if entry.action in _OF_WHAT)
    recusals = _recusals(change) if any(one.action == "approval.recused" for one in entries) else {}
    for entry in entries:
        vote = votes.get((entry.actor_id, entry.at)) if entry.action == "approval.voted" else None
        comment = data[entry.pk].get("comment")
        reason = reasons.get((f"{entry.actor_kind}:{entry.actor_id}", entry.at), "")
        if entry.action == "approval.recused":
            reason = recusals.get((entry.actor_id, entry.at), "")
        what = owed.get(data[entry.pk].get("obligation"))
        words = [actions.label(entry.action), *([what] if what else [])]
        yield Happening(
            place=Place(entry.at, 0, entry.pk),
            action=entry.action,
            words=": ".join(words),
            actor=(entry.actor_kind, entry.actor_id),
            text=vote.comment if vote else comments.get(comment, "") if comment else reason,
            data=data[entry.pk],
        )


def _owed(obligations: Iterable[int]) -> dict[Any, str]:
    """Return what is owed by the number of each obligation; no query for none."""
    wanted = set(obligations)
    rows = Obligation.objects.filter(pk__in=wanted) if wanted else Obligation.objects.none()
    return dict(rows.values_list("pk", "what"))


def _recusals(change: Change) -> dict[tuple[str, datetime], str]:
    rows = Recusal.objects.filter(request__subject_kind=KIND, request__subject_key=change.key)
    return {(str(one.person_id), one.stated_at): one.reason for one in rows}


def _deployments(change: Change, before: Place | None, most: int) -> Iterable[Happening]:
    rows = Deployment.objects.filter(change=change).select_related("service", "environment")
    for row in _until(rows, "registered_at", 1, before, most):
        yield Happening(
            place=Place(row.registered_at, 1, row.pk),
            action="deployment.registered",
            words=f"registered {row.key}",
            actor=_account(row),
            data={
                "deployment": row.key,
                "decision": row.decision,
                "service": row.service.slug,
                "environment": row.environment.slug,
                "version": row.release,
            },
        )


def _reports(change: Change, before: Place | None, most: int) -> Iterable[Happening]:
    rows = DeploymentEvent.objects.filter(deployment__change=change).select_related("deployment")
    for row in _until(rows, "received_at", 2, before, most):
        yield Happening(
            place=Place(row.received_at, 2, row.pk),
            action=f"deployment.{row.event}",
            words=_report_words(row),
            actor=_account(row.deployment),
            data={
                "deployment": row.deployment.key,
                "percent": row.percent,
                "action": row.action,
                "effect": row.effect,
            },
        )


def _report_words(row: DeploymentEvent) -> str:
    """Say what was reported, and what came of it: a report that was refused is no fact."""
    said = _REPORTED[row.event].format(percent=row.percent or 0)
    if row.effect == DeploymentEvent.Effect.APPLIED:
        return f"reported that {row.deployment.key} {said}"
    told = row.action.replace("_", " ")
    if told == "continue":
        return f"reported that {row.deployment.key} {said}; it changed nothing"
    return f"reported that {row.deployment.key} {said}, and was told to {told}; it changed nothing"


def _account(row: Deployment) -> tuple[str, str]:
    return ("service_account", str(row.registered_by_id)) if row.registered_by_id else ("", "")
