"""Several people at one break-glass at once: one word counts, and one emergency is opened."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from changes.models import BreakGlass, Change
from changes.services.break_glass import (
    break_glass_ask,
    break_glass_confirm,
    break_glass_refuse,
    break_glass_revoke,
    break_glasses_advance,
)
from opsportal.audit.selectors import entries_about
from tests.changing import Cast
from tests.databases import Database
from tests.deploying import make_stage
from tests.makers import NOW
from tests.racing import race

END = NOW + timedelta(minutes=30)


@pytest.fixture
def cast(fresh_database: Database) -> Cast:
    return make_stage()


def asked(cast: Cast) -> BreakGlass:
    fields = {"services": ["payments-api"], "environment": "production", "reason": "Down.", "minutes": 30}
    return break_glass_ask(actor=cast.bystander.actor, now=NOW, fields=fields)


def codes(results: list[Any]) -> list[str]:
    return sorted(str(getattr(one, "code", "done")) for one in results)


def test_one_of_two_second_persons_decides(cast: Cast) -> None:
    glass = asked(cast)
    results = race(
        lambda: break_glass_confirm(actor=cast.board[0].actor, now=NOW, pk=glass.pk),
        lambda: break_glass_confirm(actor=cast.board[1].actor, now=NOW, pk=glass.pk),
        lambda: break_glass_refuse(actor=cast.board[2].actor, now=NOW, pk=glass.pk, reason="No."),
    )
    assert codes(results) == ["done", "illegal_move", "illegal_move"]
    glass.refresh_from_db()
    assert Change.objects.count() == (1 if glass.state == "in_force" else 0)


def test_it_ends_once_whoever_ends_it(cast: Cast) -> None:
    glass = break_glass_confirm(actor=cast.board[0].actor, now=NOW, pk=asked(cast).pk)
    race(
        lambda: break_glasses_advance(clock=lambda: END),
        lambda: break_glasses_advance(clock=lambda: END),
        lambda: break_glass_revoke(actor=cast.board[1].actor, now=END, pk=glass.pk),
    )
    ends = [entry.action for entry in entries_about("break_glass", glass.key)][2:]
    assert ends in (["break_glass.ended"], ["break_glass.revoked"])
    assert Change.objects.get().state == "implemented"
