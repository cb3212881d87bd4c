"""Writes of service accounts: the machines that use the API."""

from __future__ import annotations

from datetime import datetime

from opsportal.accounts.models import ServiceAccount, Team
from opsportal.accounts.services.rows import record
from opsportal.accounts.states import SERVICE_ACCOUNT
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import InvalidInput, NotFound
from opsportal.core.text import clean_slug, clean_text
from opsportal.core.versions import require_version
from opsportal.core.writes import write


def service_account_create(
    *, actor: Actor, now: datetime, slug: str, description: str = "", team: str | None = None
) -> ServiceAccount:
    """Return the service account with this slug, made where it is missing; one that exists stays as it is.

    `team` is the slug of the team that answers for it. Raises `Forbidden`, `InvalidInput`.
    """
    with write(actor=actor, now=now):
        require(actor, "accounts.administer")
        slug = clean_slug(slug, field="slug")
        owner = None
        if team is not None:
            owner = Team.objects.filter(slug=team).first()
            if owner is None:
                raise InvalidInput.of("team", "unknown_team", "There is no such team.")
        account, made = ServiceAccount.objects.get_or_create(
            slug=slug,
            defaults={
                "description": clean_text(description, field="description", max_length=200, lines=False),
                "team": owner,
                "created_at": now,
            },
        )
        if made:
            _record(actor, now, "service_account.created", account)
        return account


def service_account_disable(
    *, actor: Actor, now: datetime, slug: str, version: int | None = None
) -> ServiceAccount:
    """Let none of the account's tokens work any more, and return it.

    Raises `NotFound`, `Forbidden`, `Stale`, `IllegalMove`.
    """
    return _move(actor=actor, now=now, slug=slug, version=version, verb="disable")


def service_account_enable(
    *, actor: Actor, now: datetime, slug: str, version: int | None = None
) -> ServiceAccount:
    """Let the account's tokens work again, and return it.

    Raises `NotFound`, `Forbidden`, `Stale`, `IllegalMove`.
    """
    return _move(actor=actor, now=now, slug=slug, version=version, verb="enable")


def locked_account(slug: str) -> ServiceAccount:
    """Return the account with its row locked. Raises `NotFound`."""
    account = ServiceAccount.objects.select_for_update().filter(slug=slug).first()
    if account is None:
        raise NotFound("There is no such service account.")
    return account


def _move(*, actor: Actor, now: datetime, slug: str, version: int | None, verb: str) -> ServiceAccount:
    with write(actor=actor, now=now):
        account = locked_account(slug)
        require(actor, "accounts.administer")
        require_version(account, version)
        account.state = SERVICE_ACCOUNT.move(account.state, verb)
        account.version += 1
        account.save()
        _record(actor, now, f"service_account.{verb}d", account)
        return account


def _record(actor: Actor, now: datetime, action: str, account: ServiceAccount) -> None:
    data = {"account": str(account.pk)}
    record(actor=actor, now=now, action=action, kind="service_account", key=account.slug, data=data)
