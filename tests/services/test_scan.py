"""Scans and penetration tests, and the vulnerabilities that come and go with them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from compliance.models import Scan, Vulnerability
from compliance.services.governance.scans import scan_record
from compliance.services.governance.vulnerabilities import vulnerabilities_lapse, vulnerability_move
from opsportal.core.actor import Actor
from opsportal.core.errors import Forbidden, IllegalMove, InvalidInput
from opsportal.obligations.models import Obligation
from tests.governing import Organisation, govern_under, make_organisation, remediates
from tests.makers import NOW, ROOT, make_user
from tests.untouched import refused

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def cast() -> Organisation:
    made = make_organisation()
    govern_under(remediates("critical", "2d"))
    return made


def scan(cast: Organisation, *found: tuple[str, str], at: Any = NOW, **more: Any) -> Scan:
    machine = Actor.service_account(cast.token.account_id, frozenset(["compliance:write"]))
    fields = {"kind": "vulnerability", "service": "pay", "tool": "trivy", "performed_at": at, "whole": True}
    results = [{"id": name, "severity": severity, "title": f"{name} found"} for name, severity in found]
    row, _ = scan_record(actor=machine, now=at, fields={**fields, **more}, results=results)
    return row


def states() -> dict[str, str]:
    return dict(Vulnerability.objects.values_list("reference", "state"))


def move(cast: Organisation, verb: str, text: str = "So", **more: Any) -> Vulnerability:
    row = Vulnerability.objects.get(reference=more.pop("reference", "CVE-1"))
    actor = more.pop("actor", cast.engineer.actor)
    return vulnerability_move(actor=actor, now=more.pop("now", NOW), pk=row.pk, verb=verb, text=text, **more)


def test_what_a_scan_finds_is_owed_by_the_team_within_the_time_of_the_standard(cast: Organisation) -> None:
    first = scan(cast, ("CVE-1", "critical"), ("CVE-2", "low"))
    assert first.counts == {"critical": 1, "high": 0, "medium": 0, "low": 1, "info": 0}
    due = dict(Vulnerability.objects.values_list("reference", "due_at"))
    assert due == {"CVE-1": NOW + 2 * DAY, "CVE-2": NOW + 180 * DAY}
    owed = Obligation.objects.get(subject_kind="vulnerability")
    assert (owed.owner_kind, owed.due_at) == ("user", NOW + 2 * DAY)
    move(cast, "fix", "Upgraded")
    owed.refresh_from_db()
    assert owed.state == "met"


def test_a_later_scan_verifies_what_is_gone_and_reopens_what_is_back(cast: Organisation) -> None:
    scan(cast, ("CVE-1", "critical"), ("CVE-2", "high"))
    second = scan(cast, ("CVE-2", "high"), at=NOW + DAY)
    assert states() == {"CVE-1": "verified", "CVE-2": "open"}
    assert Vulnerability.objects.get(reference="CVE-1").verified_by_scan == second
    scan(cast, ("CVE-1", "critical"), ("CVE-2", "high"), at=NOW + 2 * DAY)
    back = Vulnerability.objects.get(reference="CVE-1")
    assert (back.state, back.episode, back.due_at) == ("open", 2, NOW + 4 * DAY)
    assert Obligation.objects.filter(subject_key=back.key).count() == 2
    # A part of it says nothing about the rest; nor does a report that arrives late.
    scan(cast, at=NOW + 3 * DAY, whole=False)
    scan(cast, at=NOW + DAY)
    assert states() == {"CVE-1": "open", "CVE-2": "open"}


def test_what_somebody_of_another_team_no_longer_sees_is_not_taken_for_gone(cast: Organisation) -> None:
    scan(cast, ("CVE-1", "critical"))
    fields = {
        "kind": "vulnerability",
        "service": "pay",
        "tool": "trivy",
        "performed_at": NOW + DAY,
        "whole": True,
    }
    scan_record(actor=make_user().actor, now=NOW + DAY, fields=fields, results=[])
    assert states() == {"CVE-1": "open"}


def test_the_same_scan_twice_is_one(cast: Organisation) -> None:
    first = scan(cast, ("CVE-1", "critical"), external_id="run-7")
    assert scan(cast, ("CVE-1", "critical"), external_id="run-7") == first
    with refused(InvalidInput, "taken"):
        scan(cast, ("CVE-1", "high"), external_id="run-7")
    assert Scan.objects.count() == 1


def test_nobody_verifies_what_they_fixed(cast: Organisation) -> None:
    scan(cast, ("CVE-1", "critical"))
    move(cast, "fix")
    with refused(Forbidden):
        move(cast, "verify")
    assert move(cast, "verify", actor=cast.newcomer.actor).state == "verified"
    with refused(IllegalMove):
        move(cast, "accept", actor=cast.chief.actor, until=NOW + DAY)


def test_a_risk_is_accepted_by_an_administrator_until_a_day(cast: Organisation) -> None:
    scan(cast, ("CVE-1", "critical"))
    with refused(Forbidden):
        move(cast, "accept", until=NOW + DAY)
    with refused(InvalidInput, "required"):
        move(cast, "accept", actor=cast.chief.actor)
    row = move(cast, "accept", actor=cast.chief.actor, until=NOW + DAY, exception="EXC-1")
    assert (row.state, row.exception_key) == ("accepted", "EXC-1")
    assert vulnerabilities_lapse(actor=ROOT, now=NOW) == 0
    assert vulnerabilities_lapse(actor=ROOT, now=NOW + DAY) == 1
    assert vulnerabilities_lapse(actor=ROOT, now=NOW + DAY) == 0
    row.refresh_from_db()
    assert (row.state, row.due_at) == ("open", NOW + 3 * DAY)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"kind": "guess"}, "unknown"),
        ({"tool": ""}, "required"),
        ({"service": "nowhere"}, "unknown"),
        ({"performed_at": NOW + DAY}, "ahead"),
        ({"whole": "yes"}, "not_a_flag"),
        ({"report": "file:///etc/passwd"}, "not_a_link"),
    ],
)
def test_a_scan_that_is_none_is_refused(cast: Organisation, fields: dict[str, Any], code: str) -> None:
    values = {"kind": "penetration", "tool": "Testers", "performed_at": NOW, **fields}
    with refused(InvalidInput, code):
        scan_record(actor=cast.chief.actor, now=NOW, fields=values)
