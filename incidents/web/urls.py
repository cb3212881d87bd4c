from __future__ import annotations

from django.urls import URLPattern, URLResolver

from incidents.web import runbooks_urls, statuspage_urls

app_name = "incidents"

urlpatterns: list[URLPattern | URLResolver] = [
    *runbooks_urls.urlpatterns,
    *statuspage_urls.urlpatterns,
]
