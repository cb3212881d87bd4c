"""The doors for alerts: who is let in, what senders are answered, and what they never are."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
import time_machine
from django.db import OperationalError
from django.test import Client

from incidents.models import Alert, AlertMessage, Integration
from incidents.services.alerts.integrations import (
    integration_signature_renew,
    integration_switch_off,
    integration_token_make,
)
from incidents.services.alerts.keys import signing_secret
from opsportal.api.models import IdempotencyRecord
from tests.alerting import (
    ALERTMANAGER,
    CHANGE_EVENT,
    GRAFANA,
    OWN,
    PAGERDUTY,
    encoded,
    having,
    make_integration,
)
from tests.makers import NOW, ROOT, make_token, make_user
from tests.untouched import nothing_written

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]
ROOT_PATH = "/api/v1/alerts/"


@pytest.fixture
def at_now() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


def post(path: str, document: object, *, method: str = "post", **headers: str) -> Any:
    body = document if isinstance(document, bytes) else encoded(document)
    send = getattr(Client(), method)
    return send(path, body, content_type="application/json", headers=headers)


def basic(password: str) -> str:
    return "Basic " + base64.b64encode(f"portal:{password}".encode()).decode()


def test_a_token_in_the_path_is_enough_in_both_slash_forms() -> None:
    _, secret = make_integration()
    for path, document, accepted in (
        (f"alertmanager/{secret}", ALERTMANAGER, 2),
        (f"grafana/{secret}", GRAFANA, 1),
        (f"alertmanager/{secret}", GRAFANA, 1),
        (secret, OWN, 1),
    ):
        for slash in ("", "/"):
            answer = post(ROOT_PATH + path + slash, document)
            assert (answer.status_code, answer.json()["accepted"]) == (202, accepted)
            assert secret not in answer.content.decode()
    assert Alert.objects.count() == 4


def test_a_nul_loses_no_alert_and_is_warned_of() -> None:
    _, secret = make_integration()
    told = having(ALERTMANAGER, "db\x001", "alerts", 0, "labels", "instance")
    answer = post(f"{ROOT_PATH}alertmanager/{secret}", told)
    assert (answer.status_code, answer.json()["accepted"], answer.json()["refused"]) == (202, 2, [])
    assert [(one["pointer"], one["code"]) for one in answer.json()["warnings"]] == [
        ("/alerts/0/labels/instance", "control_characters")
    ]
    assert Alert.objects.get(fingerprint="7c3e9d1a5b2f4860").labels["instance"] == "db\ufffd1"


def test_a_service_account_needs_no_integration() -> None:
    _, secret = make_token(["alerts:write"], account="monitoring")
    for path, document in {"alertmanager": ALERTMANAGER, "grafana": GRAFANA, "": OWN}.items():
        for slash in ("", "/"):
            place = (ROOT_PATH + path).rstrip("/") + slash
            assert post(place, document, authorization=f"Bearer {secret}").status_code == 202
    made = set(Integration.objects.values_list("slug", flat=True))
    assert made == {f"monitoring-{kind}" for kind in ("alertmanager", "grafana", "own")}
    assert Alert.objects.count() == 4


def test_the_header_goes_before_the_path_and_basic_will_do() -> None:
    _, secret = make_integration()
    wrong = "opi_" + "0" * 28
    for right in (f"Bearer {secret}", basic(secret)):
        assert post(f"{ROOT_PATH}alertmanager/", ALERTMANAGER, authorization=right).status_code == 202
        assert post(f"{ROOT_PATH}grafana/{wrong}/", GRAFANA, authorization=right).status_code == 202
    assert post(f"{ROOT_PATH}grafana/{secret}/", GRAFANA, authorization=basic(wrong)).status_code == 401


def test_grafana_may_put() -> None:
    _, secret = make_integration()
    assert post(f"{ROOT_PATH}grafana/{secret}/", GRAFANA, method="put").status_code == 202


def test_nobody_else_is_let_in() -> None:
    with nothing_written():
        for authorization in ("", "Bearer x", "Bearer opk_x", "Basic ", "Basic %", "Digest x", "Bearer"):
            for path in ("alertmanager/", "grafana/", "", "alertmanager/opi_" + "0" * 28, "opi_x/"):
                headers = {"authorization": authorization} if authorization else {}
                answer = post(ROOT_PATH + path, ALERTMANAGER, **headers)
                assert answer.status_code == 401
                assert answer["Content-Type"] == "application/problem+json"


def test_a_token_without_the_scope_is_refused() -> None:
    _, secret = make_token(["alerts:read"])
    with nothing_written(at_an_edge=True):
        answer = post(f"{ROOT_PATH}alertmanager/", ALERTMANAGER, authorization=f"Bearer {secret}")
    assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")


def test_what_is_switched_off_is_refused() -> None:
    _, secret = make_integration()
    integration_switch_off(actor=ROOT, now=NOW, slug="prometheus")
    with nothing_written(at_an_edge=True):
        answer = post(f"{ROOT_PATH}alertmanager/{secret}/", ALERTMANAGER)
    assert (answer.status_code, answer.json()["code"]) == (403, "switched_off")


def test_two_tokens_are_good_at_a_time() -> None:
    _, first = make_integration()
    _, second = integration_token_make(actor=ROOT, now=NOW, slug="prometheus")
    assert [post(f"{ROOT_PATH}{one}", OWN).status_code for one in (first, second)] == [202, 202]
    _, third = integration_token_make(actor=ROOT, now=NOW, slug="prometheus")
    assert [post(f"{ROOT_PATH}{one}", OWN).status_code for one in (first, second, third)] == [401, 202, 202]


def test_half_a_message_is_kept_and_the_rest_reported() -> None:
    _, secret = make_integration()
    document = having(ALERTMANAGER, "on fire", "alerts", 1, "status")
    answer = post(f"{ROOT_PATH}alertmanager/{secret}/", document)
    assert answer.status_code == 202
    assert answer.json()["refused"] == [
        {"pointer": "/alerts/1/status", "code": "unknown", "detail": "Must be firing or resolved."}
    ]
    message = AlertMessage.objects.get()
    assert (message.alerts, message.refused) == (1, 1)
    assert bytes(message.body) == encoded(document)


def test_bad_input_writes_nothing() -> None:
    _, secret = make_integration()
    bodies = [b"", b"{", b"[" * 100_000, b'{"version": "9"}', b'{"version": "4", "alerts": [{}]}']
    with nothing_written():
        for path in (f"alertmanager/{secret}", f"grafana/{secret}", secret):
            for body in bodies:
                answer = post(f"{ROOT_PATH}{path}", body)
                assert answer.status_code == 400
                assert answer.json()["errors"]
                assert secret not in answer.content.decode()


def test_a_body_that_is_too_large_is_not_parsed() -> None:
    _, secret = make_integration()
    large = json.dumps({**ALERTMANAGER, "padding": "x" * 600_000}).encode()
    assert post(f"{ROOT_PATH}alertmanager/{secret}", large).status_code == 202
    assert post(f"{ROOT_PATH}alertmanager/{secret}", b"x" * 2_097_153).status_code == 413


def test_a_picture_inside_is_not_kept() -> None:
    _, secret = make_integration()
    assert post(f"{ROOT_PATH}grafana/{secret}/", GRAFANA).status_code == 202
    message = AlertMessage.objects.get()
    assert b"embeddedImage" not in bytes(message.body)
    assert message.sha256 == hashlib.sha256(encoded(GRAFANA)).hexdigest()


def test_a_database_that_is_away_is_answered_as_senders_retry(monkeypatch: pytest.MonkeyPatch) -> None:
    _, secret = make_integration()

    def away(**_: object) -> None:
        raise OperationalError("away")

    monkeypatch.setattr("incidents.api.alerts_receiving.alerts_ingest", away)
    monkeypatch.setattr("incidents.api.alerts_ingest.event_ingest", away)
    for path, document in {
        f"{ROOT_PATH}alertmanager/{secret}/": ALERTMANAGER,
        "/v2/enqueue": {**PAGERDUTY, "routing_key": secret},
    }.items():
        answer = post(path, document)
        assert (answer.status_code, answer["Retry-After"]) == (503, "5")


SIGNED = {"signature_header": "X-Grafana-Alerting-Signature"}


def signature(secret: str, body: bytes) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def test_a_signature_is_demanded_where_it_is_configured() -> None:
    integration, secret = make_integration(**SIGNED)
    body, path = encoded(GRAFANA), f"{ROOT_PATH}grafana/{secret}/"
    right = signature(signing_secret(integration), body)
    for wrong in ("", "00" * 32, signature("other", body), "ü"):
        with nothing_written():
            assert post(path, body, **{"X-Grafana-Alerting-Signature": wrong}).status_code == 401
    assert post(path, body, **{"X-Grafana-Alerting-Signature": right}).status_code == 202
    # The secret before the present one stays good, and the one before that does not.
    for expected in (202, 401):
        integration_signature_renew(actor=ROOT, now=NOW, slug="prometheus")
        assert post(path, body, **{"X-Grafana-Alerting-Signature": right}).status_code == expected


def test_a_signature_with_a_time_holds_for_a_while() -> None:
    integration, secret = make_integration(**SIGNED, timestamp_header="X-Signed-At", signature_skew=300)
    body, path = encoded(GRAFANA), f"{ROOT_PATH}grafana/{secret}/"
    second = int(NOW.timestamp())
    for stamp, expected in (
        (f"{second}", 202),
        (f"{second - 299}", 202),
        (f"{second - 301}", 401),
        (f"{second + 301}", 401),
        ("now", 401),
        ("", 401),
    ):
        signed = signature(signing_secret(integration), stamp.encode() + b":" + body)
        headers = {"X-Grafana-Alerting-Signature": signed, "X-Signed-At": stamp}
        assert post(path, body, **headers).status_code == expected


@pytest.mark.parametrize("slash", ["", "/"])
def test_pagerduty_is_answered_as_documented(slash: str) -> None:
    _, secret = make_integration("pd", "pagerduty")
    assert len(secret) == 32
    answer = post(f"/v2/enqueue{slash}", {**PAGERDUTY, "routing_key": secret})
    assert answer.status_code == 202
    assert answer.json() == {"status": "success", "message": "Event processed", "dedup_key": "db-1/disk"}
    answer = post(f"/v2/enqueue{slash}", {**PAGERDUTY, "routing_key": secret, "dedup_key": None})
    assert len(answer.json()["dedup_key"]) == 32
    answer = post(f"/v2/change/enqueue{slash}", {**CHANGE_EVENT, "routing_key": secret})
    assert (answer.status_code, answer.json()["status"]) == (202, "success")


def test_pagerduty_is_told_what_is_wrong() -> None:
    with nothing_written():
        answer = post("/v2/enqueue", b"{")
        assert (answer.status_code, answer.json()["errors"]) == (400, ["JSON parse error"])
        answer = post("/v2/enqueue", PAGERDUTY)
        assert (answer.status_code, answer.json()["status"]) == (400, "invalid event")
        assert post("/v2/change/enqueue", CHANGE_EVENT).status_code == 400
        assert post("/v2/enqueue", b"x" * 2_097_153).status_code == 413
        assert Client().get("/v2/enqueue").status_code in {401, 405}


def test_prometheus_may_post_itself() -> None:
    _, secret = make_integration()
    alerts = [{"labels": {"alertname": "A"}, "startsAt": "2026-03-02T09:00:00Z"}]
    assert post(f"{ROOT_PATH}alertmanager/{secret}/api/v2/alerts", alerts).json()["new"] == 1


def test_an_idempotency_key_gives_the_first_answer_again() -> None:
    _, secret = make_token(["alerts:write"], account="monitoring")
    headers = {"authorization": f"Bearer {secret}", "idempotency-key": "one"}
    first, again = (post(ROOT_PATH, OWN, **headers) for _ in range(2))
    assert (first.status_code, first.json()) == (again.status_code, again.json())
    assert again["Idempotency-Replayed"] == "true"
    assert AlertMessage.objects.count() == 1


def test_a_replay_of_an_answer_with_a_secret_comes_without_it() -> None:
    client = Client()
    client.force_login(make_user(staff=True))
    about = {"slug": "prometheus", "kind": "alertmanager", "name": "Prometheus of opi_somebody"}

    def ask() -> Any:
        key = {"idempotency-key": "one"}
        return client.post("/api/v1/integrations/", about, content_type="application/json", headers=key)

    first, again = ask(), ask()
    secret = first.json().pop("token")
    assert again["Idempotency-Replayed"] == "true"
    assert again.json() == {
        **{name: value for name, value in first.json().items() if name != "token"},
        "name": "Prometheus of opi_some…",
    }
    assert secret not in IdempotencyRecord.objects.get().body


def test_a_refusal_repeats_no_secret_of_its_path() -> None:
    _, secret = make_integration()
    path = f"{ROOT_PATH}alertmanager/{secret}/"
    for answer in (Client().get(path), post(path, b"{"), Client().get(path + "nowhere/")):
        assert answer.status_code in {400, 401, 404}
        assert secret not in answer.content.decode()


def test_alerts_are_listed_and_filtered() -> None:
    _, secret = make_token(["alerts:write", "alerts:read"], account="monitoring")
    headers = {"authorization": f"Bearer {secret}"}
    post(f"{ROOT_PATH}alertmanager/", ALERTMANAGER, **headers)
    post(ROOT_PATH, {**OWN, "service": "nowhere"}, **headers)
    get = Client(headers=headers).get
    listed = get(ROOT_PATH).json()["results"]
    assert sorted(one["state"] for one in listed) == ["firing", "firing", "resolved"]
    assert len(get(ROOT_PATH, {"state": "firing"}).json()["results"]) == 2
    assert len(get(ROOT_PATH, {"integration": "monitoring-own"}).json()["results"]) == 1
    assert get(ROOT_PATH, {"stat": "firing"}).status_code == 400
    assert get(f"{ROOT_PATH}{listed[0]['id']}").json() == listed[0]
    assert get(f"{ROOT_PATH}999999").status_code == 404


def test_an_alert_about_security_is_not_everybodys() -> None:
    _, writer = make_token(["alerts:write"], account="siem")
    post(ROOT_PATH, {**OWN, "category": "security"}, authorization=f"Bearer {writer}")
    _, reader = make_token(["alerts:read"])
    assert Client(headers={"authorization": f"Bearer {reader}"}).get(ROOT_PATH).json()["results"] == []
