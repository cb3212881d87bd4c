from __future__ import annotations

from django.urls import URLPattern, re_path

from incidents.api import figures, learning

KEY = r"(?P<key>[A-Za-z]{2,5}-[0-9]{1,18})"
MOVES = "|".join(verb for verb in learning.STEPS if verb != "return")
VERBS = "|".join(learning.VERBS)

urlpatterns: list[URLPattern] = [
    re_path(r"^reports/incidents/?$", figures.IncidentReport.as_view(), name="api-report-incidents"),
    re_path(r"^postmortems/?$", learning.PostmortemList.as_view(), name="api-postmortems"),
    re_path(r"^postmortems/waive/?$", learning.PostmortemWaiver.as_view(), name="api-postmortem-waive"),
    re_path(rf"^postmortems/{KEY}/?$", learning.PostmortemDetail.as_view(), name="api-postmortem"),
    re_path(
        rf"^postmortems/{KEY}/return/?$", learning.PostmortemReturn.as_view(), name="api-postmortem-return"
    ),
    re_path(
        rf"^postmortems/{KEY}/(?P<verb>{MOVES})/?$",
        learning.PostmortemStep.as_view(),
        name="api-postmortem-step",
    ),
    re_path(r"^action-items/?$", learning.ActionList.as_view(), name="api-action-items"),
    re_path(rf"^action-items/{KEY}/?$", learning.ActionDetail.as_view(), name="api-action-item"),
    re_path(
        rf"^action-items/{KEY}/(?P<verb>{VERBS})/?$",
        learning.ActionStep.as_view(),
        name="api-action-item-step",
    ),
]
