"""The paths of deployments, the gate, break-glass and templates."""

from django.urls import re_path

from changes.api import break_glass, deployments, gate, templates

KEY = r"(?P<key>[A-Za-z]{2,5}-[0-9]{1,18})"
SLUG = r"(?P<slug>[-a-zA-Z0-9_]{1,60})"
STEPS = {
    "submit": templates.TemplateSubmit,
    "withdraw": templates.TemplateWithdraw,
    "retire": templates.TemplateRetire,
    "approve": templates.TemplateApprove,
    "reject": templates.TemplateReject,
    "abstain": templates.TemplateAbstain,
    "open": templates.TemplateOpen,
}

urlpatterns = [
    re_path(r"^deployments/?$", deployments.DeploymentList.as_view(), name="api-deployments"),
    re_path(rf"^deployments/{KEY}/?$", deployments.DeploymentDetail.as_view(), name="api-deployment"),
    re_path(
        rf"^deployments/{KEY}/events/?$", deployments.DeploymentEvents.as_view(), name="api-deployment-events"
    ),
    re_path(r"^gate/?$", gate.Gate.as_view(), name="api-gate"),
    re_path(r"^break-glass/?$", break_glass.BreakGlassList.as_view(), name="api-break-glasses"),
    re_path(rf"^break-glass/{KEY}/?$", break_glass.BreakGlassDetail.as_view(), name="api-break-glass"),
    *(
        re_path(rf"^break-glass/{KEY}/{step}/?$", view.as_view(), name=f"api-break-glass-{step}")
        for step, view in break_glass.VERBS.items()
    ),
    re_path(r"^templates/?$", templates.TemplateList.as_view(), name="api-templates"),
    re_path(rf"^templates/{SLUG}/?$", templates.TemplateDetail.as_view(), name="api-template"),
    *(
        re_path(rf"^templates/{SLUG}/{step}/?$", view.as_view(), name=f"api-template-{step}")
        for step, view in STEPS.items()
    ),
]
