"""Alerts are put on their way once: one incident for each cause, resolved when all its alerts are over."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from incidents.ingest.arrived import Arrived, Status
from incidents.ingest.pagerduty import Event
from incidents.models import Alert, Incident, Integration
from incidents.selectors.alerts import alerts_seen
from incidents.services.alerts import routing
from incidents.services.alerts.heartbeats import (
    check_create,
    check_pause,
    check_ping,
    check_resume,
    checks_advance,
)
from incidents.services.alerts.ingesting import event_ingest
from incidents.services.alerts.integrations import integration_test
from incidents.services.alerts.routes import route_create, route_move, route_retire, route_update
from incidents.services.alerts.routing import NotRoutedError, alerts_route
from incidents.services.alerts.silence import silences_watch
from incidents.services.response.declaring import incident_declare
from incidents.services.response.moving import (
    incident_acknowledge,
    incident_flare_up,
    incident_mitigate,
    incident_resolve,
)
from opsportal.core.errors import Forbidden, IllegalMove, InvalidInput, NotFound, Stale
from opsportal.core.registry import QuietSpell, quiet_spells
from opsportal.notify.models import Page
from tests.alerting import arrival, ingest, make_integration
from tests.escalating import tick
from tests.makers import NOW, ROOT, make_team, make_user
from tests.response import lines_of, make_crew
from tests.untouched import nothing_written, refused

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=5)


@pytest.fixture
def prometheus() -> Integration:
    make_crew()
    return make_integration()[0]


def route_all(now: datetime = NOW) -> int:
    return alerts_route(clock=lambda: now)


def cause(number: int, of: int, **more: Any) -> Arrived:
    return arrival(number, labels={"alertname": f"Cause{of}", "instance": str(number)}, **more)


def make_route(slug: str = "all", **fields: Any) -> Any:
    return route_create(actor=ROOT, now=NOW, slug=slug, fields={"name": slug.title(), **fields})


def handled() -> list[str]:
    return list(Alert.objects.order_by("id").values_list("handling", flat=True))


def test_a_storm_opens_one_incident_for_each_cause(prometheus: Integration) -> None:
    for start in range(0, 600, 200):
        ingest(prometheus, *(cause(n, n % 5) for n in range(start, start + 200)))
        route_all()
    assert Incident.objects.count() == 5
    assert set(handled()) == {"responded"}
    assert {incident.alerts.count() for incident in Incident.objects.all()} == {120}
    assert route_all(LATER) == 0


def test_an_incident_says_what_its_alerts_say(prometheus: Integration) -> None:
    ingest(
        prometheus,
        arrival(1, labels={"alertname": "Full", "service": "ledger"}, severity="warning"),
        arrival(2, labels={"alertname": "Full", "service": "ledger"}, title="{{7*7}} <b>Full\u202e"),
    )
    route_all()
    incident = Incident.objects.get()
    assert (incident.title, incident.severity, incident.detected_by) == ("{{7*7}} <b>Full", "sev1", "monitor")
    assert [one.service.slug for one in incident.affected.filter(effect="direct")] == ["ledger"]
    assert lines_of(incident) == ["declared", "alerts_joined"]


def test_it_resolves_when_all_of_its_alerts_are_over_and_not_before(prometheus: Integration) -> None:
    ingest(prometheus, cause(1, 1), cause(2, 1))
    route_all()
    ingest(prometheus, cause(1, 1, status="resolved"), now=LATER)
    route_all(LATER)
    # The second one is missing from the next message, which says nothing of it.
    ingest(prometheus, cause(1, 1, status="resolved"), now=LATER)
    route_all(LATER)
    assert Incident.objects.get().state == "triggered"
    ingest(prometheus, cause(2, 1, status="resolved"), now=LATER)
    route_all(LATER)
    assert Incident.objects.get().state == "resolved"
    ingest(prometheus, cause(1, 1, starts_at=LATER), now=LATER)
    route_all(LATER)
    assert sorted(Incident.objects.values_list("state", flat=True)) == ["resolved", "triggered"]


def test_an_alert_that_begins_anew_keeps_its_incident_open(prometheus: Integration) -> None:
    ingest(prometheus, cause(1, 1))
    route_all()
    ingest(prometheus, cause(1, 1, starts_at=LATER), now=LATER)
    route_all(LATER)
    incident = Incident.objects.get()
    assert (incident.state, incident.alerts.count()) == ("triggered", 2)
    assert Alert.objects.filter(due_at__isnull=False).count() == 0


def test_a_route_may_leave_the_end_to_people(prometheus: Integration) -> None:
    make_route(auto_resolve=False)
    ingest(prometheus, cause(1, 1))
    route_all()
    ingest(prometheus, cause(1, 1, status="resolved"), now=LATER)
    route_all(LATER)
    incident = Incident.objects.get()
    assert (incident.state, lines_of(incident)[-1]) == ("triggered", "alerts_over")


def test_what_was_over_before_it_was_routed_opens_nothing(prometheus: Integration) -> None:
    ingest(prometheus, cause(1, 1))
    ingest(prometheus, cause(1, 1, status="resolved"))
    route_all()
    assert (handled(), Incident.objects.count()) == (["kept"], 0)


def events(source: Integration, *actions: Status) -> None:
    for status in actions:
        alert = arrival(1, status=status, starts_at=None, keeps_unseen_end=False)
        event_ingest(actor=ROOT, now=NOW, integration=source, event=Event("k", alert), body=b"{}")


@pytest.mark.parametrize("acknowledged", [False, True])
def test_a_trigger_of_pagerduty_opens_its_incident_though_it_came_and_went_and_pages_nobody(
    prometheus: Integration, acknowledged: bool
) -> None:
    taken: tuple[Status, ...] = ("acknowledged",) if acknowledged else ()
    events(prometheus, "firing", *taken, "resolved")
    route_all()
    incident = Incident.objects.get()
    assert (incident.state, incident.acknowledged_at is not None) == ("resolved", acknowledged)
    assert (handled(), incident.alerts.count()) == (["responded"], 1)
    assert lines_of(incident)[:2] == ["declared", "alerts_joined"]
    assert (tick(LATER), Page.objects.count(), route_all(LATER)) == (0, 0, 0)


def test_what_pagerduty_acknowledges_at_once_pages_nobody(prometheus: Integration) -> None:
    events(prometheus, "firing", "acknowledged")
    route_all()
    assert (Incident.objects.get().state, tick(NOW), Page.objects.count()) == ("acknowledged", 0, 0)


def test_a_trigger_that_came_and_went_obeys_its_route(prometheus: Integration) -> None:
    make_route(action="keep")
    events(prometheus, "firing", "resolved")
    route_all()
    assert (handled(), Incident.objects.count()) == (["kept"], 0)


def test_one_that_begins_anew_before_it_is_routed_stays_open(prometheus: Integration) -> None:
    events(prometheus, "firing", "resolved", "firing")
    route_all()
    incident = Incident.objects.get()
    assert (incident.state, incident.alerts.count()) == ("triggered", 2)
    events(prometheus, "resolved")
    route_all(LATER)
    assert Incident.objects.get().state == "resolved"


def test_an_acknowledgement_by_the_sender_is_passed_on(prometheus: Integration) -> None:
    ingest(prometheus, cause(1, 1))
    route_all()
    ingest(prometheus, cause(1, 1, status="acknowledged"), now=LATER)
    route_all(LATER)
    assert Incident.objects.get().state == "acknowledged"


def test_an_acknowledgement_does_not_outlive_the_alerts_that_it_was_given_for(
    prometheus: Integration,
) -> None:
    ingest(prometheus, cause(1, 1), cause(2, 1))
    route_all()
    tick(NOW)
    incident = Incident.objects.get()
    incident_acknowledge(actor=ROOT, now=NOW, pk=incident.pk)
    pages = Page.objects.count()
    # While one that it was given for goes on, what joins is in the same hands.
    ingest(prometheus, cause(1, 1, starts_at=LATER), cause(3, 1, starts_at=LATER), now=LATER)
    route_all(LATER)
    assert Incident.objects.get().state == "acknowledged"
    # All of them end, and one fires again before anybody looked.
    ingest(prometheus, cause(2, 1, starts_at=LATER), now=LATER)
    route_all(LATER)
    found = Incident.objects.get()
    assert (found.state, lines_of(found)[-2:]) == ("triggered", ["lapsed", "escalation_lapsed"])
    tick(LATER)
    assert Page.objects.count() > pages


def test_an_alert_that_joins_a_mitigated_incident_pages_again(prometheus: Integration) -> None:
    ingest(prometheus, cause(1, 1))
    route_all()
    tick(NOW)
    incident = Incident.objects.get()
    incident_acknowledge(actor=ROOT, now=NOW, pk=incident.pk)
    incident_mitigate(actor=ROOT, now=NOW, pk=incident.pk, text="Restarted.")
    pages = Page.objects.count()
    # What it has already, told once more, changes nothing.
    ingest(prometheus, cause(1, 1), now=LATER)
    route_all(LATER)
    tick(LATER)
    assert (Incident.objects.get().state, Page.objects.count()) == ("mitigated", pages)
    ingest(prometheus, cause(2, 1, starts_at=LATER), now=LATER)
    route_all(LATER)
    found = Incident.objects.get()
    assert (found.state, found.mitigated_at, found.acknowledged_by) == ("triggered", None, None)
    assert lines_of(found)[-2:] == ["alerts_joined", "reopened"]
    tick(LATER)
    assert Page.objects.count() > pages
    someone = make_user().actor
    with refused(Forbidden):
        incident_flare_up(actor=someone, now=LATER, pk=incident.pk)


def test_an_incident_that_people_resolved_stays_resolved_while_its_alert_is_repeated(
    prometheus: Integration,
) -> None:
    ingest(prometheus, cause(1, 1))
    route_all()
    incident_resolve(actor=ROOT, now=NOW, pk=Incident.objects.get().pk)
    ingest(prometheus, cause(1, 1), now=LATER)
    assert route_all(LATER) == 0
    ingest(prometheus, cause(1, 1, status="resolved"), now=LATER)
    route_all(LATER)
    assert Incident.objects.get().state == "resolved"


def test_what_fails_is_tried_again_and_holds_up_nobody(
    prometheus: Integration, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest(prometheus, cause(1, 1), cause(2, 2))
    declare = incident_declare

    def fails_once(**values: Any) -> Any:
        if "Cause1" in values["group_key"]:
            raise RuntimeError("no")
        return declare(**values)

    monkeypatch.setattr(routing, "incident_declare", fails_once)
    with pytest.raises(NotRoutedError):
        route_all()
    assert sorted(handled()) == ["responded", "waiting"]
    monkeypatch.undo()
    assert route_all(NOW + routing.LEASE - timedelta(seconds=1)) == 0
    route_all(NOW + routing.LEASE)
    assert Incident.objects.count() == 2


@pytest.fixture
def spells() -> Any:
    announced: list[QuietSpell] = []
    name = "tests.spells"
    quiet_spells.add(name, lambda _services, _start, _end: announced)
    yield announced
    quiet_spells._entries.pop(name)


def test_announced_work_suppresses_and_what_still_fires_afterwards_is_an_incident(
    prometheus: Integration, spells: list[QuietSpell]
) -> None:
    make_route(suppress_in_windows=True)
    end = NOW + timedelta(minutes=3)
    spells.append(QuietSpell("CHG-7", "Upgrade", NOW, end, "/changes/CHG-7/", ("ledger",)))
    labels = {"alertname": "Down", "service": "ledger"}
    ingest(prometheus, arrival(1, labels=labels), arrival(2, labels=labels), cause(3, 1))
    route_all()
    assert handled() == ["suppressed", "suppressed", "responded"]
    assert set(Alert.objects.filter(handling="suppressed").values_list("suppressed_by", "due_at")) == {
        ("CHG-7", end)
    }
    ingest(prometheus, arrival(2, "resolved", labels=labels))
    route_all(end - timedelta(seconds=1))
    spells.clear()
    route_all(end)
    assert handled() == ["responded", "kept", "responded"]
    assert Alert.objects.get(fingerprint=f"{1:016x}").suppressed_by == ""


def test_security_is_restricted_and_seen_by_few(prometheus: Integration) -> None:
    ingest(prometheus, arrival(1, category="security"))
    route_all()
    incident = Incident.objects.get()
    assert (incident.visibility, incident.security, incident.policy) == ("restricted", True, "security")
    outsider = make_user()
    assert not alerts_seen(outsider.actor, NOW).exists()
    assert alerts_seen(make_user(staff=True).actor, NOW).exists()


def test_the_test_button_goes_the_whole_way(prometheus: Integration) -> None:
    integration_test(actor=ROOT, now=NOW, slug="prometheus")
    route_all()
    assert Incident.objects.get().severity == "sev4"
    integration_test(actor=ROOT, now=LATER, slug="prometheus", status="resolved")
    route_all(LATER)
    assert Incident.objects.get().state == "resolved"


def test_routes_are_ordered_versioned_and_an_administrators() -> None:
    first, second = (
        make_route("first"),
        make_route("second", matchers=[{"label": "a", "op": "is", "value": "1"}]),
    )
    route_move(actor=ROOT, now=NOW, slug="second", up=True)
    first.refresh_from_db(), second.refresh_from_db()
    assert (second.position, first.position, first.version) == (1, 2, 2)
    changed = route_update(actor=ROOT, now=NOW, slug="first", fields={"severity": "critical"}, version=2)
    assert (changed.severity, changed.version, changed.history.count()) == ("sev1", 3, 3)
    with refused(Stale):
        route_update(actor=ROOT, now=NOW, slug="first", fields={"name": "x"}, version=2)
    outsider = make_user().actor
    with refused(Forbidden):
        route_retire(actor=outsider, now=NOW, slug="first")
    route_retire(actor=ROOT, now=NOW, slug="first")
    with refused(IllegalMove):
        route_retire(actor=ROOT, now=NOW, slug="first")
    with refused(InvalidInput, "unknown"):
        make_route("x", matchers=[{"label": "alert.nope", "op": "is", "value": ""}])
    with refused(InvalidInput, "taken"):
        make_route("first")


def test_a_heartbeat_that_stops_opens_an_alert_and_its_return_ends_it() -> None:
    make_crew()
    check, secret = check_create(
        actor=ROOT, now=NOW, slug="backup", fields={"name": "Backup", "every": 60, "grace": 30}
    )
    late = NOW + timedelta(seconds=90)
    assert checks_advance(clock=lambda: LATER) == 0  # never pinged: nothing to miss
    for _ in range(2):
        check_ping(now=NOW, secret=secret)
    assert checks_advance(clock=lambda: late - timedelta(seconds=1)) == 0
    assert checks_advance(clock=lambda: late) == 1
    assert checks_advance(clock=lambda: late) == 0
    alert = Alert.objects.get()
    assert (alert.title, alert.state, alert.severity) == ("No heartbeat of Backup", "firing", "sev2")
    assert check_ping(now=LATER, secret=secret).state == "up"
    alert.refresh_from_db()
    assert alert.state == "resolved"
    check.refresh_from_db()
    assert check.history.count() == 4


def test_a_paused_check_stays_silent() -> None:
    make_crew()
    _, secret = check_create(actor=ROOT, now=NOW, slug="backup", fields={"name": "Backup", "every": 60})
    check_ping(now=NOW, secret=secret)
    checks_advance(clock=lambda: LATER)
    check_pause(actor=ROOT, now=LATER, slug="backup")
    assert Alert.objects.get().state == "resolved"
    with nothing_written():
        assert check_ping(now=LATER, secret=secret).state == "paused"
    check_resume(actor=ROOT, now=LATER, slug="backup")
    assert check_ping(now=LATER, secret=secret).state == "up"
    with refused(NotFound):
        check_ping(now=LATER, secret="oph_" + "0" * 28)
    outsider = make_user().actor
    with refused(Forbidden):
        check_pause(actor=outsider, now=LATER, slug="backup")


def test_an_integration_that_goes_silent_is_told_of_until_it_is_heard_again() -> None:
    make_crew()
    integration, _ = make_integration(silent_after=60)
    assert silences_watch(clock=lambda: NOW) == 0
    for _ in range(2):
        assert silences_watch(clock=lambda: LATER) == 1
    alert = Alert.objects.get()
    assert (alert.state, alert.count, alert.labels["integration"]) == ("firing", 1, "prometheus")
    ingest(integration, arrival(1), now=LATER)
    assert silences_watch(clock=lambda: LATER) == 0
    alert.refresh_from_db()
    assert alert.state == "resolved"


def test_people_manage_what_their_team_owns() -> None:
    make_crew()
    outsider = make_user().actor
    with refused(Forbidden):
        check_create(actor=outsider, now=NOW, slug="x", fields={"name": "X", "every": 60})
    member = make_user()
    make_team("backups", member)
    fields = {"name": "X", "every": 60, "team": "backups"}
    assert check_create(actor=member.actor, now=NOW, slug="x", fields=fields)[0].slug == "x"
