"""Handovers: opened by the roster, gone through, signed by both, late; and who shadows."""

from __future__ import annotations

from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from incidents.models import Handover, Incident
from incidents.selectors import roster
from incidents.services.roster.handovers import (
    OWN_LIST,
    handover_note,
    handover_open,
    handover_sign,
    handover_tick,
    handovers_advance,
)
from incidents.services.roster.shadows import shadow_end, shadow_start
from opsportal.audit.models import AuditEntry
from opsportal.core.errors import Conflict, Forbidden, IllegalMove, InvalidInput, Stale
from opsportal.notify.models import Notification, Page
from opsportal.outbox.services import messages_handle
from opsportal.standards.services import standard_activate
from tests.escalating import make_policy
from tests.escalating import step as step_of
from tests.makers import NOW, ROOT, make_service, make_team, make_user
from tests.response import declared, make_crew
from tests.rostering import make_override, make_schedule
from tests.untouched import refused

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
AT = NOW.replace(hour=9, minute=0) + DAY  # Anna hands over to Ben


def handle(at: datetime) -> None:
    while messages_handle(clock=lambda: at):
        pass


@pytest.fixture
def crew() -> Any:
    anna, ben, carla = make_user(name="Anna"), make_user(name="Ben"), make_user(name="Carla")
    schedule = make_schedule(anna, ben, team=make_team("ops", carla).slug)
    handle(NOW)
    return SimpleNamespace(anna=anna, ben=ben, carla=carla, schedule=schedule)


def opened(at: datetime = AT) -> Handover:
    handovers_advance(clock=lambda: at - timedelta(minutes=29))
    return Handover.objects.get()


def ticked(handover: Handover, by: Any, at: datetime = AT) -> None:
    for step in handover.checklist:
        handover_tick(actor=by.actor, now=at, pk=handover.pk, step=step["id"])


