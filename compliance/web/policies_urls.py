from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from compliance.web import documents, policies

urlpatterns: list[URLPattern | URLResolver] = [
    path("policies/", policies.policy_list, name="policies"),
    path("policies/new/", policies.policy_write, name="policy-new"),
    path("policies/<slug:key>/", policies.policy_page, name="policy"),
    path("policies/<slug:key>/edit/", policies.policy_write, name="policy-edit"),
    path("policies/<slug:key>/vote/", policies.policy_voted, name="policy-vote"),
    path("policies/<slug:key>/sign/", policies.policy_signed, name="policy-sign"),
    path("policies/<slug:key>/versions/<int:number>/", policies.policy_version_page, name="policy-version"),
    path("policies/<slug:key>/do/<slug:verb>/", policies.policy_step, name="policy-step"),
    path("documents/", documents.document_list, name="documents"),
    path("documents/new/", documents.document_write, name="document-new"),
    path("documents/<slug:key>/", documents.document_page, name="document"),
    path("documents/<slug:key>/edit/", documents.document_write, name="document-edit"),
    path("documents/<slug:key>/file/", documents.document_file, name="document-file"),
    path("documents/<slug:key>/do/<slug:verb>/", documents.document_step, name="document-step"),
]
