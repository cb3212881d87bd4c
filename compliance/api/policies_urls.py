from __future__ import annotations

from django.urls import URLPattern, re_path

from compliance.api import documents, policies
from opsportal.api.views import ApiView

KEY = r"(?P<key>[A-Za-z]{3}-[0-9]{1,18})"
POLICY_STEPS: dict[str, type[ApiView]] = {
    "versions": policies.PolicyVersions,
    "unsigned": policies.PolicyUnsigned,
    "vote": policies.PolicyVote,
    "submit": policies.PolicySubmit,
    "withdraw": policies.PolicyWithdraw,
    "publish": policies.PolicyPublish,
    "review": policies.PolicyReview,
    "retire": policies.PolicyRetire,
    "reinstate": policies.PolicyReinstate,
}
DOCUMENT_STEPS: dict[str, type[ApiView]] = {
    "review": documents.DocumentReview,
    "retire": documents.DocumentRetire,
    "reinstate": documents.DocumentReinstate,
}

urlpatterns: list[URLPattern] = [
    re_path(r"^policies/?$", policies.PolicyList.as_view(), name="api-policies"),
    re_path(rf"^policies/{KEY}/?$", policies.PolicyDetail.as_view(), name="api-policy"),
    *(
        re_path(rf"^policies/{KEY}/{step}/?$", view.as_view(), name=f"api-policy-{step}")
        for step, view in POLICY_STEPS.items()
    ),
    re_path(r"^attestations/?$", policies.AttestationList.as_view(), name="api-attestations"),
    re_path(r"^documents/?$", documents.DocumentList.as_view(), name="api-documents"),
    re_path(rf"^documents/{KEY}/?$", documents.DocumentDetail.as_view(), name="api-document"),
    *(
        re_path(rf"^documents/{KEY}/{step}/?$", view.as_view(), name=f"api-document-{step}")
        for step, view in DOCUMENT_STEPS.items()
    ),
]
