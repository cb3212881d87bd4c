from __future__ import annotations

from django.urls import URLPattern, URLResolver, re_path

from compliance.api import measures

urlpatterns: list[URLPattern | URLResolver] = [
    re_path(r"^measurements/?$", measures.Measurements.as_view(), name="api-measurements"),
    re_path(r"^measurements/series/?$", measures.SeriesList.as_view(), name="api-measurement-series"),
    re_path(r"^measurements/figures/?$", measures.Figures.as_view(), name="api-figures"),
]
