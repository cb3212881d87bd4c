"""How assets stand: newest backup, realised recovery point, newest real restore, each against its target."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Max, Min, Q

from compliance.models import Asset, Backup, RestoreTest
from compliance.recovery.ladder import LEVELS, REAL, within
from compliance.recovery.points import Realised, loss_at, realised, recovery_points
from compliance.selectors.recovery import made_of
from compliance.services.recovery.targets import Targets, targets_of
from opsportal.standards.selectors import active_standard_or_none

WINDOW = timedelta(days=30)
FIRST_BACKUP = timedelta(days=1)
"""How long a new asset may be without a backup, where its target is not longer than that."""
REAL_LEVELS = LEVELS[REAL - 1 :]


@dataclass(frozen=True, slots=True)
class Stand:
    """One asset between two instants.

    `since` is from when it is looked at: not before its first backup, nor before one was due.
    `newest` is when the newest backup that succeeded finished, ever; `succeeded` and `failed` count those
    that finished in the window. `test` is the newest finished test in which something was really restored.
    """

    asset: Asset
    since: datetime
    newest: datetime | None
    succeeded: int
    failed: int
    realised: Realised
    targets: Targets
    test: RestoreTest | None

    @property
    def rpo_kept(self) -> bool | None:
        """Whether the realised recovery point kept its target; None without a target or any backup.

        None also for a time before anything could be expected of it.
        """
        if self.targets.rpo is None or self.newest is None or not self.was_looked_at:
            return None
        return self.realised.keeps(self.targets.rpo.limit)

    @property
    def was_looked_at(self) -> bool:
        """Whether any instant of the window counts."""
        return self.realised.worst is not None or bool(self.realised.uncovered)

    @property
    def rto_kept(self) -> bool | None:
        """Whether the newest real restore kept its target; None without a target or a measured time."""
        if self.targets.rto is None or self.test is None:
            return None
        return self.test.outcome == "passed" and within(self.test.rto, self.targets.rto.limit)

    @property
    def status(self) -> str:
        """Return `late` where a target is broken, `silent` without any backup, `fine`, or `unknown`."""
        if self.newest is None:
            return "silent"
        if self.rpo_kept is False or self.rto_kept is False:
            return "late"
        return "unknown" if self.rpo_kept is None and self.rto_kept is None else "fine"


def stands(assets: Sequence[Asset], *, begins: datetime, ends: datetime) -> list[Stand]:
    """Return how assets, loaded with service and team, stand between two instants (aware UTC).

    A fixed number of queries. An asset is looked at from its first backup on, at the latest from when it
    should have had one: as long after it was written down as its target says, but a day at least.
    """
    standard = active_standard_or_none()
    keys = [asset.pk for asset in assets]
    made = made_of(keys, begins=begins, ends=ends)
    told = _first_and_newest(keys)
    counted = _counted(keys, begins, ends)
    tests = real_tests(keys)
    found = []
    for asset in assets:
        targets = targets_of(asset, standard)
        limit = targets.rpo.limit if targets.rpo else None
        first, newest = told.get(asset.pk, (None, None))
        since = max(begins, _begins_to_count(asset, limit, first))
        points = recovery_points(made[asset.pk])
        window = (
            realised(points, begins=since, ends=ends, target=limit)
            if since < ends
            else Realised(None, None, loss_at(points, ends), timedelta(), ())
        )
        succeeded, failed = counted.get(asset.pk, (0, 0))
        found.append(Stand(asset, since, newest, succeeded, failed, window, targets, tests.get(asset.pk)))
    return found


def _first_and_newest(keys: Collection[int]) -> dict[int, tuple[datetime, datetime]]:
    """Return by asset when its first and its newest backup that succeeded finished; one query."""
    rows = Backup.objects.filter(asset__in=keys, result="succeeded").values_list("asset_id")
    ends = rows.annotate(first=Min("finished_at"), newest=Max("finished_at")).order_by()
    return {pk: (first, newest) for pk, first, newest in ends}


def _begins_to_count(asset: Asset, limit: timedelta | None, first: datetime | None) -> datetime:
    due = asset.created_at + max(limit or FIRST_BACKUP, FIRST_BACKUP)
    return due if first is None else min(due, max(first, asset.created_at))


def real_tests(keys: Collection[int]) -> dict[int, RestoreTest]:
    """Return by asset its newest finished test in which something was really restored; two queries."""
    rows = RestoreTest.objects.filter(asset__in=keys, state="finished", level__in=REAL_LEVELS)
    newest = dict(rows.values_list("asset_id").annotate(newest=Max("ended_at")).order_by())
    chosen = rows.filter(ended_at__in=set(newest.values())).select_related("backup").order_by("id")
    return {test.asset_id: test for test in chosen if test.ended_at == newest[test.asset_id]}


def _counted(keys: Collection[int], begins: datetime, ends: datetime) -> dict[int, tuple[int, int]]:
    rows = Backup.objects.filter(asset__in=keys, finished_at__gte=begins, finished_at__lt=ends)
    counts = rows.values_list("asset_id").annotate(
        succeeded=Count("id", filter=Q(result="succeeded")), failed=Count("id", filter=Q(result="failed"))
    )
    return {pk: (succeeded, failed) for pk, succeeded, failed in counts.order_by()}
