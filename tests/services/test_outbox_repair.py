"""Operators retry or dismiss what was given up; what is done is deleted after a week; hearts beat."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Max

from opsportal.audit.models import AuditEntry
from opsportal.core.actor import Actor
from opsportal.core.correlation import correlation_id
from opsportal.core.errors import Forbidden, IllegalMove, NotFound
from opsportal.notify.services import handling_dismiss, handling_retry
from opsportal.outbox.models import Heartbeat, OutboxMessage
from opsportal.outbox.selectors import dead_messages, outbox_lag, pulses, stale_ticks
from opsportal.outbox.services import messages_prune, prune, ticking
from opsportal.outbox.ticks import ticks
from tests.makers import NOW
from tests.untouched import refused

pytestmark = pytest.mark.django_db
OPERATOR = Actor.user(uuid.uuid4(), is_staff=True)
SECOND = timedelta(seconds=1)


def make_message(state: str = "dead", **more: object) -> OutboxMessage:
    values: dict[str, object] = {
        "message_id": uuid.uuid4(),
        "topic": "a.happened",
        "handler": "one",
        "payload": {},
        "state": state,
        "attempt": 12,
        "tries": 12,
        "due_at": NOW if state == "waiting" else None,
        "created_at": NOW,
        "finished_at": None if state == "waiting" else NOW,
        "error": "KeyError at x.py:1",
    }
    return OutboxMessage.objects.create(**{**values, **more})


def test_a_message_that_was_given_up_is_retried_at_once_with_all_its_tries_and_on_record() -> None:
    row = make_message()
    assert list(dead_messages()) == [row]
    later = NOW + timedelta(hours=1)
    handling_retry(actor=OPERATOR, now=later, pk=row.pk)
    row.refresh_from_db()
    assert (row.state, row.tries, row.attempt, row.due_at, row.finished_at) == ("waiting", 0, 12, later, None)
    assert not dead_messages().exists()
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.object_key, entry.actor_id) == ("outbox.retried", str(row.pk), OPERATOR.id)


def test_a_message_that_was_given_up_is_dismissed_for_good_and_on_record() -> None:
    row = make_message()
    handling_dismiss(actor=OPERATOR, now=NOW + SECOND, pk=row.pk)
    row.refresh_from_db()
    assert (row.state, row.due_at, row.finished_at) == ("dismissed", None, NOW + SECOND)
    assert AuditEntry.objects.get().action == "outbox.dismissed"


@pytest.mark.parametrize("verb", [handling_retry, handling_dismiss])
@pytest.mark.parametrize("state", ["waiting", "done", "dismissed"])
def test_only_what_was_given_up_is_repaired(verb: object, state: str) -> None:
    row = make_message(state)
    with refused(IllegalMove):
        verb(actor=OPERATOR, now=NOW, pk=row.pk)  # type: ignore[operator]


@pytest.mark.parametrize("verb", [handling_retry, handling_dismiss])
@pytest.mark.parametrize(
    "actor",
    [
        Actor.user(uuid.uuid4()),
        Actor.service_account(uuid.uuid4(), frozenset({"compliance:write"})),
        Actor.anonymous(),
        Actor.system("outbox.dispatch"),
    ],
    ids=["person", "machine", "nobody", "portal"],
)
def test_only_administrators_repair(verb: object, actor: Actor) -> None:
    row = make_message()
    with refused(Forbidden):
        verb(actor=actor, now=NOW, pk=row.pk)  # type: ignore[operator]


def test_repairing_what_is_not_there_finds_nothing() -> None:
    with refused(NotFound):
        handling_retry(actor=OPERATOR, now=NOW, pk=4711)


def test_what_was_done_or_dismissed_a_week_ago_is_deleted_and_nothing_else() -> None:
    week_ago = NOW - timedelta(days=7)
    for state in ("done", "dismissed"):
        make_message(state, finished_at=week_ago - SECOND)
    kept = [
        make_message("done", finished_at=week_ago),
        make_message("dead", finished_at=week_ago - SECOND),
        make_message("waiting", created_at=week_ago - SECOND),
    ]
    assert messages_prune(now=NOW) == 2
    assert list(OutboxMessage.objects.order_by("id")) == kept


def test_deleting_goes_in_bounded_batches_and_the_next_run_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prune, "BATCH", 2)
    monkeypatch.setattr(prune, "BATCHES", 2)
    for _ in range(5):
        make_message("done", finished_at=NOW - timedelta(days=8))
    assert messages_prune(now=NOW) == 4
    assert messages_prune(now=NOW) == 1
    assert messages_prune(now=NOW) == 0


def test_a_tick_that_went_through_leaves_its_heartbeat_and_ran_under_a_correlation_of_its_own() -> None:
    with ticking("outbox.dispatch"):
        assert len(correlation_id()) == 32
    row = Heartbeat.objects.get()
    assert row.name == "outbox.dispatch"
    assert row.finished_at is not None
    assert (row.failed_at, row.error) == (None, "")


def test_a_tick_that_failed_is_silent_but_says_why_and_the_error_goes_on() -> None:
    with ticking("outbox.dispatch"):
        pass
    before = Heartbeat.objects.get().finished_at
    with pytest.raises(ZeroDivisionError), ticking("outbox.dispatch"):
        raise ZeroDivisionError
    row = Heartbeat.objects.get()
    assert row.finished_at == before
    assert row.failed_at is not None
    assert row.error.startswith("ZeroDivisionError at test_outbox_repair.py:")
    with ticking("outbox.dispatch"):
        pass
    assert Heartbeat.objects.get().error == ""


def test_a_tick_that_nobody_expects_is_a_programming_error() -> None:
    with pytest.raises(KeyError), ticking("nobody.expects"):
        pass
    assert not Heartbeat.objects.exists()


@pytest.mark.parametrize(
    ("silent", "stale"),
    [(0, False), (60, False), (61, True), (-3600, False)],
    ids=["now", "at", "after", "back"],
)
def test_a_tick_that_was_silent_for_too_long_stands_still(silent: int, stale: bool) -> None:
    for name in ticks:
        Heartbeat.objects.create(name=name, finished_at=NOW)
    Heartbeat.objects.filter(name="outbox.dispatch").update(finished_at=NOW - silent * SECOND)
    assert [pulse.tick.name for pulse in stale_ticks(NOW)] == (["outbox.dispatch"] if stale else [])


def test_a_tick_that_has_never_run_stands_still() -> None:
    set_up = MigrationRecorder.Migration.objects.aggregate(at=Max("applied"))["at"]
    assert stale_ticks(set_up + 60 * SECOND) == []
    assert {pulse.tick.name for pulse in stale_ticks(set_up + timedelta(hours=4))} == set(ticks)
    assert all(pulse.silent_for == 60 * SECOND for pulse in pulses(set_up + 60 * SECOND))


def test_a_tick_of_every_ten_minutes_may_be_silent_for_thirty() -> None:
    Heartbeat.objects.create(name="outbox.prune", finished_at=NOW - timedelta(minutes=30))
    assert "outbox.prune" not in {pulse.tick.name for pulse in stale_ticks(NOW)}
    assert "outbox.prune" in {pulse.tick.name for pulse in stale_ticks(NOW + SECOND)}


def test_the_lag_is_the_wait_of_the_oldest_due_message() -> None:
    assert outbox_lag(NOW) == timedelta()
    make_message("waiting", due_at=NOW - 90 * SECOND)
    make_message("waiting", due_at=NOW - 10 * SECOND)
    make_message("waiting", due_at=NOW + 10 * SECOND)
    assert outbox_lag(NOW) == 90 * SECOND
