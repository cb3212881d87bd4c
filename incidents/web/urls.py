from __future__ import annotations

from django.urls import URLPattern, URLResolver

from incidents.web import statuspage_urls

app_name = "incidents"

urlpatterns: list[URLPattern | URLResolver] = [*statuspage_urls.urlpatterns]
