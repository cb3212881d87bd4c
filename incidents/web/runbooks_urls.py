from django.urls import path

from incidents.web import runbooks, runbooks_runs, runbooks_write

urlpatterns = [
    path("runbooks/", runbooks.runbook_list, name="runbooks"),
    path("runbooks/new/", runbooks_write.runbook_write, name="runbook-new"),
    path("runbooks/coverage/", runbooks.coverage, name="runbook-coverage"),
    path("runbooks/runs/<int:pk>/", runbooks_runs.run_page, name="runbook-run"),
    path(
        "runbooks/runs/<int:pk>/steps/<int:number>/<slug:verb>/",
        runbooks_runs.run_ticked,
        name="runbook-tick",
    ),
    path("runbooks/runs/<int:pk>/<slug:verb>/", runbooks_runs.run_ended, name="runbook-run-end"),
    path("runbooks/<slug:slug>/", runbooks.runbook_page, name="runbook"),
    path("runbooks/<slug:slug>/edit/", runbooks_write.runbook_write, name="runbook-edit"),
    path("runbooks/<slug:slug>/start/", runbooks_runs.run_started, name="runbook-start"),
    path("runbooks/<slug:slug>/versions/<int:number>/", runbooks.runbook_version, name="runbook-version"),
    path("runbooks/<slug:slug>/do/<slug:verb>/", runbooks.runbook_step, name="runbook-step"),
]
