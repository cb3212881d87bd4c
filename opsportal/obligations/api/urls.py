from django.urls import re_path

from opsportal.obligations.api import views

PK = r"(?P<pk>[1-9][0-9]{0,17})"

urlpatterns = [
    re_path(r"^obligations/?$", views.ObligationList.as_view(), name="api-obligations"),
    re_path(rf"^obligations/{PK}/?$", views.ObligationDetail.as_view(), name="api-obligation"),
    re_path(rf"^obligations/{PK}/waive/?$", views.ObligationWaive.as_view(), name="api-obligation-waive"),
]
