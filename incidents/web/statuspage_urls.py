from __future__ import annotations

from django.urls import URLPattern, path

from incidents.web import statuspage, statuspage_public

urlpatterns: list[URLPattern] = [
    path("status", statuspage_public.moved),
    path("status/", statuspage_public.front, name="status"),
    path("status.json", statuspage_public.as_json, name="status-json"),
    path("status/feed.atom", statuspage_public.feed, name="status-feed"),
    path("status/history/", statuspage_public.past, name="status-history"),
    path("status/notices/<int:pk>/", statuspage_public.notice, name="status-notice"),
    path("status/subscribe/", statuspage_public.subscribe, name="status-subscribe"),
    path("status/confirm/<str:signed>/", statuspage_public.confirm, name="status-confirm"),
    path("status/manage/<str:signed>/", statuspage_public.manage, name="status-manage"),
    path("incidents/<str:key>/public/", statuspage.incident_public, name="incident-public"),
    path("status-page/", statuspage.arrange, name="status-arrange"),
    path("status-page/components/new/", statuspage.component_new, name="status-component-new"),
    path("status-page/components/<slug:slug>/", statuspage.component_edit, name="status-component-edit"),
    path(
        "status-page/components/<slug:slug>/retire/",
        statuspage.component_moved,
        {"verb": "retire"},
        name="status-component-retire",
    ),
    path(
        "status-page/components/<slug:slug>/show/",
        statuspage.component_moved,
        {"verb": "show"},
        name="status-component-show",
    ),
    path("status-page/new/incident/", statuspage.notice_new, {"kind": "incident"}, name="status-notice-new"),
    path(
        "status-page/new/maintenance/",
        statuspage.notice_new,
        {"kind": "maintenance"},
        name="status-maintenance-new",
    ),
    path("status-page/notices/<int:pk>/", statuspage.notice_edit, name="status-notice-edit"),
]
