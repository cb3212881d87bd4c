"""The management dashboard, and each report as a page, on paper and as a sheet."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from compliance.models import MonthlyReport, ReportRecipient
from compliance.selectors.reports import REPORTS, TITLES, USUAL, period
from compliance.selectors.reports.monthly import blocks_of, dashboard
from compliance.selectors.reports.report import Report
from compliance.services.recovery import backup_report
from compliance.services.recovery.standing import WINDOW
from compliance.services.reports import report_subscribe, report_unsubscribe
from compliance.web.blocks import Link
from compliance.web.measures import page
from opsportal.core.errors import InvalidInput, NotFound
from opsportal.web.printing import Block, Heading, Table, pdf_of, pdf_response
from opsportal.web.requests import actor_of, now_of
from opsportal.web.tables import table_response

DRAWN = {**REPORTS, "backups": backup_report.report}
"""Every report that is a page here, as `REPORTS` has them."""
USUAL_OF = {"backups": WINDOW}
"""How far back a report looks where it is not 90 days: assets are judged by these."""


class PeriodForm(forms.Form):
    """From which day (UTC) to which, both in it."""

    since = forms.DateField(required=False, label="From")
    until = forms.DateField(required=False, label="To")

    def period(self, now: datetime, usual: timedelta = USUAL) -> tuple[datetime, datetime]:
        """Return the time that is asked for; the `usual` one until today where nothing is.

        Raises `InvalidInput`.
        """
        if not self.is_valid():
            raise InvalidInput.of_fields({name: str(errors[0]) for name, errors in self.errors.items()})
        until: date = self.cleaned_data["until"] or now.astimezone(UTC).date()
        since: date = self.cleaned_data["since"] or until - usual
        start = datetime.combine(since, time(), UTC)
        return period(start, datetime.combine(until + timedelta(days=1), time(), UTC), now)


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Show the management dashboard: what is promised, how it stands, and every report."""
    actor, now = actor_of(request), now_of(request)
    reports = [(Link(one.title, _path(one.name)), one.about) for one in TITLES]
    months = [
        (
            Link(row.month, reverse("compliance:monthly-report", args=[row.month])),
            f"{row.made_at:%Y-%m-%d %H:%M}",
            row.content_hash[:12],
        )
        for row in MonthlyReport.objects.defer("content").order_by("-month")[:12]
    ]
    blocks: list[Block] = [
        Heading("One subject each", 2),
        Table(("Report", "About"), reports),
        *dashboard(actor, now),
        Heading("Monthly reports", 2),
        Table(("Month", "Made (UTC)", "Hash"), months),
    ]
    mine = actor.is_user and ReportRecipient.objects.filter(kind="user", key=actor.id).exists()
    return page(
        request,
        blocks,
        is_folded=True,
        title="Reports",
        lead="How the organisation stands, on one page. It prints.",
        subscription={"is_mine": mine, "url": reverse("compliance:report-mail")} if actor.is_user else None,
    )


def _path(name: str) -> str:
    if name == "incidents":
        return reverse("incidents:figures")
    return reverse("compliance:report", args=[name])


@require_safe
def report_page(request: HttpRequest, name: str) -> HttpResponse:
    """Show a report on a time."""
    report = _asked(request, name)
    query = request.GET.urlencode()
    first, last = f"{report.start:%Y-%m-%d}", f"{report.end - timedelta(days=1):%Y-%m-%d}"
    return page(
        request,
        [*report.blocks],
        title=report.title,
        lead=f"{first} to {last} (UTC). {report.lead}",
        crumbs=[("Reports", reverse("compliance:reports"))],
        form=PeriodForm({"since": first, "until": last}),
        actions=[
            ("CSV", f"{reverse('compliance:report-file', args=[name, 'csv'])}?{query}", "download"),
            ("PDF", f"{reverse('compliance:report-file', args=[name, 'pdf'])}?{query}", "download"),
        ],
    )


@require_safe
def report_file(request: HttpRequest, name: str, form: str) -> HttpResponseBase:
    """Send a report as PDF, or its rows as CSV, XLSX or JSON."""
    report = _asked(request, name)
    if form == "pdf":
        title = f"{report.title}, {report.start:%Y-%m-%d} to {report.end - timedelta(days=1):%Y-%m-%d}"
        return pdf_response(f"report-{name}", pdf_of(title, report.blocks, subtitle=report.lead))
    return table_response(f"report-{name}", report.columns, report.rows, form=form)


@require_safe
def monthly_report(request: HttpRequest, month: str) -> HttpResponse:
    """Show a monthly report as it was made."""
    row = _month(month)
    return page(
        request,
        blocks_of(row.content),
        title=f"Report on {row.month}",
        lead=f"As it was made on {row.made_at:%Y-%m-%d %H:%M} UTC; SHA-256 {row.content_hash}.",
        crumbs=[("Reports", reverse("compliance:reports"))],
        actions=[("PDF", reverse("compliance:monthly-report-pdf", args=[row.month]), "download")],
    )


@require_safe
def monthly_report_pdf(request: HttpRequest, month: str) -> HttpResponse:
    """Send a monthly report as the PDF that was mailed."""
    row = _month(month)
    content = pdf_of(f"Report on {row.month}", blocks_of(row.content), footer=f"SHA-256 {row.content_hash}")
    return pdf_response(f"report-{row.month}", content)


@require_POST
def report_mail(request: HttpRequest) -> HttpResponse:
    """Get the monthly report by mail, or get it no longer."""
    actor, now = actor_of(request), now_of(request)
    mine = ReportRecipient.objects.filter(kind="user", key=actor.id).exists()
    (report_unsubscribe if mine else report_subscribe)(actor=actor, now=now)
    return redirect("compliance:reports")


def _month(month: str) -> MonthlyReport:
    row = MonthlyReport.objects.filter(month=month).first()
    if row is None:
        raise NotFound("There is no report on this month.")
    return row


def _asked(request: HttpRequest, name: str) -> Report:
    make: Any = DRAWN.get(name)
    if make is None:
        raise NotFound("There is no such report.")
    now = now_of(request)
    start, end = PeriodForm(request.GET).period(now, USUAL_OF.get(name, USUAL))
    report: Report = make(actor_of(request), now, start, end)
    return report
