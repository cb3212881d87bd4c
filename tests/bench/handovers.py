"""From a handover that is due in many schedules at once to the last mail of it, with a whole portal at work.

    python -m tests.bench --only handovers

Runs on a database of its own (DATABASE_URL, empty) and prints its figures as JSON. So many schedules change
hands at the same minute, as rotations that begin on Mondays at nine do; each tells the two whom it concerns.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

SCHEDULES, PEOPLE = 500, 50
PATIENCE = 400.0
BOUND = 60.0
"""Seconds from the first handover that is opened to the last mail that is handed over."""
AHEAD = timedelta(minutes=28)
"""Handovers are opened half an hour ahead: the first tick of the portal finds all of them."""


def main() -> int:
    """Set up, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.handovers")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--small", action="store_true", help="a tenth of all")
    options = parser.parse_args()
    import django

    django.setup()
    from django.core.management import call_command

    from tests.portal import LivePortal
    from tests.servers import Mailbox

    call_command("migrate", verbosity=0)
    schedules = SCHEDULES // 10 if options.small else SCHEDULES
    _world(schedules)
    mailbox = Mailbox()
    env = {**mailbox.env, "DATABASE_URL": os.environ["DATABASE_URL"], "OPSPORTAL_LOG_LEVEL": "INFO"}
    portal = LivePortal(options.folder, env)
    try:
        portal.start_all(web={})
        figures = list(_measure(mailbox, schedules))
    finally:
        portal.stop()
        mailbox.stop()
    sys.stdout.write(json.dumps(figures) + "\n")
    return 0


def _address(number: int) -> str:
    return f"person{number}@example.org"


def _world(schedules: int) -> None:
    """Store schedules of two people each, published, whose turn changes within the half hour."""
    from incidents.services.oncall.schedules import schedule_create
    from incidents.services.roster.publishing import schedule_publish
    from opsportal.core.clock import database_now
    from opsportal.outbox.services import messages_settle
    from opsportal.standards.services import standard_activate
    from tests.makers import ROOT, make_user
    from tests.oncalling import layer_of

    now = database_now()
    standard_activate(actor=ROOT, now=now, name="baseline")
    for number in range(PEOPLE):
        make_user(_address(number), name=f"Person {number}")
    began = (now + AHEAD - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
    for number in range(schedules):
        first = number % (PEOPLE // 2)
        pair = (_address(first), _address(first + PEOPLE // 2))
        row = schedule_create(
            actor=ROOT,
            now=now - timedelta(days=2),
            slug=f"schedule-{number}",
            name=f"Schedule {number}",
            settings={"time_zone": "UTC", "layers": [layer_of(*pair, start=began)]},
        )
        schedule_publish(now=now - timedelta(days=2), schedule_pk=row.pk)
        schedule_publish(now=now, schedule_pk=row.pk)
    messages_settle(now=now, before=now)


def _measure(mailbox: Any, schedules: int) -> Iterator[dict[str, Any]]:
    from incidents.models import Handover
    from tests.bench.size import figure
    from tests.processes import wait_until

    def arrived() -> list[Any]:
        return [
            mail
            for number in range(PEOPLE)
            for mail in mailbox.to(_address(number))
            if mail.subject.startswith("Hand over")
        ]

    wanted = 2 * schedules
    wait_until(lambda: len(arrived()) >= wanted, seconds=PATIENCE, what="a mail of each handover to both")
    opened = Handover.objects.order_by("opened_at").values_list("opened_at", flat=True)
    began, stored = opened[0], Handover.objects.count()
    last = max(mail.at for mail in arrived())
    name = f"{schedules} schedules hand over at once"
    yield figure(f"{name}: handovers missing or twice", abs(stored - schedules), 0, "handovers")
    yield figure(f"{name}: mails that are not one for each of both", abs(len(arrived()) - wanted), 0, "mails")
    yield figure(f"{name}: tick to last mail", last - _monotonic(began), BOUND, "s")


def _monotonic(moment: Any) -> float:
    """Return an instant as the mailbox tells time: by this machine's monotonic clock."""
    import time

    from opsportal.core.clock import database_now

    return time.monotonic() - (database_now() - moment).total_seconds()


if __name__ == "__main__":
    sys.exit(main())
