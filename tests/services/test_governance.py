"""Decisions, checklists, training, requests of persons, improvements, declarations, readiness."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from compliance.evaluators import judgements
from compliance.models import BoardDecision, ChecklistRun, PersonRequest
from compliance.selectors.declarations import asked
from compliance.selectors.readiness import standings_of
from compliance.selectors.training import lacking
from compliance.services.governance.boards import decision_correct, decision_record
from compliance.services.governance.checklists import (
    checklist_adopt,
    checklist_answer,
    checklist_define,
    checklist_edit,
    checklist_move,
    checklist_sign,
    checklist_start,
)
from compliance.services.governance.improvement import (
    improvement_edit,
    improvement_move,
    improvement_open,
    maturity_assess,
    phase_plan,
)
from compliance.services.governance.requests import (
    contacts_forget,
    person_request_move,
    person_request_receive,
)
from compliance.services.governance.statements import declaration_make, readiness_state
from compliance.services.governance.training import (
    topic_define,
    training_attend,
    training_cancel,
    training_hold,
    training_plan,
)
from opsportal.accounts.models import User
from opsportal.audit.models import AuditEntry
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, Forbidden, IllegalMove, InvalidInput
from opsportal.obligations.models import Obligation
from tests.governing import Organisation, declares, govern_under, make_organisation, ready
from tests.makers import NOW, ROOT, TODAY
from tests.untouched import refused

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def cast() -> Organisation:
    return make_organisation()


def decided(cast: Organisation, **more: Any) -> BoardDecision:
    fields = {"board": "board", "question": "One region or two?", "outcome": "Two.", **more}
    return decision_record(actor=cast.member.actor, now=NOW, fields=fields)


def test_a_board_records_corrects_and_supersedes(cast: Organisation) -> None:
    first = decided(cast, participants=[str(cast.member.pk), str(cast.chief.pk)], links=["chg-7"])
    text = decision_correct(
        actor=cast.member.actor, now=NOW, pk=first.pk, fields={"reasons": "Nearer."}, reason="Forgotten"
    )
    assert (text.number, text.outcome, text.reasons, text.links) == (2, "Two.", "Nearer.", ["CHG-7"])
    second = decided(cast, supersedes=first.key, outcome="Three.")
    assert first.superseded_by == second
    with refused(Conflict, "superseded"):
        decided(cast, supersedes=first.key)
    with refused(InvalidInput, "unchanged"):
        decision_correct(
            actor=cast.member.actor, now=NOW, pk=first.pk, fields={"reasons": "Nearer."}, reason="Again"
        )


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"board": "nobody"}, "unknown"),
        ({"question": " "}, "required"),
        ({"decided_on": "2026-13-01"}, "not_a_day"),
        ({"decided_on": TODAY + DAY}, "ahead"),
        ({"participants": ["somebody"]}, "unknown"),
        ({"links": ["javascript:alert(1)"]}, "not_a_link"),
        ({"supersedes": "DEC-999"}, "unknown"),
        ({"colour": "red"}, "unknown"),
    ],
)
def test_a_decision_that_is_none_is_refused(cast: Organisation, fields: dict[str, Any], code: str) -> None:
    with refused(InvalidInput, code):
        decision_record(
            actor=cast.chief.actor,
            now=NOW,
            fields={"board": "board", "question": "Q", "outcome": "O", **fields},
        )


def test_only_its_members_record_what_a_board_decided(cast: Organisation) -> None:
    with refused(Forbidden):
        decision_record(
            actor=cast.engineer.actor,
            now=NOW,
            fields={"board": "board", "question": "Q", "outcome": "O"},
        )


def answer(item: str, answer: str = "ticked", note: str = "") -> dict[str, str]:
    return {"item": item, "answer": answer, "note": note}


def begun(cast: Organisation, slug: str = "weekly-operations") -> ChecklistRun:
    checklist_adopt(actor=cast.chief.actor, now=NOW, slug=slug)
    return checklist_start(actor=cast.engineer.actor, now=NOW, slug=slug)


def test_a_checklist_is_signed_when_every_item_is_answered(cast: Organisation) -> None:
    run = begun(cast)
    assert (run.first_day, run.last_day) == (date(2026, 3, 2), date(2026, 3, 8))
    assert checklist_start(actor=cast.chief.actor, now=NOW + DAY, slug="weekly-operations") == run
    checklist_answer(actor=cast.engineer.actor, now=NOW, run=run.pk, answers=[answer("patches")])
    figures = run.answers.get(item="patches").figures
    assert figures == "0 open vulnerabilities, 0 past the deadline."
    with refused(Conflict, "unanswered"):
        checklist_sign(actor=cast.engineer.actor, now=NOW, run=run.pk)
    rest = [
        answer("performance"),
        answer("capacity", "noted", "Storage full in May"),
        answer("documentation"),
        answer("training", "not_applicable", "Everybody is away"),
    ]
    done = checklist_sign(
        actor=cast.engineer.actor, now=NOW, run=run.pk, answers=rest, version=run.version + 1
    )
    assert (done.state, done.signed_by, done.signed_at) == ("signed", cast.engineer, NOW)
    with refused(IllegalMove):
        checklist_answer(actor=cast.engineer.actor, now=NOW, run=run.pk, answers=[answer("patches")])


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        (answer("weather"), "/answers/0/item"),
        (answer("patches", "perhaps"), "/answers/0/answer"),
        (answer("patches", "not_applicable"), "/answers/0/note"),
    ],
)
def test_an_answer_that_is_none_is_refused(cast: Organisation, given: dict[str, str], pointer: str) -> None:
    run = begun(cast)
    with refused(InvalidInput) as refusal:
        checklist_answer(actor=cast.engineer.actor, now=NOW, run=run.pk, answers=[given])
    assert refusal.value.errors[0].pointer == pointer


def test_a_run_keeps_the_items_it_began_with(cast: Organisation) -> None:
    checklist_define(
        actor=cast.chief.actor,
        now=NOW,
        fields={"slug": "own", "title": "Own", "period": "day", "items": ["One", "Two"]},
    )
    run = checklist_start(actor=cast.engineer.actor, now=NOW, slug="own")
    changed = checklist_edit(actor=cast.chief.actor, now=NOW, slug="own", fields={"items": ["Three"]})
    assert (changed.edition, [item.text for item in run.edition.listed]) == (2, ["One", "Two"])
    checklist_move(actor=cast.chief.actor, now=NOW, slug="own", verb="retire")
    with refused(Conflict, "retired"):
        checklist_start(actor=cast.engineer.actor, now=NOW + DAY, slug="own")
    with refused(InvalidInput, "ahead"):
        checklist_start(actor=cast.engineer.actor, now=NOW, slug="own", on=TODAY + DAY)
    with refused(Forbidden):
        checklist_adopt(actor=cast.engineer.actor, now=NOW, slug="daily-operations")


def test_training_counts_for_who_was_there_while_it_is_fresh(cast: Organisation) -> None:
    topic = topic_define(
        actor=cast.chief.actor,
        now=NOW,
        fields={"slug": "security", "title": "Security", "audience": "team", "audience_key": "payments"},
    )
    training = training_plan(
        actor=cast.chief.actor, now=NOW, topic="security", fields={"at": NOW, "trainer": "A. Guest"}
    )
    assert {person for person, _ in lacking(topic, NOW)} == {cast.engineer.pk, cast.newcomer.pk}
    held = training_hold(
        actor=cast.chief.actor,
        now=NOW + DAY,
        pk=training.pk,
        attended=[str(cast.engineer.pk)],
        absent=[str(cast.newcomer.pk)],
    )
    assert held.state == "held"
    assert lacking(topic, NOW + DAY) == [(cast.newcomer.pk, None)]
    training_attend(actor=cast.chief.actor, now=NOW + DAY, pk=training.pk, attended=[str(cast.newcomer.pk)])
    assert lacking(topic, NOW + DAY) == []
    assert len(lacking(topic, NOW + 366 * DAY)) == 2
    assert "A. Guest" not in str(list(training.history.values()))


def test_training_that_cannot_be_is_refused(cast: Organisation) -> None:
    topic_define(actor=cast.chief.actor, now=NOW, fields={"slug": "security", "title": "Security"})
    ahead = training_plan(actor=cast.chief.actor, now=NOW, topic="security", fields={"at": NOW + DAY})
    someone = [str(cast.engineer.pk)]
    with refused(Conflict, "ahead"):
        training_hold(actor=cast.chief.actor, now=NOW, pk=ahead.pk, attended=someone)
    with refused(InvalidInput, "required"):
        training_hold(actor=cast.chief.actor, now=NOW + 2 * DAY, pk=ahead.pk, attended=[])
    with refused(InvalidInput, "twice"):
        training_hold(
            actor=cast.chief.actor, now=NOW + 2 * DAY, pk=ahead.pk, attended=someone, absent=someone
        )
    training_cancel(actor=cast.chief.actor, now=NOW, pk=ahead.pk, reason="Ill")
    with refused(IllegalMove):
        training_hold(actor=cast.chief.actor, now=NOW + 2 * DAY, pk=ahead.pk, attended=someone)


def asked_for(cast: Organisation, **more: Any) -> PersonRequest:
    fields = {"kind": "access", "reference": "C-4711", "contact": "jane@example.com", **more}
    return person_request_receive(actor=cast.engineer.actor, now=NOW, fields=fields)


def step(cast: Organisation, row: PersonRequest, verb: str, text: str = "Done", **more: Any) -> PersonRequest:
    at = more.pop("now", NOW)
    return person_request_move(actor=cast.engineer.actor, now=at, pk=row.pk, verb=verb, text=text, **more)


def test_a_request_is_answered_within_a_month_and_then_forgotten(cast: Organisation) -> None:
    row = asked_for(cast, received_at=datetime(2026, 1, 31, 8, tzinfo=UTC))
    assert row.due_at == datetime(2026, 2, 28, 8, tzinfo=UTC)
    with refused(IllegalMove):
        step(cast, row, "answer")
    step(cast, row, "identify", "Called back under the number on file")
    extended = step(cast, row, "extend", "Three archives")
    assert extended.due_at == datetime(2026, 4, 28, 8, tzinfo=UTC)
    with refused(Conflict, "extended"):
        step(cast, row, "extend", "Four archives")
    done = step(cast, row, "answer", "Sent by post")
    assert (done.state, done.contact) == ("answered", "jane@example.com")
    assert contacts_forget(actor=ROOT, now=NOW + 29 * DAY) == 0
    assert contacts_forget(actor=ROOT, now=NOW + 30 * DAY) == 1
    assert contacts_forget(actor=ROOT, now=NOW + 30 * DAY) == 0
    row.refresh_from_db()
    assert row.contact == ""
    kept = str(list(row.history.values())) + str([bytes(one.canonical) for one in AuditEntry.objects.all()])
    assert "jane@example.com" not in kept


def test_a_member_who_asks_for_deletion_is_erased_here_first(cast: Organisation) -> None:
    row = asked_for(cast, kind="deletion", member=str(cast.newcomer.pk), handler=str(cast.chief.pk))
    chief = cast.chief.actor
    person_request_move(actor=chief, now=NOW, pk=row.pk, verb="identify", text="Signed in")
    with refused(Conflict, "not_erased"):
        person_request_move(actor=chief, now=NOW, pk=row.pk, verb="answer", text="Done")
    person_request_move(actor=chief, now=NOW, pk=row.pk, verb="erase")
    assert User.objects.get(pk=cast.newcomer.pk).erased_at == NOW
    done = person_request_move(actor=chief, now=NOW, pk=row.pk, verb="answer", text="Everything is gone")
    assert done.state == "answered"
    other = asked_for(cast)
    step(cast, other, "identify")
    with refused(Conflict, "not_deletion"):
        step(cast, other, "erase")
    with refused(Forbidden):
        person_request_move(actor=cast.member.actor, now=NOW, pk=other.pk, verb="refuse", text="No")


def test_an_improvement_is_owed_by_its_owner_until_it_is_done(cast: Organisation) -> None:
    days = {"first_day": TODAY, "last_day": TODAY + 28 * DAY}
    phase_plan(actor=cast.chief.actor, now=NOW, fields={"number": 1, "title": "Foundation", **days})
    fields = {"phase": 1, "title": "Automate restore tests", "owner": str(cast.engineer.pk)}
    item = improvement_open(actor=cast.chief.actor, now=NOW, fields=fields)
    assert item.due_at.date() == TODAY + 28 * DAY
    improvement_edit(actor=cast.chief.actor, now=NOW, pk=item.pk, fields={"owner": str(cast.newcomer.pk)})
    improvement_move(actor=cast.newcomer.actor, now=NOW, pk=item.pk, verb="start")
    improvement_move(actor=cast.newcomer.actor, now=NOW, pk=item.pk, verb="finish", text="They run")
    rows = Obligation.objects.filter(subject_key=item.key).order_by("id")
    assert [(row.owner_key, row.state) for row in rows] == [
        (str(cast.engineer.pk), "void"),
        (str(cast.newcomer.pk), "met"),
    ]
    with refused(InvalidInput, "required"):
        improvement_move(actor=cast.chief.actor, now=NOW, pk=item.pk, verb="reopen")
    row = maturity_assess(actor=cast.chief.actor, now=NOW, fields={"level": 3, "target": 4})
    assert (row.level, row.target) == (3, 4)
    with refused(InvalidInput, "unknown"):
        maturity_assess(actor=cast.chief.actor, now=NOW, fields={"level": 6, "target": 4})


def test_what_a_rule_asks_is_declared_by_whom_it_names(cast: Organisation) -> None:
    govern_under(declares("encryption"), declares("owners", per="service", every="quarter"))
    assert [(one.rule, one.subject.key, one.due.status) for one in asked(NOW)] == [
        ("owners", "pay", "no_data"),
        ("encryption", "organisation", "no_data"),
    ]
    row = declaration_make(
        actor=cast.member.actor,
        now=NOW,
        fields={"rule": "encryption", "text": "All disks are encrypted.", "evidence": "AUD-3"},
    )
    assert (row.name, row.subject_key) == ("encryption", "organisation")
    assert {one.rule: one.due.status for one in asked(NOW)} == {"owners": "no_data", "encryption": "met"}
    assert {one.rule: one.due.status for one in asked(NOW + 366 * DAY)}["encryption"] == "breached"
    with refused(Forbidden):
        declaration_make(actor=cast.engineer.actor, now=NOW, fields={"rule": "encryption", "text": "So"})
    with refused(InvalidInput, "required"):
        declaration_make(actor=cast.member.actor, now=NOW, fields={"rule": "owners", "text": "So"})
    with refused(InvalidInput, "unknown"):
        declaration_make(actor=cast.member.actor, now=NOW, fields={"rule": "nothing", "text": "So"})


def test_rules_are_judged_by_what_is_declared_and_known(cast: Organisation) -> None:
    standard = govern_under(
        declares("encryption"),
        ready("logs-kept", "logs"),
        ready("traced", "traces", when='service.tier == "core"'),
        ready("critical-only", "runbook", when='service.tier == "critical"'),
    )
    judged = judgements(standard, NOW)
    assert {rule: [one.status for one in found] for rule, found in judged.items()} == {
        "encryption": ["no_data"],
        "logs-kept": ["met"],
        "traced": ["no_data"],
        "critical-only": [],
    }
    assert judged["traced"][0].deliverer == "Payments"
    assert judged["encryption"][0].deliverer == "The board"
    fields = {"item": "traces", "status": "not_met", "text": "Broken"}
    readiness_state(actor=cast.engineer.actor, now=NOW, service="pay", fields=fields)
    assert judgements(standard, NOW)["traced"][0].status == "breached"


def test_readiness_is_what_is_seen_and_what_its_team_states(cast: Organisation) -> None:
    found = {item: one.status for item, one in standings_of(cast.service, NOW).items()}
    assert found["logs"] == "met"
    assert {found[item] for item in ("traces", "alert", "runbook", "on_call", "rollback")} == {"no_data"}
    fields = {"item": "traces", "status": "not_met", "text": "Not sampled yet"}
    readiness_state(actor=cast.engineer.actor, now=NOW, service="pay", fields=fields)
    readiness_state(
        actor=cast.engineer.actor,
        now=NOW,
        service="pay",
        fields={**fields, "status": "met", "text": "They are"},
    )
    assert standings_of(cast.service, NOW)["traces"].status == "met"
    over = standings_of(cast.service, NOW + 181 * DAY)["traces"]
    assert (over.status, over.because) == ("no_data", "Stated: They are This ran out.")
    with refused(Forbidden):
        readiness_state(actor=cast.member.actor, now=NOW, service="pay", fields=fields)
    with refused(InvalidInput, "past"):
        readiness_state(
            actor=cast.engineer.actor, now=NOW, service="pay", fields={**fields, "valid_until": NOW}
        )


def test_no_machine_signs_or_declares(cast: Organisation) -> None:
    machine = Actor.service_account(cast.token.account_id, frozenset(["compliance:write"]))
    checklist_adopt(actor=cast.chief.actor, now=NOW, slug="daily-operations")
    with refused(Forbidden):
        checklist_start(actor=machine, now=NOW, slug="daily-operations")
    with refused(Forbidden):
        declaration_make(actor=machine, now=NOW, fields={"rule": "encryption", "text": "So"})
