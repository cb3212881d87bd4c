from __future__ import annotations

from django.urls import URLPattern, URLResolver, re_path

from compliance.api import audits, audits_owed

KEY = r"(?P<key>[A-Za-z]{2,5}-[0-9]{1,18})"
AUDIT_VERBS = "|".join(audits.AUDIT_VERBS)
FINDING_VERBS = "|".join(audits.FINDING_VERBS)
REQUEST_VERBS = "|".join(audits_owed.REQUEST_VERBS)
ACTION_VERBS = "|".join(audits_owed.ACTION_VERBS)

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
    re_path(
        r"^evidence-requests/?$", audits_owed.EvidenceRequestList.as_view(), name="api-evidence-requests"
    ),
    re_path(
        rf"^evidence-requests/{KEY}/?$",
        audits_owed.EvidenceRequestDetail.as_view(),
        name="api-evidence-request",
    ),
    re_path(
        rf"^evidence-requests/{KEY}/answer/?$",
        audits_owed.EvidenceRequestAnswer.as_view(),
        name="api-evidence-request-answer",
    ),
    re_path(
        rf"^evidence-requests/{KEY}/files/?$",
        audits_owed.EvidenceRequestFiles.as_view(),
        name="api-evidence-request-files",
    ),
    re_path(
        rf"^evidence-requests/{KEY}/files/(?P<attachment>[0-9a-f]{{8}}-(?:[0-9a-f]{{4}}-){{3}}[0-9a-f]{{12}})/?$",
        audits_owed.EvidenceRequestFile.as_view(),
        name="api-evidence-request-file",
    ),
    re_path(
        rf"^evidence-requests/{KEY}/(?P<verb>{REQUEST_VERBS})/?$",
        audits_owed.EvidenceRequestStep.as_view(),
        name="api-evidence-request-step",
    ),
    re_path(
        r"^corrective-actions/?$", audits_owed.CorrectiveActionList.as_view(), name="api-corrective-actions"
    ),
    re_path(
        rf"^corrective-actions/{KEY}/?$",
        audits_owed.CorrectiveActionDetail.as_view(),
        name="api-corrective-action",
    ),
    re_path(
        rf"^corrective-actions/{KEY}/(?P<verb>{ACTION_VERBS})/?$",
        audits_owed.CorrectiveActionStep.as_view(),
        name="api-corrective-action-step",
    ),
]
