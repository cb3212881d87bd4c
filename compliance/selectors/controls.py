"""Reads of frameworks, controls, evidence and exceptions."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db.models import Q, QuerySet

from compliance.models import (
    Control,
    ControlException,
    EvidenceItem,
    EvidenceRevision,
    Framework,
    Requirement,
)
from compliance.models.controls import CONTROL_PREFIX, EVIDENCE_PREFIX, EXCEPTION_PREFIX
from opsportal.accounts.selectors import teams_of
from opsportal.core.actor import Actor
from opsportal.core.errors import NotFound
from opsportal.core.keys import number_of

CONTROL_ORDERINGS: dict[str, tuple[str, ...]] = {
    "id": ("id",),
    "-id": ("-id",),
    "updated_at": ("updated_at", "id"),
    "-updated_at": ("-updated_at", "-id"),
}
EVIDENCE_ORDERINGS = CONTROL_ORDERINGS
EXCEPTION_ORDERINGS = CONTROL_ORDERINGS


def controls_loaded() -> QuerySet[Control]:
    """Return all controls with owner, team and all that they are mapped to; six queries when read."""
    return Control.objects.select_related("owner", "team").prefetch_related(
        "rules", "events", "links__other", "requirements__framework"
    )


def control_by_key(key: str) -> Control:
    """Return one control, loaded. Raises `NotFound`."""
    number = number_of(key, CONTROL_PREFIX)
    found = controls_loaded().filter(pk=number).first() if number else None
    if found is None:
        raise NotFound("There is no such control.")
    return found


def controls_answered_by(actor: Actor, now: datetime) -> QuerySet[Control]:
    """Return the controls in use whose evidence `actor` may bring: all for administrators, else their own
    and those of the teams to which they belong at `now` (aware UTC). None for machines.
    """
    if not actor.is_user:
        return Control.objects.none()
    rows = Control.objects.filter(state="active")
    if actor.is_staff:
        return rows
    return rows.filter(Q(owner=actor.id) | Q(team__slug__in=teams_of(actor.id, now.astimezone(UTC).date())))


def evidence_loaded() -> QuerySet[EvidenceItem]:
    """Return all evidence with its owner and the controls that it speaks for; two queries when read."""
    return EvidenceItem.objects.select_related("owner").prefetch_related("controls")


def evidence_by_key(key: str) -> EvidenceItem:
    """Return one piece of evidence, loaded. Raises `NotFound`."""
    number = number_of(key, EVIDENCE_PREFIX)
    found = evidence_loaded().filter(pk=number).first() if number else None
    if found is None:
        raise NotFound("There is no such evidence.")
    return found


def newest_revisions(items: Collection[EvidenceItem]) -> dict[int, EvidenceRevision]:
    """Return the newest revision of each of these, by the primary key of the item. One query."""
    wanted = {item.pk: item.latest for item in items}
    rows = EvidenceRevision.objects.filter(item__in=list(wanted))
    return {row.item_id: row for row in rows if wanted[row.item_id] == row.number}


def exceptions_loaded() -> QuerySet[ControlException]:
    """Return all exceptions with all that their rows show; one query when read."""
    return ControlException.objects.select_related(
        "control", "instead", "evidence", "requested_by", "decided_by"
    )


def exception_by_key(key: str) -> ControlException:
    """Return one exception, loaded. Raises `NotFound`."""
    number = number_of(key, EXCEPTION_PREFIX)
    found = exceptions_loaded().filter(pk=number).first() if number else None
    if found is None:
        raise NotFound("There is no such exception.")
    return found


@dataclass(frozen=True, slots=True)
class InForce:
    """An accepted exception of a rule, in force: of all its subjects, or of one alone."""

    key: str
    kind: str
    rule: str
    subject: tuple[str, str] | None
    since: datetime
    until: datetime

    def covers(self, rule: str, subject: tuple[str, str]) -> bool:
        """Return whether a breach of `rule` by `subject` (kind, key) is accepted by it."""
        return self.rule == rule and self.subject in (None, subject)


def exceptions_in_force(now: datetime, rules: Collection[str] | None = None) -> list[InForce]:
    """Return the exceptions of rules that are accepted and not over at `now` (aware UTC). One query.

    `rules` narrows to the ids of those. Whether the tick has ended what is over makes no difference.
    """
    rows = ControlException.objects.filter(state="approved", expires_at__gt=now, control__isnull=True)
    if rules is not None:
        rows = rows.filter(rule__in=list(rules))
    return [
        InForce(
            row.key,
            row.kind,
            row.rule,
            (row.scope_kind, row.scope_key) if row.scope_kind else None,
            row.decided_at or row.requested_at,
            row.expires_at,
        )
        for row in rows.order_by("id")
    ]


def control_exceptions_in_force(
    now: datetime, controls: Iterable[Control]
) -> dict[int, list[ControlException]]:
    """Return the exceptions of these controls that are accepted and not over, by control. One query."""
    rows = ControlException.objects.filter(
        state="approved", expires_at__gt=now, control__in=list(controls)
    ).order_by("id")
    found: dict[int, list[ControlException]] = {}
    for row in rows:
        if row.control_id is not None:
            found.setdefault(row.control_id, []).append(row)
    return found


def framework_by_slug(slug: str) -> Framework:
    """Return one framework. Raises `NotFound`."""
    found = Framework.objects.filter(slug=slug).first()
    if found is None:
        raise NotFound("There is no such framework.")
    return found


def requirements_of(framework: Framework) -> QuerySet[Requirement]:
    """Return the requirements of a framework in its order, dropped ones last, with their controls."""
    rows = Requirement.objects.filter(framework=framework).prefetch_related("controls__owner")
    return (
        rows.filter(Q(state="current") | Q(answered_by__isnull=False)).distinct().order_by("position", "id")
    )
