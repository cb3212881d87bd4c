from __future__ import annotations

from django.urls import URLPattern, URLResolver, re_path

from compliance.api import conformance

urlpatterns: list[URLPattern | URLResolver] = [
    re_path(r"^conformance/?$", conformance.ConformanceList.as_view(), name="api-conformance"),
    re_path(
        r"^conformance/(?P<rule>[a-z0-9_-]{1,60})/?$",
        conformance.ConformanceDetail.as_view(),
        name="api-conformance-rule",
    ),
]
