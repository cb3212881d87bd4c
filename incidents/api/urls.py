from __future__ import annotations

from django.urls import URLPattern, URLResolver

from incidents.api import alerts_urls, statuspage_urls

urlpatterns: list[URLPattern | URLResolver] = [
    *alerts_urls.urlpatterns,
    *statuspage_urls.urlpatterns,
]
