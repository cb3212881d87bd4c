"""The tick of the monthly report."""

from __future__ import annotations

from celery import shared_task

from compliance.services.reports import monthly_report_make, report_mails_send
from opsportal.core.clock import database_now
from opsportal.core.due import each_step
from opsportal.outbox.services import ticking


@shared_task(name="compliance.monthly_report")
def monthly_report() -> None:
    """Make the report on the month before, and send it."""
    with ticking("compliance.monthly_report"):
        each_step(
            lambda: monthly_report_make(clock=database_now) is not None,
            lambda: report_mails_send(clock=database_now),
        )
