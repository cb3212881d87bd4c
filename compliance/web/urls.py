from __future__ import annotations

from django.urls import URLPattern, URLResolver

from compliance.web import (
    audits_urls,
    controls_urls,
    core_urls,
    governance_urls,
    measures_urls,
    policies_urls,
    recovery_urls,
    reports_urls,
)

app_name = "compliance"

urlpatterns: list[URLPattern | URLResolver] = [
    *audits_urls.urlpatterns,
    *controls_urls.urlpatterns,
    *core_urls.urlpatterns,
    *governance_urls.urlpatterns,
    *measures_urls.urlpatterns,
    *policies_urls.urlpatterns,
    *recovery_urls.urlpatterns,
    *reports_urls.urlpatterns,
]
