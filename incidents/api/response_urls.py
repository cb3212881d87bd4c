"""The paths of incidents."""

from __future__ import annotations

from django.urls import URLPattern, re_path

from incidents.api import response, response_verbs
from opsportal.api.views import ApiView

KEY = r"(?P<key>[A-Za-z]{2,5}-[0-9]{1,18})"
NUMBER = r"[0-9]{1,18}"
STEPS: dict[str, type[ApiView]] = {
    **response_verbs.VERBS,
    "timeline": response.IncidentTimeline,
    "tasks": response.IncidentTasks,
    "roles": response.IncidentRoles,
    "links": response.IncidentLinks,
}

urlpatterns: list[URLPattern] = [
    re_path(r"^incidents/?$", response.IncidentList.as_view(), name="api-incidents"),
    re_path(rf"^incidents/{KEY}/?$", response.IncidentDetail.as_view(), name="api-incident"),
    *(
        re_path(rf"^incidents/{KEY}/{step}/?$", view.as_view(), name=f"api-incident-{step}")
        for step, view in STEPS.items()
    ),
    re_path(
        rf"^incidents/{KEY}/timeline/(?P<entry>{NUMBER})/?$",
        response.IncidentEntryDetail.as_view(),
        name="api-incident-entry",
    ),
    re_path(
        rf"^incidents/{KEY}/tasks/(?P<task>{NUMBER})/?$",
        response.IncidentTaskDetail.as_view(),
        name="api-incident-task",
    ),
    re_path(
        rf"^incidents/{KEY}/roles/(?P<role>{NUMBER})/end/?$",
        response.IncidentRoleEnd.as_view(),
        name="api-incident-role-end",
    ),
    re_path(
        rf"^incidents/{KEY}/links/(?P<link>{NUMBER})/remove/?$",
        response.IncidentLinkRemove.as_view(),
        name="api-incident-link-remove",
    ),
]
