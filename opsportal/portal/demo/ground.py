"""What stands in the demo organisation before anything happens: providers, windows, freezes, deputies."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any

from opsportal.accounts.models import User
from opsportal.accounts.services import absence_record, deputy_name
from opsportal.calendar.places import Scope
from opsportal.calendar.services import freeze_create, window_create
from opsportal.catalog.services import provider_create
from opsportal.core.actor import Actor

PRODUCTION = Scope(environment_kinds=("production",))
# slug, name, what for, owner team, status page, days until the key ends (None: no date), services
PROVIDERS: tuple[tuple[str, str, str, str, str, int | None, tuple[str, ...]], ...] = (
    (
        "main-acquirer",
        "Norddeutsche Kartenbank",
        "Authorises and settles card payments.",
        "payments",
        "https://status.kartenbank.demo.example",
        12,
        ("payments-api", "ledger"),
    ),
    (
        "second-acquirer",
        "Banque du Lac",
        "Takes over when the first acquirer does not answer.",
        "payments",
        "https://status.lac.demo.example",
        214,
        ("payments-api",),
    ),
    (
        "mail-sender",
        "Posthorn",
        "Delivers our mails.",
        "platform",
        "https://status.posthorn.demo.example",
        -2,
        ("notifications",),
    ),
    (
        "cloud",
        "Fjord Cloud",
        "Machines, disks and networks.",
        "operations",
        "https://status.fjord.demo.example",
        None,
        (),
    ),
)


def load_ground(users: Mapping[str, User], *, actor: Actor, founded: datetime, now: datetime) -> None:
    """Make what stands; services, teams and roles must exist. `founded` and `now` are aware UTC."""
    _windows(actor, founded)
    _providers(actor, founded, now)
    freeze_create(
        actor=actor,
        now=now - timedelta(days=6),
        title="The week of the sale",
        reason="A third of the year's orders come in these days. Nothing is changed but what cannot wait.",
        starts_at=now + timedelta(days=18),
        ends_at=now + timedelta(days=25),
        scope=Scope(environment_kinds=("production",), tiers=("critical", "core")),
        pass_roles=["vp-engineering", "cto"],
    )
    deputy_name(
        actor=actor,
        now=founded,
        principal_id=users["tomas"].pk,
        deputy_id=users["lucia"].pk,
        role="change-advisory-board",
    )
    away = absence_record(
        actor=actor,
        now=now - timedelta(days=1),
        person_id=users["henrik"].pk,
        ends_at=now + timedelta(days=4),
        reason="At the partners' meeting",
    )
    deputy_name(
        actor=actor,
        now=now - timedelta(days=1),
        principal_id=users["henrik"].pk,
        deputy_id=users["amara"].pk,
        role="cto",
        absence_id=away.pk,
    )


def _windows(actor: Actor, founded: datetime) -> None:
    windows: tuple[dict[str, Any], ...] = (
        {
            "title": "Sunday night",
            "rule": "FREQ=WEEKLY;BYDAY=SU",
            "at": time(3),
            "zone": "UTC",
            "minutes": 120,
        },
        {
            "title": "Nightly load of the warehouse",
            "rule": "FREQ=DAILY",
            "at": time(1),
            "zone": "Europe/Berlin",
            "minutes": 90,
        },
    )
    scopes = (PRODUCTION, Scope(services=("data-warehouse",)))
    for window, scope in zip(windows, scopes, strict=True):
        window_create(actor=actor, now=founded, first_day=founded.date(), scope=scope, **window)


def _providers(actor: Actor, founded: datetime, now: datetime) -> None:
    for slug, name, description, team, status_url, days, services in PROVIDERS:
        provider_create(
            actor=actor,
            now=founded,
            slug=slug,
            name=name,
            description=description,
            owner_team=team,
            status_url=status_url,
            contact=f"support@{slug}.demo.example",
            key_expires_on=None if days is None else (now + timedelta(days=days)).date(),
            used_by=services,
        )
