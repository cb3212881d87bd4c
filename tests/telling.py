"""What kill tests share: people who are told, and the database held against the mailbox."""

from __future__ import annotations

import subprocess
from collections import Counter
from datetime import datetime, timedelta

from celery import Celery

from opsportal.accounts.models import User
from opsportal.core.clock import database_now
from opsportal.notify.models import Delivery
from opsportal.notify.services import notify
from opsportal.outbox.models import Heartbeat, OutboxMessage
from tests.makers import make_user
from tests.portal import LivePortal
from tests.processes import Process, wait_until
from tests.servers import Mailbox

PATIENCE = 60.0
"""Seconds until something that must happen counts as lost."""


def tell(count: int = 1, *, key: str = "k") -> list[User]:
    """Tell `count` new people something and return them."""
    people = [make_user() for _ in range(count)]
    notify(
        now=database_now(),
        message_key=key,
        recipients=[person.pk for person in people],
        subject="Hello",
        body="Something happened.",
    )
    return people


def let_leases_run_out() -> None:
    """Make every claimed message and delivery due now, as if its lease had run out."""
    long_ago = database_now() - timedelta(hours=1)
    Delivery.objects.filter(state="waiting").update(due_at=long_ago)
    OutboxMessage.objects.filter(state="waiting").update(due_at=long_ago)


def wait_for_all_sent(count: int) -> None:
    """Wait until `count` deliveries are recorded as sent and none waits."""
    wait_until(
        lambda: list(Delivery.objects.values_list("state", flat=True)) == ["sent"] * count,
        seconds=PATIENCE,
        what=f"{count} deliveries are sent",
    )


def send_tick(portal: LivePortal, *names: str) -> None:
    """Send these ticks to the portal's workers once, as beat does."""
    app = Celery(broker=portal.broker.url(), set_as_current=False)
    with app.connection_for_write() as connection:
        for name in names:
            app.send_task(name, connection=connection, ignore_result=True)


def tick_through(portal: LivePortal, *names: str) -> None:
    """Send these ticks one after the other, and wait each time until it has gone through."""
    for name in names:
        before = finished_at(name)
        send_tick(portal, name)
        wait_until_it_ticks(name, since=before)


def finished_at(name: str) -> datetime | None:
    """Return when this tick last went through."""
    return Heartbeat.objects.filter(name=name).values_list("finished_at", flat=True).first()


def wait_until_it_ticks(name: str, *, since: datetime | None) -> None:
    """Wait until this tick has gone through after `since`."""
    wait_until(lambda: finished_at(name) != since, seconds=PATIENCE, what=f"{name} ticks")


def wait_until_dead(process: Process) -> None:
    """Wait until the process has died."""
    wait_until(lambda: not process.alive, seconds=PATIENCE, what=f"{process.log.stem} dies")


def wait_until_stopped(process: Process) -> None:
    """Wait until the process stands still (SIGSTOP)."""

    def stands_still() -> bool:
        state = subprocess.run(
            ["ps", "-o", "stat=", "-p", str(process.pid)], capture_output=True, text=True, check=False
        )
        return state.stdout.strip().startswith("T")

    wait_until(stands_still, seconds=PATIENCE, what=f"{process.log.stem} stands still")


def wait_for_line(process: Process, text: str) -> None:
    """Wait until the process has printed `text`."""
    wait_until(lambda: text in process.output(), seconds=PATIENCE, what=f"{process.log.stem} prints {text!r}")


def mails_by_id(mailbox: Mailbox) -> Counter[str]:
    """Return how many mails came under each Message-ID."""
    return Counter(
        str(mail.message["Message-ID"]).strip("<>").partition("@")[0] for mail in list(mailbox.mails)
    )


def assert_each_came(mailbox: Mailbox, *, twice: int = 0) -> None:
    """Fail unless every delivery came once, but for `twice` of them, twice under one Message-ID."""
    came = mails_by_id(mailbox)
    assert set(came) == {str(pk) for pk in Delivery.objects.values_list("pk", flat=True)}
    assert sorted(came.values()) == [1] * (len(came) - twice) + [2] * twice
