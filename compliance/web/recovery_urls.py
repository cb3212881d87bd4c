from __future__ import annotations

from django.urls import URLPattern, URLResolver, path, re_path

from compliance.web import recovery_assets as assets
from compliance.web import recovery_trial_lists as lists
from compliance.web import recovery_trials as trials

TEST = r"^restore-tests/(?P<key>(?i:RST)-[0-9]{1,18})/"
EXERCISE = r"^exercises/(?P<key>(?i:EXR)-[0-9]{1,18})/"
TICK = r"steps/(?P<number>[0-9]{1,4})/(?P<verb>[a-z]{1,20})/$"

urlpatterns: list[URLPattern | URLResolver] = [
    path("assets/", assets.asset_list, name="assets"),
    path("assets/new/", assets.asset_write, name="asset-new"),
    path("assets/<slug:key>/", assets.asset_page, name="asset"),
    path("assets/<slug:key>/edit/", assets.asset_write, name="asset-edit"),
    path("assets/<slug:key>/restore-tests/", trials.restore_test_planned, name="restore-test-plan"),
    re_path(
        r"^assets/(?P<key>[-a-zA-Z0-9_]+)/(?P<verb>retire|reinstate)/$", assets.asset_step, name="asset-step"
    ),
    path("restore-tests/", lists.restore_test_list, name="restore-tests"),
    re_path(rf"{TEST}$", trials.restore_test_page, name="restore-test"),
    re_path(rf"{TEST}finish/$", trials.restore_test_finished, name="restore-test-finish"),
    re_path(rf"{TEST}{TICK}", trials.restore_test_ticked, name="restore-test-tick"),
    re_path(rf"{TEST}(?P<verb>start|abort|witness)/$", trials.restore_test_step, name="restore-test-step"),
    path("exercises/", lists.exercise_list, name="exercises"),
    path("exercises/new/", trials.exercise_write, name="exercise-new"),
    re_path(rf"{EXERCISE}$", trials.exercise_page, name="exercise"),
    re_path(rf"{EXERCISE}edit/$", trials.exercise_write, name="exercise-edit"),
    re_path(rf"{EXERCISE}complete/$", trials.exercise_completed, name="exercise-complete"),
    re_path(rf"{EXERCISE}{TICK}", trials.exercise_ticked, name="exercise-tick"),
    re_path(rf"{EXERCISE}(?P<verb>start|abort)/$", trials.exercise_step, name="exercise-step"),
    re_path(
        r"^trial-files/(?P<kind>restore_test|exercise)/(?P<key>[A-Za-z]{3}-[0-9]{1,18})/$",
        trials.trial_attached,
        name="trial-attach",
    ),
    path("trial-files/<slug:kind>/<slug:key>/<uuid:attachment>/", trials.trial_file, name="trial-file"),
    path("retention/", assets.retention, name="retention"),
    path("retention/holds/", assets.hold_placed, name="hold-place"),
    re_path(r"^retention/holds/(?P<key>(?i:HLD)-[0-9]{1,18})/lift/$", assets.hold_lifted, name="hold-lift"),
]
