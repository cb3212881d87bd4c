from __future__ import annotations

from django.urls import URLPattern, URLResolver, re_path

from compliance.api import reports

urlpatterns: list[URLPattern | URLResolver] = [
    re_path(
        rf"^reports/(?P<name>{'|'.join(reports.NAMES)})/?$", reports.ReportView.as_view(), name="api-report"
    ),
]
