"""Putting a message into the outbox."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from pytest_django import DjangoAssertNumQueries

from opsportal.core.correlation import correlated
from opsportal.outbox import topics
from opsportal.outbox.models import OutboxMessage
from opsportal.outbox.services import outbox_put
from tests.makers import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _two_handlers(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(topics, "_handlers", {})
    topics.on("a.happened", "one", print)
    topics.on("a.happened", "two", print)
    return iter([None])


def test_each_handler_gets_a_row_of_its_own_due_at_once(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    with correlated("cid-1"), django_assert_num_queries(1):
        outbox_put(now=NOW, topic="a.happened", payload={"id": 3}, key="CHG-3")
    first, second = OutboxMessage.objects.order_by("id")
    assert (first.handler, second.handler) == ("one", "two")
    assert first.message_id == second.message_id
    for row in (first, second):
        assert (row.topic, row.payload, row.key, row.correlation_id) == (
            "a.happened",
            {"id": 3},
            "CHG-3",
            "cid-1",
        )
        assert (row.state, row.due_at, row.attempt, row.tries, row.created_at) == ("waiting", NOW, 0, 0, NOW)


def test_a_topic_of_which_nobody_hears_costs_nothing(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    with django_assert_num_queries(0):
        outbox_put(now=NOW, topic="b.happened", payload={})


@pytest.mark.parametrize("payload", [{"at": NOW}, {"set": {1}}, {"id": object()}])
def test_what_is_no_json_is_refused_and_nothing_is_written(payload: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        outbox_put(now=NOW, topic="a.happened", payload=payload)
    assert not OutboxMessage.objects.exists()


def test_a_number_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        outbox_put(now=NOW, topic="a.happened", payload={"share": float("nan")})
    assert not OutboxMessage.objects.exists()


def test_what_is_rolled_back_told_nothing() -> None:
    def write_and_fail() -> None:
        with transaction.atomic():
            outbox_put(now=NOW, topic="a.happened", payload={})
            json.loads("no")

    with pytest.raises(json.JSONDecodeError):
        write_and_fail()
    assert not OutboxMessage.objects.exists()
