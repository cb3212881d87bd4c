"""Who may say that something was done: those whose it is, and those whom the standard asks; nobody else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from compliance.models import Evidence, ImprovementItem, Scan, Vulnerability
from compliance.services.governance.checklists import checklist_adopt, checklist_answer, checklist_start
from compliance.services.governance.improvement import (
    improvement_edit,
    improvement_move,
    improvement_open,
    maturity_assess,
    phase_plan,
)
from compliance.services.governance.scans import scan_record
from compliance.services.governance.training import topic_define, training_hold, training_plan
from compliance.services.governance.vulnerabilities import vulnerability_move
from opsportal.accounts.models import User
from opsportal.core.errors import Forbidden
from tests.governing import Organisation, govern_under, make_organisation, recurs
from tests.makers import NOW, TODAY
from tests.untouched import refused

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
MATURITY = {"level": 3, "target": 4}


@pytest.fixture
def cast() -> Organisation:
    return make_organisation()


def test_a_checklist_is_signed_by_the_role_that_the_standard_asks(cast: Organisation) -> None:
    govern_under(recurs("weekly", "checklist.signed", counts='checklist.slug == "weekly-operations"'))
    for slug in ("weekly-operations", "daily-operations"):
        checklist_adopt(actor=cast.chief.actor, now=NOW, slug=slug)
    with refused(Forbidden):
        checklist_start(actor=cast.engineer.actor, now=NOW, slug="weekly-operations")
    run = checklist_start(actor=cast.member.actor, now=NOW, slug="weekly-operations")
    with refused(Forbidden):
        checklist_answer(actor=cast.engineer.actor, now=NOW, run=run.pk, answers=[])
    # What the standard asks of nobody is everybody's.
    assert checklist_start(actor=cast.engineer.actor, now=NOW, slug="daily-operations").state == "open"


def test_who_was_there_is_said_by_who_trained_or_answers_for_the_training(cast: Organisation) -> None:
    govern_under(recurs("trained", "training.held", counts="training.attended >= 1"))
    team = {"audience": "team", "audience_key": "payments"}
    topic_define(actor=cast.chief.actor, now=NOW, fields={"slug": "all", "title": "For all"})
    topic_define(actor=cast.chief.actor, now=NOW, fields={"slug": "ours", "title": "Ours", **team})
    with refused(Forbidden):
        training_plan(actor=cast.engineer.actor, now=NOW, topic="all", fields={"at": NOW})
    assert training_plan(actor=cast.engineer.actor, now=NOW, topic="ours", fields={"at": NOW}).pk
    fields = {"at": NOW, "trainer_person": str(cast.newcomer.pk)}
    session = training_plan(actor=cast.member.actor, now=NOW, topic="all", fields=fields)
    there = [str(cast.engineer.pk)]
    with refused(Forbidden):
        training_hold(actor=cast.engineer.actor, now=NOW, pk=session.pk, attended=there)
    held = training_hold(actor=cast.newcomer.actor, now=NOW, pk=session.pk, attended=there)
    assert held.state == "held"


def scan(person: User, *found: str, days: int = 0, **more: Any) -> Scan:
    fields = {"kind": "penetration", "tool": "Testers", "performed_at": NOW + days * DAY, "whole": True}
    results = [{"id": one, "severity": "high", "title": one} for one in found]
    fields = {**fields, **more}
    return scan_record(actor=person.actor, now=NOW + days * DAY, fields=fields, results=results)[0]


def test_a_scan_of_somebody_without_any_business_adds_what_it_found_and_counts_for_nothing(
    cast: Organisation,
) -> None:
    govern_under(recurs("tested", "scan.recorded"))
    scan(cast.engineer, "PT-1")
    scan(cast.engineer, days=1)
    scan(cast.member, "CVE-1", service="pay")
    assert not Evidence.objects.filter(event="service.scanned", actor_id=str(cast.engineer.pk)).exists()
    assert not Evidence.objects.filter(event="scan.recorded", actor_id=str(cast.engineer.pk)).exists()
    assert dict(Vulnerability.objects.values_list("reference", "state")) == {"PT-1": "open", "CVE-1": "open"}
    # Whom the standard asks to have it made is believed.
    scan(cast.member, days=2)
    assert Vulnerability.objects.get(reference="PT-1").state == "verified"
    assert Evidence.objects.filter(event="scan.recorded", actor_id=str(cast.member.pk)).count() == 2


def test_a_vulnerability_is_ended_by_the_team_of_its_service(cast: Organisation) -> None:
    row = Vulnerability.objects.get(scan=scan(cast.chief, "CVE-1", service="pay"))
    for verb in ("fix", "dismiss"):
        with refused(Forbidden):
            vulnerability_move(actor=cast.member.actor, now=NOW, pk=row.pk, verb=verb, text="So")
    vulnerability_move(actor=cast.engineer.actor, now=NOW, pk=row.pk, verb="fix", text="Upgraded")
    with refused(Forbidden):
        vulnerability_move(actor=cast.member.actor, now=NOW, pk=row.pk, verb="verify")
    done = vulnerability_move(actor=cast.newcomer.actor, now=NOW, pk=row.pk, verb="verify")
    assert done.state == "verified"


def test_who_scanned_the_organisation_owes_what_they_found_and_works_on_it(cast: Organisation) -> None:
    row = Vulnerability.objects.get(scan=scan(cast.engineer, "PT-1"))
    with refused(Forbidden):
        vulnerability_move(actor=cast.newcomer.actor, now=NOW, pk=row.pk, verb="fix", text="So")
    done = vulnerability_move(actor=cast.engineer.actor, now=NOW, pk=row.pk, verb="fix", text="So")
    assert done.state == "fixed"


def plan(person: User, phase: int = 1, **more: Any) -> ImprovementItem:
    fields = {"phase": phase, "title": "Better alerts", "owner": str(person.pk), **more}
    return improvement_open(actor=person.actor, now=NOW, fields=fields)


def test_the_plan_is_written_by_administrators_and_by_the_owner_of_a_phase(cast: Organisation) -> None:
    days = {"first_day": TODAY, "last_day": TODAY + 28 * DAY}
    first = {"number": 1, "title": "Foundation", "owner": str(cast.engineer.pk), **days}
    with refused(Forbidden):
        phase_plan(actor=cast.engineer.actor, now=NOW, fields=first)
    phase_plan(actor=cast.chief.actor, now=NOW, fields=first)
    phase_plan(actor=cast.chief.actor, now=NOW, fields={"number": 2, "title": "Growth", **days})
    for phase in (1, 2):
        with refused(Forbidden):
            plan(cast.newcomer, phase)
    with refused(Forbidden):
        plan(cast.engineer, 2)
    item = plan(cast.engineer, owner=str(cast.newcomer.pk))
    with refused(Forbidden):
        improvement_edit(actor=cast.engineer.actor, now=NOW, pk=item.pk, fields={"phase": 2})
    # Who owes it does it, and neither shifts its day nor drops it.
    with refused(Forbidden):
        improvement_edit(actor=cast.newcomer.actor, now=NOW, pk=item.pk, fields={"due_at": NOW + 90 * DAY})
    with refused(Forbidden):
        improvement_move(actor=cast.newcomer.actor, now=NOW, pk=item.pk, verb="drop", text="Too much")
    with refused(Forbidden):
        improvement_move(actor=cast.member.actor, now=NOW, pk=item.pk, verb="finish")
    improvement_move(actor=cast.newcomer.actor, now=NOW, pk=item.pk, verb="finish")
    again = improvement_move(actor=cast.engineer.actor, now=NOW, pk=item.pk, verb="reopen", text="Not yet")
    assert again.state == "in_progress"


def test_maturity_is_assessed_by_administrators_and_by_whom_the_standard_asks(cast: Organisation) -> None:
    with refused(Forbidden):
        maturity_assess(actor=cast.member.actor, now=NOW, fields=MATURITY)
    govern_under(recurs("maturity", "maturity.assessed"))
    assert maturity_assess(actor=cast.member.actor, now=NOW, fields=MATURITY).level == 3
    with refused(Forbidden):
        maturity_assess(actor=cast.engineer.actor, now=NOW, fields=MATURITY)
