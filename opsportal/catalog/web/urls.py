from django.urls import path

from opsportal.catalog.web import environments, exchange, providers, views

app_name = "catalog"

urlpatterns = [
    path("services/", views.services, name="services"),
    path("services/new/", views.service_new, name="service_new"),
    path("services/import/", exchange.services_import, name="services_import"),
    path("services/export/csv/", exchange.services_csv, name="services_csv"),
    path("services/export/json/", exchange.services_json, name="services_json"),
    path("services/<slug:slug>/", views.service, name="service"),
    path("services/<slug:slug>/edit/", views.service_edit, name="service_edit"),
    path("services/<slug:slug>/retire/", views.service_move, {"verb": "retire"}, name="service_retire"),
    path(
        "services/<slug:slug>/reinstate/", views.service_move, {"verb": "reinstate"}, name="service_reinstate"
    ),
    path("services/<slug:slug>/dependencies/", views.dependency_new, name="dependency_new"),
    path("services/<slug:slug>/dependencies/<int:pk>/remove/", views.dependency_end, name="dependency_end"),
    path("providers/", providers.provider_list, name="providers"),
    path("providers/new/", providers.provider_new, name="provider_new"),
    path("providers/<slug:slug>/", providers.provider, name="provider"),
    path("providers/<slug:slug>/edit/", providers.provider_edit, name="provider_edit"),
    path("providers/<slug:slug>/retire/", providers.provider_end, {"verb": "retire"}, name="provider_retire"),
    path(
        "providers/<slug:slug>/reinstate/",
        providers.provider_end,
        {"verb": "reinstate"},
        name="provider_reinstate",
    ),
    path("environments/", environments.environments, name="environments"),
    path("environments/new/", environments.environment_new, name="environment_new"),
    path("environments/<slug:slug>/", environments.environment, name="environment"),
    path("environments/<slug:slug>/edit/", environments.environment_edit, name="environment_edit"),
]
