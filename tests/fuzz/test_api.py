"""B1: whatever is sent, by whomever: no 5xx, no answer that the schema does not tell of (schemathesis)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
import time_machine
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from opsportal.wsgi import application
from tests.fuzz.world import World, make_world
from tests.makers import NOW

pytestmark = pytest.mark.django_db

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "1"))
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
KINDS: tuple[str, ...] = ("nobody", "pipeline", "administrator")
if EXAMPLES > 10:
    KINDS = (*KINDS, "viewer", "engineer", "board")


@pytest.fixture
def world() -> Iterator[World]:
    # As Django's own test client does: the test's transaction must outlive the requests.
    request_started.disconnect(close_old_connections)
    request_finished.disconnect(close_old_connections)
    try:
        with time_machine.travel(NOW, tick=True):
            yield make_world()
    finally:
        request_started.connect(close_old_connections)
        request_finished.connect(close_old_connections)


@pytest.mark.parametrize("kind", KINDS)
def test_every_answer_is_one_that_the_schema_tells_of(world: World, kind: str) -> None:
    schema = schemathesis.openapi.from_wsgi("/api/v1/schema/", application)
    failed: list[str] = []
    for found in schema.get_all_operations():
        operation: Any = found.ok()  # type: ignore[union-attr]
        try:
            _ask(operation, world, world.actors[kind])
        except Exception as failure:  # noqa: BLE001 - all operations are asked; each failure is told below
            failed.append(f"{operation.label} as {kind}: {failure}"[:3_000])
    assert failed == []


def _ask(operation: Any, world: World, headers: dict[str, str]) -> None:
    @settings(
        max_examples=EXAMPLES,
        database=None,
        derandomize=EXAMPLES < 10,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(), data=st.data())
    def ask(case: Any, data: Any) -> None:
        # A made-up key leads nowhere; most of the time the path leads to something that is there.
        for name in case.path_parameters or {}:
            if name in world.known and data.draw(st.integers(0, 4)):
                case.path_parameters[name] = data.draw(st.sampled_from(world.known[name]))
        case.call_and_validate(headers=headers, checks=CHECKS)

    ask()
