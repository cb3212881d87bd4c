"""What is done by itself in an incident: set off, handed over, its outcome told, failed, late, stopped."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from incidents.models import AutomatedResponse, Incident, ResponseTarget
from incidents.services.automation.advancing import responses_advance
from incidents.services.automation.setting_off import responses_set_off
from incidents.services.automation.steering import response_outcome, response_stop, response_target_set
from incidents.services.response.moving import incident_resolve
from opsportal.core import outbound
from opsportal.core.errors import Forbidden, IllegalMove, InvalidInput, Unauthenticated
from opsportal.core.outbound import Answer, NotAllowedError, NotReachedError
from opsportal.notify.models import Page
from opsportal.notify.services import target_add
from tests.alerting import alert_in
from tests.makers import NOW
from tests.response import Crew, declared, lines_of, make_crew, respond_under
from tests.untouched import refused

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)
TRIGGERS = """
[[metric]]
id = "errors"
title = "Errors"
type = "number"
[[trigger]]
id = "restart"
title = "Restart it"
when = 'metric.errors > 3'
actions = [{ id = "restart_service" }, { id = "notify_manager", tell = ["role:manager"] }]
timeout = "60s"
source = { section = "1", line = 1, quote = "Restart it." }
[[trigger]]
id = "scale"
title = "Scale up"
when = 'metric.errors > 100'
lasting = "2m"
actions = [{ id = "scale_up" }]
timeout = "60s"
source = { section = "1", line = 2, quote = "Scale up." }
"""


class Receiver:
    """Stands in for the network: it answers what it was told to, and keeps what it was sent."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.ids: list[str] = []
        self.answers: list[Answer | Exception] = []

    def post(self, url: str, body: bytes, *, headers: Any, before_hand_over: Any = None) -> Answer:
        self.bodies.append(json.loads(body))
        self.ids.append(headers["webhook-id"])
        assert headers["webhook-signature"].startswith("v1,")
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def token(self) -> str:
        return str(self.bodies[-1]["data"]["callback"]["token"])


def says(outcome: str = "", status: int = 200) -> Answer:
    return Answer(status, {}, json.dumps({"outcome": outcome} if outcome else {}).encode())


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Receiver:
    receiver = Receiver()
    monkeypatch.setattr(outbound, "post", receiver.post)
    return receiver


@pytest.fixture
def crew() -> Crew:
    crew = make_crew()
    respond_under(TRIGGERS, version="triggers")
    target_add(
        actor=crew.admin.actor,
        now=NOW,
        slug="robot",
        title="Robot",
        kind="webhook",
        address="https://robot.example.org/do",
    )
    response_target_set(actor=crew.admin.actor, now=NOW, action="restart_service", target="robot")
    return crew


def set_off(
    crew: Crew, errors: str = "4", *, at: datetime = NOW
) -> tuple[Incident, AutomatedResponse | None]:
    incident = declared(crew, now=at)
    alert = alert_in(incident, labels={"alertname": "Errors"}, annotations={"errors": errors}, starts_at=at)
    responses_set_off(now=at, incident_id=incident.pk, alerts=[alert.pk])
    return incident, incident.responses.order_by("pk").first()


def tick(at: datetime = NOW) -> int:
    return responses_advance(clock=lambda: at)


def fresh(response: AutomatedResponse | None) -> AutomatedResponse:
    assert response is not None
    return AutomatedResponse.objects.get(pk=response.pk)


def kinds(response: AutomatedResponse | None) -> list[str]:
    return list(fresh(response).log.order_by("number").values_list("kind", flat=True))


def test_each_action_is_done_in_its_order_and_stands_on_the_timeline(crew: Crew, receiver: Receiver) -> None:
    receiver.answers = [says("succeeded")]
    incident, response = set_off(crew)
    tick()
    assert kinds(response) == ["set_off", "called", "succeeded", "told", "ended"]
    assert fresh(response).state == "done"
    [body] = receiver.bodies
    assert (body["data"]["action"], body["data"]["incident"]) == ("restart_service", incident.key)
    assert Page.objects.filter(reference=incident.key, recipient=crew.manager).count() == 1
    assert [line for line in lines_of(incident) if line.startswith("response_")] == [
        "response_set_off",
        "response_called",
        "response_succeeded",
        "response_told",
        "response_ended",
    ]


def test_an_outcome_that_is_told_later_counts_once(crew: Crew, receiver: Receiver) -> None:
    receiver.answers = [says(status=202)]
    _, response = set_off(crew)
    tick()
    assert (fresh(response).state, fresh(response).handed_over_at) == ("running", NOW)
    assert tick(NOW + 30 * SECOND) == 0
    with refused(Unauthenticated):
        response_outcome(now=NOW, token="opr_wrong", outcome="succeeded")
    with refused(InvalidInput):
        response_outcome(now=NOW, token=receiver.token, outcome="succeeded", detail="x" * 301)
    response_outcome(now=NOW + 31 * SECOND, token=receiver.token, outcome="succeeded", detail="Took 12 s.")
    with refused(Unauthenticated):
        response_outcome(now=NOW, token=receiver.token, outcome="failed")
    tick(NOW + 31 * SECOND)
    assert fresh(response).state == "done"


