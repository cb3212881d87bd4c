from django.urls import path

from incidents.web import figures, learning, learning_actions

urlpatterns = [
    path("reports/incidents/", figures.figures, name="figures"),
    path("reports/incidents/export.csv", figures.figures_export, name="figures-export"),
    path("postmortems/", learning.postmortem_list, name="postmortems"),
    path("postmortems/new/", learning.postmortem_begun, name="postmortem-new"),
    path("postmortems/waive/", learning.postmortem_waived, name="postmortem-waive"),
    path("postmortems/<str:key>/", learning.postmortem_page, name="postmortem"),
    path("postmortems/<str:key>/edit/", learning.postmortem_write, name="postmortem-edit"),
    path("postmortems/<str:key>/action-items/", learning.action_added, name="action-new"),
    path("postmortems/<str:key>/do/<slug:verb>/", learning.postmortem_step, name="postmortem-step"),
    path("action-items/", learning_actions.action_list, name="action-items"),
    path("action-items/<str:key>/", learning_actions.action_page, name="action-item"),
    path("action-items/<str:key>/edit/", learning_actions.action_edited, name="action-edit"),
    path("action-items/<str:key>/do/<slug:verb>/", learning_actions.action_step, name="action-step"),
]
