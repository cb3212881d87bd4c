from __future__ import annotations

from django.urls import URLPattern, URLResolver, re_path

from compliance.api import recovery_assets, recovery_exercises, recovery_report, recovery_trials

ASSET = r"assets/(?P<key>[A-Za-z0-9]+(?:[-_][A-Za-z0-9]+)*)"
TEST = r"restore-tests/(?P<key>(?i:RST)-[0-9]{1,18})"
EXERCISE = r"exercises/(?P<key>(?i:EXR)-[0-9]{1,18})"
HOLD = r"legal-holds/(?P<key>(?i:HLD)-[0-9]{1,18})"
TICK = r"steps/(?P<number>[0-9]{1,4})/(?P<verb>[a-z]{1,20})/?$"

urlpatterns: list[URLPattern | URLResolver] = [
    re_path(r"^assets/?$", recovery_assets.AssetList.as_view(), name="api-assets"),
    re_path(rf"^{ASSET}/?$", recovery_assets.AssetDetail.as_view(), name="api-asset"),
    re_path(rf"^{ASSET}/retire/?$", recovery_assets.AssetRetire.as_view(), name="api-asset-retire"),
    re_path(rf"^{ASSET}/reinstate/?$", recovery_assets.AssetReinstate.as_view(), name="api-asset-reinstate"),
    re_path(r"^backups/?$", recovery_assets.BackupList.as_view(), name="api-backups"),
    re_path(r"^backups/(?P<pk>[0-9]{1,19})/?$", recovery_assets.BackupDetail.as_view(), name="api-backup"),
    re_path(r"^legal-holds/?$", recovery_assets.LegalHoldList.as_view(), name="api-legal-holds"),
    re_path(rf"^{HOLD}/?$", recovery_assets.LegalHoldDetail.as_view(), name="api-legal-hold"),
    re_path(rf"^{HOLD}/lift/?$", recovery_assets.LegalHoldLift.as_view(), name="api-legal-hold-lift"),
    re_path(r"^restore-tests/?$", recovery_trials.RestoreTestList.as_view(), name="api-restore-tests"),
    re_path(rf"^{TEST}/?$", recovery_trials.RestoreTestDetail.as_view(), name="api-restore-test"),
    re_path(rf"^{TEST}/start/?$", recovery_trials.RestoreTestStart.as_view(), name="api-restore-test-start"),
    re_path(
        rf"^{TEST}/finish/?$", recovery_trials.RestoreTestFinish.as_view(), name="api-restore-test-finish"
    ),
    re_path(rf"^{TEST}/abort/?$", recovery_trials.RestoreTestAbort.as_view(), name="api-restore-test-abort"),
    re_path(
        rf"^{TEST}/witness/?$", recovery_trials.RestoreTestWitness.as_view(), name="api-restore-test-witness"
    ),
    re_path(rf"^{TEST}/{TICK}", recovery_trials.RestoreTestTick.as_view(), name="api-restore-test-tick"),
    re_path(r"^exercises/?$", recovery_exercises.ExerciseList.as_view(), name="api-exercises"),
    re_path(rf"^{EXERCISE}/?$", recovery_exercises.ExerciseDetail.as_view(), name="api-exercise"),
    re_path(rf"^{EXERCISE}/start/?$", recovery_exercises.ExerciseStart.as_view(), name="api-exercise-start"),
    re_path(
        rf"^{EXERCISE}/complete/?$",
        recovery_exercises.ExerciseComplete.as_view(),
        name="api-exercise-complete",
    ),
    re_path(rf"^{EXERCISE}/abort/?$", recovery_exercises.ExerciseAbort.as_view(), name="api-exercise-abort"),
    re_path(rf"^{EXERCISE}/{TICK}", recovery_exercises.ExerciseTick.as_view(), name="api-exercise-tick"),
    re_path(r"^reports/backups/?$", recovery_report.BackupReport.as_view(), name="api-report-backups"),
]
