"""The paths of changes."""

from django.urls import re_path

from changes.api import changes, changes_verbs, clones

KEY = r"(?P<key>[A-Za-z]{2,5}-[0-9]{1,18})"
STEPS = {
    "submit": changes_verbs.ChangeSubmit,
    "withdraw": changes_verbs.ChangeWithdraw,
    "approve": changes_verbs.ChangeApprove,
    "reject": changes_verbs.ChangeReject,
    "abstain": changes_verbs.ChangeAbstain,
    "comment": changes_verbs.ChangeCommentView,
    "schedule": changes_verbs.ChangeSchedule,
    "start": changes_verbs.ChangeStart,
    "complete": changes_verbs.ChangeComplete,
    "fail": changes_verbs.ChangeFail,
    "roll-back": changes_verbs.ChangeRollBack,
    "attest": changes_verbs.ChangeAttest,
    "close": changes_verbs.ChangeClose,
    "cancel": changes_verbs.ChangeCancel,
    "hold": changes_verbs.ChangeHold,
    "release": changes_verbs.ChangeRelease,
    "clone": clones.ChangeClone,
    "approvals": changes.ChangeApprovals,
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
]
