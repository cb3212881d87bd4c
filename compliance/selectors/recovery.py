"""Reads of assets, backups, restore tests, exercises, holds."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Prefetch, QuerySet

from compliance.models import (
    Asset,
    Backup,
    Exercise,
    ExercisePerson,
    ExerciseService,
    LegalHold,
    RestoreTest,
)
from compliance.models.recovery import (
    ASSET_PREFIX,
    EXERCISE_PREFIX,
    HOLD_PREFIX,
    RESTORE_TEST_PREFIX,
)
from compliance.recovery.points import Made
from opsportal.core.errors import NotFound
from opsportal.core.keys import number_of

LOOK_BACK = timedelta(days=400)
"""How long before a window backups are still looked at."""
MOST = 20_000
"""Backups of one asset that one answer looks at, the newest."""


def assets_loaded() -> QuerySet[Asset]:
    """Return all assets with service, team and owner; one query."""
    return Asset.objects.select_related("service", "owner_team", "owner")


def asset_by_pk(pk: int) -> Asset:
    """Return the asset, loaded. Raises `NotFound`."""
    found = assets_loaded().filter(pk=pk).first()
    if found is None:
        raise NotFound("There is no such asset.")
    return found


def asset_by_key(key: str) -> Asset:
    """Return the asset with this key or slug, loaded. Raises `NotFound`."""
    number = number_of(key, ASSET_PREFIX)
    rows = assets_loaded()
    found = (rows.filter(pk=number) if number else rows.filter(slug=key)).first()
    if found is None:
        raise NotFound("There is no such asset.")
    return found


def backups_loaded() -> QuerySet[Backup]:
    """Return all backups with their asset; one query."""
    return Backup.objects.select_related("asset")


def backup_by_number(pk: int) -> Backup:
    """Return one backup with its asset. Raises `NotFound`."""
    found = backups_loaded().filter(pk=pk).first() if pk < 2**63 else None
    if found is None:
        raise NotFound("There is no such backup.")
    return found


def newest_backup(asset: Asset, *, by: datetime) -> Backup | None:
    """Return the newest backup of an asset that succeeded and was finished at `by` (aware UTC).

    Where none was, it is the first one after that: clocks differ, and the caller says by how much they may.
    None without any.
    """
    rows = Backup.objects.filter(asset=asset, result="succeeded")
    before = rows.filter(finished_at__lte=by).order_by("-finished_at", "-id").first()
    return before or rows.order_by("finished_at", "id").first()


def made_of(asset_ids: Iterable[int], *, begins: datetime, ends: datetime) -> dict[int, list[Made]]:
    """Return by asset what can matter for its recovery point between two instants (aware UTC); one query.

    Failed ones are left out: they change nothing.
    """
    found: dict[int, list[Made]] = {pk: [] for pk in asset_ids}
    rows = Backup.objects.filter(
        asset__in=list(found), result="succeeded", finished_at__gt=begins - LOOK_BACK, finished_at__lte=ends
    )
    values = rows.order_by("-finished_at", "-id").values_list(
        "asset_id", "kind", "finished_at", "covers_until", "retention_until"
    )
    for pk, kind, finished, covers, retention in values.iterator(chunk_size=2_000):
        if len(found[pk]) < MOST:
            found[pk].append(Made(kind, True, finished, covers, retention))
    return found


def tests_loaded() -> QuerySet[RestoreTest]:
    """Return all restore tests with asset, backup, exercise and witness; one query."""
    return RestoreTest.objects.select_related(
        "asset", "asset__owner_team", "asset__service", "backup", "exercise", "witness"
    )


def restore_test_by_key(key: str) -> RestoreTest:
    """Return the restore test, loaded. Raises `NotFound`."""
    number = number_of(key, RESTORE_TEST_PREFIX)
    found = tests_loaded().filter(pk=number).first() if number else None
    if found is None:
        raise NotFound("There is no such restore test.")
    return found


def exercises_loaded() -> QuerySet[Exercise]:
    """Return all exercises with services and people; three queries when read."""
    return Exercise.objects.select_related("led_by").prefetch_related(
        Prefetch("concerned", ExerciseService.objects.select_related("service").order_by("id")),
        Prefetch("people", ExercisePerson.objects.select_related("person").order_by("id")),
    )


def exercise_by_key(key: str) -> Exercise:
    """Return the exercise, loaded. Raises `NotFound`."""
    number = number_of(key, EXERCISE_PREFIX)
    found = exercises_loaded().filter(pk=number).first() if number else None
    if found is None:
        raise NotFound("There is no such exercise.")
    return found


def holds_loaded() -> QuerySet[LegalHold]:
    """Return all legal holds with asset and people; one query."""
    return LegalHold.objects.select_related("asset", "placed_by", "lifted_by")


def hold_by_key(key: str) -> LegalHold:
    """Return the legal hold, loaded. Raises `NotFound`."""
    number = number_of(key, HOLD_PREFIX)
    found = holds_loaded().filter(pk=number).first() if number else None
    if found is None:
        raise NotFound("There is no such legal hold.")
    return found
