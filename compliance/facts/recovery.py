"""What rules may ask of assets, backups, restore tests, exercises and retention. Reads no row."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from compliance.recovery.ladder import LEVELS, rung, within
from compliance.recovery.points import KINDS
from compliance.recovery.procedures import are_done
from compliance.recovery.words import (
    ASSET_KINDS,
    DATA_TYPES,
    EXERCISE_KINDS,
    EXERCISE_OUTCOMES,
    RESULTS,
    SCOPES,
    TEST_OUTCOMES,
    TIERS,
    keys,
)
from opsportal.standards.vocabulary import (
    BOOLEAN,
    DURATION,
    NUMBER,
    TEXT,
    Declaration,
    Event,
    Fact,
    Value,
    choice,
    many,
)

if TYPE_CHECKING:
    from compliance.models import Asset, Backup, Exercise, RestoreTest

CLASSIFICATIONS = ("public", "internal", "confidential", "restricted")

_ASSET = (
    Fact("asset.slug", TEXT, "the short name of the asset"),
    Fact("asset.kind", choice(*keys(ASSET_KINDS)), "what the asset is"),
    Fact("asset.data_type", choice(*keys(DATA_TYPES)), "what the data of the asset is"),
    Fact("asset.tier", choice(*keys(TIERS)), "the tier of the asset"),
    Fact("asset.service", TEXT, "the service of the asset"),
    Fact("asset.data_classification", choice(*CLASSIFICATIONS), "the data classification of its service"),
    Fact("asset.record_class", TEXT, "the class of records in the asset"),
    Fact("asset.team", TEXT, "the team that owns the asset"),
)
_BACKUP = (
    Fact("backup.kind", choice(*keys(KINDS)), "the kind of the backup"),
    Fact("backup.result", choice(*keys(RESULTS)), "whether the backup succeeded"),
    Fact("backup.checksummed", BOOLEAN, "whether the backup has a checksum"),
    Fact("backup.encrypted", BOOLEAN, "whether the backup is encrypted"),
    Fact("backup.size", NUMBER, "the size of the backup in bytes"),
    Fact("backup.duration", DURATION, "how long the backup took"),
    Fact("backup.retention", DURATION, "how long the backup is kept"),
    Fact("backup.tool", TEXT, "what made the backup"),
    Fact("backup.place", TEXT, "where the backup is kept"),
)
_RESTORE_TEST = (
    Fact("restore_test.level", choice(*LEVELS), "the rung that the restore test reached"),
    Fact("restore_test.rung", NUMBER, "the number of that rung, 1 (exists) to 6 (full exercise)"),
    Fact("restore_test.outcome", choice(*keys(TEST_OUTCOMES)), "the outcome of the restore test"),
    Fact("restore_test.scope", choice(*keys(SCOPES)), "how much was restored"),
    Fact("restore_test.environment", TEXT, "where it was restored to"),
    Fact("restore_test.procedure", TEXT, "the procedure that was followed"),
    Fact("restore_test.steps_done", BOOLEAN, "whether each step of the procedure was done"),
    Fact("restore_test.rto", DURATION, "the recovery time that was measured"),
    Fact("restore_test.rpo", DURATION, "the recovery point that was measured"),
    Fact("restore_test.rto_met", BOOLEAN, "whether the recovery time kept its target"),
    Fact("restore_test.rpo_met", BOOLEAN, "whether the recovery point kept its target"),
    Fact("restore_test.witnessed", BOOLEAN, "whether somebody else witnessed the restore test"),
)
_EXERCISE = (
    Fact("exercise.kind", choice(*keys(EXERCISE_KINDS)), "the kind of the exercise"),
    Fact("exercise.outcome", choice(*keys(EXERCISE_OUTCOMES)), "the outcome of the exercise"),
    Fact("exercise.services", many(TEXT), "the services that took part in the exercise"),
    Fact("exercise.service_tiers", many(choice(*keys(TIERS))), "the tiers of these services"),
    Fact("exercise.participants", NUMBER, "how many people took part in the exercise"),
    Fact("exercise.duration", DURATION, "how long the exercise took"),
    Fact("exercise.environment", TEXT, "where the exercise took place"),
    Fact("exercise.evidenced", BOOLEAN, "whether evidence is attached to the exercise"),
    Fact("exercise.steps_done", BOOLEAN, "whether each step of the playbook was done"),
)
_RETENTION = (
    Fact("retention.records", TEXT, "the class of records"),
    Fact("retention.rows", NUMBER, "how many records were deleted"),
)
_EVENTS = (
    Event("backup.recorded", "a backup is reported", ("asset", "backup"), "asset", ("owner",)),
    Event(
        "restore_test.recorded", "a restore test is finished", ("asset", "restore_test"), "asset", ("owner",)
    ),
    Event("exercise.completed", "an exercise is completed", ("exercise",), about="organisation"),
    Event(
        "exercise.completed_for_service",
        "a service has taken part in an exercise",
        ("exercise", "service"),
        about="service",
    ),
    Event("retention.purged", "records are deleted", ("retention",), about="organisation"),
)

DECLARATIONS: tuple[Declaration, ...] = (
    *_ASSET,
    *_BACKUP,
    *_RESTORE_TEST,
    *_EXERCISE,
    *_RETENTION,
    *_EVENTS,
)


def asset_facts(asset: Asset) -> dict[str, Value]:
    """Return the facts of an asset, loaded with service and team."""
    facts: dict[str, Value] = {
        "asset.slug": asset.slug,
        "asset.kind": asset.kind,
        "asset.data_type": asset.data_type,
        "asset.tier": asset.tier,
        "asset.record_class": asset.record_class,
        "asset.team": asset.owner_team.slug,
    }
    if asset.service is not None:
        facts["asset.service"] = asset.service.slug
        facts["asset.data_classification"] = asset.service.data_classification
    return facts


def backup_facts(backup: Backup) -> dict[str, Value]:
    """Return the facts of a backup."""
    facts: dict[str, Value] = {
        "backup.kind": backup.kind,
        "backup.result": backup.result,
        "backup.checksummed": bool(backup.checksum),
        "backup.duration": backup.finished_at - backup.started_at,
        "backup.tool": backup.tool,
        "backup.place": backup.place,
    }
    if backup.encrypted is not None:
        facts["backup.encrypted"] = backup.encrypted
    if backup.size_bytes is not None:
        facts["backup.size"] = backup.size_bytes
    if backup.retention_until is not None:
        facts["backup.retention"] = backup.retention_until - backup.finished_at
    return facts


def restore_test_facts(test: RestoreTest, steps: Sequence[str]) -> dict[str, Value]:
    """Return the facts of a finished restore test with the states of its `steps`."""
    facts: dict[str, Value] = {
        "restore_test.level": test.level,
        "restore_test.rung": rung(test.level),
        "restore_test.outcome": test.outcome,
        "restore_test.scope": test.scope,
        "restore_test.environment": test.environment,
        "restore_test.procedure": test.procedure,
        "restore_test.steps_done": are_done(steps),
        "restore_test.witnessed": test.witness_id is not None,
    }
    known: dict[str, timedelta | bool | None] = {
        "restore_test.rto": test.rto,
        "restore_test.rpo": test.rpo,
        "restore_test.rto_met": within(test.rto, test.rto_target),
        "restore_test.rpo_met": within(test.rpo, test.rpo_target),
    }
    return {**facts, **{name: value for name, value in known.items() if value is not None}}


def exercise_facts(exercise: Exercise, steps: Sequence[str], *, evidenced: bool) -> dict[str, Value]:
    """Return the facts of a completed exercise, loaded with services and people."""
    services = [one.service for one in exercise.concerned.all()]
    facts: dict[str, Value] = {
        "exercise.kind": exercise.kind,
        "exercise.outcome": exercise.outcome,
        "exercise.services": tuple(sorted(service.slug for service in services)),
        "exercise.service_tiers": tuple(sorted({service.tier for service in services})),
        "exercise.participants": len(exercise.people.all()),
        "exercise.environment": exercise.environment,
        "exercise.evidenced": evidenced,
        "exercise.steps_done": are_done(steps),
    }
    if exercise.started_at is not None and exercise.ended_at is not None:
        facts["exercise.duration"] = exercise.ended_at - exercise.started_at
    return facts
