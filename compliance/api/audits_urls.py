from __future__ import annotations

from django.urls import URLPattern, URLResolver, re_path

from compliance.api import audits

KEY = r"(?P<key>[A-Za-z]{2,5}-[0-9]{1,18})"
AUDIT_VERBS = "|".join(audits.AUDIT_VERBS)
FINDING_VERBS = "|".join(audits.FINDING_VERBS)

urlpatterns: list[URLPattern | URLResolver] = [
    re_path(r"^audits/?$", audits.AuditList.as_view(), name="api-audits"),
    re_path(rf"^audits/{KEY}/?$", audits.AuditDetail.as_view(), name="api-audit"),
    re_path(rf"^audits/{KEY}/(?P<verb>{AUDIT_VERBS})/?$", audits.AuditStep.as_view(), name="api-audit-step"),
    re_path(r"^findings/?$", audits.FindingList.as_view(), name="api-findings"),
    re_path(rf"^findings/{KEY}/?$", audits.FindingDetail.as_view(), name="api-finding"),
    re_path(
        rf"^findings/{KEY}/(?P<verb>{FINDING_VERBS})/?$",
        audits.FindingStep.as_view(),
        name="api-finding-step",
    ),
]
