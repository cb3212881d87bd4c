"""Assets of the demo, their backups, what was restored, two exercises, and what may not be deleted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from compliance.models import Asset, Backup, Exercise, RestoreTest
from compliance.services.recovery.assets import asset_create
from compliance.services.recovery.backups import backup_record
from compliance.services.recovery.exercises import (
    exercise_complete,
    exercise_plan,
    exercise_start,
    exercise_step,
)
from compliance.services.recovery.holds import hold_lift, hold_place
from compliance.services.recovery.own_portal import portal_register
from compliance.services.recovery.restore_tests import (
    restore_test_finish,
    restore_test_plan,
    restore_test_record,
    restore_test_start,
    restore_test_step,
    restore_test_witness,
)
from opsportal.accounts.models import User
from opsportal.core.actor import Actor
from opsportal.portal.demo.stage import Stage

Act = Callable[[datetime], None]
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
ROBOT = Actor.system("demo")

# slug, name, kind, data type, service, tier of its own, team, owner, days between backups, days since the
# newest, GB
ASSETS = (
    ("payments-db", "Payments database", "database", "transactions", "payments-api", "", "payments", "elena",
     1, 0, 84),
    ("ledger-db", "Ledger database", "database", "transactions", "ledger", "", "payments", "jonas", 1,
     0, 212),
    # Backed up daily, where its tier may lose an hour, and never really restored: the red one.
    ("identity-db", "Identity database", "database", "user_data", "identity", "", "platform", "arjun",
     1, 0, 31),
    ("orders-db", "Orders database", "database", "transactions", "orders-api", "", "shop", "noah", 1, 0, 57),
    ("customers-db", "Customers database", "database", "user_data", "customer-api", "", "shop", "noah",
     1, 0, 46),
    ("product-pictures", "Product pictures", "files", "other", "catalogue-api", "", "shop", "noah", 1,
     0, 640),
    ("search-index", "Search index", "search", "other", "search-api", "", "shop", "noah", 1, 0, 18),
    ("gateway-configuration", "Gateway configuration", "configuration", "configuration", "edge-gateway",
     "core",
     "platform", "arjun", 1, 0, 1),
    ("platform-secrets", "Secrets of the platform", "secrets", "credentials", "identity", "core", "platform",
     "arjun", 1, 0, 1),
    # Nobody has noticed that its backups stopped: the other red one.
    ("warehouse", "Data warehouse", "database", "telemetry", "data-warehouse", "", "data", "sofia", 7,
     19, 930),
    ("back-office-files", "Files of the back office", "files", "user_data", "back-office", "", "shop", "noah",
     0, 0, 0),
)  # fmt: skip
LOGGED = ("payments-db", "ledger-db")
"""Their logs are shipped each hour, between the daily backups."""
LOGGED_DAYS, LIVE_DAYS = 32, 2
# slug, days ago, level, minutes that it took; a database comes back each month
TESTS = (
    ("payments-db", (68, 40), "integrity_verified", 44),
    ("ledger-db", (76, 48, 20), "application_verified", 41),
    ("orders-db", (78, 50, 22), "integrity_verified", 74),
    ("customers-db", (77, 49, 21), "integrity_verified", 52),
    ("product-pictures", (40,), "integrity_verified", 190),
    ("search-index", (38,), "application_verified", 35),
    ("gateway-configuration", (35,), "application_verified", 12),
    ("platform-secrets", (30,), "application_verified", 25),
    ("identity-db", (24,), "checksum", 0),
)


def moments(stage: Stage, now: datetime) -> Iterator[tuple[datetime, Act]]:
    """Yield what happens: assets at the founding, then backups, restore tests, an exercise."""
    founded = now - 88 * DAY
    yield founded, _found(stage)
    yield founded, partial(_journal, now)
    for slug, *_, every, newest, gigabytes in ASSETS:
        for ago in range(newest, LIVE_DAYS, every) if every else ():
            yield now - ago * DAY - 5 * HOUR, partial(_report, slug, gigabytes, ago=ago)
    for slug, days, level, minutes in TESTS:
        for ago in days:
            yield now - ago * DAY, partial(_tested, slug, level, minutes)
    yield now - 12 * DAY, partial(_followed, stage)
    yield now - 9 * DAY, partial(_exercised, stage)
    yield now - 47 * DAY, partial(_loaded, stage)
    yield now - 58 * DAY, partial(_held, stage)
    yield now - 2 * HOUR, _registered


def _found(stage: Stage) -> Act:
    def act(at: datetime) -> None:
        for slug, name, kind, data_type, service, tier, team, owner, *_ in ASSETS:
            asset_create(
                actor=ROBOT,
                now=at,
                slug=slug,
                fields={
                    "name": name,
                    "kind": kind,
                    "data_type": data_type,
                    "service": service,
                    "tier": tier,
                    "team": team,
                    "owner": stage.person(owner).id,
                },
            )

    return act


def _registered(at: datetime) -> None:
    """Put the portal into its own catalogue."""
    keeper = User.objects.filter(is_staff=True, is_active=True).order_by("created_at", "id").first()
    assert keeper is not None  # noqa: S101 - the demo has an administrator
    portal_register(actor=ROBOT, now=at, owner=keeper)


def _journal(now: datetime, at: datetime) -> None:
    """Take over what the backup programs had kept before they reported here: thousands of rows at once."""
    assets = {asset.slug: asset for asset in Asset.objects.all()}
    rows = [
        Backup(
            asset=assets[slug], **_backup(slug, gigabytes, now - ago * DAY - 5 * HOUR, ago), **_reported(now)
        )
        for slug, *_, every, newest, gigabytes in ASSETS
        if every
        for ago in range(max(newest, LIVE_DAYS), 86, every)
    ]
    for slug in LOGGED:
        for hours in range(LOGGED_DAYS * 24):
            shipped = now - hours * HOUR - 10 * MINUTE
            log = {"kind": "log", "result": "succeeded", "started_at": shipped, "finished_at": shipped}
            kept = {"covers_until": shipped, "retention_until": shipped + 35 * DAY, "tool": "pg_receivewal"}
            rows.append(Backup(asset=assets[slug], **log, **kept, **_reported(now)))
    Backup.objects.bulk_create(rows, batch_size=500)


def _reported(now: datetime) -> dict[str, Any]:
    return {"recorded_at": now, "recorded_by_kind": ROBOT.kind.value, "recorded_by_id": ROBOT.id}


def _asset(slug: str) -> Asset:
    return Asset.objects.get(slug=slug)


def _backup(slug: str, gigabytes: int, at: datetime, ago: int) -> dict[str, Any]:
    """Return what a program says of one backup; now and then one fails, as they do."""
    failed = slug == "payments-db" and ago == 17
    return {
        "kind": "full",
        "result": "failed" if failed else "succeeded",
        "started_at": at - 35 * MINUTE,
        "finished_at": at - 5 * MINUTE,
        "covers_until": at - 35 * MINUTE,
        "retention_until": None if failed else at + 35 * DAY,
        "size_bytes": None if failed else gigabytes * 10**9 + ago * 10**6,
        "checksum": "" if failed else f"sha256:{ago * 2654435761 % 2**32:064x}",
        "encrypted": not failed,
        "place": "s3://backups.demo.example/" + slug,
        "tool": "pg_dump" if slug.endswith("-db") else "restic",
        "external_id": f"{slug}-{at:%Y%m%d}",
    }


def _report(slug: str, gigabytes: int, at: datetime, *, ago: int) -> None:
    """Report one backup."""
    fields = _backup(slug, gigabytes, at, ago)
    backup_record(actor=ROBOT, now=at, asset=_asset(slug).pk, fields=fields)


def _tested(slug: str, level: str, minutes: int, at: datetime) -> None:
    """Report a restore test that a pipeline has carried out."""
    decided = at - minutes * MINUTE
    restore_test_record(
        actor=ROBOT,
        now=at,
        asset=_asset(slug).pk,
        plan={"environment": "staging", "backup": _newest(slug, decided)},
        result={
            "level": level,
            "outcome": "passed",
            "decided_at": decided,
            "findings": "Restored and compared with the source, table by table." if minutes else "",
        },
    )


def _newest(slug: str, at: datetime) -> int:
    rows = Backup.objects.filter(asset__slug=slug, result="succeeded", finished_at__lte=at)
    return rows.order_by("-finished_at", "-id").values_list("pk", flat=True)[0]


def _followed(stage: Stage, at: datetime) -> None:
    """Follow a procedure step by step, with a witness."""
    owner, witness = stage.person("elena"), stage.person("arjun")
    test: RestoreTest = restore_test_plan(
        actor=owner,
        now=at - HOUR,
        asset=_asset("payments-db").pk,
        fields={
            "procedure": "staged-restore",
            "environment": "staging",
            "backup": _newest("payments-db", at - HOUR),
        },
    )
    restore_test_start(actor=owner, now=at - 50 * MINUTE, pk=test.pk)
    for number in range(1, 7):
        when = at - (50 - 7 * number) * MINUTE
        restore_test_step(actor=owner, now=when, pk=test.pk, number=number, verb="do")
    restore_test_finish(
        actor=owner,
        now=at,
        pk=test.pk,
        fields={
            "level": "integrity_verified",
            "outcome": "passed",
            "usable_at": at - 9 * MINUTE,
            "findings": "Building the indexes took longest. Copy them with the data next time.",
        },
    )
    restore_test_witness(actor=witness, now=at + 10 * MINUTE, pk=test.pk)


def _exercised(stage: Stage, at: datetime) -> None:
    """Play a night in which the database of identities is gone."""
    leader = stage.person("arjun")
    exercise: Exercise = exercise_plan(
        actor=leader,
        now=at - 4 * DAY,
        fields={
            "kind": "disaster_recovery",
            "title": "The identity database is gone",
            "scenario": "At 02:10 the primary and its standby are lost. Nobody can sign in.",
            "plan": "Promote nothing: restore from the off-site backup, and measure how long it takes.",
            "planned_for": at - 2 * HOUR,
            "environment": "staging",
            "services": ["identity", "edge-gateway"],
            "participants": [
                {"person": leader.id, "part": "leads"},
                {"person": stage.person("elena").id, "part": "watches the clock"},
            ],
            "procedure": "full-recovery",
        },
    )
    exercise_start(actor=leader, now=at - 2 * HOUR, pk=exercise.pk)
    for number in range(1, 7):
        when = at - (120 - 18 * number) * MINUTE
        exercise_step(actor=leader, now=when, pk=exercise.pk, number=number, verb="do")
    exercise_complete(
        actor=leader,
        now=at,
        pk=exercise.pk,
        fields={
            "outcome": "partly",
            "findings": "It came back after 96 minutes. The runbook named a bucket that has been renamed,"
            " which cost a quarter of an hour.",
        },
    )


def _loaded(stage: Stage, at: datetime) -> None:
    """Put the checkout under the load of the last sale, times two."""
    leader = stage.person("lucia")
    exercise: Exercise = exercise_plan(
        actor=leader,
        now=at - 6 * DAY,
        fields={
            "kind": "load_test",
            "title": "The checkout under twice the load of the last sale",
            "planned_for": at - HOUR,
            "environment": "staging",
            "services": ["checkout-web", "orders-api"],
            "participants": [{"person": leader.id, "part": "leads"}],
        },
    )
    exercise_start(actor=leader, now=at - HOUR, pk=exercise.pk)
    exercise_complete(actor=leader, now=at, pk=exercise.pk, fields={"outcome": "passed"})


def _held(stage: Stage, at: datetime) -> None:
    """Hold what a dispute needs, and let go of what another one needed."""
    admin = stage.person("sam")
    held = [
        hold_place(actor=admin, now=at, fields={"records": "backups", "asset": asset, "reason": reason})
        for asset, reason in (
            ("payments-db", "A dispute about fees with an acquirer: nothing of last year goes."),
            ("customers-db", "A question of the tax office about invoices of two years ago."),
        )
    ]
    hold_lift(actor=admin, now=at + 21 * DAY, pk=held[-1].pk, reason="Answered, and closed in writing.")
