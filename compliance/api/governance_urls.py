from __future__ import annotations

from collections.abc import Iterable

from django.urls import URLPattern, URLResolver, re_path

from compliance.api import governance_access as access
from compliance.api import governance_boards as boards
from compliance.api import governance_checklists as checklists
from compliance.api import governance_plan as plan
from compliance.api import governance_requests as requests
from compliance.api import governance_scans as scans
from compliance.api import governance_statements as statements
from compliance.api import governance_training as training
from compliance.services.governance.improvement import VERBS as IMPROVEMENT_VERBS
from compliance.services.governance.requests import VERBS as REQUEST_VERBS
from compliance.services.governance.vulnerabilities import VERBS as VULNERABILITY_VERBS

KEY = r"(?P<key>[A-Za-z]{2,5}-[0-9]{1,18})"
SLUG = r"(?P<slug>[a-z0-9_-]{1,60})"
RUN = r"(?P<run>[0-9]{1,18})"


def _verbs(known: Iterable[str]) -> str:
    return f"(?P<verb>{'|'.join(known)})"


urlpatterns: list[URLPattern | URLResolver] = [
    re_path(r"^access-reviews/?$", access.AccessReviewList.as_view(), name="api-access-reviews"),
    re_path(rf"^access-reviews/{KEY}/?$", access.AccessReviewDetail.as_view(), name="api-access-review"),
    re_path(
        rf"^access-reviews/{KEY}/holdings/?$", access.AccessHoldingList.as_view(), name="api-access-holdings"
    ),
    re_path(
        rf"^access-reviews/{KEY}/holdings/(?P<line>[0-9]{{1,9}})/{_verbs(access.VERDICTS)}/?$",
        access.AccessHoldingVerdict.as_view(),
        name="api-access-verdict",
    ),
    re_path(
        rf"^access-reviews/{KEY}/holdings/(?P<line>[0-9]{{1,9}})/assign/?$",
        access.AccessHoldingReviewer.as_view(),
        name="api-access-assign",
    ),
    re_path(
        rf"^access-reviews/{KEY}/(?P<verb>complete|cancel)/?$",
        access.AccessReviewEnd.as_view(),
        name="api-access-review-end",
    ),
    re_path(r"^decisions/?$", boards.DecisionList.as_view(), name="api-decisions"),
    re_path(rf"^decisions/{KEY}/?$", boards.DecisionDetail.as_view(), name="api-decision"),
    re_path(
        rf"^decisions/{KEY}/correct/?$", boards.DecisionCorrection.as_view(), name="api-decision-correct"
    ),
    re_path(r"^checklists/?$", checklists.ChecklistList.as_view(), name="api-checklists"),
    re_path(rf"^checklists/{SLUG}/?$", checklists.ChecklistDetail.as_view(), name="api-checklist"),
    re_path(
        rf"^checklists/{SLUG}/runs/?$", checklists.ChecklistRunStart.as_view(), name="api-checklist-start"
    ),
    re_path(
        rf"^checklists/{SLUG}/{_verbs(checklists.MOVES)}/?$",
        checklists.ChecklistMove.as_view(),
        name="api-checklist-move",
    ),
    re_path(r"^checklist-runs/?$", checklists.ChecklistRunList.as_view(), name="api-checklist-runs"),
    re_path(rf"^checklist-runs/{RUN}/?$", checklists.ChecklistRunDetail.as_view(), name="api-checklist-run"),
    re_path(
        rf"^checklist-runs/{RUN}/answer/?$",
        checklists.ChecklistRunAnswer.as_view(),
        name="api-checklist-answer",
    ),
    re_path(
        rf"^checklist-runs/{RUN}/sign/?$", checklists.ChecklistRunSign.as_view(), name="api-checklist-sign"
    ),
    re_path(r"^training-topics/?$", training.TrainingTopicList.as_view(), name="api-training-topics"),
    re_path(
        rf"^training-topics/{SLUG}/?$", training.TrainingTopicDetail.as_view(), name="api-training-topic"
    ),
    re_path(r"^trainings/?$", training.TrainingList.as_view(), name="api-trainings"),
    re_path(rf"^trainings/{KEY}/?$", training.TrainingDetail.as_view(), name="api-training"),
    re_path(
        rf"^trainings/{KEY}/(?P<verb>hold|attend)/?$",
        training.TrainingAttend.as_view(),
        name="api-training-attend",
    ),
    re_path(rf"^trainings/{KEY}/cancel/?$", training.TrainingCancel.as_view(), name="api-training-cancel"),
    re_path(r"^scans/?$", scans.ScanList.as_view(), name="api-scans"),
    re_path(rf"^scans/{KEY}/?$", scans.ScanDetail.as_view(), name="api-scan"),
    re_path(r"^vulnerabilities/?$", scans.VulnerabilityList.as_view(), name="api-vulnerabilities"),
    re_path(rf"^vulnerabilities/{KEY}/?$", scans.VulnerabilityDetail.as_view(), name="api-vulnerability"),
    re_path(
        rf"^vulnerabilities/{KEY}/{_verbs(VULNERABILITY_VERBS)}/?$",
        scans.VulnerabilityStep.as_view(),
        name="api-vulnerability-step",
    ),
    re_path(r"^person-requests/?$", requests.PersonRequestList.as_view(), name="api-person-requests"),
    re_path(rf"^person-requests/{KEY}/?$", requests.PersonRequestDetail.as_view(), name="api-person-request"),
    re_path(
        rf"^person-requests/{KEY}/{_verbs(REQUEST_VERBS)}/?$",
        requests.PersonRequestStep.as_view(),
        name="api-person-request-step",
    ),
    re_path(r"^improvement-phases/?$", plan.ImprovementPhaseList.as_view(), name="api-improvement-phases"),
    re_path(r"^improvements/?$", plan.ImprovementList.as_view(), name="api-improvements"),
    re_path(rf"^improvements/{KEY}/?$", plan.ImprovementDetail.as_view(), name="api-improvement"),
    re_path(
        rf"^improvements/{KEY}/{_verbs(IMPROVEMENT_VERBS)}/?$",
        plan.ImprovementStep.as_view(),
        name="api-improvement-step",
    ),
    re_path(r"^maturity/?$", plan.MaturityList.as_view(), name="api-maturity"),
    re_path(r"^declarations/?$", statements.DeclarationList.as_view(), name="api-declarations"),
    re_path(r"^declarations/asked/?$", statements.DeclarationsAsked.as_view(), name="api-declarations-asked"),
    re_path(r"^readiness/?$", statements.ReadinessList.as_view(), name="api-readiness"),
    re_path(rf"^readiness/{SLUG}/?$", statements.ReadinessDetail.as_view(), name="api-readiness-service"),
]
