"""What every step of an audit begins and ends with: the row under lock, its team, what is recorded of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, TypeVar

from compliance.models import Audit, AuditMember, ControlTest, SampleItem
from compliance.permissions.audits import Case
from compliance.selectors.audits.seen import audits_seen
from opsportal.audit.services import audit_record
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, InvalidInput, NotFound
from opsportal.obligations.models import Obligation
from opsportal.obligations.services import obligation_open, obligations_end, obligations_follow
from opsportal.obligations.terms import Owner, Subject
from opsportal.outbox.services import outbox_put
from opsportal.standards import engine
from opsportal.standards.selectors import active_standard_or_none
from opsportal.standards.vocabulary import Facts

T = TypeVar("T")
REMIND = (timedelta(days=7), timedelta(days=1))


def audit_locked(pk: int, *, actor: Actor) -> Audit:
    """Lock an audit and return it. Raises `NotFound`, also where `actor` may not see it."""
    found = audits_seen(actor).select_for_update(of=("self",)).filter(pk=pk).first()
    if found is None:
        raise NotFound("There is no such audit.")
    return found


def case_of(audit: Audit, *, owners: tuple[Any, ...] = (), doers: tuple[Any, ...] = ()) -> Case:
    """Return whom something of this audit concerns; `owners` and `doers` are ids, None among them."""
    members = AuditMember.objects.filter(audit=audit).values_list("person_id", flat=True)
    return Case(
        lead=str(audit.lead_id),
        team=frozenset({str(audit.lead_id), *map(str, members)}),
        owners=frozenset(str(one) for one in owners if one),
        doers=frozenset(str(one) for one in doers if one),
    )


def require_under_way(audit: Audit, *states: str) -> None:
    """Raise `Conflict` (`audit_state`) unless the audit is in one of `states`."""
    if audit.state not in states:
        raise Conflict(f"{audit.key} is {audit.get_state_display().lower()}.", code="audit_state")


def record(kind: str, key: str, event: str, *, actor: Actor, now: datetime, data: Mapping[str, Any]) -> None:
    """Write the audit entry `<kind>.<event>`, and the message that tells others of it."""
    audit_record(
        actor=actor,
        now=now,
        action=f"{kind}.{event}",
        object_kind=kind.replace("_", "-"),
        object_key=key,
        data=dict(data),
    )
    outbox_put(
        now=now,
        topic=f"compliance.{kind}.{event}",
        key=key,
        payload={**data, "key": key, "actor": str(actor), "at": now.isoformat()},
    )


def follow(
    event: str,
    *,
    actor: Actor,
    now: datetime,
    subject: Subject,
    facts: Facts,
    people: Mapping[str, Owner],
    occurrence: str,
) -> None:
    """Do what the standard in force says about obligations when `event` happens."""
    standard = active_standard_or_none()
    if standard is None:
        return
    obligations_follow(
        actor=actor,
        now=now,
        standard=standard,
        event=event,
        facts=facts,
        subject=subject,
        people=people,
        occurrence=occurrence,
    )


def time_for(event: str, facts: Facts, ends: str, otherwise: timedelta) -> timedelta:
    """Return the standard's time for what the event `ends` tells of; `otherwise` where it is silent."""
    standard = active_standard_or_none()
    demands = engine.owed(standard, event, facts) if standard else ()
    return min((one.demand.within for one in demands if ends in one.demand.met_by), default=otherwise)


def owe(
    rule: str,
    *,
    actor: Actor,
    now: datetime,
    subject: Subject,
    what: str,
    owner: Owner,
    due_at: datetime,
    met_by: tuple[str, ...],
    void_by: tuple[str, ...],
    occurrence: str,
) -> None:
    """Let `owner` owe this by `due_at` under the portal's own rule, and nothing of an earlier round of it."""
    obligations_end(
        actor=actor,
        now=now,
        subject_kind=subject.kind,
        subject_key=subject.key,
        rule_ids=[rule],
        outcome="void",
    )
    standard = active_standard_or_none()
    obligation_open(
        actor=actor,
        now=now,
        rule=rule,
        standard_hash=standard.content_hash if standard else "",
        subject=subject,
        occurrence=occurrence,
        what=what,
        owner=owner,
        due_at=due_at,
        remind=REMIND,
        met_by=met_by,
        void_by=void_by,
    )


def meet(event: str, *, actor: Actor, now: datetime, subject: Subject) -> None:
    """End as met what is owed about `subject` and waits for `event`."""
    standing = Obligation.objects.filter(
        subject_kind=subject.kind, subject_key=subject.key, ended_at__isnull=True
    )
    waiting = [row.rule_id for row in standing if event in row.met_by]
    obligations_end(
        actor=actor,
        now=now,
        subject_kind=subject.kind,
        subject_key=subject.key,
        rule_ids=waiting,
        outcome="met",
    )


def settle(rule: str, *, actor: Actor, now: datetime, subject: Subject, met: bool) -> None:
    """End what is owed under the portal's own rule: done, or no longer needed."""
    obligations_end(
        actor=actor,
        now=now,
        subject_kind=subject.kind,
        subject_key=subject.key,
        rule_ids=[rule],
        outcome="met" if met else "void",
    )


def step(row: Any, now: datetime) -> None:
    """Store a changed row as its next version."""
    row.version += 1
    row.updated_at = now
    row.save()


def test_of(about: Audit, pk: object) -> ControlTest | None:
    """Return the test of this number in the audit; None for None. Raises `InvalidInput`."""
    found = about.tests.filter(pk=pk).first() if isinstance(pk, int) else None
    if pk is not None and found is None:
        raise InvalidInput.of("test", "unknown", "There is no such test in this audit.")
    return found


def item_of(about: Audit, pk: object) -> SampleItem | None:
    """Return the sample item of this number in the audit; None for None. Raises `InvalidInput`."""
    rows = SampleItem.objects.filter(sample__population__audit=about)
    found = rows.filter(pk=pk).first() if isinstance(pk, int) else None
    if pk is not None and found is None:
        raise InvalidInput.of("item", "unknown", "There is no such item in this audit.")
    return found
