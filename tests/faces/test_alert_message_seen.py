"""A message as it came is shown only to whoever may see every alert in it."""

from __future__ import annotations

from typing import Any

import pytest
import time_machine
from django.test import Client

from incidents.models import Alert
from incidents.selectors.alerts import is_open_as_a_whole
from opsportal.accounts.models import User
from tests.alerting import ALERTMANAGER, encoded, make_integration
from tests.makers import NOW, make_user
from tests.reading import as_, shown
from tests.response import make_crew, restricted

pytestmark = pytest.mark.django_db
SECRET = "someone-in-payroll"


@pytest.fixture(autouse=True)
def at_now() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


def member(fingerprint: str, **labels: str) -> dict[str, Any]:
    first: dict[str, Any] = ALERTMANAGER["alerts"][0]
    return {**first, "fingerprint": fingerprint, "labels": {"alertname": fingerprint, **labels}}


ORDINARY = member("ordinary")
SECURITY = member("hidden", category="security", who=SECRET)


def post(secret: str, *alerts: dict[str, Any]) -> None:
    body = encoded({**ALERTMANAGER, "alerts": list(alerts)})
    answer = Client().post(f"/api/v1/alerts/alertmanager/{secret}", body, content_type="application/json")
    assert answer.status_code == 202, answer.content


def page(user: User, fingerprint: str) -> str:
    return shown(as_(user), f"/alerts/{Alert.objects.get(fingerprint=fingerprint).pk}/")


def is_shown(user: User, fingerprint: str) -> bool:
    text = page(user, fingerprint)
    assert ("Show it" in text) != ("not shown to you" in text)
    return "Show it" in text


def test_a_restricted_neighbour_is_not_told_by_the_message() -> None:
    _, secret = make_integration()
    post(secret, ORDINARY, SECURITY)
    outsider, administrator = make_user(), make_user(staff=True)
    hidden = Alert.objects.get(fingerprint="hidden")
    assert as_(outsider).get(f"/alerts/{hidden.pk}/").status_code == 404
    assert SECRET not in page(outsider, "ordinary")
    assert not is_shown(outsider, "ordinary")
    assert SECRET in page(administrator, "ordinary")
    ordinary = Alert.objects.get(fingerprint="ordinary")
    assert SECRET not in as_(outsider).get(f"/api/v1/alerts/{ordinary.pk}/").content.decode()


def test_what_a_message_only_repeated_or_what_was_refused_hides_it_too() -> None:
    _, secret = make_integration()
    post(secret, SECURITY)
    post(secret, ORDINARY, SECURITY)
    post(secret, member("other"), {**SECURITY, "status": "on fire"})
    outsider = make_user()
    assert not is_shown(outsider, "ordinary")
    assert not is_shown(outsider, "other")


def test_a_message_of_open_alerts_is_shown_until_one_is_restricted() -> None:
    crew = make_crew()
    _, secret = make_integration()
    post(secret, ORDINARY, member("second"))
    post(secret, member("alone"))
    outsider = make_user()
    assert all(is_shown(outsider, name) for name in ("ordinary", "second", "alone"))
    Alert.objects.filter(fingerprint="second").update(incident=restricted(crew))
    assert not is_shown(outsider, "ordinary")
    assert is_shown(outsider, "alone")


@pytest.mark.parametrize(
    ("told", "made", "seen", "expected"),
    [(1, 1, 1, True), (2, 2, 2, True), (2, 2, 1, False), (2, 1, 1, False), (1, 0, 0, False)],
)
def test_each_alert_of_the_message_must_be_seen(told: int, made: int, seen: int, expected: bool) -> None:
    assert is_open_as_a_whole(told=told, made=made, seen=seen) is expected
