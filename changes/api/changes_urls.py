"""The paths of changes."""

from django.urls import re_path

from changes.api import attachments, changes, changes_verbs, clones, comments, conditions
from opsportal.api.views import ApiView

KEY = r"(?P<key>[A-Za-z]{2,5}-[0-9]{1,18})"
ATTACHMENT = r"(?P<attachment>[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})"
STEPS: dict[str, type[ApiView]] = {
    **changes_verbs.VERBS,
    "comment": comments.ChangeCommentView,
    "comments": comments.ChangeComments,
    "watch": comments.ChangeWatchView,
    "unwatch": comments.ChangeUnwatchView,
    "watchers": comments.ChangeWatchers,
    "clone": clones.ChangeClone,
    "attachments": attachments.ChangeAttachments,
    "approvals": changes.ChangeApprovals,
    "conditions": conditions.ChangeConditions,
    "conflicts": changes.ChangeConflicts,
    "history": changes.ChangeHistory,
    "obligations": changes.ChangeObligations,
}

urlpatterns = [
    re_path(r"^changes/?$", changes.ChangeList.as_view(), name="api-changes"),
    re_path(rf"^changes/{KEY}/?$", changes.ChangeDetail.as_view(), name="api-change"),
    *(
        re_path(rf"^changes/{KEY}/{step}/?$", view.as_view(), name=f"api-change-{step}")
        for step, view in STEPS.items()
    ),
    *(
        re_path(
            rf"^changes/{KEY}/conditions/(?P<number>[0-9]{{1,18}})/{step}/?$",
            view.as_view(),
            name=f"api-change-condition-{step}",
        )
        for step, view in conditions.CONDITION_VERBS.items()
    ),
    re_path(
        rf"^changes/{KEY}/comments/(?P<comment>[0-9]{{1,18}})/?$",
        comments.ChangeCommentDetail.as_view(),
        name="api-change-comment-detail",
    ),
    re_path(
        rf"^changes/{KEY}/attachments/{ATTACHMENT}/?$",
        attachments.ChangeAttachmentFile.as_view(),
        name="api-change-attachment",
    ),
    re_path(
        rf"^changes/{KEY}/attachments/{ATTACHMENT}/remove/?$",
        attachments.ChangeAttachmentRemove.as_view(),
        name="api-change-attachment-remove",
    ),
]
