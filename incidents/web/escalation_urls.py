from django.urls import path

from incidents.web import escalation

urlpatterns = [
    path("escalation-policies/", escalation.policy_list, name="policies"),
    path("escalation-policies/new/", escalation.policy_write, name="policy-new"),
    path("escalation-policies/<slug:slug>/", escalation.policy_page, name="policy"),
    path("escalation-policies/<slug:slug>/edit/", escalation.policy_write, name="policy-edit"),
    path("escalation-policies/<slug:slug>/do/<slug:verb>/", escalation.policy_step, name="policy-step"),
    path("incidents/responses/<int:pk>/stop/", escalation.response_stopped, name="response-stop"),
]
