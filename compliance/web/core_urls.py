from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from compliance.web import conformance, overview

urlpatterns: list[URLPattern | URLResolver] = [
    path("compliance/", overview.overview, name="overview"),
    path("conformance/", conformance.conformance, name="conformance"),
    path("conformance/export/", conformance.conformance_export, name="conformance-export"),
    path("conformance/rules/<slug:rule_id>/", conformance.conformance_rule, name="conformance-rule"),
]
