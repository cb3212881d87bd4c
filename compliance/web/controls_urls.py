from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from compliance.web import controls, evidence, exceptions, frameworks

urlpatterns: list[URLPattern | URLResolver] = [
    path("frameworks/", frameworks.framework_list, name="frameworks"),
    path("frameworks/shipped/", frameworks.frameworks_installed, name="frameworks-install"),
    path("frameworks/<slug:slug>/", frameworks.framework_page, name="framework"),
    path("controls/", controls.control_list, name="controls"),
    path("controls/new/", controls.control_write, name="control-new"),
    path("controls/<slug:key>/", controls.control_page, name="control"),
    path("controls/<slug:key>/edit/", controls.control_write, name="control-edit"),
    path("controls/<slug:key>/do/<slug:verb>/", controls.control_step, name="control-step"),
    path("evidence/", evidence.evidence_list, name="evidence"),
    path("evidence/new/", evidence.evidence_write, name="evidence-new"),
    path("evidence/<slug:key>/", evidence.evidence_page, name="evidence-item"),
    path("evidence/<slug:key>/revise/", evidence.evidence_write, name="evidence-revise"),
    path("evidence/<slug:key>/withdraw/", evidence.evidence_withdrawn, name="evidence-withdraw"),
    path("evidence/<slug:key>/files/<uuid:attachment>/", evidence.evidence_file, name="evidence-file"),
    path("exceptions/", exceptions.exception_list, name="exceptions"),
    path("exceptions/new/", exceptions.exception_new, name="exception-new"),
    path("exceptions/<slug:key>/", exceptions.exception_page, name="exception"),
    path("exceptions/<slug:key>/do/<slug:verb>/", exceptions.exception_step, name="exception-step"),
]
