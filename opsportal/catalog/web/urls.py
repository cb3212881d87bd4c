from django.urls import path

from opsportal.catalog.web import environments, views

app_name = "catalog"

urlpatterns = [
    path("services/", views.services, name="services"),
    path("services/new/", views.service_new, name="service_new"),
    path("services/<slug:slug>/", views.service, name="service"),
    path("services/<slug:slug>/edit/", views.service_edit, name="service_edit"),
    path("services/<slug:slug>/retire/", views.service_move, {"verb": "retire"}, name="service_retire"),
    path(
        "services/<slug:slug>/reinstate/", views.service_move, {"verb": "reinstate"}, name="service_reinstate"
    ),
    path("services/<slug:slug>/dependencies/", views.dependency_new, name="dependency_new"),
    path("services/<slug:slug>/dependencies/<int:pk>/remove/", views.dependency_end, name="dependency_end"),
    path("environments/", environments.environments, name="environments"),
    path("environments/new/", environments.environment_new, name="environment_new"),
    path("environments/<slug:slug>/", environments.environment, name="environment"),
    path("environments/<slug:slug>/edit/", environments.environment_edit, name="environment_edit"),
]
