from __future__ import annotations

from django.urls import URLPattern, URLResolver

from incidents.api import (
    alerts_urls,
    escalation_urls,
    learning_urls,
    oncall_urls,
    response_urls,
    roster_urls,
    runbooks_urls,
    statuspage_urls,
)

urlpatterns: list[URLPattern | URLResolver] = [
    *alerts_urls.urlpatterns,
    *learning_urls.urlpatterns,
    *escalation_urls.urlpatterns,
    *oncall_urls.urlpatterns,
    *response_urls.urlpatterns,
    *roster_urls.urlpatterns,
    *runbooks_urls.urlpatterns,
    *statuspage_urls.urlpatterns,
]
