from __future__ import annotations

from django.urls import URLPattern, re_path

from compliance.api import controls, evidence
from opsportal.api.views import ApiView

SLUG = r"(?P<slug>[a-z0-9]+(?:[-_][a-z0-9]+)*)"
KEY = r"(?P<key>[A-Za-z]{3}-[0-9]{1,18})"
CONTROL_STEPS: dict[str, type[ApiView]] = {
    "review": controls.ControlReview,
    "retire": controls.ControlRetire,
    "reinstate": controls.ControlReinstate,
}
EXCEPTION_STEPS: dict[str, type[ApiView]] = {
    "approve": controls.ExceptionApprove,
    "reject": controls.ExceptionReject,
    "withdraw": controls.ExceptionWithdraw,
    "revoke": controls.ExceptionRevoke,
}
EVIDENCE_STEPS: dict[str, type[ApiView]] = {
    "revise": evidence.EvidenceRevise,
    "map": evidence.EvidenceMap,
    "withdraw": evidence.EvidenceWithdraw,
    "revisions": evidence.EvidenceRevisions,
}

urlpatterns: list[URLPattern] = [
    re_path(r"^frameworks/?$", controls.FrameworkList.as_view(), name="api-frameworks"),
    re_path(rf"^frameworks/{SLUG}/?$", controls.FrameworkDetail.as_view(), name="api-framework"),
    re_path(r"^controls/?$", controls.ControlList.as_view(), name="api-controls"),
    re_path(rf"^controls/{KEY}/?$", controls.ControlDetail.as_view(), name="api-control"),
    *(
        re_path(rf"^controls/{KEY}/{step}/?$", view.as_view(), name=f"api-control-{step}")
        for step, view in CONTROL_STEPS.items()
    ),
    re_path(r"^exceptions/?$", controls.ExceptionList.as_view(), name="api-exceptions"),
    re_path(rf"^exceptions/{KEY}/?$", controls.ExceptionDetail.as_view(), name="api-exception"),
    *(
        re_path(rf"^exceptions/{KEY}/{step}/?$", view.as_view(), name=f"api-exception-{step}")
        for step, view in EXCEPTION_STEPS.items()
    ),
    re_path(r"^evidence/?$", evidence.EvidenceList.as_view(), name="api-evidence"),
    re_path(rf"^evidence/{KEY}/?$", evidence.EvidenceDetail.as_view(), name="api-evidence-item"),
    *(
        re_path(rf"^evidence/{KEY}/{step}/?$", view.as_view(), name=f"api-evidence-{step}")
        for step, view in EVIDENCE_STEPS.items()
    ),
    re_path(
        rf"^evidence/{KEY}/files/(?P<attachment>[0-9a-f-]{{36}})/?$",
        evidence.EvidenceFile.as_view(),
        name="api-evidence-file",
    ),
]
