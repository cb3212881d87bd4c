"""Compliance's workers and its purge, killed at the worst moments: nothing is lost, or half gone."""

from __future__ import annotations

import os
import sys
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection

from compliance.models import Measurement, MonthlyReport, PullSource, Purge, ReportMail, RestoreTest, Rollup
from compliance.services.measures.sources import source_create
from compliance.services.recovery.own_portal import portal_register
from compliance.services.reports import report_subscribe
from incidents.models import AlertMessage, Integration
from incidents.services.alerts.integrations import integration_create
from opsportal.audit.triggers import missing_triggers
from opsportal.core.clock import database_now, edge_now
from opsportal.standards.services import standard_activate
from tests.makers import ROOT, make_service, make_user
from tests.measuring import measured_under
from tests.portal import LivePortal
from tests.processes import ROOT as TREE
from tests.processes import Process, wait_until
from tests.receivers import Receiver, receiver
from tests.servers import Mailbox
from tests.telling import PATIENCE, mails_by_id, send_tick, tick_through, wait_until_dead

__all__ = ["receiver"]

pytestmark = pytest.mark.skipif(
    os.environ["TEST_DATABASE"] != "postgres", reason="several processes share PostgreSQL, not a file"
)
ONE = ("-c", "1")
REPORT, PULL = "compliance.monthly_report", "compliance.pull"
STEPS = (3_000, 3_600, 4_200, 6_600)
"""Seconds."""


def subscribers(count: int) -> None:
    """Let so many people get the report on the month before."""
    measured_under(now=database_now() - timedelta(days=90))
    for _ in range(count):
        report_subscribe(actor=make_user().actor, now=database_now())


def killed(portal: LivePortal, tick: str, point: str, **env: str) -> None:
    """Send a tick to a worker that dies at this point of it, and wait until it has."""
    worker = portal.start_worker(*ONE, OPSPORTAL_KILL_AT=point, **env)
    send_tick(portal, tick)
    wait_until_dead(worker)


@pytest.mark.parametrize(
    ("point", "left", "twice"),
    [
        ("report.before_commit", (0, 0), 0),  # neither the report nor a mail of it
        ("report_mail.claimed", (1, 3), 0),
        ("report_mail.after_send", (1, 3), 1),  # handed over, not recorded: again under the same Message-ID
    ],
)
def test_a_monthly_report_reaches_each_who_wants_it_whenever_its_worker_dies(
    portal: LivePortal, mailbox: Mailbox, point: str, left: tuple[int, int], twice: int
) -> None:
    subscribers(3)
    killed(portal, REPORT, point)
    assert (MonthlyReport.objects.count(), ReportMail.objects.filter(state="waiting").count()) == left
    assert len(mailbox.mails) == twice
    ReportMail.objects.update(due_at=database_now() - timedelta(hours=1))
    portal.start_worker(*ONE)
    tick_through(portal, REPORT, REPORT)
    assert list(ReportMail.objects.values_list("state", flat=True)) == ["sent"] * 3
    came = mails_by_id(mailbox)
    assert sorted(came.values()) == [1] * (3 - twice) + [2] * twice
    assert set(came) == {f"report-{pk}" for pk in ReportMail.objects.values_list("pk", flat=True)}
    papers = [part for mail in mailbox.mails for part in mail.message.walk() if part.get_filename()]
    assert len({str(part.get_payload()) for part in papers}) == 1
    assert len(papers) == 3 + twice


