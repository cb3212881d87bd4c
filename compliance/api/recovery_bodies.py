"""What goes in and out about assets, backups, holds and purges."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from compliance.models import Asset, Backup, LegalHold
from compliance.recovery.points import KINDS
from compliance.recovery.states import ASSET, HOLD
from compliance.recovery.words import ASSET_KINDS, DATA_TYPES, RESULTS, TIERS
from compliance.services.recovery.fields import (
    MAX_EXTERNAL,
    MAX_NAME,
    MAX_NOTE,
    MAX_PLACE,
    MAX_TEXT,
    MAX_WORD,
)
from opsportal.accounts.models import User
from opsportal.api.serializers import Body, Flag, Moment, Text, WholeNumber, utc

URL = 2_000
VERSION_HELP = "The version that was read; or If-Match."


class RecoveryPersonOut(Body):
    """Somebody: opaque id and the name to show."""

    id = Text(max_length=64)
    name = Text(max_length=150)


class AssetFields(Body):
    """What people write about an asset."""

    name = Text(max_length=MAX_NAME, blank=False, required=False)
    kind = serializers.ChoiceField(ASSET_KINDS, required=False)
    data_type = serializers.ChoiceField(DATA_TYPES, required=False)
    service = Text(max_length=MAX_WORD, required=False, help_text="A slug; empty for none.")
    tier = serializers.ChoiceField(
        TIERS, required=False, allow_blank=True, help_text="Its own; empty: that of its service."
    )
    team = Text(max_length=MAX_WORD, blank=False, required=False, help_text="The slug of the owner team.")
    owner = Text(max_length=254, blank=False, required=False, help_text="Id or address of who owes for it.")
    record_class = Text(max_length=MAX_WORD, required=False, help_text="The class of records in it.")
    kept_for = Text(max_length=20, required=False, help_text="For how long it keeps them: 7 years, forever.")
    place = Text(max_length=MAX_PLACE, required=False)
    description = Text(max_length=MAX_TEXT, lines=True, required=False)


class AssetBody(AssetFields):
    """A new asset."""

    slug = Text(max_length=MAX_WORD, blank=False, help_text="Names it for good: letters, digits, hyphens.")
    name = Text(max_length=MAX_NAME, blank=False)
    kind = serializers.ChoiceField(ASSET_KINDS)
    data_type = serializers.ChoiceField(DATA_TYPES)
    team = Text(max_length=MAX_WORD, blank=False)


class AssetPatch(AssetFields):
    """What is to be different."""

    version = WholeNumber(required=False, min_value=1, help_text=VERSION_HELP)


class AssetStepBody(Body):
    """A step of an asset's life; a retirement says why."""

    reason = Text(max_length=MAX_NOTE, lines=True, required=False)
    version = WholeNumber(required=False, min_value=1, help_text=VERSION_HELP)


class AssetOut(Body):
    """An asset."""

    key = Text(max_length=30)
    slug = Text(max_length=MAX_WORD)
    name = Text(max_length=MAX_NAME)
    kind = serializers.ChoiceField(ASSET_KINDS)
    data_type = serializers.ChoiceField(DATA_TYPES)
    service = Text(max_length=MAX_WORD, allow_null=True)
    tier = serializers.ChoiceField(TIERS)
    team = Text(max_length=MAX_WORD)
    owner = RecoveryPersonOut()
    record_class = Text(max_length=MAX_WORD)
    kept_for = Text(max_length=20)
    place = Text(max_length=MAX_PLACE)
    description = Text(max_length=MAX_TEXT)
    state = serializers.ChoiceField(ASSET.choices)
    created_at = Moment()
    updated_at = Moment()
    version = WholeNumber()


class AssetPage(Body):
    """One page of assets."""

    next = Text(max_length=URL, allow_null=True)
    previous = Text(max_length=URL, allow_null=True)
    results = AssetOut(many=True)


class BackupBody(Body):
    """One backup, as the program that made it tells it."""

    asset = Text(max_length=MAX_WORD, blank=False, help_text="Slug or key of the asset.")
    kind = serializers.ChoiceField(KINDS)
    result = serializers.ChoiceField(RESULTS)
    started_at = Moment()
    finished_at = Moment()
    covers_until = Moment(
        required=False, help_text="Up to when its data reaches; without it, when it started."
    )
    retention_until = Moment(required=False, help_text="Until when it is kept.")
    size_bytes = WholeNumber(required=False, help_text="Never negative.")
    checksum = Text(max_length=80, required=False, help_text="sha256: and 64 hexadecimal digits.")
    encrypted = Flag(required=False)
    place = Text(max_length=MAX_PLACE, required=False)
    tool = Text(max_length=MAX_WORD, required=False)
    external_id = Text(
        max_length=MAX_EXTERNAL,
        required=False,
        help_text="Your name for it: sent twice, it is kept once.",
    )
    note = Text(max_length=MAX_NOTE, required=False)


