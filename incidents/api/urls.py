from __future__ import annotations

from django.urls import URLPattern, URLResolver

from incidents.api import statuspage_urls

urlpatterns: list[URLPattern | URLResolver] = [*statuspage_urls.urlpatterns]
