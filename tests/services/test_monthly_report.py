"""The monthly report: once for each month, to whoever wants it, whatever clocks and processes do."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.core import mail

from compliance.measuring.months import is_weekday, month_to_report, name_of
from compliance.measuring.windows import month_span
from compliance.models import MonthlyReport, ReportMail
from compliance.selectors.reports.monthly import month_blocks
from compliance.services.measures.promises import objective_create
from compliance.services.reports import (
    monthly_report_make,
    report_address,
    report_mails_send,
    report_subscribe,
    report_unsubscribe,
)
from opsportal.core.errors import Forbidden
from opsportal.web.printing import Table
from tests.makers import NOW, grant, make_role, make_service, make_user
from tests.measuring import measure, measured_under
from tests.untouched import refused

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("now", "month"),
    [
        (datetime(2026, 3, 1, 12, tzinfo=UTC), None),  # a Sunday
        (datetime(2026, 3, 2, 0, 5, tzinfo=UTC), "2026-02"),
        (datetime(2026, 3, 31, 23, 59, tzinfo=UTC), "2026-02"),
        (datetime(2027, 1, 1, 1, tzinfo=UTC), "2026-12"),
        (datetime(2024, 3, 1, tzinfo=UTC), "2024-02"),
        # Still the last day of February there, but March in UTC.
        (datetime.fromisoformat("2024-02-29T20:00:00-05:00"), "2024-02"),
    ],
)
def test_it_is_due_from_the_first_working_day_on(now: datetime, month: str | None) -> None:
    found = month_to_report(now, is_weekday)
    assert (name_of(found) if found else None) == month


def test_in_a_month_that_begins_with_ten_days_off_it_is_due_on_the_tenth() -> None:
    assert month_to_report(datetime(2026, 3, 9, tzinfo=UTC), lambda day: False) is None
    assert month_to_report(datetime(2026, 3, 10, tzinfo=UTC), lambda day: day == date(1, 1, 1)) is not None


def clock_at(now: datetime) -> Any:
    return lambda: now


def test_it_is_made_once_and_sent_once_to_each(settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    measured_under()
    admin, person, holder = make_user(staff=True), make_user("eve@example.org"), make_user("max@example.org")
    make_role("management")
    grant("management", holder)
    grant("management", person)
    report_subscribe(actor=person.actor, now=NOW)
    report_address(actor=admin.actor, now=NOW, role="management", wanted=True)
    made = monthly_report_make(clock=clock_at(NOW))
    assert made is not None
    assert (made.month, len(made.content_hash)) == ("2026-02", 64)
    for now in (NOW, NOW + timedelta(days=20), NOW - timedelta(days=40), NOW - timedelta(days=400)):
        assert monthly_report_make(clock=clock_at(now)) is None
    assert MonthlyReport.objects.count() == 1
    assert report_mails_send(clock=clock_at(NOW)) == 2
    assert report_mails_send(clock=clock_at(NOW + timedelta(days=1))) == 0
    assert sorted(one.to[0] for one in mail.outbox) == ["eve@example.org", "max@example.org"]
    name, content, kind = mail.outbox[0].attachments[0]
    assert (name, kind) == ("report-2026-02.pdf", "application/pdf")
    assert content.startswith(b"%PDF-")
    assert mail.outbox[0].attachments[0] == mail.outbox[1].attachments[0]
    april = monthly_report_make(clock=clock_at(datetime(2026, 4, 1, 8, tzinfo=UTC)))
    assert april is not None
    assert april.month == "2026-03"


def test_a_mail_that_fails_is_sent_again_under_the_same_name(settings: Any) -> None:
    measured_under()
    person = make_user()
    report_subscribe(actor=person.actor, now=NOW)
    report_subscribe(actor=person.actor, now=NOW)
    monthly_report_make(clock=clock_at(NOW))
    settings.EMAIL_BACKEND = "tests.services.test_monthly_report.NoMail"
    assert report_mails_send(clock=clock_at(NOW)) == 0
    row = ReportMail.objects.get()
    assert (row.state, row.attempt, row.error) == ("waiting", 1, "ConnectionRefusedError")
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    # Who died after the claim leaves a lease; it runs out.
    ReportMail.objects.update(due_at=NOW + timedelta(seconds=120))
    assert report_mails_send(clock=clock_at(NOW + timedelta(seconds=60))) == 0
    assert report_mails_send(clock=clock_at(NOW + timedelta(seconds=121))) == 1
    assert mail.outbox[0].extra_headers["Message-ID"].startswith(f"<report-{row.pk}@")


class NoMail:
    """A mail server that is away."""

    def __init__(self, **_: Any) -> None: ...

    def send_messages(self, _: Any) -> int:
        raise ConnectionRefusedError


def test_who_does_not_want_it_any_more_does_not_get_it() -> None:
    measured_under()
    person, other = make_user(), make_user()
    report_subscribe(actor=person.actor, now=NOW)
    report_unsubscribe(actor=person.actor, now=NOW)
    make_role("management")
    with refused(Forbidden):
        report_address(actor=other.actor, now=NOW, role="management", wanted=True)
    monthly_report_make(clock=clock_at(NOW))
    assert not ReportMail.objects.exists()


def test_objectives_are_judged_at_the_end_of_the_month() -> None:
    measured_under()
    make_service("payments-api")
    promise = {
        "title": "Payments answer",
        "figure": "availability",
        "service": "payments-api",
        "objective": "99.9",
        "window": "30d",
    }
    objective_create(actor=make_user(staff=True).actor, now=NOW, fields=promise)
    february = datetime(2026, 2, 28, 12, tzinfo=UTC)
    measure("availability", *[99.5] * 5, service="payments-api", until=february)
    measure("availability", *[100.0] * 2, service="payments-api", until=NOW)
    blocks = month_blocks(month_span(2026, 2), NOW)
    table = next(one for one in blocks if isinstance(one, Table) and one.header[0] == "Objective")
    (row,) = [one for one in table.rows if one[0] == "Payments answer"]
    assert str(row[3]).startswith("99.5")
