"""Restore tests: planned, carried out step by step, finished with what was really reached."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from compliance.models import Asset, Backup, Exercise, ProcedureStep, RestoreTest
from compliance.models.recovery import EXERCISE_PREFIX
from compliance.recovery.ladder import LADDER, is_restore, measured
from compliance.recovery.states import RESTORE_TEST
from compliance.recovery.words import SCOPES, TEST_OUTCOMES
from compliance.selectors.recovery import newest_backup
from compliance.services.recovery import fields as read
from compliance.services.recovery.assets import asset_locked, case_of
from compliance.services.recovery.restore_test_records import (
    record,
    save,
    tell_result,
    test_locked,
)
from compliance.services.recovery.steps import VERBS, step_tick, steps_add, steps_over
from compliance.services.recovery.targets import targets_of
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, FieldError, InvalidInput
from opsportal.core.keys import number_of
from opsportal.core.text import clean_text
from opsportal.core.versions import require_version
from opsportal.core.writes import write

WITNESS_WITHIN = timedelta(days=1)


def _backup(value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 2**63:
        raise InvalidInput.of("backup", "unknown", "Must be the number of a backup.")
    return value


def _exercise(value: object) -> Exercise | None:
    if value in ("", None):
        return None
    number = number_of(str(value), EXERCISE_PREFIX)
    found = Exercise.objects.filter(pk=number).first() if number else None
    if found is None:
        raise InvalidInput.of("exercise", "unknown", "There is no such exercise.")
    return found


PLAN = {
    "backup": _backup,
    "exercise": _exercise,
    "scope": read.one_of("scope", SCOPES),
    "environment": read.text("environment", read.MAX_WORD),
    "procedure": read.procedure,
    "steps": read.steps,
    "planned_for": read.moment("planned_for"),
}
RESULT = {
    "level": read.one_of("level", LADDER),
    "outcome": read.one_of("outcome", TEST_OUTCOMES),
    "decided_at": read.moment("decided_at", optional=True),
    "usable_at": read.moment("usable_at", optional=True),
    "data_until": read.moment("data_until", optional=True),
    "findings": read.text("findings", read.MAX_TEXT, lines=True),
}


def restore_test_plan(*, actor: Actor, now: datetime, asset: int, fields: Mapping[str, Any]) -> RestoreTest:
    """Plan to restore the asset with this number from one of its backups, and return the test.

    `fields` are those of `PLAN`: without `backup` it is the newest that has succeeded by now, without
    `planned_for` now. The steps are those of `procedure`, or `steps` that somebody wrote. Raises
    `InvalidInput` (also `no_backup`: without a backup there is nothing to test), `NotFound`, `Forbidden` and
    `Conflict`.
    """
    return _plan(actor=actor, now=now, asset=asset, fields=fields, restored_at=now)


def _plan(
    *, actor: Actor, now: datetime, asset: int, fields: Mapping[str, Any], restored_at: datetime
) -> RestoreTest:
    """Plan a test; without `backup` it restores the newest that was finished at `restored_at` (aware UTC)."""
    with write(actor=actor, now=now):
        found = asset_locked(asset)
        require(actor, "restore_test.conduct", case_of(found, now))
        cleaned = read.cleaned(fields, PLAN)
        if found.state != "active":
            raise Conflict("This asset is retired. Reinstate it first.", code="asset_retired")
        test = RestoreTest(
            asset=found,
            backup=_backup_of(found, cleaned.get("backup"), restored_at),
            exercise=cleaned.get("exercise"),
            scope=cleaned.get("scope", "whole"),
            environment=cleaned.get("environment", ""),
            procedure=cleaned.get("procedure", ""),
            planned_for=cleaned.get("planned_for", now),
            conducted_by_kind=actor.kind.value,
            conducted_by_id=actor.id,
            created_at=now,
            updated_at=now,
        )
        test.save(force_insert=True)
        steps_add(test, procedure=test.procedure, own=cleaned.get("steps", []))
        record(test, "planned", actor=actor, now=now, data={"backup": test.backup_id})
        return test


def restore_test_edit(
    *, actor: Actor, now: datetime, pk: int, fields: Mapping[str, Any], version: int | None = None
) -> RestoreTest:
    """Change the plan of a test that has not begun, and return it. Its steps stay.

    Raises `InvalidInput`, `NotFound`, `Forbidden`, `Stale` and `IllegalMove`.
    """
    with write(actor=actor, now=now):
        test = _conducting(pk, "edit", actor=actor, now=now, version=version)
        changeable = {name: PLAN[name] for name in PLAN if name not in {"steps", "procedure"}}
        cleaned = read.cleaned(fields, changeable)
        if "backup" in cleaned:
            test.backup = _backup_of(test.asset, cleaned.pop("backup"), now)
        for name, value in cleaned.items():
            setattr(test, name, value)
        save(test, now)
        record(test, "edited", actor=actor, now=now)
        return test


def restore_test_start(
    *,
    actor: Actor,
    now: datetime,
    pk: int,
    decided_at: datetime | None = None,
    version: int | None = None,
) -> RestoreTest:
    """Begin a planned test and return it. The clock of the recovery time runs from `decided_at`, else now.

    Raises `InvalidInput`, `NotFound`, `Forbidden`, `Stale` and `IllegalMove`.
    """
    with write(actor=actor, now=now):
        test = _conducting(pk, "start", actor=actor, now=now, version=version)
        test.decided_at = RESULT["decided_at"](decided_at) or now
        test.started_at = now
        _check_times(test, now)
        test.conducted_by_kind, test.conducted_by_id = actor.kind.value, actor.id
        save(test, now)
        record(test, "started", actor=actor, now=now)
        return test


def restore_test_step(
    *,
    actor: Actor,
    now: datetime,
    pk: int,
    number: int,
    verb: str,
    note: object = "",
    version: int | None = None,
) -> ProcedureStep:
    """Tick off one step (`do`, `skip`, `fail`, `reopen`) and return it. `version` is the step's.

    Raises as `step_tick`, and `Forbidden`.
    """
    with write(actor=actor, now=now):
        test = _conducting(pk, "step", actor=actor, now=now, version=None)
        step = step_tick(test, number, verb, note=note, version=version, actor=actor, now=now)
        save(test, now)
        record(test, VERBS[verb], actor=actor, now=now, data={"step": number})
        return step


def restore_test_finish(
    *, actor: Actor, now: datetime, pk: int, fields: Mapping[str, Any], version: int | None = None
) -> RestoreTest:
    """End a test with the rung that it really reached, and return it with what was measured.

    `fields` are those of `RESULT`; `level` and `outcome` are needed. `usable_at` is now where nobody says
    otherwise, `data_until` what the backup covers. Raises `InvalidInput`, `NotFound`, `Forbidden`, `Stale`,
    `IllegalMove`, and `Conflict` (`steps_open`, `step_failed`, `no_exercise`).
    """
    return _finish(actor=actor, now=now, pk=pk, fields=fields, version=version)


def _finish(
    *,
    actor: Actor,
    now: datetime,
    pk: int,
    fields: Mapping[str, Any],
    version: int | None = None,
    told_later: bool = False,
) -> RestoreTest:
    with write(actor=actor, now=now):
        test = _conducting(pk, "finish", actor=actor, now=now, version=version)
        cleaned = read.cleaned(fields, RESULT)
        read.need(cleaned, "level", "outcome")
        states = steps_over(test, passed=cleaned["outcome"] == "passed")
        if cleaned["level"] == "full_exercise" and test.exercise_id is None:
            raise Conflict(
                "A full exercise has a plan, people and a scenario: plan one, and name it in this test.",
                code="no_exercise",
            )
        _measure(test, cleaned, now)
        test.ended_at = now
        if told_later:
            test.started_at, test.ended_at = test.decided_at, test.usable_at or now
        save(test, now)
        record(test, "finished", actor=actor, now=now, data={"level": test.level, "outcome": test.outcome})
        tell_result(test, states, actor=actor, now=now)
        return test


def restore_test_record(
    *,
    actor: Actor,
    now: datetime,
    asset: int,
    plan: Mapping[str, Any],
    result: Mapping[str, Any],
) -> RestoreTest:
    """Keep a test that a machine has carried out already, in one call; return it, finished.

    It began when it was decided and ended when the data was usable, so that it counts for its own month,
    however late it is told. Without `backup` it restored the newest that was finished when it was decided:
    those that have come since do not matter. Raises as `restore_test_plan` and `restore_test_finish`, what
    is wrong with the result under `/result`; steps are for tests that people follow.
    """
    if plan.get("steps") or plan.get("procedure"):
        raise InvalidInput.of("procedure", "does_not_fit", "Steps are ticked off: plan, start and finish it.")
    with write(actor=actor, now=now):
        decided = _decided(result)
        test = _plan(actor=actor, now=now, asset=asset, fields=plan, restored_at=decided or now)
        try:
            restore_test_start(actor=actor, now=now, pk=test.pk, decided_at=decided)
            rest = {name: value for name, value in result.items() if name != "decided_at"}
            return _finish(actor=actor, now=now, pk=test.pk, fields=rest, told_later=True)
        except InvalidInput as refusal:
            raise InvalidInput(
                FieldError(f"/result{one.pointer}", one.code, one.detail) for one in refusal.errors
            ) from None


def restore_test_abort(
    *, actor: Actor, now: datetime, pk: int, reason: object = "", version: int | None = None
) -> RestoreTest:
    """End a test that proved nothing, with the reason, and return it. Raises as `restore_test_edit`."""
    said = clean_text(reason, field="reason", max_length=read.MAX_NOTE, required=True)
    with write(actor=actor, now=now, reason=said):
        test = _conducting(pk, "abort", actor=actor, now=now, version=version)
        test.findings, test.ended_at = said, now
        save(test, now)
        record(test, "aborted", actor=actor, now=now)
        return test


def restore_test_witness(*, actor: Actor, now: datetime, pk: int, version: int | None = None) -> RestoreTest:
    """Keep that the actor was there and watched this test, and return it. It must be somebody else's work.

    They say so while it runs, or within a day of its end. Raises `NotFound`, `Forbidden` (machines, guests),
    `Stale`, `IllegalMove`, and `Conflict` (`own_work`, `witnessed`, `too_late`).
    """
    with write(actor=actor, now=now):
        test = test_locked(pk)
        require(actor, "restore_test.witness")
        require_version(test, version)
        test.state = RESTORE_TEST.move(test.state, "witness")
        steps = list(test.steps.values_list("by_id", "state"))
        if actor.id == test.conducted_by_id or actor.id in {str(by) for by, _ in steps}:
            raise Conflict("You took part in it. A witness is somebody else.", code="own_work")
        if test.witness_id is not None:
            raise Conflict("It has a witness already.", code="witnessed")
        if not may_still_witness(test, now):
            raise Conflict(
                "A witness says so while the test runs or within a day of its end, not from memory.",
                code="too_late",
            )
        test.witness_id = actor.id
        test.witnessed_at = now
        save(test, now)
        record(test, "witnessed", actor=actor, now=now)
        if test.state == "finished":
            tell_result(test, [state for _, state in steps], actor=actor, now=now)
        return test


def may_still_witness(test: RestoreTest, now: datetime) -> bool:
    """Return whether at `now` (aware UTC) somebody may still say that they watched it."""
    return test.ended_at is None or now <= test.ended_at + WITNESS_WITHIN


def _conducting(pk: int, verb: str, *, actor: Actor, now: datetime, version: int | None) -> RestoreTest:
    """Lock a test, ask whether the actor may conduct it, and make the move."""
    test = test_locked(pk)
    require(actor, "restore_test.conduct", case_of(test.asset, now))
    require_version(test, version)
    test.state = RESTORE_TEST.move(test.state, verb)
    return test


def _decided(result: Mapping[str, Any]) -> datetime | None:
    """Return when a machine decided to restore. Raises `InvalidInput` under `/result`."""
    try:
        decided: datetime | None = RESULT["decided_at"](result.get("decided_at"))
    except InvalidInput as refusal:
        raise InvalidInput(
            FieldError(f"/result{one.pointer}", one.code, one.detail) for one in refusal.errors
        ) from None
    return decided


def _backup_of(asset: Asset, pk: int | None, by: datetime) -> Backup:
    if pk is None:
        newest = newest_backup(asset, by=by)
        if newest is None:
            raise InvalidInput.of(
                "backup", "no_backup", "There is no backup of this asset that succeeded. Report one first."
            )
        return newest
    found = Backup.objects.filter(pk=pk, asset=asset).first()
    if found is None:
        raise InvalidInput.of("backup", "no_backup", "This asset has no such backup.")
    if found.result != "succeeded":
        raise InvalidInput.of("backup", "failed", "This backup failed: there is nothing to restore.")
    return found


def _measure(test: RestoreTest, cleaned: Mapping[str, Any], now: datetime) -> None:
    """Fill in level, times, what was measured and the targets. Raises `InvalidInput`."""
    test.level, test.outcome = cleaned["level"], cleaned["outcome"]
    test.findings = cleaned.get("findings", "")
    test.decided_at = cleaned.get("decided_at") or test.decided_at
    if is_restore(test.level):
        test.usable_at = cleaned.get("usable_at") or (now if test.outcome == "passed" else None)
        test.data_until = cleaned.get("data_until") or test.backup.covers_until
    _check_times(test, now)
    found = measured(
        test.level, decided_at=test.decided_at, usable_at=test.usable_at, data_until=test.data_until
    )
    targets = targets_of(test.asset)
    test.rto, test.rpo = found.rto, found.rpo
    test.rto_target = targets.rto.limit if targets.rto else None
    test.rpo_target = targets.rpo.limit if targets.rpo else None
    test.standard_hash = targets.standard_hash


def _check_times(test: RestoreTest, now: datetime) -> None:
    """Raise `InvalidInput` unless the backup was there, then it was decided, then it was usable, then now."""
    errors: list[FieldError] = []
    ready = test.backup.finished_at
    if test.decided_at and test.decided_at < ready - read.SLACK:
        errors.append(
            FieldError(
                "/decided_at",
                "before_backup",
                f"The backup was finished at {ready:%Y-%m-%d %H:%M} UTC: nobody restored from it before.",
            )
        )
    for name in ("decided_at", "usable_at", "data_until"):
        value = getattr(test, name)
        if value is not None and value > now + read.SLACK:
            errors.append(FieldError(f"/{name}", "in_the_future", "This has not happened yet."))
    if test.usable_at and test.decided_at and test.usable_at < test.decided_at:
        errors.append(FieldError("/usable_at", "before_decision", "It was not usable before it began."))
    if test.usable_at and test.data_until and test.data_until > test.usable_at + read.SLACK:
        errors.append(FieldError("/data_until", "after_use", "No data is newer than when it was usable."))
    if errors:
        raise InvalidInput(errors)
