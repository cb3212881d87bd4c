from django.urls import path, re_path

from opsportal.standards.web import documents, views

app_name = "standards"

urlpatterns = [
    path("standards/", views.index, name="index"),
    path("standards/active/", views.active, name="active"),
    path("standards/propose/", views.propose, name="propose"),
    path("standards/active/review/", views.reviewed, name="review"),
    path("standards/<slug:reference>/differences/", views.differences, name="differences"),
    path("standards/<slug:reference>/document/", documents.document, name="document"),
    path("standards/<slug:reference>/coverage/", documents.covered, name="coverage"),
    path("standards/<slug:reference>/document/original/", documents.original, name="original"),
    re_path(r"^standards/(?P<content_hash>[0-9a-f]{64})/$", views.detail, name="detail"),
]
