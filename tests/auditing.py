"""A cast and the steps of an audit, for tests."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.test import Client

from compliance.models import Audit, AuditorAccess, CorrectiveAction, Finding
from compliance.services.audits.access import access_grant
from compliance.services.audits.actions import action_open
from compliance.services.audits.findings import finding_move, finding_raise
from compliance.services.audits.planning import audit_move, audit_plan, audit_team_set, programme_save
from compliance.services.audits.requests import request_open
from compliance.services.audits.sampling import population_freeze, sample_draw
from compliance.services.audits.testing import control_test_plan, note_write
from opsportal.accounts.models import User
from opsportal.core.actor import Actor
from tests.makers import NOW, grant, make_role, make_service, make_user
from tests.once import made_once

WORK = "/admin/compliance/audit/{}/work/"
SOON = NOW + timedelta(days=20)


@dataclass(frozen=True)
class Crew:
    """Who takes part: two auditors of the audit, one of another, an administrator, and who is audited."""

    lead: User
    second: User
    other: User
    admin: User
    owner: User
    doer: User
    audit: Audit
    elsewhere: Audit


def plan_fields(**more: Any) -> dict[str, Any]:
    return {
        "title": "Annual compliance audit",
        "kind": "compliance",
        "framework": "soc2",
        "period_from": date(2026, 1, 1),
        "period_until": date(2026, 3, 31),
        **more,
    }


@made_once
def make_crew() -> Crew:
    """Return the cast: AUD-1 in fieldwork under `lead` with `second`, AUD-2 in fieldwork under `other`."""
    lead, second, other = (make_user(name=name, is_auditor=True) for name in ("Lena", "Sam", "Otto"))
    admin, owner, doer = make_user(name="Ada", staff=True), make_user(name="Owen"), make_user(name="Dora")
    make_service("payments")
    audit = audit_plan(actor=lead.actor, now=NOW, fields=plan_fields())
    audit_team_set(actor=lead.actor, now=NOW, pk=audit.pk, team=[second.pk])
    begun = audit_move(actor=lead.actor, now=NOW, pk=audit.pk, verb="begin")
    elsewhere = audit_plan(actor=other.actor, now=NOW, fields=plan_fields(title="Other", kind="security"))
    elsewhere = audit_move(actor=other.actor, now=NOW, pk=elsewhere.pk, verb="begin")
    return Crew(lead, second, other, admin, owner, doer, begun, elsewhere)


def finding_of(crew: Crew, actor: Actor | None = None, **more: Any) -> Finding:
    """Return a draft of a finding in AUD-1."""
    fields = {
        "title": "Approvals are missing",
        "severity": "high",
        "condition": "2 of 25 changes had no approval.",
        "criteria": "CC8.1: changes are approved.",
        "owner": str(crew.owner.pk),
        **more,
    }
    return finding_raise(actor=actor or crew.lead.actor, now=NOW, audit=crew.audit.pk, fields=fields)


def reported(crew: Crew, now: datetime = NOW, **more: Any) -> Finding:
    """Return a finding that its owner knows of."""
    row = finding_of(crew, **more)
    return finding_move(actor=crew.lead.actor, now=now, pk=row.pk, verb="report")


def accepted(crew: Crew, **more: Any) -> Finding:
    """Return a finding with the management response."""
    row = reported(crew, **more)
    return finding_move(actor=crew.owner.actor, now=NOW, pk=row.pk, verb="accept", text="We agree.")


def action_of(crew: Crew, finding: Finding, **more: Any) -> CorrectiveAction:
    """Return a corrective action of the doer."""
    fields = {"title": "Make the gate ask", "owner": str(crew.doer.pk), **more}
    return action_open(actor=crew.owner.actor, now=NOW, finding=finding.pk, fields=fields)


def everything_else(crew: Crew, number: int) -> None:
    """Make one more of each thing that an audit has beside findings and actions."""
    lead, pk = crew.lead.actor, crew.audit.pk
    entry = {"title": f"Entry {number}", "kind": "security", "every": "quarter"}
    programme_save(actor=lead, now=NOW, fields=entry)
    test = {"control": f"C-{number}", "title": "Approved", "kind": "design"}
    control_test_plan(actor=lead, now=NOW, audit=pk, fields=test)
    note_write(actor=lead, now=NOW, audit=pk, text="Ask again")
    wanted = {"title": "Leavers", "owner": str(crew.owner.pk), "due_at": SOON}
    request_open(actor=lead, now=NOW, audit=pk, fields=wanted)
    grant(make_role(f"role-of-audit-{number}"), crew.owner)
    population = population_freeze(actor=lead, now=NOW, audit=pk, kind="holdings")
    sample_draw(actor=lead, now=NOW, population=population.pk, size=1)
    email = f"outside{number}@example.com"
    access_grant(actor=lead, now=NOW, audit=pk, email=email, full_name="Erin", ends_at=SOON)


def let_in(crew: Crew, audit: Audit, lead: User, days: int = 5) -> tuple[AuditorAccess, Client]:
    """Return the access of an external auditor to `audit`, and their browser, in which they came in."""
    access, secret = access_grant(
        actor=lead.actor,
        now=NOW,
        audit=audit.pk,
        email=f"outside{audit.pk}@example.com",
        full_name="Erin Outside",
        ends_at=NOW + timedelta(days=days),
    )
    client = Client()
    link = f"/audits/guest/{secret}/"
    page = client.get(link)
    assert (page.status_code, audit.key in bytes(page.content).decode()) == (200, True)
    assert "_auth_user_id" not in client.session
    answer = client.post(link)
    assert answer["Location"] == WORK.format(audit.pk)
    return access, client
