from django.urls import re_path

from incidents.api import automation, escalation

POLICY = r"^oncall/escalation-policies/(?P<slug>[a-z0-9][a-z0-9_-]{0,59})"

urlpatterns = [
    re_path(r"^oncall/escalation-policies/?$", escalation.PolicyList.as_view(), name="api-policies"),
    re_path(
        r"^oncall/service-policies/?$", escalation.ServicePolicies.as_view(), name="api-service-policies"
    ),
    re_path(rf"{POLICY}/?$", escalation.PolicyDetail.as_view(), name="api-policy"),
    re_path(rf"{POLICY}/retire/?$", escalation.PolicyRetire.as_view(), name="api-policy-retire"),
    re_path(rf"{POLICY}/reinstate/?$", escalation.PolicyReinstate.as_view(), name="api-policy-reinstate"),
    re_path(rf"{POLICY}/preview/?$", escalation.PolicyPreview.as_view(), name="api-policy-preview"),
    re_path(
        r"^incidents/(?P<key>INC-[0-9]{1,18})/escalation/?$",
        escalation.IncidentEscalation.as_view(),
        name="api-incident-escalation",
    ),
    re_path(
        r"^incidents/(?P<key>INC-[0-9]{1,18})/responses/?$",
        automation.ResponseList.as_view(),
        name="api-incident-responses",
    ),
    re_path(
        r"^incidents/(?P<key>INC-[0-9]{1,18})/responses/(?P<pk>[0-9]{1,18})/stop/?$",
        automation.ResponseStop.as_view(),
        name="api-incident-response-stop",
    ),
    re_path(
        r"^automated-responses/outcome/?$", automation.ResponseOutcome.as_view(), name="api-response-outcome"
    ),
    re_path(
        r"^oncall/response-targets/?$", automation.ResponseTargets.as_view(), name="api-response-targets"
    ),
]
