"""``python -m tests.chaos [F1 F4 …] [--seconds 20]``: each fault under load; exit code 1 if one broke it."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass, field

import psycopg

from tests.chaos.alerts import Alerts, AlertSenders, compare
from tests.chaos.clients import Clients
from tests.chaos.faults import FAULTS
from tests.chaos.installation import Installation
from tests.chaos.packages import Skipped
from tests.processes import ROOT, wait_until

OWED = 12
"""Obligations that become late during each run: each is one mail."""
_OPEN = """
from datetime import timedelta
from opsportal.accounts.models import User
from opsportal.core.actor import Actor
from opsportal.core.clock import database_now
from opsportal.obligations.services import obligation_open
from opsportal.obligations.terms import Owner, Subject
now = database_now()
person = User.objects.get(email="elena@demo.example")
for number in range({count}):
    what = "{run} %d" % number
    obligation_open(actor=Actor.system("chaos"), now=now, rule="chaos", standard_hash="", what=what,
        subject=Subject("chaos", "{run}-%d" % number, "Chaos"), occurrence="once",
        owner=Owner.user(person.pk), due_at=now + timedelta(seconds=2 + number))
"""


@dataclass
class Outcome:
    """What one fault came to."""

    fault: str
    sent: int = 0
    acknowledged: int = 0
    lost: int = 0
    twice: int = 0
    unaudited: int = 0
    unexpected: list[str] = field(default_factory=list)
    wrong_gates: int = 0
    back_after: float = 0.0
    slowest_503: float = 0.0
    mails_missing: int = 0
    mails_twice: int = 0
    mails_twice_as_others: int = 0
    alerts: Alerts = field(default_factory=Alerts)
    broke: str = ""

    @property
    def holds(self) -> bool:
        """Whether every promise was kept. One mail twice, as the same message, is allowed at a kill."""
        broken = (self.lost, self.twice, self.unaudited, self.wrong_gates, self.mails_missing)
        return (
            not any(broken)
            and not self.broke
            and self.alerts.holds
            and not self.unexpected
            and not self.mails_twice_as_others
            and self.mails_twice <= 1
        )


def run(site: Installation, fault: str, seconds: float) -> Outcome:
    """Run one fault under load and compare what was acknowledged with what is there.

    Raises `Skipped` where this machine cannot do it.
    """
    name = f"{fault.lower()}-{int(time.time())}"
    site.manage("shell", "-v0", "-c", _OPEN.format(count=OWED, run=name))
    clients = Clients(site.port, site.token, name)
    site.senders = senders = AlertSenders(site, name)
    clients.start()
    senders.start()
    broke = ""
    try:
        time.sleep(seconds / 4)
        try:
            FAULTS[fault](site, seconds)
        except (TimeoutError, AssertionError) as error:
            broke = str(error)
        ended = time.monotonic()
        time.sleep(seconds / 2)
    finally:
        clients.stop(seconds=150)
        senders.stop(seconds=150)
    journal = clients.journal
    outcome = Outcome(fault, sent=len(journal.sent), acknowledged=len(journal.acknowledged), broke=broke)
    outcome.unexpected = journal.unexpected[:5]
    outcome.wrong_gates = len(journal.wrong_gates)
    outcome.back_after = max(0.0, journal.last_failure - ended)
    outcome.slowest_503 = journal.slowest_refusal
    _compare(site, name, journal.acknowledged, outcome)
    _count_mails(site, name, outcome)
    outcome.alerts = compare(site, senders)
    senders.end()
    return outcome


def _compare(site: Installation, name: str, acknowledged: dict[str, str], outcome: Outcome) -> None:
    with psycopg.connect(site.env["DATABASE_URL"]) as connection:
        rows = connection.execute(
            "SELECT release, id FROM changes_deployment WHERE release LIKE %s", [f"{name}.%"]
        ).fetchall()
        entries = connection.execute(
            "SELECT object_key FROM audit_auditentry WHERE action = 'deployment.registered'"
        ).fetchall()
    there = Counter(release for release, _ in rows)
    keys = {release: f"DEP-{pk}" for release, pk in rows}
    audited = Counter(key for (key,) in entries)
    outcome.lost = sum(keys.get(version) != key for version, key in acknowledged.items())
    outcome.twice = sum(count > 1 for count in there.values())
    outcome.unaudited = sum(audited[key] != 1 for key in keys.values())


def _count_mails(site: Installation, name: str, outcome: Outcome) -> None:
    wanted = {f"{name} {number}" for number in range(OWED)}

    def arrived() -> dict[str, list[str]]:
        found: dict[str, list[str]] = {what: [] for what in wanted}
        for mail in site.mailbox.to("elena@demo.example"):
            for what in wanted:
                if f"{what} (" in mail.subject or f"What: {what}\n" in mail.text:
                    found[what].append(str(mail.message["Message-ID"]))
        return found

    with contextlib.suppress(TimeoutError):
        wait_until(lambda: all(arrived().values()), seconds=150, what="every late obligation is told")
    found = arrived()
    outcome.mails_missing = sum(not ids for ids in found.values())
    outcome.mails_twice = sum(len(ids) > len(set(ids)) for ids in found.values())
    outcome.mails_twice_as_others = sum(len(set(ids)) > 1 for ids in found.values())


_HEAD = (
    "      sent  acked  lost  twice  back s  503 s  mails  again |"
    " alerts  lost  twice  unpaged  again  last page s\n"
)


def _line(one: Outcome) -> str:
    figures = (
        f"{one.fault:4}{one.sent:>6}{one.acknowledged:>7}{one.lost:>6}{one.twice:>7}{one.back_after:>8.1f}"
    )
    figures += f"{one.slowest_503:>7.1f}{OWED - one.mails_missing:>7}{one.mails_twice:>7}"
    alerts = one.alerts
    figures += f" |{alerts.accepted:>7}{alerts.lost:>6}{alerts.doubled:>7}{alerts.pages_missing:>9}"
    figures += f"{alerts.pages_again:>7}{alerts.slowest_page:>13.1f}"
    return f"{figures}  {'holds' if one.holds else 'BROKEN ' + json.dumps(asdict(one))}\n"


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.chaos", description=__doc__)
    parser.add_argument("faults", nargs="*", metavar="FAULT", help=f"of {', '.join(FAULTS)}; all by default")
    parser.add_argument("--seconds", type=float, default=20, help="how long a fault lasts")
    options = parser.parse_args()
    site = Installation()
    outcomes = []
    try:
        sys.stdout.write(_HEAD)
        for fault in options.faults or FAULTS:
            try:
                one = run(site, fault, options.seconds)
            except Skipped as why:
                sys.stdout.write(f"{fault:4}  skipped: {why}\n")
                continue
            outcomes.append(one)
            sys.stdout.write(_line(one))
            sys.stdout.flush()
    finally:
        site.stop()
    (ROOT / "var").mkdir(exist_ok=True)
    (ROOT / "var" / "chaos.json").write_text(json.dumps([asdict(one) for one in outcomes], indent=2))
    return 0 if all(one.holds for one in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
