"""Two at once in an audit: one wins, the other is told so (409), and nothing stands twice."""

from __future__ import annotations

from typing import Any

import pytest

from compliance.models import CorrectiveAction, EvidenceRequest, Finding, Sample, SampleItem
from compliance.services.audits.actions import action_move
from compliance.services.audits.findings import finding_move
from compliance.services.audits.requests import request_answer, request_move, request_open
from compliance.services.audits.sampling import population_freeze, sample_draw
from opsportal.audit.models import AuditEntry
from opsportal.core.errors import Refusal
from opsportal.obligations.models import Obligation
from tests.auditing import SOON, Crew, accepted, action_of, make_crew, reported
from tests.databases import Database
from tests.makers import NOW, grant, make_role
from tests.racing import race


@pytest.fixture
def crew(fresh_database: Database) -> Crew:
    return make_crew()


def entries(action: str) -> int:
    return AuditEntry.objects.filter(action=action).count()


def one_won(results: list[object]) -> None:
    """Assert that one of the results is a row, and the others are told that they came too late."""
    lost = [one for one in results if isinstance(one, Exception)]
    assert len(lost) == len(results) - 1, results
    for one in lost:
        assert isinstance(one, Refusal), one
        assert one.status == 409
        assert one.detail


def test_of_two_draws_of_a_sample_one_stands(crew: Crew) -> None:
    grant(make_role("board-r"), crew.owner)
    population = population_freeze(actor=crew.lead.actor, now=NOW, audit=crew.audit.pk, kind="holdings")
    one_won(
        race(
            *(
                lambda person=person: sample_draw(
                    actor=person.actor, now=NOW, population=population.pk, size=1, seed="2026-annual"
                )
                for person in (crew.lead, crew.second)
            )
        )
    )
    assert (Sample.objects.count(), SampleItem.objects.count(), entries("sample.drawn")) == (1, 1, 1)


def test_of_two_decisions_on_a_finding_one_counts(crew: Crew) -> None:
    row = reported(crew)
    seen: dict[str, Any] = {"actor": crew.owner.actor, "now": NOW, "pk": row.pk, "version": row.version}
    one_won(
        race(
            lambda: finding_move(**seen, verb="accept", text="We agree."),
            lambda: finding_move(**seen, verb="dispute", text="It is not so."),
        )
    )
    found = Finding.objects.get(pk=row.pk)
    assert (found.state, found.response) in {("accepted", "We agree."), ("disputed", "It is not so.")}
    assert found.version == row.version + 1
    assert entries("finding.accepted") + entries("finding.disputed") == 1
    assert Obligation.objects.filter(subject_key=row.key, ended_at=None).count() == 1


def test_of_two_decisions_on_a_corrective_action_one_counts(crew: Crew) -> None:
    action = action_of(crew, accepted(crew))
    doer = crew.doer.actor
    one_won(
        race(
            lambda: action_move(actor=doer, now=NOW, pk=action.pk, verb="finish", text="It asks."),
            lambda: action_move(actor=doer, now=NOW, pk=action.pk, verb="finish", text="Twice."),
        )
    )
    one_won(
        race(
            lambda: action_move(actor=crew.lead.actor, now=NOW, pk=action.pk, verb="verify", text="It asks."),
            lambda: action_move(
                actor=crew.second.actor, now=NOW, pk=action.pk, verb="return", text="It does not."
            ),
        )
    )
    found = CorrectiveAction.objects.get()
    assert found.state in {"verified", "open"}
    assert (found.verified_by_id is None) == (found.state == "open")
    assert entries("corrective_action.verified") + entries("corrective_action.returned") == 1


def test_of_two_answers_and_a_cancellation_one_counts(crew: Crew) -> None:
    wanted = {"title": "Leavers", "owner": str(crew.owner.pk), "due_at": SOON}
    row = request_open(actor=crew.lead.actor, now=NOW, audit=crew.audit.pk, fields=wanted)
    owner = crew.owner.actor
    one_won(
        race(
            lambda: request_answer(actor=owner, now=NOW, pk=row.pk, answer="Nobody left."),
            lambda: request_answer(actor=owner, now=NOW, pk=row.pk, answer="Two left."),
        )
    )
    found = EvidenceRequest.objects.get()
    assert (found.state, found.version, entries("evidence_request.answered")) == ("answered", 2, 1)
    one_won(
        race(
            lambda: request_move(actor=crew.lead.actor, now=NOW, pk=row.pk, verb="accept"),
            lambda: request_move(
                actor=crew.second.actor, now=NOW, pk=row.pk, verb="return", remark="Which year?"
            ),
        )
    )
    open_now = Obligation.objects.filter(subject_key=row.key, ended_at=None).count()
    assert open_now == (1 if EvidenceRequest.objects.get().state == "open" else 0)
