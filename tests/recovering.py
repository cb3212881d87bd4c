"""A cast that owns assets, a small standard about their recovery, and short ways to report backups."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from compliance.models import Asset, Backup
from compliance.services.recovery.assets import asset_create
from compliance.services.recovery.backups import backup_record
from compliance.services.recovery.exercises import exercise_plan
from compliance.services.recovery.holds import hold_place
from compliance.services.recovery.restore_tests import restore_test_plan
from opsportal.accounts.models import User
from opsportal.core.actor import Actor
from tests.changing import activate, rule
from tests.makers import NOW, make_service, make_team, make_user
from tests.once import made_once

HOUR = timedelta(hours=1)
MACHINE = Actor.service_account("11111111-1111-4111-8111-111111111111", frozenset({"compliance:write"}))
RULES = (
    rule("db-recovery", "recovery.evaluate", '{ recover = { rto = "1h", rpo = "24h" } }', kind="target"),
    rule(
        "critical-rto",
        "recovery.evaluate",
        '{ recover = { rto = "15m" } }',
        kind="target",
        when='asset.tier == "critical"',
    ),
    rule("keep-posts", "retention.purge", '{ retain = { records = "alert_messages", keep = "1 year" } }'),
    rule("keep-backups", "retention.purge", '{ retain = { records = "backups", keep = "30 days" } }'),
    rule("keep-logs", "retention.purge", '{ retain = { records = "application_logs", keep = "1 year" } }'),
)


@dataclass
class Cast:
    """Somebody of the owner team, somebody else, an administrator, and an asset of the team."""

    owner: User
    other: User
    admin: User
    asset: Asset


@made_once
def make_cast() -> Cast:
    """Return the cast, under a standard with `RULES`."""
    activate(*RULES)
    owner, other, admin = make_user(name="Olga"), make_user(name="Nina"), make_user(name="Ann", staff=True)
    team = make_team("payments", owner)
    make_service("payments-api", team=team, tier="critical")
    return Cast(owner, other, admin, make_asset(owner, "payments-db"))


def make_asset(maker: User, slug: str = "ledger-db", *, now: datetime = NOW, **fields: Any) -> Asset:
    """Return a new asset of the team payments, a database of a critical service unless said otherwise."""
    given = {
        "name": slug.replace("-", " ").title(),
        "kind": "database",
        "data_type": "transactions",
        "team": "payments",
        "service": "payments-api",
        **fields,
    }
    return asset_create(actor=maker.actor, now=now, slug=slug, fields=given)


def told(asset: Asset, *, now: datetime = NOW, took: timedelta = HOUR, **fields: Any) -> Backup:
    """Return a full backup of an asset that a machine reports; it finished just now and took an hour."""
    finished = fields.pop("finished_at", now)
    given = {
        "kind": "full",
        "result": "succeeded",
        "started_at": finished - took,
        "finished_at": finished,
        **fields,
    }
    return backup_record(actor=MACHINE, now=now, asset=asset.pk, fields=given)


def recovery_of(person: User, number: int, *, team: str, service: str) -> None:
    """Make an asset of the team of `person` with a backup, a restore test, an exercise and a legal hold."""
    asset = make_asset(person, f"store-{number}", team=team, service=service)
    backup = told(asset)
    plan = {"backup": backup.pk, "steps": ["Restore it", "Look at it"]}
    restore_test_plan(actor=person.actor, now=NOW, asset=asset.pk, fields=plan)
    exercise = {
        "kind": "game_day",
        "title": "The store is gone",
        "planned_for": NOW,
        "services": [service],
        "participants": [{"person": str(person.pk), "part": "Leads"}],
        "steps": ["Stop it"],
    }
    exercise_plan(actor=person.actor, now=NOW, fields=exercise)
    admin = make_user(staff=True).actor
    hold_place(actor=admin, now=NOW, fields={"asset": asset.slug, "reason": "A dispute."})
