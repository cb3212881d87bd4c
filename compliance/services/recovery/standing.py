"""How assets stand: newest backup, realised recovery point, newest real restore, each against its target."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Max, Q

from compliance.models import Asset, Backup, RestoreTest
from compliance.recovery.ladder import LEVELS, REAL, within
from compliance.recovery.points import Realised, realised, recovery_points
from compliance.selectors.recovery import made_of
from compliance.services.recovery.targets import Targets, targets_of
from opsportal.standards.selectors import active_standard_or_none

WINDOW = timedelta(days=30)
REAL_LEVELS = LEVELS[REAL - 1 :]


@dataclass(frozen=True, slots=True)
class Stand:
    """One asset between two instants.

    `newest` is when the newest backup that succeeded finished, ever; `succeeded` and `failed` count those
    that finished in the window. `test` is the newest finished test in which something was really restored.
    """

    asset: Asset
    newest: datetime | None
    succeeded: int
    failed: int
    realised: Realised
    targets: Targets
    test: RestoreTest | None

    @property
    def rpo_kept(self) -> bool | None:
        """Whether the realised recovery point kept its target; None without a target or any backup."""
        if self.targets.rpo is None or self.newest is None:
            return None
        return self.realised.keeps(self.targets.rpo.limit)

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

    A fixed number of queries. An asset is looked at from when it was written down.
    """
    standard = active_standard_or_none()
    keys = [asset.pk for asset in assets]
    made = made_of(keys, begins=begins, ends=ends)
    newest = newest_of(keys)
    counted = _counted(keys, begins, ends)
    tests = real_tests(keys)
    found = []
    for asset in assets:
        targets = targets_of(asset, standard)
        window = realised(
            recovery_points(made[asset.pk]),
            begins=min(max(begins, asset.created_at), ends),
            ends=ends,
            target=targets.rpo.limit if targets.rpo else None,
        )
        succeeded, failed = counted.get(asset.pk, (0, 0))
        found.append(
            Stand(asset, newest.get(asset.pk), succeeded, failed, window, targets, tests.get(asset.pk))
        )
    return found


def newest_of(keys: Collection[int]) -> dict[int, datetime]:
    """Return by asset when its newest backup that succeeded finished; one query."""
    rows = Backup.objects.filter(asset__in=keys, result="succeeded").values_list("asset_id")
    return dict(rows.annotate(newest=Max("finished_at")).order_by())


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
