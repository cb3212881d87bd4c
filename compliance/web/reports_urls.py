from __future__ import annotations

from django.urls import URLPattern, URLResolver, path, re_path

from compliance.web import reports

NAME = rf"(?P<name>{'|'.join(reports.DRAWN)})"

urlpatterns: list[URLPattern | URLResolver] = [
    path("reports/", reports.index, name="reports"),
    path("reports/mail/", reports.report_mail, name="report-mail"),
    path("reports/monthly/<str:month>/", reports.monthly_report, name="monthly-report"),
    path("reports/monthly/<str:month>/report.pdf", reports.monthly_report_pdf, name="monthly-report-pdf"),
    re_path(rf"^reports/{NAME}/$", reports.report_page, name="report"),
    re_path(
        rf"^reports/{NAME}/report\.(?P<form>csv|xlsx|json|pdf)$", reports.report_file, name="report-file"
    ),
]
