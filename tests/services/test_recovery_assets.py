"""Assets and the backups that are reported of them: what is kept, what is refused, and what it means."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from compliance.models import Asset, Backup, Evidence
from compliance.panels.recovery import assets_known
from compliance.selectors.recovery import assets_loaded
from compliance.services.recovery.assets import asset_create, asset_edit, asset_reinstate, asset_retire
from compliance.services.recovery.standing import Stand, stands
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, Forbidden, IllegalMove, InvalidInput, NotFound, Stale
from tests.makers import NOW
from tests.recovering import HOUR, MACHINE, Cast, make_asset, make_cast, told
from tests.untouched import nothing_written, refused

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
SUM = "sha256:" + "a" * 64


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def test_an_asset_has_the_tier_of_its_service_until_it_has_its_own(cast: Cast) -> None:
    assert (cast.asset.tier, cast.asset.owner) == ("critical", cast.owner)
    asset = asset_edit(actor=cast.owner.actor, now=NOW, pk=cast.asset.pk, fields={"tier": "core"}, version=1)
    assert (asset.tier, asset.version) == ("core", 2)
    (known,) = assets_known(NOW)
    assert (known.key, known.facts and known.facts["asset.tier"]) == (cast.asset.key, "core")


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"kind": "cloud"}, "unknown"),
        ({"service": "no-such"}, "unknown"),
        ({"team": "no-such"}, "unknown"),
        ({"owner": "nobody@example.org"}, "unknown"),
        ({"service": ""}, "required"),
        ({"kept_for": "long"}, "no_span"),
        ({"record_class": "No Slug"}, "not_a_slug"),
        ({"name": " "}, "required"),
        ({"colour": "red"}, "unknown"),
    ],
)
def test_what_no_asset_can_be(cast: Cast, fields: dict[str, Any], code: str) -> None:
    with refused(InvalidInput, code):
        make_asset(cast.owner, **fields)


def test_a_slug_names_one_asset_for_good(cast: Cast) -> None:
    with refused(InvalidInput, "taken"):
        make_asset(cast.owner, "payments-db")


def test_only_its_owners_write_an_asset(cast: Cast) -> None:
    for actor in (cast.other.actor, Actor.service_account("2", frozenset({"changes:write"}))):
        with refused(Forbidden):
            asset_edit(actor=actor, now=NOW, pk=cast.asset.pk, fields={"name": "Mine"})
    with refused(InvalidInput, "required"):
        asset_create(
            actor=MACHINE,
            now=NOW,
            slug="x",
            fields={"name": "X", "kind": "files", "data_type": "other", "team": "payments", "tier": "core"},
        )
    with refused(Stale):
        asset_edit(actor=cast.admin.actor, now=NOW, pk=cast.asset.pk, fields={"name": "New"}, version=7)


def test_a_retired_asset_owes_nothing_and_comes_back(cast: Cast) -> None:
    with refused(InvalidInput, "required"):
        asset_retire(actor=cast.owner.actor, now=NOW, pk=cast.asset.pk)
    asset_retire(actor=cast.owner.actor, now=NOW, pk=cast.asset.pk, reason="It moved.")
    assert list(assets_known(NOW)) == []
    with refused(Conflict, "asset_retired"):
        told(cast.asset)
    with refused(IllegalMove):
        asset_edit(actor=cast.owner.actor, now=NOW, pk=cast.asset.pk, fields={"name": "New"})
    assert asset_reinstate(actor=cast.owner.actor, now=NOW, pk=cast.asset.pk).state == "active"


def test_a_backup_is_kept_as_it_was_told_with_its_evidence(cast: Cast) -> None:
    backup = told(
        cast.asset, size_bytes=10, checksum=SUM.upper(), retention_until=NOW + 30 * DAY, tool="pg_dump"
    )
    assert (backup.checksum, backup.covers_until, backup.recorded_by_id) == (SUM, NOW - HOUR, MACHINE.id)
    evidence = Evidence.objects.get()
    assert (evidence.event, evidence.subject_key, evidence.observed_at) == (
        "backup.recorded",
        cast.asset.key,
        NOW,
    )
    assert evidence.digest == "a" * 64
    assert evidence.facts["backup.checksummed"] is True


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"finished_at": NOW + HOUR}, "in_the_future"),
        ({"started_at": NOW + HOUR}, "in_the_future"),
        ({"covers_until": NOW + HOUR}, "in_the_future"),
        ({"started_at": NOW, "finished_at": NOW - HOUR}, "before_start"),
        ({"started_at": NOW - 40 * DAY}, "too_long"),
        ({"covers_until": NOW, "finished_at": NOW - HOUR}, "after_finish"),
        ({"retention_until": NOW - DAY}, "before_finish"),
        ({"size_bytes": -1}, "out_of_range"),
        ({"size_bytes": 2**63}, "out_of_range"),
        ({"size_bytes": True}, "not_a_number"),
        ({"checksum": "sha256:abc"}, "malformed"),
        ({"checksum": "md5:" + "a" * 32}, "malformed"),
        ({"kind": "hopeful"}, "unknown"),
        ({"result": "maybe"}, "unknown"),
        ({"encrypted": "yes"}, "not_a_flag"),
    ],
)
def test_backups_that_cannot_be(cast: Cast, fields: dict[str, Any], code: str) -> None:
    with refused(InvalidInput, code):
        told(cast.asset, **fields)


def test_clocks_of_others_may_be_a_little_ahead(cast: Cast) -> None:
    assert told(cast.asset, finished_at=NOW + timedelta(minutes=4)).pk


def test_the_same_backup_told_twice_is_one_and_told_otherwise_is_refused(cast: Cast) -> None:
    first = told(cast.asset, external_id="run-1", size_bytes=5)
    with nothing_written():
        assert told(cast.asset, external_id="run-1", size_bytes=5) == first
    with refused(Conflict, "told_otherwise"):
        told(cast.asset, external_id="run-1", size_bytes=6)
    assert Backup.objects.count() == 1


def test_a_backup_of_what_is_not_there(cast: Cast) -> None:
    with refused(NotFound):
        told(Asset(pk=99))


def test_days_before_the_first_backup_was_due_are_no_loss(cast: Cast) -> None:
    told(cast.asset, now=NOW + 20 * HOUR, took=timedelta())
    assets = list(assets_loaded())

    def stand(begins: datetime, ends: datetime) -> Stand:
        return stands(assets, begins=begins, ends=ends)[0]

    long = stand(NOW - 720 * HOUR, NOW + 30 * HOUR)
    assert (long.since, long.rpo_kept, long.realised.worst) == (NOW + 20 * HOUR, True, 10 * HOUR)
    early = stand(NOW - 720 * HOUR, NOW - 24 * HOUR)
    assert (early.was_looked_at, early.rpo_kept, early.realised.uncovered) == (False, None, timedelta())


def test_a_first_backup_that_is_late_is_counted_from_when_it_was_due(cast: Cast) -> None:
    told(cast.asset, now=NOW + 60 * HOUR, took=timedelta())
    (late,) = stands(list(assets_loaded()), begins=NOW - 720 * HOUR, ends=NOW + 61 * HOUR)
    assert (late.since, late.rpo_kept, late.realised.uncovered) == (NOW + 24 * HOUR, False, 36 * HOUR)


def test_how_an_asset_stands_is_found_without_any_message_of_failure(cast: Cast) -> None:
    silent = make_asset(cast.owner, "silent-db")
    for hours in (0, 24, 72):
        told(cast.asset, now=NOW + hours * HOUR, took=timedelta())
    told(cast.asset, now=NOW + 48 * HOUR, result="failed")
    assets = list(assets_loaded().order_by("id"))
    stand, nothing = stands(assets, begins=NOW, ends=NOW + 80 * HOUR)
    assert (stand.status, stand.succeeded, stand.failed) == ("late", 3, 1)
    assert (stand.realised.worst, stand.realised.current) == (48 * HOUR, 8 * HOUR)
    assert (stand.targets.rto and stand.targets.rto.rule, stand.targets.rpo and stand.targets.rpo.limit) == (
        "critical-rto",
        24 * HOUR,
    )
    assert (nothing.asset, nothing.status, nothing.realised.worst) == (silent, "silent", None)
