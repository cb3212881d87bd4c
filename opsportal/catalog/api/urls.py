from django.urls import re_path

from opsportal.catalog.api import views

SLUG = r"(?P<slug>[-a-zA-Z0-9_]{1,60})"

urlpatterns = [
    re_path(r"^services/?$", views.ServiceList.as_view(), name="api-services"),
    re_path(rf"^services/{SLUG}/?$", views.ServiceDetail.as_view(), name="api-service"),
    re_path(rf"^services/{SLUG}/retire/?$", views.ServiceRetire.as_view(), name="api-service-retire"),
    re_path(
        rf"^services/{SLUG}/reinstate/?$", views.ServiceReinstate.as_view(), name="api-service-reinstate"
    ),
    re_path(r"^environments/?$", views.EnvironmentList.as_view(), name="api-environments"),
    re_path(rf"^environments/{SLUG}/?$", views.EnvironmentDetail.as_view(), name="api-environment"),
    re_path(r"^dependencies/?$", views.DependencyList.as_view(), name="api-dependencies"),
    re_path(
        r"^dependencies/(?P<pk>[1-9][0-9]{0,17})/?$", views.DependencyDetail.as_view(), name="api-dependency"
    ),
]
