"""`/health`, `/ready` and `/startup`: each says what it looked at."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client

from opsportal.core.actor import Actor
from opsportal.standards.services import standard_activate
from tests.makers import NOW


def activate() -> None:
    standard_activate(actor=Actor.system("tests"), now=NOW, name="baseline")


def test_health_touches_no_database(client: Client) -> None:
    answer = client.get("/health")  # without the django_db mark, a query would raise
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "checks": {}})


@pytest.mark.django_db
def test_ready_fails_without_an_active_standard(client: Client) -> None:
    answer = client.get("/ready")
    assert answer.status_code == 503
    assert answer.json()["checks"]["standard"]["status"] == "fail"
    assert answer["Retry-After"] == "5"


@pytest.mark.django_db
def test_a_broker_that_is_away_shows_but_only_the_worker_is_not_ready(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("opsportal.celery.app.conf.broker_url", "redis://127.0.0.1:1/0")
    monkeypatch.setattr("opsportal.celery.app.conf.broker_read_url", "redis://127.0.0.1:1/0")
    activate()
    web, worker = client.get("/ready"), client.get("/ready?for=worker")
    assert (web.status_code, worker.status_code) == (200, 503)
    assert web.json()["checks"]["broker"]["status"] == "fail"


@pytest.mark.django_db
def test_ready_fails_while_a_migration_is_waiting(client: Client) -> None:
    activate()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'sessions' AND name = '0001_initial'")
    answer = client.get("/ready")
    assert answer.status_code == 503
    assert "1 migrations are waiting" in answer.json()["checks"]["database"]["detail"]


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/health", "/ready", "/startup", "/health/", "/ready/"])
def test_nobody_signs_in_for_it_and_any_host_name_does(client: Client, path: str) -> None:
    activate()
    assert client.get(path, headers={"host": "10.0.0.7:8000"}).status_code == 200
