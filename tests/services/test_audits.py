"""Audits from plan to report: each step, who may take it, and what stands in its way."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from compliance.auditing.sampling import drawn, population_hash
from compliance.models import Audit, EvidenceRequest, Finding, SampleItem, WorkingNote
from compliance.selectors.audits.seen import findings_seen, notes_seen
from compliance.services.audits.actions import action_move
from compliance.services.audits.findings import finding_move
from compliance.services.audits.planning import (
    audit_edit,
    audit_move,
    audit_plan,
    audit_team_set,
    programme_move,
    programme_save,
)
from compliance.services.audits.reports import report_content, report_hash, report_issue
from compliance.services.audits.requests import request_answer, request_move, request_open
from compliance.services.audits.sampling import item_record, population_freeze, population_keys, sample_draw
from compliance.services.audits.testing import control_test_plan, control_test_record, note_write
from opsportal.core.errors import Conflict, Forbidden, IllegalMove, InvalidInput, NotFound, Stale
from opsportal.obligations.models import Obligation
from tests.auditing import (
    SOON,
    Crew,
    accepted,
    action_of,
    finding_of,
    make_crew,
    plan_fields,
    reported,
)
from tests.makers import NOW, grant, make_role, make_token, make_user
from tests.untouched import nothing_written

pytestmark = pytest.mark.django_db


@pytest.fixture
def crew() -> Crew:
    return make_crew()


def asked(crew: Crew, **more: Any) -> EvidenceRequest:
    fields = {"title": "List of leavers", "owner": str(crew.owner.pk), "due_at": SOON, **more}
    return request_open(actor=crew.lead.actor, now=NOW, audit=crew.audit.pk, fields=fields)


def owed(key: str) -> list[str]:
    return list(Obligation.objects.filter(subject_key=key).order_by("id").values_list("state", flat=True))


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"period_until": date(2025, 1, 1)}, "/period_until"),
        ({"period_until": date(2030, 1, 1)}, "/period_until"),
        ({"title": " "}, "/title"),
        ({"kind": "Not A Slug"}, "/kind"),
        ({"services": ["nowhere"]}, "/services"),
        ({"lead": "nobody"}, "/lead"),
        ({"due_at": NOW.replace(tzinfo=None)}, "/due_at"),
        ({"colour": "red"}, "/colour"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused_whole(crew: Crew, wrong: Any, pointer: str) -> None:
    with nothing_written(), pytest.raises(InvalidInput) as refused:
        audit_plan(actor=crew.lead.actor, now=NOW, fields=plan_fields(**wrong))
    assert [error.pointer for error in refused.value.errors] == [pointer]


def test_who_plans_and_who_leads(crew: Crew) -> None:
    with nothing_written(), pytest.raises(Forbidden):
        audit_plan(actor=crew.owner.actor, now=NOW, fields=plan_fields(lead=crew.lead.pk))
    with nothing_written(), pytest.raises(InvalidInput, match="auditor"):
        audit_plan(actor=crew.lead.actor, now=NOW, fields=plan_fields(lead=crew.owner.pk))
    with nothing_written(), pytest.raises(Forbidden, match="lead auditor"):
        audit_move(actor=crew.second.actor, now=NOW, pk=crew.audit.pk, verb="report")
    with nothing_written(), pytest.raises(NotFound):
        audit_move(actor=crew.owner.actor, now=NOW, pk=crew.audit.pk, verb="report")
    assert crew.audit.due_at == crew.audit.ends + timedelta(days=30)


def test_an_entry_of_the_programme_fills_the_plan(crew: Crew) -> None:
    entry = programme_save(
        actor=crew.admin.actor,
        now=NOW,
        fields={
            "title": "Quarterly security audit",
            "kind": "security",
            "every": "quarter",
            "criteria": "Ours",
            "lead": crew.other.pk,
        },
    )
    dates = {"period_from": date(2026, 1, 1), "period_until": date(2026, 3, 31)}
    planned = audit_plan(actor=crew.lead.actor, now=NOW, fields=dates, programme=entry.pk)
    assert (planned.kind, planned.criteria, planned.lead_id) == ("security", "Ours", crew.other.pk)
    with pytest.raises(InvalidInput, match="title"):
        programme_save(
            actor=crew.admin.actor, now=NOW, fields={"title": entry.title, "kind": "x", "every": "year"}
        )
    programme_move(actor=crew.admin.actor, now=NOW, pk=entry.pk, verb="retire")
    with nothing_written(), pytest.raises(InvalidInput, match="programme"):
        audit_plan(actor=crew.lead.actor, now=NOW, fields=dates, programme=entry.pk)


def test_what_is_audited_stands_once_fieldwork_began(crew: Crew) -> None:
    with nothing_written(), pytest.raises(Conflict) as refused:
        audit_edit(actor=crew.lead.actor, now=NOW, pk=crew.audit.pk, fields={"services": "payments"})
    assert refused.value.code == "scope_stands"
    with nothing_written(), pytest.raises(Stale):
        audit_edit(actor=crew.lead.actor, now=NOW, pk=crew.audit.pk, fields={"title": "x"}, version=1)
    row = audit_edit(actor=crew.lead.actor, now=NOW, pk=crew.audit.pk, fields={"objective": "Is it so?"})
    assert row.objective == "Is it so?"


def test_a_population_is_frozen_and_a_sample_drawn_again_is_the_same(crew: Crew) -> None:
    for number in range(12):
        grant(make_role(f"board-{number}"), crew.owner)
    population = population_freeze(actor=crew.lead.actor, now=NOW, audit=crew.audit.pk, kind="holdings")
    keys = population_keys(population)
    assert population.count == len(keys) == 12
    assert population.sha256 == population_hash(keys)
    grant(make_role("board-later"), crew.owner)
    assert population_keys(population) == keys
    sample = sample_draw(
        actor=crew.second.actor, now=NOW, population=population.pk, size=5, seed="2026-annual"
    )
    assert sample.keys == drawn(keys, seed="2026-annual", size=5)
    assert [item.subject_key for item in sample.items.all()] == sample.keys
    with nothing_written(), pytest.raises(Conflict, match="another seed"):
        sample_draw(actor=crew.lead.actor, now=NOW, population=population.pk, size=5, seed="2026-annual")
    for wrong in ({"size": 0}, {"size": 5_001}, {"size": 3, "seed": "short"}):
        with nothing_written(), pytest.raises(InvalidInput):
            sample_draw(actor=crew.lead.actor, now=NOW, population=population.pk, **wrong)
    with nothing_written(), pytest.raises(Forbidden):
        sample_draw(actor=crew.other.actor, now=NOW, population=population.pk, size=3)
    made = sample_draw(actor=crew.lead.actor, now=NOW, population=population.pk, size=100)
    assert made.seed.startswith("20260302-")
    assert sorted(made.keys) == sorted(keys)


def test_tokens_of_the_period_are_a_population_too(crew: Crew) -> None:
    make_token(["gate:read"])
    row = population_freeze(actor=crew.lead.actor, now=NOW, audit=crew.audit.pk, kind="tokens")
    assert row.count == 1
    for kind in ("changes", "deployments", "incidents", "restore_tests"):
        empty = population_freeze(actor=crew.lead.actor, now=NOW, audit=crew.audit.pk, kind=kind)
        assert (empty.count, population_keys(empty)) == (0, [])
    with nothing_written(), pytest.raises(InvalidInput):
        population_freeze(actor=crew.lead.actor, now=NOW, audit=crew.audit.pk, kind="cats")


def test_an_item_needs_a_note_for_an_exception(crew: Crew) -> None:
    grant(make_role("board-x"), crew.owner)
    population = population_freeze(actor=crew.lead.actor, now=NOW, audit=crew.audit.pk, kind="holdings")
    sample = sample_draw(actor=crew.lead.actor, now=NOW, population=population.pk, size=1)
    item = sample.items.get()
    with nothing_written(), pytest.raises(InvalidInput, match="Say what"):
        item_record(actor=crew.lead.actor, now=NOW, pk=item.pk, fields={"result": "exception"})
    fields = {"result": "pass", "evidence": "javascript://x"}
    with nothing_written(), pytest.raises(InvalidInput, match="https"):
        item_record(actor=crew.lead.actor, now=NOW, pk=item.pk, fields=fields)
    fields = {"result": "exception", "note": "Never reviewed", "evidence": "ERQ-1\nhttps://x.example\nERQ-1"}
    row = item_record(actor=crew.second.actor, now=NOW, pk=item.pk, fields=fields, version=1)
    assert row.evidence_lines == ["ERQ-1", "https://x.example"]
    with nothing_written(), pytest.raises(Stale):
        item_record(actor=crew.lead.actor, now=NOW, pk=item.pk, fields={"result": "pass"}, version=1)
    assert SampleItem.objects.get().tested_by_id == crew.second.pk


def test_design_and_operation_are_told_apart(crew: Crew) -> None:
    for kind in ("design", "operating"):
        fields = {"control": "SOC2-CC8.1", "title": "Changes are approved", "kind": kind}
        control_test_plan(actor=crew.lead.actor, now=NOW, audit=crew.audit.pk, fields=fields)
    design, operating = crew.audit.tests.order_by("id")
    with nothing_written(), pytest.raises(InvalidInput):
        control_test_record(actor=crew.lead.actor, now=NOW, pk=design.pk, fields={"result": "met"})
    control_test_record(
        actor=crew.lead.actor, now=NOW, pk=design.pk, fields={"result": "met", "work": "Read the policy."}
    )
    operating.refresh_from_db()
    assert operating.result == ""
    with nothing_written(), pytest.raises(Conflict) as refused:
        audit_move(actor=crew.lead.actor, now=NOW, pk=crew.audit.pk, verb="report")
    assert refused.value.code == "tests_open"


def test_working_notes_are_for_the_team_alone(crew: Crew) -> None:
    note = note_write(actor=crew.second.actor, now=NOW, audit=crew.audit.pk, text="Ask Owen again")
    assert list(notes_seen(crew.lead.actor)) == [note]
    for person in (crew.other, crew.admin, crew.owner, make_user(is_guest=True)):
        assert not notes_seen(person.actor).exists()
    with nothing_written(), pytest.raises(Forbidden):
        note_write(actor=crew.other.actor, now=NOW, audit=crew.audit.pk, text="x")
    assert WorkingNote.objects.count() == 1


def test_a_request_is_asked_answered_sent_back_and_accepted(crew: Crew) -> None:
    row = asked(crew)
    assert owed(row.key) == ["open"]
    with nothing_written(), pytest.raises(InvalidInput, match="An auditor reads"):
        asked(crew, owner=str(crew.second.pk))
    audit_team_set(actor=crew.lead.actor, now=NOW, pk=crew.audit.pk, team=[crew.second.pk, crew.admin.pk])
    with nothing_written(), pytest.raises(InvalidInput, match="does not work"):
        asked(crew, owner=str(crew.admin.pk))
    audit_team_set(actor=crew.lead.actor, now=NOW, pk=crew.audit.pk, team=[crew.second.pk])
    with nothing_written(), pytest.raises(InvalidInput, match="ahead"):
        asked(crew, due_at=NOW)
    with nothing_written(), pytest.raises(Forbidden):
        request_answer(actor=crew.admin.actor, now=NOW, pk=row.pk, answer="Here")
    request_answer(actor=crew.owner.actor, now=NOW, pk=row.pk, answer="Here", links="https://x.example")
    assert owed(row.key) == ["met"]
    with nothing_written(), pytest.raises(InvalidInput):
        request_move(actor=crew.lead.actor, now=NOW, pk=row.pk, verb="return")
    back = request_move(
        actor=crew.second.actor, now=NOW, pk=row.pk, verb="return", remark="Of the wrong year"
    )
    assert (back.state, back.rounds) == ("open", 1)
    assert owed(row.key) == ["met", "open"]
    request_answer(actor=crew.owner.actor, now=NOW, pk=row.pk, answer="Now right")
    with nothing_written(), pytest.raises(Forbidden):
        request_move(actor=crew.other.actor, now=NOW, pk=row.pk, verb="accept")
    done = request_move(actor=crew.lead.actor, now=NOW, pk=row.pk, verb="accept")
    assert (done.state, done.settled_at) == ("accepted", NOW)
    with nothing_written(), pytest.raises(IllegalMove):
        request_answer(actor=crew.owner.actor, now=NOW, pk=row.pk, answer="Again")


def test_a_draft_is_the_teams_alone(crew: Crew) -> None:
    draft = finding_of(crew)
    assert list(findings_seen(crew.second.actor)) == [draft]
    for person in (crew.other, crew.admin, crew.owner):
        assert not findings_seen(person.actor).exists()
    with nothing_written(), pytest.raises(NotFound):
        finding_move(actor=crew.owner.actor, now=NOW, pk=draft.pk, verb="accept", text="x")
    told = finding_move(actor=crew.lead.actor, now=NOW, pk=draft.pk, verb="report")
    assert told.due_at == NOW + timedelta(days=30)
    assert owed(told.key) == ["open"]
    for person in (crew.other, crew.admin, crew.owner):
        assert list(findings_seen(person.actor)) == [told]
    assert not findings_seen(crew.doer.actor).exists()


def test_a_finding_is_owned_by_somebody_who_does_not_audit(crew: Crew) -> None:
    with nothing_written(), pytest.raises(InvalidInput):
        finding_of(crew, severity="awful")
    draft = finding_of(crew, owner=None)
    with nothing_written(), pytest.raises(InvalidInput) as refused:
        finding_move(actor=crew.lead.actor, now=NOW, pk=draft.pk, verb="report")
    assert [error.pointer for error in refused.value.errors] == ["/owner"]
    with nothing_written(), pytest.raises(InvalidInput, match="An auditor reads"):
        finding_of(crew, owner=str(crew.second.pk))
    audit_team_set(actor=crew.lead.actor, now=NOW, pk=crew.audit.pk, team=[crew.admin.pk])
    mine = finding_of(crew, owner=str(crew.admin.pk))
    with nothing_written(), pytest.raises(InvalidInput, match="audits"):
        finding_move(actor=crew.lead.actor, now=NOW, pk=mine.pk, verb="report")


def test_from_dispute_over_action_to_closed(crew: Crew) -> None:
    row = reported(crew)
    with nothing_written(), pytest.raises(Forbidden):
        finding_move(actor=crew.lead.actor, now=NOW, pk=row.pk, verb="accept", text="x")
    with nothing_written(), pytest.raises(InvalidInput):
        finding_move(actor=crew.owner.actor, now=NOW, pk=row.pk, verb="dispute")
    finding_move(actor=crew.owner.actor, now=NOW, pk=row.pk, verb="dispute", text="It was approved")
    finding_move(actor=crew.second.actor, now=NOW, pk=row.pk, verb="uphold", text="Not in time")
    finding_move(actor=crew.owner.actor, now=NOW, pk=row.pk, verb="accept", text="We agree")
    action = action_of(crew, row)
    assert Finding.objects.get().state == "remediating"
    with nothing_written(), pytest.raises(Conflict) as refused:
        finding_move(actor=crew.lead.actor, now=NOW, pk=row.pk, verb="verify", text="Fine")
    assert refused.value.code == "actions_open"
    with nothing_written(), pytest.raises(Forbidden):
        action_move(actor=crew.lead.actor, now=NOW, pk=action.pk, verb="finish", text="Done")
    action_move(actor=crew.doer.actor, now=NOW, pk=action.pk, verb="finish", text="The gate asks")
    for person in (crew.doer, crew.owner, crew.other):
        with nothing_written(), pytest.raises((Forbidden, NotFound)):
            action_move(actor=person.actor, now=NOW, pk=action.pk, verb="verify", text="Fine")
    action_move(actor=crew.lead.actor, now=NOW, pk=action.pk, verb="return", text="Not in staging")
    action_move(actor=crew.owner.actor, now=NOW, pk=action.pk, verb="finish", text="There too")
    action_move(actor=crew.lead.actor, now=NOW, pk=action.pk, verb="verify", text="5 of 5 asked")
    finding_move(actor=crew.lead.actor, now=NOW, pk=row.pk, verb="verify", text="Re-tested: 5 of 5")
    assert owed(row.key) == ["met"]
    assert owed(action.key) == ["met", "met"]
    done = finding_move(actor=crew.second.actor, now=NOW, pk=row.pk, verb="close")
    assert (done.state, done.closed_at, done.outcome) == ("closed", NOW, "Re-tested: 5 of 5")
    again = finding_move(actor=crew.lead.actor, now=NOW, pk=row.pk, verb="reopen", text="It came back")
    assert (again.state, again.verified_by_id) == ("remediating", None)


def test_an_action_is_for_an_accepted_finding_and_nobody_of_the_team(crew: Crew) -> None:
    told = reported(crew)
    with nothing_written(), pytest.raises(IllegalMove):
        action_of(crew, told)
    row = accepted(crew)
    with nothing_written(), pytest.raises(InvalidInput):
        action_of(crew, row, owner=str(crew.lead.pk))
    with nothing_written(), pytest.raises(InvalidInput, match="ahead"):
        action_of(crew, row, due_at=NOW)


def test_the_report_is_frozen_and_the_audit_closed(crew: Crew) -> None:
    accepted(crew)
    lead, pk = crew.lead.actor, crew.audit.pk
    open_request = asked(crew)
    with nothing_written(), pytest.raises(Conflict) as refused:
        audit_move(actor=lead, now=NOW, pk=pk, verb="report")
    assert refused.value.code == "requests_open"
    request_move(actor=lead, now=NOW, pk=open_request.pk, verb="cancel", remark="Not needed")
    audit_move(actor=lead, now=NOW, pk=pk, verb="report")
    with nothing_written(), pytest.raises(InvalidInput) as wrong:
        report_issue(actor=lead, now=NOW, pk=pk)
    assert [error.pointer for error in wrong.value.errors] == ["/opinion", "/conclusion"]
    with nothing_written(), pytest.raises(Conflict, match="report first"):
        audit_move(actor=lead, now=NOW, pk=pk, verb="close")
    fields = {"opinion": "effective_with_exceptions", "conclusion": "Good but for one thing."}
    audit_edit(actor=lead, now=NOW, pk=pk, fields=fields)
    with nothing_written(), pytest.raises(Forbidden):
        report_issue(actor=crew.admin.actor, now=NOW, pk=pk)
    report = report_issue(actor=lead, now=NOW, pk=pk)
    assert report.content_hash == report_hash(report.content)
    assert [finding["severity"] for finding in report.content["findings"]] == ["high"]
    closed = audit_move(actor=lead, now=NOW, pk=pk, verb="close")
    assert (closed.state, closed.closed_at) == ("closed", NOW)
    assert report_content(Audit.objects.get(pk=pk)) == report.content
    for verb in ("resume", "cancel", "begin"):
        with nothing_written(), pytest.raises((IllegalMove, InvalidInput)):
            audit_move(actor=lead, now=NOW, pk=pk, verb=verb, reason="x")
    with nothing_written(), pytest.raises(Conflict):
        finding_of(crew)
