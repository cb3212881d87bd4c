"""The whole way with real processes: a real Alertmanager, the portal, the mailbox of who is on call."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest

from incidents.models import Alert, Incident
from incidents.services.alerts.integrations import integration_create
from incidents.services.oncall.schedules import schedule_create
from incidents.services.response.moving import incident_acknowledge
from opsportal.core.clock import database_now
from opsportal.standards.services import standard_activate
from tests.alertmanager import INSTALL, Alertmanager, is_installed
from tests.makers import ROOT, make_service, make_team, make_user
from tests.oncalling import layer_of
from tests.portal import PATIENCE, LivePortal
from tests.processes import wait_until
from tests.servers import Mail, Mailbox

pytestmark = [
    pytest.mark.skipif(os.environ["TEST_DATABASE"] != "postgres", reason="processes run on PostgreSQL alone"),
    pytest.mark.skipif(not is_installed(), reason=f"needs a real Alertmanager: {INSTALL}"),
]


def pages_of(mailbox: Mailbox) -> list[Mail]:
    """Return the mails that ask Ada to take it: they bear the link of a page."""
    return [mail for mail in mailbox.to("ada@example.org") if "/ack/" in mail.text]


def test_an_alert_of_a_real_alertmanager_pages_whoever_is_on_call_and_ends_with_it(
    portal: LivePortal, mailbox: Mailbox, tmp_path: Path
) -> None:
    now = database_now()
    standard_activate(actor=ROOT, now=now, name="baseline")
    ada, ben = make_user("ada@example.org", name="Ada"), make_user("ben@example.org", name="Ben")
    team = make_team("payments", ada, ben)
    make_service("payments-api", team=team)
    schedule_create(
        actor=ROOT,
        now=now - timedelta(days=1),
        slug="payments",
        name="Payments",
        team="payments",
        settings={"time_zone": "UTC", "layers": [layer_of("ada@example.org", unit="week")]},
    )
    _, token = integration_create(
        actor=ROOT, now=now, slug="alertmanager", kind="alertmanager", fields={"name": "Alertmanager"}
    )
    portal.start_all(web={})
    sender = Alertmanager(tmp_path, f"{portal.url}/api/v1/alerts/alertmanager/{token}/")
    try:
        labels = {"alertname": "PaymentsDown", "service": "payments-api", "severity": "critical"}
        for instance in ("a", "b"):
            sender.fire(**labels, instance=instance)
        wait_until(lambda: pages_of(mailbox), seconds=PATIENCE, what="Ada is paged")
        wait_until(lambda: Alert.objects.count() == 2, seconds=PATIENCE, what="both alerts are stored")
        (incident,) = Incident.objects.all()
        assert (incident.severity, incident.detected_by) == ("sev1", "monitor")
        assert incident.key in pages_of(mailbox)[0].subject
        incident_acknowledge(actor=ada.actor, now=database_now(), pk=incident.pk)
        sender.resolve(**labels, instance="a")
        wait_until(
            lambda: Alert.objects.filter(state="resolved").count() == 1, seconds=PATIENCE, what="a is over"
        )
        incident.refresh_from_db()
        assert incident.state == "acknowledged"  # one of its alerts still fires
        sender.resolve(**labels, instance="b")
        wait_until(
            lambda: Incident.objects.filter(state="resolved").exists(), seconds=PATIENCE, what="it is over"
        )
        assert len(pages_of(mailbox)) == 1
        assert not [mail for mail in mailbox.to("ben@example.org") if incident.key in mail.subject]
    finally:
        sender.stop()
