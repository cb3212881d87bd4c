from django.urls import re_path

from opsportal.accounts.api import away

NUMBER = r"(?P<number>[0-9]{1,18})"

urlpatterns = [
    re_path(r"^absences/?$", away.AbsenceList.as_view(), name="api-absences"),
    re_path(rf"^absences/{NUMBER}/?$", away.AbsenceDetail.as_view(), name="api-absence"),
    re_path(rf"^absences/{NUMBER}/end/?$", away.AbsenceEnd.as_view(), name="api-absence-end"),
    re_path(r"^deputies/?$", away.DeputyList.as_view(), name="api-deputies"),
    re_path(rf"^deputies/{NUMBER}/?$", away.DeputyDetail.as_view(), name="api-deputy"),
    re_path(rf"^deputies/{NUMBER}/end/?$", away.DeputyEnd.as_view(), name="api-deputy-end"),
]
