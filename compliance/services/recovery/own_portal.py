"""The portal in its own catalogue: its service, the asset that it backs up, its backups and tests."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from compliance.models import Asset, Backup, RestoreTest
from compliance.recovery.manifest import Manifest
from compliance.services.recovery.archive import checksum_of
from compliance.services.recovery.assets import asset_create
from compliance.services.recovery.backups import backup_record
from compliance.services.recovery.restore_tests import restore_test_record
from opsportal.accounts.models import Team, User
from opsportal.accounts.services import team_create, team_join
from opsportal.catalog.models import Service
from opsportal.catalog.services import service_create
from opsportal.core.actor import Actor
from opsportal.core.errors import NotFound
from opsportal.core.writes import write

SERVICE = "opsportal"
ASSET = "opsportal-data"
TEAM = "portal"
TOOL = "manage.py backup"


def portal_register(*, actor: Actor, now: datetime, owner: User) -> Asset:
    """Put the portal into its own catalogue, and return the asset of its data; what is there stays.

    `owner` answers for it: the first member of its team where that is new. `actor` administers.
    """
    with write(actor=actor, now=now):
        found = portal_asset()
        if found is not None:
            return found
        service = Service.objects.select_related("owner_team").filter(slug=SERVICE).first()
        if service is None:
            service = service_create(
                actor=actor,
                now=now,
                slug=SERVICE,
                name="Operations portal",
                tier="core",
                data_classification="confidential",
                owner_team=_team(actor, now, owner).slug,
                description="This portal: changes, incidents, on-call and compliance.",
            )
        return asset_create(
            actor=actor,
            now=now,
            slug=ASSET,
            fields={
                "name": "Data of the operations portal",
                "kind": "database",
                "data_type": "audit_logs",
                "service": SERVICE,
                "team": service.owner_team.slug,
                "owner": str(owner.pk),
                "description": "Database and stored files, as `manage.py backup` writes them.",
            },
        )


def portal_asset() -> Asset | None:
    """Return the asset of the portal's own data, None before it was registered or once it is retired."""
    return Asset.objects.filter(slug=ASSET, state="active").first()


def portal_backup_note(
    *,
    actor: Actor,
    now: datetime,
    path: Path,
    manifest: Manifest,
    retention_until: datetime | None = None,
) -> Backup | None:
    """Keep that the portal was backed up to `path`; return the backup, None where it is not registered."""
    asset = portal_asset()
    if asset is None:
        return None
    return backup_record(
        actor=actor,
        now=now,
        asset=asset.pk,
        fields={
            "kind": "full",
            "result": "succeeded",
            "started_at": manifest.made_at,
            "finished_at": now,
            "covers_until": manifest.made_at,
            "retention_until": retention_until,
            "size_bytes": path.stat().st_size,
            "checksum": checksum_of(path),
            "place": str(path)[:300],
            "tool": TOOL,
        },
    )


def portal_backup_of(path: Path) -> Backup:
    """Return the reported backup whose bytes are those of the file. Raises `NotFound` and `OSError`."""
    rows = Backup.objects.select_related("asset").filter(asset__slug=ASSET, checksum=checksum_of(path))
    found = rows.order_by("-id").first()
    if found is None:
        raise NotFound(
            "No backup with this checksum was ever reported: it is another file, it was changed, or the"
            " portal is not in its own catalogue yet (manage.py start)."
        )
    return found


def portal_restore_note(
    *,
    actor: Actor,
    now: datetime,
    backup: Backup,
    level: str,
    passed: bool,
    decided_at: datetime,
    findings: str,
) -> RestoreTest:
    """Keep what a restore of the portal's own backup into a scratch database reached, and return the test."""
    return restore_test_record(
        actor=actor,
        now=now,
        asset=backup.asset_id,
        plan={"backup": backup.pk, "environment": "scratch", "scope": "whole"},
        result={
            "level": level,
            "outcome": "passed" if passed else "failed",
            "decided_at": decided_at,
            "findings": findings,
        },
    )


def _team(actor: Actor, now: datetime, owner: User) -> Team:
    team = Team.objects.filter(slug=TEAM).first()
    if team is not None:
        return team
    team = team_create(actor=actor, now=now, slug=TEAM, name="Operations portal")
    team_join(actor=actor, now=now, team=TEAM, user_id=owner.pk, valid_from=now.date(), valid_until=None)
    return team
