"""Who is on call in the demo organisation."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from incidents.services.oncall.overrides import override_create
from incidents.services.oncall.schedules import schedule_create
from opsportal.accounts.models import User
from opsportal.core.actor import Actor

MONDAY = 0


def load_rosters(users: Mapping[str, User], *, actor: Actor, founded: datetime, now: datetime) -> None:
    """Make the schedules; people and teams must exist. `founded` and `now` are aware UTC."""
    since = founded - timedelta(days=founded.weekday() - MONDAY)
    for slug, name, team, settings, gap_policy in _schedules(f"{since:%Y-%m-%d}"):
        schedule_create(
            actor=actor,
            now=founded,
            slug=slug,
            name=name,
            team=team,
            settings=_named(settings),
            gap_policy=gap_policy,
        )
    saturday = (now + timedelta(days=(5 - now.weekday()) % 7 + 7)).replace(hour=8, minute=0, second=0)
    override_create(
        actor=Actor.user(users["freya"].pk),
        now=now - timedelta(days=2),
        schedule="operations",
        kind="instead",
        start=saturday.replace(microsecond=0),
        end=saturday.replace(microsecond=0) + timedelta(days=2),
        people=[str(users["freya"].pk)],
        instead_of=str(users["omar"].pk),
        reason="Omar is at a wedding.",
    )


def _schedules(since: str) -> tuple[tuple[str, str, str, dict[str, Any], str], ...]:
    """Return slug, name, team, settings and what to do about gaps; `since` is a Monday."""
    return (
        (
            "payments",
            "Payments on call",
            "payments",
            {
                "time_zone": "Europe/Berlin",
                "must_cover": ["primary", "secondary"],
                "layers": [
                    _layer("Engineers", "primary", since, "week", ("jonas",), ("elena",)),
                    _layer("Operations behind them", "secondary", since, "week", ("freya",), ("omar",)),
                ],
            },
            "tell",
        ),
        (
            "platform",
            "Platform on call",
            "platform",
            {
                "time_zone": "Europe/London",
                "layers": [
                    _layer("Engineers", "primary", since, "week", ("arjun",), ("priya",), ("kwame",)),
                    _layer("Experts", "expert", since, "week", ("priya", "kwame")),
                ],
            },
            "tell",
        ),
        (
            "operations",
            "Operations around the clock",
            "operations",
            {
                "time_zone": "Europe/Stockholm",
                "layers": [_layer("Engineers", "primary", since, "day", ("omar",), ("freya",), ("ingrid",))],
            },
            "tell",
        ),
        (
            "shop",
            "Shop by day",
            "shop",
            {
                "time_zone": "Europe/Madrid",
                "layers": [
                    {
                        **_layer("By day", "primary", since, "week", ("mei",), ("noah",), ("lucia",)),
                        "restrictions": [
                            {"days": ["mon", "tue", "wed", "thu", "fri"], "begins": "08:00", "ends": "20:00"}
                        ],
                    }
                ],
            },
            "by_design",
        ),
    )


def _layer(name: str, role: str, since: str, unit: str, *groups: tuple[str, ...]) -> dict[str, Any]:
    return {
        "name": name,
        "role": role,
        "rotation": {
            "start": f"{since}T09:00",
            "unit": unit,
            "every": 1,
            "groups": [list(group) for group in groups],
        },
    }


def _named(settings: dict[str, Any]) -> dict[str, Any]:
    """Return the settings with addresses in place of handles."""
    layers = [
        {
            **layer,
            "rotation": {
                **layer["rotation"],
                "groups": [
                    [f"{handle}@demo.example" for handle in group] for group in layer["rotation"]["groups"]
                ],
            },
        }
        for layer in settings["layers"]
    ]
    return {**settings, "layers": layers}
