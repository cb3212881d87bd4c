from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from compliance.web import audits, guests

urlpatterns: list[URLPattern | URLResolver] = [
    path("audits/", audits.audits_mine, name="audits-mine"),
    path("audits/guest/<str:secret>/", guests.guest_link, name="audit-guest"),
    path("audits/requests/<str:key>/", audits.request_page, name="audit-request"),
    path("audits/requests/<str:key>/answer/", audits.request_answered, name="audit-request-answer"),
    path("audits/requests/<str:key>/files/", audits.request_file_added, name="audit-request-files"),
    path(
        "audits/requests/<str:key>/files/<uuid:identifier>/", audits.request_file, name="audit-request-file"
    ),
    path("audits/findings/<str:key>/", audits.finding_page, name="audit-finding"),
    path("audits/findings/<str:key>/actions/", audits.action_added, name="audit-action-new"),
    path("audits/findings/<str:key>/do/<slug:verb>/", audits.finding_step, name="audit-finding-step"),
    path("audits/actions/<str:key>/", audits.action_page, name="audit-action"),
    path("audits/actions/<str:key>/do/<slug:verb>/", audits.action_step, name="audit-action-step"),
]