def test_however_many_schedules_turn_at_once_each_has_its_handover(
    crew: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(roster, "_MOST_ROWS", 2)
    others = [make_schedule(crew.anna, crew.ben) for _ in range(3)]
    handle(NOW)
    handovers_advance(clock=lambda: AT - timedelta(minutes=29))
    found = set(Handover.objects.values_list("schedule_id", flat=True))
    assert found == {crew.schedule.pk, *(one.pk for one in others)}


def test_it_opens_by_itself_half_an_hour_before_and_once(crew: Any) -> None:
    assert handovers_advance(clock=lambda: AT - timedelta(minutes=31)) == 0
    handover = opened()
    assert (handover.at, handover.outgoing, handover.incoming) == (AT, crew.anna, crew.ben)
    assert handover.late_at == AT + timedelta(hours=1)
    assert [step["id"] for step in handover.checklist] == [step["id"] for step in OWN_LIST]
    assert handovers_advance(clock=lambda: AT) == 0
    handle(AT)
    told = Notification.objects.filter(topic="oncall.handover").values_list("recipient__full_name", flat=True)
    assert sorted(told) == ["Anna", "Ben"]


def test_the_list_is_that_of_the_standard_in_force(crew: Any) -> None:
    standard_activate(actor=ROOT, now=NOW, name="acgs")
    handover = opened()
    assert [step["id"] for step in handover.checklist] == [
        "review-active-incidents",
        "check-system-health-status",
        "verify-constitutional-compliance",
        "review-scheduled-maintenance",
        "update-on-call-notes",
        "test-alerting-channels",
    ]
    assert handover.checklist[0]["source"] == "Handoff Procedures: “review_active_incidents”"
    assert len(handover.standard_hash) == 64


def test_both_sign_what_was_gone_through(crew: Any) -> None:
    handover = opened()
    handover_note(actor=crew.anna.actor, now=AT, pk=handover.pk, notes="The disk of db2 is slow.")
    with refused(Conflict, "steps_open"):
        handover_sign(actor=crew.anna.actor, now=AT, pk=handover.pk)
    ticked(handover, crew.anna)
    assert handover_sign(actor=crew.anna.actor, now=AT, pk=handover.pk).state == "given"
    with refused(IllegalMove):
        handover_sign(actor=crew.anna.actor, now=AT, pk=handover.pk)
    with refused(Conflict, "signed"):
        handover_tick(actor=crew.ben.actor, now=AT, pk=handover.pk, step="notes", done=False)
    with refused(Forbidden):
        handover_sign(actor=crew.carla.actor, now=AT, pk=handover.pk)
    done = handover_sign(actor=crew.ben.actor, now=AT + timedelta(minutes=5), pk=handover.pk)
    assert (done.state, done.due_at, done.closed_at) == ("complete", None, AT + timedelta(minutes=5))
    with refused(Conflict, "over"):
        handover_note(actor=crew.anna.actor, now=AT, pk=handover.pk, notes="Later")
    signed = AuditEntry.objects.filter(object_kind="handover", action="handover.signed")
    assert sorted(entry.actor_id for entry in signed) == sorted([str(crew.anna.pk), str(crew.ben.pk)])


def test_the_open_incidents_are_on_record_but_not_restricted_ones() -> None:
    crew = make_crew()
    anna, ben = make_user(name="Anna"), make_user(name="Ben")
    schedule = make_schedule(anna, ben, team=crew.ledger.owner_team.slug)
    elsewhere = make_service("elsewhere", team=make_team("others"))
    seen = declared(crew)
    declared(crew, title="Secret", visibility="restricted")
    declared(crew, title="Of others", services=[elsewhere.slug])
    given = declared(crew, title="Mine", services=[elsewhere.slug])
    Incident.objects.filter(pk=given.pk).update(assignee=anna)
    named = declared(crew, title="By its policy", services=[elsewhere.slug], policy="ours")
    make_policy(step_of(0, {"kind": "schedule", "key": schedule.slug}))
    by_policy = declared(crew, title="By its policy", services=[elsewhere.slug], policy="ours")
    handover = handover_open(
        actor=anna.actor, now=NOW, schedule=schedule.slug, outgoing=anna.pk, incoming=ben.pk
    )
    ticked(handover, anna, NOW)
    handover_sign(actor=ben.actor, now=NOW, pk=handover.pk)
    assert handover_sign(actor=anna.actor, now=NOW, pk=handover.pk).open_incidents == [
        by_policy.key,
        given.key,
        seen.key,
    ]
    assert named.key not in Handover.objects.get().open_incidents


def test_bad_input_and_strangers_are_refused(crew: Any) -> None:
    handover = opened()
    with refused(InvalidInput, "unknown"):
        handover_tick(actor=crew.anna.actor, now=AT, pk=handover.pk, step="dance")
    stranger = make_user()
    with refused(Forbidden):
        handover_tick(actor=stranger.actor, now=AT, pk=handover.pk, step="notes")
    with refused(Stale):
        handover_note(actor=crew.anna.actor, now=AT, pk=handover.pk, notes="x", version=7)
    same = {"schedule": crew.schedule.slug, "outgoing": crew.anna.pk, "incoming": crew.anna.pk}
    with refused(InvalidInput, "own"):
        handover_open(actor=crew.anna.actor, now=AT, **same)
    with refused(Conflict, "open_already"):
        handover_open(actor=crew.anna.actor, now=AT, **{**same, "incoming": crew.ben.pk})


def test_one_that_is_late_is_told_to_both_and_their_team(crew: Any) -> None:
    opened()
    handle(AT)
    Notification.objects.all().delete()
    late = AT + timedelta(hours=1)
    assert handovers_advance(clock=lambda: late) == 1
    assert handovers_advance(clock=lambda: late) == 0
    handle(late)
    told = Notification.objects.filter(topic="oncall.handover").values_list("recipient__full_name", flat=True)
    assert sorted(told) == ["Anna", "Ben", "Carla"]


def test_one_that_does_not_take_place_is_cancelled(crew: Any) -> None:
    opened()
    early = AT - timedelta(minutes=20)
    make_override(crew.schedule, "replace", crew.anna, start=early, hours=30, now=early)
    handle(early)
    assert handovers_advance(clock=lambda: early) == 1
    assert Handover.objects.get().state == "cancelled"


# --- shadows -----------------------------------------------------------------------------------------


def test_who_shadows_is_told_of_incidents_and_never_paged(crew: Any) -> None:
    learner = make_user(name="Lea")
    shadow = shadow_start(
        actor=learner.actor,
        now=NOW,
        schedule=crew.schedule.slug,
        person=learner.pk,
        follows=crew.anna.pk,
        start=NOW,
        end=NOW + DAY,
    )
    with refused(Conflict, "shadows_already"):
        shadow_start(
            actor=learner.actor, now=NOW, schedule=crew.schedule.slug, person=learner.pk, start=NOW, end=AT
        )
    handle(NOW)
    Notification.objects.all().delete()
    incident = declared(make_crew())
    handle(NOW)
    told = Notification.objects.filter(recipient=learner).values_list("subject", flat=True)
    assert list(told) == [f"{incident.key}: an incident while you shadow ({incident.severity})"]
    assert not Page.objects.filter(recipient=learner).exists()
    assert shadow_end(actor=learner.actor, now=NOW + timedelta(hours=1), pk=shadow.pk).state == "ended"


def test_only_the_learner_and_the_team_set_it(crew: Any) -> None:
    learner = make_user()
    args = {"schedule": crew.schedule.slug, "person": learner.pk, "start": NOW, "end": NOW + DAY}
    with refused(Forbidden):
        shadow_start(actor=crew.anna.actor, now=NOW, **args)
    with refused(InvalidInput, "own"):
        shadow_start(actor=crew.carla.actor, now=NOW, **args, follows=learner.pk)
    with refused(InvalidInput, "ends_before_start"):
        shadow_start(actor=crew.carla.actor, now=NOW, **{**args, "end": NOW})
    assert shadow_start(actor=crew.carla.actor, now=NOW, **args).follows is None