class BackupOut(Body):
    """A backup as it was reported."""

    id = WholeNumber()
    asset = Text(max_length=MAX_WORD)
    asset_key = Text(max_length=30)
    kind = serializers.ChoiceField(KINDS)
    result = serializers.ChoiceField(RESULTS)
    started_at = Moment()
    finished_at = Moment()
    covers_until = Moment()
    retention_until = Moment(allow_null=True)
    size_bytes = WholeNumber(allow_null=True)
    checksum = Text(max_length=80)
    encrypted = Flag(allow_null=True)
    place = Text(max_length=MAX_PLACE)
    tool = Text(max_length=MAX_WORD)
    external_id = Text(max_length=MAX_EXTERNAL)
    note = Text(max_length=MAX_NOTE)
    recorded_at = Moment()


class BackupPage(Body):
    """One page of backups."""

    next = Text(max_length=URL, allow_null=True)
    previous = Text(max_length=URL, allow_null=True)
    results = BackupOut(many=True)


class LegalHoldBody(Body):
    """What nobody is to delete, and why."""

    records = Text(max_length=MAX_WORD, required=False, help_text="A class of records; empty: all of them.")
    asset = Text(max_length=MAX_WORD, required=False, help_text="Slug of an asset: its backups alone.")
    since = Moment(required=False)
    until = Moment(required=False, help_text="Exclusive.")
    reason = Text(max_length=MAX_TEXT, lines=True, blank=False)


class LegalHoldLiftBody(Body):
    """Why a hold is lifted."""

    reason = Text(max_length=MAX_NOTE, lines=True, blank=False)
    version = WholeNumber(required=False, min_value=1, help_text=VERSION_HELP)


class LegalHoldOut(Body):
    """A legal hold."""

    key = Text(max_length=30)
    records = Text(max_length=MAX_WORD)
    asset = Text(max_length=MAX_WORD, allow_null=True)
    since = Moment(allow_null=True)
    until = Moment(allow_null=True)
    reason = Text(max_length=MAX_TEXT)
    state = serializers.ChoiceField(HOLD.choices)
    placed_by = RecoveryPersonOut()
    placed_at = Moment()
    lifted_by = RecoveryPersonOut(allow_null=True)
    lifted_at = Moment(allow_null=True)
    lifted_reason = Text(max_length=MAX_TEXT)
    version = WholeNumber()


class LegalHoldPage(Body):
    """One page of legal holds."""

    next = Text(max_length=URL, allow_null=True)
    previous = Text(max_length=URL, allow_null=True)
    results = LegalHoldOut(many=True)


def person_out(person: User | None) -> dict[str, str] | None:
    """Return what the API says of a person, None for nobody."""
    return {"id": str(person.pk), "name": person.display_name} if person else None


def asset_out(asset: Asset) -> dict[str, Any]:
    """Return what the API says of an asset, loaded with service, team and owner."""
    same = ("key", "slug", "name", "kind", "data_type", "tier", "record_class", "kept_for", "place")
    return {
        **{name: getattr(asset, name) for name in same},
        "service": asset.service.slug if asset.service else None,
        "team": asset.owner_team.slug,
        "owner": person_out(asset.owner),
        "description": asset.description,
        "state": asset.state,
        "created_at": utc(asset.created_at),
        "updated_at": utc(asset.updated_at),
        "version": asset.version,
    }


def backup_out(backup: Backup) -> dict[str, Any]:
    """Return what the API says of a backup, loaded with its asset."""
    same = ("kind", "result", "size_bytes", "checksum", "encrypted", "place", "tool", "external_id", "note")
    moments = ("started_at", "finished_at", "covers_until", "retention_until", "recorded_at")
    return {
        "id": backup.pk,
        "asset": backup.asset.slug,
        "asset_key": backup.asset.key,
        **{name: getattr(backup, name) for name in same},
        **{name: utc(getattr(backup, name)) for name in moments},
    }


def hold_out(hold: LegalHold) -> dict[str, Any]:
    """Return what the API says of a legal hold, loaded with asset and people."""
    return {
        "key": hold.key,
        "records": hold.records,
        "asset": hold.asset.slug if hold.asset else None,
        "since": utc(hold.since),
        "until": utc(hold.until),
        "reason": hold.reason,
        "state": hold.state,
        "placed_by": person_out(hold.placed_by),
        "placed_at": utc(hold.placed_at),
        "lifted_by": person_out(hold.lifted_by),
        "lifted_at": utc(hold.lifted_at),
        "lifted_reason": hold.lifted_reason,
        "version": hold.version,
    }
