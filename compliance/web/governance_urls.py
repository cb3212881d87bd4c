from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from compliance.web import governance_access as access
from compliance.web import governance_boards as boards
from compliance.web import governance_checklists as checklists
from compliance.web import governance_plan as plan
from compliance.web import governance_requests as requests
from compliance.web import governance_scans as scans
from compliance.web import governance_statements as statements
from compliance.web import governance_training as training

ROOT = "compliance/"

urlpatterns: list[URLPattern | URLResolver] = [
    path(f"{ROOT}access-reviews/", access.review_list, name="access-reviews"),
    path(f"{ROOT}access-reviews/open/", access.review_opened, name="access-review-open"),
    path(f"{ROOT}access-reviews/<str:key>/", access.review_page, name="access-review"),
    path(f"{ROOT}access-reviews/<str:key>/export.csv", access.review_export, name="access-review-export"),
    path(
        f"{ROOT}access-reviews/<str:key>/reviewers/",
        access.reviewers_assigned,
        name="access-review-reviewers",
    ),
    path(f"{ROOT}access-reviews/<str:key>/end/<slug:verb>/", access.review_ended, name="access-review-end"),
    path(
        f"{ROOT}access-reviews/<str:key>/lines/<int:line>/<slug:verb>/",
        access.holding_decided,
        name="access-decide",
    ),
    path(f"{ROOT}decisions/", boards.decision_list, name="decisions"),
    path(f"{ROOT}decisions/new/", boards.decision_new, name="decision-new"),
    path(f"{ROOT}decisions/<str:key>/", boards.decision_page, name="decision"),
    path(f"{ROOT}decisions/<str:key>/correct/", boards.decision_corrected, name="decision-correct"),
    path(f"{ROOT}checklists/", checklists.checklist_list, name="checklists"),
    path(f"{ROOT}checklists/<slug:slug>/adopt/", checklists.checklist_adopted, name="checklist-adopt"),
    path(f"{ROOT}checklists/<slug:slug>/start/", checklists.checklist_started, name="checklist-start"),
    path(f"{ROOT}checklist-runs/<int:pk>/", checklists.run_page, name="checklist-run"),
    path(f"{ROOT}training/", training.training_list, name="trainings"),
    path(f"{ROOT}training/new/", training.training_new, name="training-new"),
    path(f"{ROOT}training/topics/new/", training.topic_new, name="training-topic-new"),
    path(f"{ROOT}training/<str:key>/", training.training_page, name="training"),
    path(f"{ROOT}training/<str:key>/attendance/", training.training_held, name="training-attendance"),
    path(f"{ROOT}training/<str:key>/cancel/", training.training_cancelled, name="training-cancel"),
    path(f"{ROOT}vulnerabilities/", scans.vulnerability_list, name="vulnerabilities"),
    path(f"{ROOT}vulnerabilities/<str:key>/", scans.vulnerability_page, name="vulnerability"),
    path(
        f"{ROOT}vulnerabilities/<str:key>/do/<slug:verb>/",
        scans.vulnerability_step,
        name="vulnerability-step",
    ),
    path(f"{ROOT}scans/", scans.scan_list, name="scans"),
    path(f"{ROOT}scans/new/", scans.scan_new, name="scan-new"),
    path(f"{ROOT}scans/<str:key>/", scans.scan_page, name="scan"),
    path(f"{ROOT}person-requests/", requests.request_list, name="person-requests"),
    path(f"{ROOT}person-requests/new/", requests.request_new, name="person-request-new"),
    path(f"{ROOT}person-requests/<str:key>/", requests.request_page, name="person-request"),
    path(
        f"{ROOT}person-requests/<str:key>/do/<slug:verb>/",
        requests.request_step,
        name="person-request-step",
    ),
    path(f"{ROOT}improvement/", plan.plan_page, name="improvement"),
    path(f"{ROOT}improvement/phases/new/", plan.phase_new, name="improvement-phase-new"),
    path(f"{ROOT}improvement/maturity/", plan.maturity_new, name="maturity-new"),
    path(f"{ROOT}improvement/new/", plan.improvement_new, name="improvement-new"),
    path(f"{ROOT}improvement/<str:key>/", plan.improvement_page, name="improvement-item"),
    path(f"{ROOT}improvement/<str:key>/edit/", plan.improvement_edited, name="improvement-edit"),
    path(f"{ROOT}improvement/<str:key>/do/<slug:verb>/", plan.improvement_step, name="improvement-step"),
    path(f"{ROOT}declarations/", statements.declaration_list, name="declarations"),
    path(
        f"{ROOT}declarations/<slug:rule>/<slug:subject>/",
        statements.declaration_new,
        name="declaration-new",
    ),
    path(f"{ROOT}proofs/<slug:kind>/<str:key>/<uuid:attachment>/", statements.proof_file, name="proof-file"),
    path(f"{ROOT}readiness/", statements.readiness_matrix, name="readiness"),
    path(f"{ROOT}readiness/<slug:slug>/", statements.readiness_page, name="readiness-service"),
]
