"""Paths at the root of the host, where senders of PagerDuty's events look for them."""

from django.urls import re_path

from incidents.api import alerts_ingest

urlpatterns = [
    re_path(r"^v2/enqueue/?$", alerts_ingest.EnqueueEvent.as_view(), name="pagerduty-enqueue"),
    re_path(r"^v2/change/enqueue/?$", alerts_ingest.EnqueueChange.as_view(), name="pagerduty-change"),
]
