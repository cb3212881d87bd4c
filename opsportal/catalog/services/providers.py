"""Writes of external providers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import date, datetime
from functools import partial
from typing import Any

from django.db import IntegrityError

from opsportal.accounts.models import Team
from opsportal.accounts.services.periods import utc_day
from opsportal.audit.canonical import JSON
from opsportal.catalog.expiry import first_telling
from opsportal.catalog.models import Provider, ProviderUse, Service
from opsportal.catalog.permissions import Ownership
from opsportal.catalog.services.links import clean_url
from opsportal.catalog.services.records import clean_description, clean_key, clean_name, record
from opsportal.catalog.states import PROVIDER
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, InvalidInput, NotFound
from opsportal.core.faults import all_checked
from opsportal.core.text import clean_slug, clean_text
from opsportal.core.versions import require_version
from opsportal.core.writes import write

MAX_CONTACT = 300
LATEST_KEY = date(2100, 1, 1)
FIELDS = ("name", "description", "owner_team", "status_url", "contact", "key_expires_on")


def provider_create(
    *,
    actor: Actor,
    now: datetime,
    slug: str,
    name: str,
    owner_team: str,
    description: str = "",
    status_url: str = "",
    contact: str = "",
    key_expires_on: date | None = None,
    used_by: Collection[str] = (),
) -> Provider:
    """Store an external provider and return it. `used_by` are the slugs of the services that lean on it.

    `key_expires_on` is the last good day (UTC) of the key or contract. Raises `InvalidInput` for each
    wrong value, `Forbidden` for anybody but administrators, members of the owner team and tokens with
    `catalog:write`.
    """
    with write(actor=actor, now=now):
        values = _cleaned(
            name=name,
            description=description,
            owner_team=owner_team,
            status_url=status_url,
            contact=contact,
            key_expires_on=key_expires_on,
        )
        require(actor, "service.write", Ownership(values["owner_team"].slug, utc_day(now)))
        provider = Provider(slug=clean_key(slug), created_at=now, updated_at=now, **values)
        provider.remind_on = first_telling(provider.key_expires_on)
        taken = InvalidInput.of("slug", "taken", "There is a provider with this slug already.")
        if Provider.objects.filter(slug=provider.slug).exists():
            raise taken
        try:
            provider.save()
        except IntegrityError:  # somebody else took it between the look and the save
            raise taken from None
        _use(provider, used_by)
        _record(actor, now, "provider.created", provider, {"owner_team": provider.owner_team.slug})
        return provider


def provider_update(
    *,
    actor: Actor,
    now: datetime,
    slug: str,
    version: int | None = None,
    used_by: Collection[str] | None = None,
    **values: Any,
) -> Provider:
    """Change the given of `FIELDS`, leave the others, and return the provider.

    `used_by`, where given, becomes exactly that. Of another `key_expires_on` its team is told anew. Raises
    `NotFound`, `Forbidden`, `Stale`, `InvalidInput`, `Conflict` ("retired").
    """
    with write(actor=actor, now=now):
        provider = _locked(slug)
        require(actor, "service.write", Ownership(provider.owner_team.slug, utc_day(now)))
        require_version(provider, version)
        if provider.state == "retired":
            raise Conflict("This provider is retired; reinstate it first.", code="retired")
        cleaned = _cleaned(**values)
        changed = {name: value for name, value in cleaned.items() if value != getattr(provider, name)}
        if "owner_team" in changed:
            require(actor, "service.reclassify")
        for name, value in changed.items():
            setattr(provider, name, value)
        if "key_expires_on" in changed:
            provider.remind_on = first_telling(provider.key_expires_on)
        fields = sorted(changed)
        if used_by is not None and _use(provider, used_by):
            fields.append("used_by")
        if not fields:
            return provider
        _save(provider, now)
        data: dict[str, JSON] = {"fields": list(fields)}
        if "key_expires_on" in changed:
            data["key_expires_on"] = str(provider.key_expires_on or "")
        _record(actor, now, "provider.updated", provider, data)
        return provider


def provider_move(
    *, actor: Actor, now: datetime, slug: str, verb: str, version: int | None = None, reason: str = ""
) -> Provider:
    """Retire or reinstate a provider (`verb`) and return it.

    Raises `NotFound`, `Forbidden`, `Stale`, `IllegalMove`.
    """
    with write(actor=actor, now=now, reason=reason):
        provider = _locked(slug)
        require(actor, "service.write", Ownership(provider.owner_team.slug, utc_day(now)))
        require_version(provider, version)
        provider.state = PROVIDER.move(provider.state, verb)
        _save(provider, now)
        _record(actor, now, f"provider.{verb}d", provider, {})
        return provider


def _cleaned(**values: Any) -> dict[str, Any]:
    cleaners: dict[str, Callable[[Any], Any]] = {
        "name": clean_name,
        "description": clean_description,
        "owner_team": _team,
        "status_url": lambda value: clean_url(value, "status_url") if value else "",
        "contact": lambda value: clean_text(value, field="contact", max_length=MAX_CONTACT, lines=False),
        "key_expires_on": _clean_day,
    }
    return all_checked({name: partial(cleaners[name], value) for name, value in values.items()})


def _clean_day(value: object) -> date | None:
    if value is None:
        return None
    if not isinstance(value, date) or isinstance(value, datetime) or value > LATEST_KEY:
        raise InvalidInput.of("key_expires_on", "not_a_day", f"Must be a day, up to {LATEST_KEY.year}.")
    return value


def _team(slug: object) -> Team:
    team = Team.objects.filter(slug=clean_slug(slug, field="owner_team")).first()
    if team is None:
        raise InvalidInput.of("owner_team", "unknown_team", "There is no such team.")
    return team


def _use(provider: Provider, slugs: Collection[str]) -> bool:
    """Make these services, and no others, users of it; return whether anything has changed."""
    wanted = {service.slug: service for service in Service.objects.filter(slug__in=list(slugs))}
    unknown = sorted(set(slugs) - set(wanted))
    if unknown:
        raise InvalidInput.of(
            "used_by", "unknown_service", f"There is no service {', '.join(unknown)[:200]}."
        )
    standing = {row.service.slug: row for row in provider.uses.select_related("service")}
    for slug, row in standing.items():
        if slug not in wanted:
            row.delete()
    for slug, service in wanted.items():
        if slug not in standing:
            ProviderUse.objects.create(provider=provider, service=service)
    return set(standing) != set(wanted)


def _locked(slug: str) -> Provider:
    rows = Provider.objects.select_for_update(of=("self",)).select_related("owner_team")
    provider = rows.filter(slug=slug).first()
    if provider is None:
        raise NotFound("There is no such provider.")
    return provider


def _save(provider: Provider, now: datetime) -> None:
    provider.updated_at = now
    provider.version += 1
    provider.save()


def _record(actor: Actor, now: datetime, action: str, provider: Provider, data: Mapping[str, JSON]) -> None:
    record(actor=actor, now=now, action=action, kind="provider", key=provider.slug, data=data)
