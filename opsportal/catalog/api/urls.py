from django.urls import re_path

from opsportal.catalog.api import exchange, views

SLUG = r"(?P<slug>[-a-zA-Z0-9_]{1,60})"

urlpatterns = [
    re_path(r"^services/?$", views.ServiceList.as_view(), name="api-services"),
    re_path(rf"^services/{SLUG}/?$", views.ServiceDetail.as_view(), name="api-service"),
    re_path(rf"^services/{SLUG}/retire/?$", views.ServiceRetire.as_view(), name="api-service-retire"),
    re_path(
        rf"^services/{SLUG}/reinstate/?$", views.ServiceReinstate.as_view(), name="api-service-reinstate"
    ),
    re_path(r"^catalog/?$", exchange.CatalogExchange.as_view(), name="api-catalog"),
    re_path(r"^providers/?$", exchange.ProviderList.as_view(), name="api-providers"),
    re_path(rf"^providers/{SLUG}/?$", exchange.ProviderDetail.as_view(), name="api-provider"),
    re_path(
        rf"^providers/{SLUG}/(?P<verb>retire|reinstate)/?$",
        exchange.ProviderMove.as_view(),
        name="api-provider-move",
    ),
    re_path(r"^environments/?$", views.EnvironmentList.as_view(), name="api-environments"),
    re_path(rf"^environments/{SLUG}/?$", views.EnvironmentDetail.as_view(), name="api-environment"),
    re_path(r"^dependencies/?$", views.DependencyList.as_view(), name="api-dependencies"),
    re_path(
        r"^dependencies/(?P<pk>[1-9][0-9]{0,17})/?$", views.DependencyDetail.as_view(), name="api-dependency"
    ),
]
