"""Telling the standard what happened: evidence is kept, what recurs is counted, what was owed ends."""

from __future__ import annotations

from datetime import datetime

from compliance.models import Asset
from compliance.services.core import happened
from opsportal.catalog.models import Service
from opsportal.core.actor import Actor
from opsportal.obligations.terms import Owner, Subject
from opsportal.standards.vocabulary import Facts

ORGANISATION = Subject("organisation", "organisation", "The organisation")


def asset_subject(asset: Asset) -> Subject:
    """Return an asset, loaded with service and team, as something that something may be owed about."""
    services = (asset.service.slug,) if asset.service else ()
    return Subject("asset", asset.key, asset.name, services, (asset.owner_team.slug,))


def service_subject(service: Service) -> Subject:
    """Return a service, loaded with its team, as something that something may be owed about."""
    return Subject("service", service.slug, service.name, (service.slug,), (service.owner_team.slug,))


def tell(
    event: str,
    asset: Asset,
    *,
    record: tuple[str, str],
    at: datetime,
    facts: Facts,
    summary: str,
    actor: Actor,
    now: datetime,
    digest: str = "",
) -> None:
    """Tell that `event` happened to an asset at `at` (aware UTC), inside the write that is under way."""
    happened(
        actor=actor,
        now=now,
        event=event,
        subject=asset_subject(asset),
        record=record,
        at=at,
        facts=facts,
        owner=Owner.user(asset.owner_id),
        summary=summary,
        digest=digest,
    )
