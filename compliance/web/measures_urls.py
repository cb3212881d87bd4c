from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from compliance.web import measures, measures_forms, spending

urlpatterns: list[URLPattern | URLResolver] = [
    path("compliance/figures/", measures.figure_list, name="figures"),
    path("compliance/figures/<slug:figure>/", measures.figure_page, name="figure"),
    path("compliance/objectives/", measures.objective_list, name="objectives"),
    path("compliance/objectives/new/", measures_forms.made("objective"), name="objective-new"),
    path("compliance/objectives/<str:key>/", measures.objective_page, name="objective"),
    path("compliance/objectives/<str:key>/edit/", measures_forms.objective_edited, name="objective-edit"),
    path("compliance/objectives/<str:key>/retire/", measures.objective_retired, name="objective-retire"),
    path("compliance/costs/", spending.costs, name="costs"),
    path("compliance/costs/new/", measures_forms.made("cost_budget"), name="cost-new"),
    path("compliance/capacity/", spending.capacity, name="capacity"),
    path("compliance/capacity/new/", measures_forms.made("capacity_plan"), name="capacity-new"),
    path("compliance/sources/", spending.source_list, name="sources"),
    path("compliance/sources/new/", measures_forms.made("pull_source"), name="source-new"),
]