def test_a_failure_is_told_to_people_and_the_rest_is_done(crew: Crew, receiver: Receiver) -> None:
    receiver.answers = [says("failed")]
    incident, response = set_off(crew)
    tick()
    assert kinds(response) == ["set_off", "called", "failed", "told", "ended"]
    assert fresh(response).state == "failed"
    assert "escalation_told" in lines_of(incident)


def test_what_is_late_is_told_to_people_and_nothing_more_is_done(crew: Crew, receiver: Receiver) -> None:
    receiver.answers = [says(status=202)]
    incident, response = set_off(crew)
    tick()
    tick(NOW + 60 * SECOND)
    assert fresh(response).state == "late"
    assert "escalation_told" in lines_of(incident)
    with refused(Unauthenticated):
        response_outcome(now=NOW, token=receiver.token, outcome="succeeded")


def test_who_does_not_answer_is_asked_again_under_the_same_id_and_then_counts_as_failed(
    crew: Crew, receiver: Receiver
) -> None:
    receiver.answers = [NotReachedError("refused"), says(status=503), NotReachedError("refused")]
    _, response = set_off(crew)
    for seconds in (0, 5, 20, 40):
        tick(NOW + seconds * SECOND)
    assert len(set(receiver.ids)) == 1
    assert len(receiver.ids) == 3
    assert "failed" in kinds(response)


def test_an_address_that_may_not_be_called_is_not_tried_again(crew: Crew, receiver: Receiver) -> None:
    receiver.answers = [NotAllowedError("address_not_allowed")]
    _, response = set_off(crew)
    tick()
    assert fresh(response).log.get(kind="failed").detail == "address_not_allowed"


def test_an_action_without_a_webhook_says_so(crew: Crew, receiver: Receiver) -> None:
    ResponseTarget.objects.all().delete()
    _, response = set_off(crew)
    tick()
    assert fresh(response).log.get(kind="failed").detail == "missing"
    assert receiver.bodies == []


def test_the_same_trigger_acts_once_in_an_incident(crew: Crew, receiver: Receiver) -> None:
    incident, _ = set_off(crew)
    again = alert_in(incident, labels={"alertname": "More"}, annotations={"errors": "50"}, starts_at=NOW)
    assert responses_set_off(now=NOW, incident_id=incident.pk, alerts=[again.pk]) == 0
    assert incident.responses.count() == 1


@pytest.mark.parametrize("lasts", [True, False])
def test_a_condition_that_has_to_last_is_waited_for(crew: Crew, receiver: Receiver, lasts: bool) -> None:
    incident, _ = set_off(crew, "101")
    response = incident.responses.get(trigger="scale")
    assert (response.state, response.due_at) == ("waiting", NOW + timedelta(minutes=2))
    receiver.answers = [says("succeeded")]
    tick()
    if not lasts:
        incident.alerts.update(state="resolved", ends_at=NOW)
    tick(NOW + timedelta(minutes=2))
    assert fresh(response).state == ("failed" if lasts else "stopped")
    assert ("failed" in kinds(response)) == lasts  # it has no webhook


def test_a_person_stops_it_and_so_does_the_end_of_the_incident(crew: Crew, receiver: Receiver) -> None:
    receiver.answers = [says(status=202)]
    _, response = set_off(crew)
    tick()
    assert response is not None
    response_stop(actor=crew.responder.actor, now=NOW, pk=response.pk)
    assert (fresh(response).state, tick(NOW + 90 * SECOND)) == ("stopped", 0)
    with refused(IllegalMove):
        response_stop(actor=crew.responder.actor, now=NOW, pk=response.pk)
    incident, other = set_off(crew)
    incident_resolve(actor=crew.responder.actor, now=NOW, pk=incident.pk)
    tick()
    assert fresh(other).state == "stopped"
    assert len(receiver.bodies) == 1


def test_only_administrators_say_which_webhook_does_what(crew: Crew) -> None:
    with refused(Forbidden):
        response_target_set(actor=crew.responder.actor, now=NOW, action="x", target="robot")
    for wrong in ({"target": "none"}, {"target": "robot", "service": "none"}):
        with refused(InvalidInput, "unknown"):
            response_target_set(actor=crew.admin.actor, now=NOW, action="x", **wrong)
    response_target_set(actor=crew.admin.actor, now=NOW, action="restart_service", target="")
    assert not ResponseTarget.objects.exists()
