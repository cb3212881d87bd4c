"""Silence tells the next ones: what a tick does, and what it leaves."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from incidents.handlers.escalation import on_page_acknowledged
from incidents.models import Alert, Escalation
from incidents.panels.escalation import of_incident
from incidents.services.escalation.policies import escalation_policy_edit
from incidents.services.escalation.raising import escalation_undelivered
from incidents.services.escalation.watching import escalation_watch, escalations_check
from incidents.services.response.moving import (
    incident_acknowledge,
    incident_mitigate,
    incident_reopen,
    incident_resolve,
)
from incidents.services.response.severity import incident_change_severity
from incidents.services.response.working import incident_escalate
from opsportal.accounts.models import User
from opsportal.calendar.services import working_calendar_set
from opsportal.core.errors import IllegalMove
from opsportal.notify.models import Page
from opsportal.outbox.topics import Message
from tests.alerting import arrival, ingest, make_integration
from tests.escalating import escalation_fresh, log_of, make_policy, person, step, tick, told, waiting
from tests.makers import NOW, ROOT, away
from tests.response import (
    MINUTE,
    Crew,
    declared,
    incident_fresh,
    lines_of,
    make_crew,
    respond_under,
    restricted,
)
from tests.untouched import refused

pytestmark = pytest.mark.django_db

MATRIX = """
[[escalation]]
id = "medium"
title = "Medium"
severity = "sev3"
steps = [{ after = "0m", who = ["assignee"] }, { after = "30m", who = ["role:security"] }]
source = { section = "1", line = 1, quote = "Tell them." }
[[escalation]]
id = "critical"
title = "Critical"
severity = "sev1"
steps = [{ after = "0m", who = ["assignee"] }, { after = "10m", who = ["role:manager"] }]
lapse = "20m"
source = { section = "1", line = 2, quote = "Tell them soon." }
"""


def chain(crew: Crew, **more: Any) -> None:
    """Write the policy `ours`: the responder at once, the second one 5 minutes later, then the manager."""
    make_policy(
        step(0, person(crew.responder)),
        step(5, person(crew.second)),
        step(10, {"kind": "role", "key": "manager"}),
        **more,
    )


def erase_from_reach(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


def test_silence_tells_one_after_the_other_and_the_fallback_in_the_end() -> None:
    crew = make_crew()
    chain(crew)
    incident = declared(crew, policy="ours")
    assert told(incident) == []
    at = {0: crew.responder, 5: crew.second, 15: crew.manager}
    for minute, user in at.items():
        assert tick(NOW + minute * MINUTE - timedelta(seconds=1)) == 0
        assert tick(NOW + minute * MINUTE) == 1
        assert tick(NOW + minute * MINUTE) == 0
        assert told(incident)[-1] == user
    tick(NOW + 30 * MINUTE)
    assert told(incident)[-1].is_staff
    assert escalation_fresh(incident).state == "exhausted"
    assert log_of(incident) == [("told", 0), ("told", 1), ("told", 2), ("told", 3)]
    assert lines_of(incident)[-1] == "escalation_told"
    assert tick(NOW + timedelta(days=1)) == 0


def test_an_edit_of_the_policy_changes_nothing_in_flight() -> None:
    crew = make_crew()
    chain(crew)
    incident = declared(crew, policy="ours")
    before = escalation_fresh(incident).plan
    plan = {"steps": [step(0, person(crew.outsider))]}
    escalation_policy_edit(actor=crew.admin.actor, now=NOW, slug="ours", fields={"plan": plan})
    assert escalation_fresh(incident).plan == before


def test_who_cannot_be_told_is_passed_at_once_and_on_record() -> None:
    crew = make_crew()
    make_policy(step(0, person(crew.responder)), step(5, person(crew.second)), step(5, person(crew.manager)))
    incident = declared(crew, policy="ours")
    erase_from_reach(crew.responder)
    away(crew.second)
    tick(NOW)
    assert told(incident) == [crew.manager]
    assert log_of(incident) == [("passed", 0), ("passed", 1), ("told", 2)]
    skipped = [move.skipped[0]["why"] for move in escalation_fresh(incident).log.order_by("number")[:2]]
    assert skipped == ["unreachable", "away"]


def test_where_nobody_at_all_is_there_it_is_tried_again_and_told_once_they_are_back() -> None:
    crew = make_crew()
    make_policy(step(0, person(crew.responder)))
    incident = declared(crew, policy="ours")
    User.objects.filter(is_active=True).update(is_active=False)
    for minute in (0, 5, 10):
        assert tick(NOW + minute * MINUTE) == 1
    assert log_of(incident) == [("passed", 0), ("nobody", None)]
    User.objects.filter(pk=crew.admin.pk).update(is_active=True)
    tick(NOW + 15 * MINUTE)
    assert told(incident) == [crew.admin]


def test_an_acknowledgement_ends_the_paging_and_lapses() -> None:
    crew = make_crew()
    chain(crew, lapses={"sev1": 1200})
    incident = declared(crew, policy="ours")
    tick(NOW)
    tick(NOW + 5 * MINUTE)
    incident_acknowledge(actor=crew.second.actor, now=NOW + 6 * MINUTE, pk=incident.pk)
    assert waiting(incident) == []
    assert tick(NOW + 20 * MINUTE) == 0
    assert tick(NOW + 26 * MINUTE) == 1
    now = incident_fresh(incident)
    assert (now.state, now.acknowledged_by, now.assignee) == ("triggered", None, crew.second)
    # Paged again from the step that it was at; those before it are left in peace.
    assert waiting(incident) == [crew.second]
    assert lines_of(incident)[-3:] == ["lapsed", "escalation_lapsed", "escalation_told"]
    tick(NOW + 36 * MINUTE)
    assert waiting(incident) == [crew.manager, crew.second]


def test_everyone_has_to_acknowledge_where_the_step_says_so() -> None:
    crew = make_crew()
    make_policy(
        step(0, person(crew.responder), person(crew.second), everyone=True), step(5, person(crew.manager))
    )
    incident = declared(crew, policy="ours")
    tick(NOW)
    incident_acknowledge(actor=crew.responder.actor, now=NOW, pk=incident.pk)
    assert escalation_fresh(incident).state == "running"
    with refused(IllegalMove):
        incident_acknowledge(actor=crew.responder.actor, now=NOW, pk=incident.pk)
    tick(NOW + 5 * MINUTE)
    assert told(incident)[-1] == crew.manager
    incident_acknowledge(actor=crew.second.actor, now=NOW + 6 * MINUTE, pk=incident.pk)
    assert escalation_fresh(incident).state == "acknowledged"
    assert waiting(incident) == []
    with refused(IllegalMove):
        incident_acknowledge(actor=crew.manager.actor, now=NOW, pk=incident.pk)


def test_a_person_has_the_next_ones_told_at_once_though_it_is_acknowledged() -> None:
    crew = make_crew()
    chain(crew)
    incident = declared(crew, policy="ours")
    tick(NOW)
    incident_acknowledge(actor=crew.responder.actor, now=NOW, pk=incident.pk)
    incident_escalate(actor=crew.responder.actor, now=NOW + MINUTE, pk=incident.pk, reason="Too much for me.")
    assert waiting(incident) == [crew.second]
    assert escalation_fresh(incident).state == "running"
    incident_acknowledge(actor=crew.second.actor, now=NOW + 2 * MINUTE, pk=incident.pk)
    assert escalation_fresh(incident).state == "acknowledged"


def test_what_is_over_tells_nobody_and_what_is_opened_again_does() -> None:
    crew = make_crew()
    chain(crew)
    incident = declared(crew, policy="ours")
    tick(NOW)
    incident_mitigate(actor=crew.responder.actor, now=NOW + MINUTE, pk=incident.pk)
    assert (escalation_fresh(incident).state, waiting(incident)) == ("stopped", [])
    incident_reopen(actor=crew.responder.actor, now=NOW + 2 * MINUTE, pk=incident.pk, reason="Again.")
    assert escalation_fresh(incident).state == "acknowledged"
    incident_resolve(actor=crew.responder.actor, now=NOW + 3 * MINUTE, pk=incident.pk)
    assert tick(NOW + timedelta(days=1)) == 0
    incident_reopen(actor=crew.responder.actor, now=NOW + timedelta(days=1), pk=incident.pk, reason="Again.")
    assert tick(NOW + timedelta(days=1)) == 1
    assert waiting(incident) == [crew.responder]
    assert Escalation.objects.filter(incident=incident).count() == 3


def test_the_matrix_of_the_standard_applies_and_a_graver_severity_takes_its_own() -> None:
    crew = make_crew()
    respond_under(MATRIX, version="2")
    incident = declared(crew, severity="sev3")
    Escalation.objects.filter(incident=incident).get()
    assert (escalation_fresh(incident).origin, escalation_fresh(incident).reference) == ("standard", "medium")
    tick(NOW)  # nobody has it: security is told in the first one's place
    assert told(incident) == [crew.security]
    incident_change_severity(
        actor=crew.responder.actor, now=NOW + 12 * MINUTE, pk=incident.pk, severity="sev1", reason="Worse."
    )
    assert escalation_fresh(incident).reference == "critical"
    tick(NOW + 12 * MINUTE)
    assert told(incident) == [crew.security, crew.manager]
    # A lesser one changes nobody's turn.
    before = escalation_fresh(incident).plan
    incident_change_severity(
        actor=crew.responder.actor, now=NOW + 13 * MINUTE, pk=incident.pk, severity="sev3", reason="Better."
    )
    assert escalation_fresh(incident).plan == before


def test_without_anything_the_administrators_are_told() -> None:
    crew = make_crew()
    incident = declared(crew, severity="sev2")
    assert escalation_fresh(incident).origin == "fallback"
    tick(NOW)
    assert told(incident) == [crew.admin]


def test_a_restricted_incident_tells_insiders_only() -> None:
    crew = make_crew()
    make_policy(step(0, person(crew.outsider), {"kind": "role", "key": "security"}))
    incident = declared(crew, by=crew.security, visibility="restricted", policy="ours")
    tick(NOW)
    assert told(incident) == [crew.security]
    move = escalation_fresh(incident).log.get()
    assert [one["why"] for one in move.skipped] == ["outsider"]


@pytest.mark.parametrize("more", [{}, {"visibility": "open"}, {"policy": "security"}])
def test_one_of_security_without_a_policy_of_its_own_begins_with_the_security_team(
    more: dict[str, Any],
) -> None:
    crew = make_crew()
    respond_under(MATRIX, version="2")
    incident = restricted(crew, **more)
    assert escalation_fresh(incident).origin == "standard"
    tick(NOW)
    assert told(incident) == [crew.security]
    shown = of_incident(crew.security.actor, NOW, incident)
    assert shown is not None
    assert shown["insiders_first"] is True


def test_a_policy_that_the_route_names_is_taken_as_it_is_also_for_security() -> None:
    crew = make_crew()
    make_policy(step(0, person(crew.admin)), slug="security")
    incident = restricted(crew, policy="security")
    tick(NOW)
    assert told(incident) == [crew.admin]


def test_a_page_says_how_grave_it_is_what_it_touches_and_which_alerts_there_are() -> None:
    crew = make_crew()
    make_policy(step(0, person(crew.responder)))
    incident = declared(crew, policy="ours", summary="Nothing is booked. " * 30)
    source = make_integration()[0]
    for number in range(4):
        ingest(source, arrival(number, title=f"Disk {number} is full"))
    Alert.objects.update(incident=incident)
    tick(NOW)
    body = Page.objects.get(reference=incident.key).body
    assert "Severity: SEV1 · critical\nServices: Ledger\nAlert: Disk 0 is full\n" in body
    assert "Disk 3" not in body
    assert incident.summary[:290] in body
    assert incident.summary[:310] not in body


def test_low_urgency_is_held_for_working_hours_until_it_is_graver() -> None:
    crew = make_crew()
    weekly_hours(crew)
    chain(crew, hold_low=True)
    evening = NOW.replace(hour=20, minute=0)
    incident = declared(crew, policy="ours", severity="sev3", now=evening)
    tick(evening)
    escalation = escalation_fresh(incident)
    assert (escalation.state, escalation.due_at) == (
        "held",
        NOW.replace(hour=9, minute=0) + timedelta(days=1),
    )
    assert (told(incident), tick(evening + timedelta(hours=1))) == ([], 0)
    incident_change_severity(
        actor=crew.responder.actor, now=evening + MINUTE, pk=incident.pk, severity="sev1", reason="Worse."
    )
    tick(evening + MINUTE)
    assert told(incident) == [crew.responder]
    assert Page.objects.get(reference=incident.key).urgency == "high"


SATURDAY = datetime(2026, 3, 7, 11, tzinfo=UTC)


def weekly_hours(crew: Crew) -> None:
    working_calendar_set(
        actor=crew.admin.actor, now=NOW, zone="UTC", weekdays=[0, 1, 2, 3, 4], opens=time(9), closes=time(17)
    )


def test_on_a_saturday_low_urgency_waits_for_monday_even_where_no_step_reaches_anybody() -> None:
    crew = make_crew()
    weekly_hours(crew)
    make_policy(step(0, {"kind": "on_call", "role": "primary"}), hold_low=True)
    incident = declared(crew, policy="ours", severity="sev3", now=SATURDAY)
    tick(SATURDAY)
    assert (escalation_fresh(incident).state, told(incident)) == ("held", [])
    assert escalation_watch(now=SATURDAY + timedelta(hours=5)) == []
    monday = SATURDAY.replace(hour=9) + timedelta(days=2)
    assert (tick(monday - MINUTE), tick(monday), crew.admin in told(incident)) == (0, 1, True)
    told_all = monday + timedelta(hours=1)
    assert [one.why for one in escalation_watch(now=told_all)] == ["nobody_answers"]
    # It was told in working hours, and nobody has answered: at night nobody is expected to.
    assert escalation_watch(now=monday.replace(hour=20)) == []


def test_where_nobody_said_when_work_is_nothing_is_held() -> None:
    crew = make_crew()
    chain(crew, hold_low=True)
    incident = declared(crew, policy="ours", severity="sev3", now=SATURDAY)
    tick(SATURDAY)
    assert told(incident) == [crew.responder]


def test_the_auditor_says_each_thing_once_an_hour_also_to_the_log() -> None:
    crew = make_crew()
    chain(crew)
    declared(crew, policy="ours")
    with capture_logs() as lines:
        for second in range(120, 240, 15):
            escalation_watch(now=NOW + timedelta(seconds=second))
    assert [line["event"] for line in lines] == ["incidents.stands_still"]


def test_whom_only_the_fallback_reaches_has_time_to_answer_and_is_asked_again_an_hour_later() -> None:
    crew = make_crew()
    make_policy(step(0, {"kind": "on_call", "role": "primary"}))
    incident = declared(crew, policy="ours")
    tick(NOW)
    assert escalation_fresh(incident).state == "exhausted"
    assert escalation_watch(now=NOW + timedelta(seconds=8)) == []
    assert escalation_watch(now=NOW + 5 * MINUTE - timedelta(seconds=1)) == []
    pages = Page.objects.filter(reference=f"standstill:{incident.key}")
    counts = []
    # The clock hour ends meanwhile, which is nobody's affair.
    for minute in (5, 20, 64, 65, 70, 125):
        assert [one.why for one in escalation_watch(now=NOW + minute * MINUTE)] == ["nobody_answers"]
        counts.append(pages.filter(recipient=crew.admin).count())
    assert counts == [1, 1, 1, 2, 2, 3]


def test_a_clock_that_jumps_neither_drops_nor_storms() -> None:
    crew = make_crew()
    chain(crew)
    incident = declared(crew, policy="ours")
    tick(NOW)
    back = NOW - timedelta(days=1)
    assert tick(back) == 1
    assert escalation_fresh(incident).due_at == back + 5 * MINUTE
    tick(back + 5 * MINUTE)
    assert told(incident)[-1] == crew.second or crew.second in told(incident)
    ahead = NOW + timedelta(days=3)
    assert (tick(ahead), tick(ahead), tick(ahead + 9 * MINUTE)) == (1, 0, 0)


def test_the_auditor_finds_what_stands_still_and_says_so_loudly() -> None:
    crew = make_crew()
    chain(crew)
    late, lost = declared(crew, policy="ours"), declared(crew, policy="ours")
    Escalation.objects.filter(incident=lost).delete()
    assert escalation_watch(now=NOW + timedelta(seconds=30)) == []
    found = escalation_watch(now=NOW + 2 * MINUTE)
    assert [(one.key, one.why) for one in found] == [(late.key, "late"), (lost.key, "no_escalation")]
    pages = Page.objects.filter(recipient=crew.admin, urgency="high").values_list("subject", flat=True)
    assert {subject.partition(" ")[0] for subject in pages} == {late.key, lost.key}
    escalation_watch(now=NOW + 3 * MINUTE)
    assert pages.count() == 2
    well, detail = escalations_check()
    assert (well, "INC-" in detail) == (False, False)
    assert ROOT.is_system


def test_where_nobody_got_the_page_the_next_ones_are_told_at_once() -> None:
    crew = make_crew()
    make_policy(step(0, person(crew.responder), person(crew.second)), step(30, person(crew.manager)))
    incident = declared(crew, policy="ours")
    tick(NOW)
    pages = Page.objects.filter(reference=incident.key)
    pages.filter(recipient=crew.responder).update(state="failed")
    assert escalation_undelivered(now=NOW + MINUTE, incident_id=incident.pk) is False
    pages.update(state="failed")
    assert escalation_undelivered(now=NOW + MINUTE, incident_id=incident.pk) is True
    assert escalation_undelivered(now=NOW + MINUTE, incident_id=incident.pk) is False
    tick(NOW + MINUTE)
    assert waiting(incident) == [crew.manager]
    assert log_of(incident) == [("told", 0), ("passed", 0), ("told", 1)]


def test_an_answer_to_a_message_acknowledges_as_that_person_and_comes_to_nothing_when_it_is_late() -> None:
    crew = make_crew()
    chain(crew)
    incident = declared(crew, policy="ours")
    tick(NOW)
    payload = {"reference": incident.key, "user": str(crew.responder.pk), "at": NOW.isoformat()}
    for _ in range(2):
        on_page_acknowledged(Message("notify.page.acknowledged", payload, NOW, "c", uuid4()))
    assert incident_fresh(incident).acknowledged_by == crew.responder
    assert lines_of(incident).count("acknowledged") == 1
    on_page_acknowledged(
        Message("notify.page.acknowledged", {**payload, "reference": "CHG-1"}, NOW, "c", uuid4())
    )
