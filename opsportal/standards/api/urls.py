from django.urls import re_path

from opsportal.standards.api import views

urlpatterns = [
    re_path(r"^standards/?$", views.StandardList.as_view(), name="api-standards"),
    re_path(r"^standards/active/?$", views.ActiveStandard.as_view(), name="api-standard-active"),
    re_path(r"^standards/active/review/?$", views.StandardReview.as_view(), name="api-standard-review"),
    re_path(
        r"^standards/(?P<reference>[a-z0-9_-]{1,64})/differences/?$",
        views.StandardDifferences.as_view(),
        name="api-standard-differences",
    ),
    re_path(
        r"^standards/(?P<content_hash>[0-9a-f]{64})/?$",
        views.StandardDetail.as_view(),
        name="api-standard",
    ),
]