@pytest.mark.parametrize(("point", "asked", "kept"), [("pull.answered", 2, 0), ("pull.stored", 1, 1)])
def test_points_that_a_server_answered_are_stored_once_whenever_the_worker_dies(
    portal: LivePortal, receiver: Receiver, point: str, asked: int, kept: int
) -> None:
    now = database_now()
    # The step that goes on for longest: the worker is started again in the same one.
    step = max(STEPS, key=lambda seconds: seconds - now.timestamp() % seconds)
    measured_under(now=now)
    fields: dict[str, Any] = {
        "slug": "prometheus",
        "title": "Ours",
        "base_url": receiver.url,
        "query": "up",
        "figure": "availability",
        "unit": "share",
        "step": step,
    }
    source_create(actor=make_user(staff=True).actor, now=now, fields=fields)
    at = int(now.timestamp()) // step * step
    series = [{"metric": {}, "values": [[at, "0.995"]]}]
    receiver.answer = {"status": "success", "data": {"resultType": "matrix", "result": series}}
    inside = {"OPSPORTAL_OUTBOUND_NETWORKS": "127.0.0.0/8"}
    killed(portal, PULL, point, **inside)
    assert Measurement.objects.count() == kept
    PullSource.objects.update(next_at=database_now() - timedelta(hours=1))
    portal.start_worker(*ONE, **inside)
    tick_through(portal, PULL)
    assert len(receiver.calls) == asked
    assert [one.value for one in Measurement.objects.all()] == [99.5]
    assert [one.count for one in Rollup.objects.filter(grain="day")] == [1]
    assert PullSource.objects.get().error == ""


def command(*arguments: str) -> str:
    """Run a command of ``manage.py`` in this process and return what it prints."""
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def posts(count: int) -> None:
    """Keep so many posts of a sender of alerts, of two years ago."""
    standard_activate(actor=ROOT, now=database_now(), name="baseline")
    integration_create(actor=ROOT, now=database_now(), slug="monitor", kind="own", fields={"name": "Monitor"})
    of = Integration.objects.get()
    received = database_now() - timedelta(days=730)
    AlertMessage.objects.bulk_create(
        AlertMessage(integration=of, format="own", received_at=received, sha256="a" * 64, body=b"{}")
        for _ in range(count)
    )


@pytest.mark.parametrize(("point", "gone"), [("purge.before_commit", 0), ("purge.bitten", 2_000)])
def test_a_purge_that_is_killed_leaves_nothing_half_gone_and_goes_on(
    portal: LivePortal, tmp_path: Path, point: str, gone: int
) -> None:
    posts(3_000)
    arguments = ["purge", "--records", "alert_messages", "--reason", "Monthly work."]
    purge = Process(
        [sys.executable, TREE / "manage.py", *arguments],
        log=tmp_path / "purge.log",
        env={**portal.env, "OPSPORTAL_KILL_AT": point},
    )
    wait_until(lambda: not purge.alive, seconds=PATIENCE, what="the purge dies")
    assert AlertMessage.objects.count() == 3_000 - gone
    assert sum(Purge.objects.values_list("rows", flat=True)) == gone
    assert missing_triggers(connection) == []
    said = command(*arguments)
    assert f"alert_messages: {3_000 - gone} records made before" in said
    assert AlertMessage.objects.count() == 0
    assert sorted(Purge.objects.values_list("rows", flat=True)) == [1_000, 2_000]
    assert command(*arguments).startswith("alert_messages: 0 records")
    assert Purge.objects.count() == 2


def test_the_portal_restores_its_own_backup_into_a_scratch_database_and_says_so(
    portal: LivePortal, tmp_path: Path
) -> None:
    standard_activate(actor=ROOT, now=edge_now(), name="baseline")
    make_service("payments-api")
    portal_register(actor=ROOT, now=edge_now(), owner=make_user("olga@example.org", staff=True))
    backup = tmp_path / "portal.zip"
    portal.manage("backup", str(backup), "--keep", "30")
    said = portal.manage("restore", str(backup), "--scratch").stdout
    test = RestoreTest.objects.get()
    assert (test.level, test.outcome, test.environment) == ("application_verified", "passed", "scratch")
    assert test.key in said
    assert test.rto is not None
    assert test.decided_at is not None
    assert test.ended_at is not None
    assert test.backup.finished_at <= test.decided_at <= test.ended_at
    given = connection.settings_dict
    with psycopg.connect(
        dbname=given["NAME"],
        user=given["USER"],
        password=given["PASSWORD"],
        host=given["HOST"],
        port=given["PORT"],
    ) as server:
        left = server.execute("SELECT datname FROM pg_database WHERE datname LIKE 'opsportal_scratch_%'")
        assert left.fetchall() == []
