from __future__ import annotations

from django.urls import URLPattern, re_path

from incidents.api import runbooks, runbooks_runs
from opsportal.api.views import ApiView

SLUG = r"(?P<slug>[a-z0-9]+(?:[-_][a-z0-9]+)*)"
RUN = r"runbooks/runs/(?P<pk>[0-9]{1,18})"
STEPS: dict[str, type[ApiView]] = {
    "versions": runbooks.RunbookVersions,
    "runs": runbooks_runs.RunList,
    "publish": runbooks.RunbookPublish,
    "review": runbooks.RunbookReview,
    "retire": runbooks.RunbookRetire,
    "reinstate": runbooks.RunbookReinstate,
}

urlpatterns: list[URLPattern] = [
    re_path(r"^runbooks/?$", runbooks.RunbookList.as_view(), name="api-runbooks"),
    re_path(rf"^{RUN}/?$", runbooks_runs.RunDetail.as_view(), name="api-runbook-run"),
    re_path(rf"^{RUN}/complete/?$", runbooks_runs.RunComplete.as_view(), name="api-runbook-run-complete"),
    re_path(rf"^{RUN}/abandon/?$", runbooks_runs.RunAbandon.as_view(), name="api-runbook-run-abandon"),
    re_path(
        rf"^{RUN}/steps/(?P<number>[0-9]{{1,4}})/(?P<verb>[a-z]{{1,20}})/?$",
        runbooks_runs.RunTick.as_view(),
        name="api-runbook-run-tick",
    ),
    re_path(rf"^runbooks/{SLUG}/?$", runbooks.RunbookDetail.as_view(), name="api-runbook"),
    *(
        re_path(rf"^runbooks/{SLUG}/{step}/?$", view.as_view(), name=f"api-runbook-{step}")
        for step, view in STEPS.items()
    ),
]
