"""Sending the mails of a monthly report: claim with a lease, hand over, record.

At least once: who dies between hand-over and record leaves a lease that runs out, and the mail goes out
again under the same Message-ID.
"""

from __future__ import annotations

import smtplib
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import structlog
from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.urls import reverse

from compliance.measuring.states import REPORT_MAIL
from compliance.models import MonthlyReport, ReportMail
from compliance.selectors.reports.monthly import blocks_of
from opsportal.core.faultpoints import reached
from opsportal.outbox import backoff
from opsportal.web.printing import pdf_of

LEASE = timedelta(seconds=120)
_BUDGET_SECONDS = 30.0
_log = structlog.get_logger(__name__)


def report_mails_send(*, clock: Callable[[], datetime]) -> int:
    """Send what is due, the longest due first, for half a minute at most; return how many were handed over.

    `clock` is the database's (aware UTC).
    """
    stop_at = time.monotonic() + _BUDGET_SECONDS
    sent = 0
    papers: dict[int, bytes] = {}
    while time.monotonic() < stop_at:
        mail = _claim(clock())
        if mail is None:
            break
        sent += _send(mail, papers, clock)
    return sent


def paper_of(report: MonthlyReport) -> bytes:
    """Return the PDF of a report: the same bytes each time."""
    footer = f"SHA-256 {report.content_hash}"
    return pdf_of(f"Report on {report.month}", blocks_of(report.content), footer=footer)


def _claim(now: datetime) -> ReportMail | None:
    with transaction.atomic():
        row = (
            ReportMail.objects.select_for_update(skip_locked=True, of=("self",))
            .select_related("report", "person")
            .filter(state="waiting", due_at__lte=now)
            .order_by("due_at", "id")
            .first()
        )
        if row is not None:
            row.attempt += 1
            row.due_at = now + LEASE
            row.save(update_fields=["attempt", "due_at"])
        return row


def _send(mail: ReportMail, papers: dict[int, bytes], clock: Callable[[], datetime]) -> int:
    if not mail.person.is_active or not mail.person.email:
        _end(mail, "skip", clock())
        return 0
    if backoff.is_spent(mail.attempt - 1):
        _end(mail, "give_up", clock(), error=mail.error or "tried_too_often")
        return 0
    if mail.report_id not in papers:
        papers[mail.report_id] = paper_of(mail.report)
    reached("report_mail.claimed")
    try:
        message_of(mail, papers[mail.report_id]).send()
    except (smtplib.SMTPException, OSError, ValueError) as error:
        name = type(error).__name__
        _log.warning("report_mail.failed", mail=mail.pk, error=name)
        if isinstance(error, smtplib.SMTPRecipientsRefused | ValueError):
            _end(mail, "give_up", clock(), error=name)
        else:
            _record(mail, due_at=clock() + backoff.delay_after(mail.attempt), error=name)
        return 0
    reached("report_mail.after_send")
    _end(mail, "finish", clock())
    return 1


def message_of(mail: ReportMail, paper: bytes) -> EmailMessage:
    """Return the mail with its PDF. Its Message-ID is the same at every try."""
    month = mail.report.month
    page = f"{settings.PUBLIC_URL}{reverse('compliance:monthly-report', args=[month])}"
    message = EmailMessage(
        subject=f"Report on {month}",
        body=f"The report on {month} is attached.\n\nThe same as a page:\n{page}\n\n"
        f"SHA-256 of its content: {mail.report.content_hash}\n\n"
        f"-- \nSent by opsportal, {settings.PUBLIC_URL}\n"
        f"To get it no longer: {settings.PUBLIC_URL}{reverse('compliance:reports')}\n",
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[mail.person.email],
        headers={
            "Message-ID": f"<report-{mail.pk}@{urlsplit(settings.PUBLIC_URL).hostname or 'localhost'}>",
            "Auto-Submitted": "auto-generated",
        },
    )
    message.attach(f"report-{month}.pdf", paper, "application/pdf")
    return message


def _end(mail: ReportMail, verb: str, now: datetime, *, error: str = "") -> None:
    _record(mail, state=REPORT_MAIL.move("waiting", verb), due_at=None, finished_at=now, error=error)


def _record(mail: ReportMail, **fields: object) -> None:
    rows = ReportMail.objects.filter(pk=mail.pk, attempt=mail.attempt, state="waiting")
    if not rows.update(**fields):
        _log.warning("report_mail.superseded", mail=mail.pk, attempt=mail.attempt)
