from __future__ import annotations

from django.urls import URLPattern, URLResolver, re_path

from compliance.api import measures, promises

SLO = r"(?P<key>[A-Za-z]{2,5}-[0-9]{1,18})"
NUMBER = r"(?P<key>[0-9]{1,18})"
SLUG = r"(?P<slug>[a-z0-9_-]{1,60})"

urlpatterns: list[URLPattern | URLResolver] = [
    re_path(r"^measurements/?$", measures.Measurements.as_view(), name="api-measurements"),
    re_path(r"^measurements/series/?$", measures.SeriesList.as_view(), name="api-measurement-series"),
    re_path(r"^measurements/figures/?$", measures.Figures.as_view(), name="api-figures"),
    re_path(
        r"^measurements/prometheus-rules/?$", promises.PrometheusRules.as_view(), name="api-prometheus-rules"
    ),
    re_path(r"^measurements/sources/?$", promises.SourceList.as_view(), name="api-sources"),
    re_path(rf"^measurements/sources/{SLUG}/?$", promises.SourceDetail.as_view(), name="api-source"),
    re_path(
        rf"^measurements/sources/{SLUG}/(?P<verb>pause|resume)/?$",
        promises.SourceMove.as_view(),
        name="api-source-move",
    ),
    re_path(r"^slos/?$", promises.ObjectiveList.as_view(), name="api-slos"),
    re_path(rf"^slos/{SLO}/?$", promises.ObjectiveDetail.as_view(), name="api-slo"),
    re_path(rf"^slos/{SLO}/retire/?$", promises.ObjectiveRetire.as_view(), name="api-slo-retire"),
    re_path(r"^cost-budgets/?$", promises.CostBudgetList.as_view(), name="api-cost-budgets"),
    re_path(rf"^cost-budgets/{NUMBER}/?$", promises.CostBudgetDetail.as_view(), name="api-cost-budget"),
    re_path(
        rf"^cost-budgets/{NUMBER}/retire/?$",
        promises.CostBudgetRetire.as_view(),
        name="api-cost-budget-retire",
    ),
    re_path(r"^capacity-plans/?$", promises.CapacityPlanList.as_view(), name="api-capacity-plans"),
    re_path(rf"^capacity-plans/{NUMBER}/?$", promises.CapacityPlanDetail.as_view(), name="api-capacity-plan"),
    re_path(
        rf"^capacity-plans/{NUMBER}/retire/?$",
        promises.CapacityPlanRetire.as_view(),
        name="api-capacity-plan-retire",
    ),
]
