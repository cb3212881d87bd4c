from __future__ import annotations

from django.urls import URLPattern, re_path

from incidents.api import statuspage

NUMBER = r"(?P<pk>[0-9]{1,15})"

urlpatterns: list[URLPattern] = [
    re_path(r"^status-components/?$", statuspage.ComponentList.as_view(), name="api-status-components"),
    re_path(r"^status-notices/?$", statuspage.NoticeList.as_view(), name="api-status-notices"),
    re_path(rf"^status-notices/{NUMBER}/?$", statuspage.NoticeDetail.as_view(), name="api-status-notice"),
    re_path(
        rf"^status-notices/{NUMBER}/updates/?$",
        statuspage.NoticeUpdates.as_view(),
        name="api-status-notice-updates",
    ),
]
