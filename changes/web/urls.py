from django.urls import path

from changes.web import (
    exports,
    views_attachments,
    views_break_glass,
    views_cab,
    views_change,
    views_close,
    views_comments,
    views_deployments,
    views_list,
    views_templates,
    views_write,
)

app_name = "changes"

urlpatterns = [
    path("changes/", views_list.change_list, name="list"),
    path("changes/export.csv", exports.changes_export, name="export"),
    path("changes/new/", views_write.change_new, name="new"),
    path("changes/new/shape/", views_write.change_shape, name="shape"),
    path("changes/<str:key>/", views_change.change_page, name="change"),
    path("changes/<str:key>/edit/", views_write.change_edit, name="edit"),
    path("changes/<str:key>/edit/shape/", views_write.change_shape, name="edit-shape"),
    path("changes/<str:key>/clone/", views_write.change_cloned, name="clone"),
    path("changes/<str:key>/close/", views_close.change_close_page, name="close"),
    path("changes/<str:key>/vote/", views_change.change_voted, name="vote"),
    path("changes/<str:key>/comment/", views_comments.change_commented, name="comment"),
    path(
        "changes/<str:key>/comments/<int:comment>/",
        views_comments.comment_edited,
        name="comment-edit",
    ),
    path("changes/<str:key>/watch/", views_comments.change_watched, name="watch"),
    path("changes/<str:key>/attachments/", views_attachments.change_attached, name="attach"),
    path(
        "changes/<str:key>/attachments/<uuid:attachment>/",
        views_attachments.attachment_download,
        name="attachment",
    ),
    path(
        "changes/<str:key>/attachments/<uuid:attachment>/remove/",
        views_attachments.attachment_removed,
        name="detach",
    ),
    path("changes/<str:key>/attest/", views_change.change_attested, name="attest"),
    path("changes/<str:key>/do/<slug:verb>/", views_change.change_move, name="move"),
    path("cab/", views_cab.agenda, name="cab"),
    path("cab/<slug:board>/", views_cab.agenda, name="board"),
    path("cab/vote/<slug:kind>/<str:key>/", views_cab.agenda_vote, name="agenda-vote"),
    path("templates/", views_templates.template_list, name="templates"),
    path("templates/new/", views_templates.template_write, name="template-new"),
    path("templates/<slug:slug>/", views_templates.template_page, name="template"),
    path("templates/<slug:slug>/edit/", views_templates.template_write, name="template-edit"),
    path("templates/<slug:slug>/do/<slug:verb>/", views_templates.template_step, name="template-step"),
    path("break-glass/", views_break_glass.glass_list, name="break-glasses"),
    path("break-glass/<str:key>/", views_break_glass.glass_page, name="break-glass"),
    path("break-glass/<str:key>/do/<slug:verb>/", views_break_glass.glass_move, name="break-glass-move"),
    path("deployments/", views_deployments.deployment_list, name="deployments"),
    path("deployments/export.csv", exports.deployments_export, name="deployments-export"),
    path("deployments/<str:key>/", views_deployments.deployment_page, name="deployment"),
]
