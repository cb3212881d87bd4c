from compliance.models.recovery.assets import ASSET_PREFIX, Asset, Backup
from compliance.models.recovery.retention import HOLD_PREFIX, LegalHold, Purge
from compliance.models.recovery.trials import (
    EXERCISE_PREFIX,
    RESTORE_TEST_PREFIX,
    Exercise,
    ExercisePerson,
    ExerciseService,
    ProcedureStep,
    RestoreTest,
)

__all__ = [
    "ASSET_PREFIX",
    "EXERCISE_PREFIX",
    "HOLD_PREFIX",
    "RESTORE_TEST_PREFIX",
    "Asset",
    "Backup",
    "Exercise",
    "ExercisePerson",
    "ExerciseService",
    "LegalHold",
    "ProcedureStep",
    "Purge",
    "RestoreTest",
]
