"""The paths of filters that people keep."""

from django.urls import re_path

from changes.api import filters

urlpatterns = [
    re_path(r"^change-filters/?$", filters.FilterList.as_view(), name="api-change-filters"),
    re_path(
        r"^change-filters/(?P<number>[0-9]{1,18})/?$",
        filters.FilterDetail.as_view(),
        name="api-change-filter",
    ),
]
