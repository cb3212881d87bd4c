from django.urls import path

from incidents.web import response

urlpatterns = [
    path("incidents/", response.incident_listed, name="incidents"),
    path("incidents/new/", response.incident_new, name="incident-new"),
    path("incidents/<str:key>/", response.incident_page, name="incident"),
    path("incidents/<str:key>/live/", response.incident_live, name="incident-live"),
    path("incidents/<str:key>/watch/", response.incident_watched, name="incident-watch"),
    path("incidents/<str:key>/steps/<slug:verb>/", response.incident_step, name="incident-step"),
    path(
        "incidents/<str:key>/tasks/<int:task>/<slug:verb>/",
        response.incident_task_step,
        name="incident-task",
    ),
    path("incidents/<str:key>/roles/<int:role>/end/", response.incident_role_ended, name="incident-role-end"),
    path("incidents/<str:key>/links/<int:link>/remove/", response.incident_unlinked, name="incident-unlink"),
    path("incidents/<str:key>/lines/<int:entry>/", response.incident_line_edited, name="incident-line"),
]
