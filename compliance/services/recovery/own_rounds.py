"""The portal looks after its own data: a backup each day, a restore of it each month."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings

from compliance.models import Asset, Backup, RestoreTest
from compliance.services.recovery.own_portal import (
    TOOL,
    portal_asset,
    portal_backup_note,
    portal_backup_of,
    portal_restore_note,
)
from compliance.services.recovery.portal_backup import portal_backup
from compliance.services.recovery.scratch import scratch_restore
from compliance.services.recovery.standing import REAL_LEVELS
from opsportal.core.actor import Actor
from opsportal.core.clock import edge_now

ACTOR = Actor.system("compliance.own_recovery")
DAY = timedelta(hours=23)
"""A little less than a day, so that a round that runs late does not skip one."""
_OURS = re.compile(r"opsportal-\d{8}T\d{6}Z\.zip")


def own_recovery(*, now: datetime) -> str:
    """Do what is due of the portal's own backup and restore test, and say what was done, `""` for nothing.

    `now` is the database's (aware UTC). Nothing is done without a folder for backups
    (`settings.BACKUPS_FOLDER`), nor before the portal is in its own catalogue. Two rounds at once do it
    twice at worst.
    """
    asset = portal_asset()
    if not settings.BACKUPS_FOLDER or asset is None:
        return ""
    folder = Path(settings.BACKUPS_FOLDER)
    if not _lately(asset, now - DAY):
        _back_up(folder, now)
        _discard(folder, now)
        return "backed up"
    newest = max((path for path in folder.glob("*.zip") if _OURS.fullmatch(path.name)), default=None)
    if newest is not None and not _tested(asset, now):
        _try(newest)
        return "restored"
    return ""


def _lately(asset: Asset, since: datetime) -> bool:
    rows = Backup.objects.filter(asset=asset, tool=TOOL, result="succeeded")
    return rows.filter(finished_at__gt=since).exists()


def _tested(asset: Asset, now: datetime) -> bool:
    """Tell whether it was really restored, or tried to, in the calendar month (UTC) of `now`."""
    month = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    rows = RestoreTest.objects.filter(asset=asset, state="finished", ended_at__gte=month)
    return rows.filter(level__in=REAL_LEVELS).exists() or rows.filter(outcome="failed").exists()


def _back_up(folder: Path, now: datetime) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"opsportal-{now:%Y%m%dT%H%M%SZ}.zip"
    manifest = portal_backup(path, now=edge_now())
    done = edge_now()
    portal_backup_note(
        actor=ACTOR,
        now=done,
        path=path,
        manifest=manifest,
        retention_until=done + timedelta(days=settings.BACKUPS_KEEP_DAYS),
    )


def _try(path: Path) -> None:
    backup = portal_backup_of(path)
    decided = edge_now()
    tried = scratch_restore(path)
    portal_restore_note(
        actor=ACTOR,
        now=edge_now(),
        backup=backup,
        level=tried.level,
        passed=tried.passed,
        decided_at=decided,
        findings=tried.findings,
    )


def _discard(folder: Path, now: datetime) -> None:
    """Delete own backups past their days; the newest always stays."""
    ours = sorted(path for path in folder.glob("*.zip") if _OURS.fullmatch(path.name))
    limit = (now - timedelta(days=settings.BACKUPS_KEEP_DAYS)).timestamp()
    for path in ours[:-1]:
        if path.stat().st_mtime < limit:
            path.unlink(missing_ok=True)
