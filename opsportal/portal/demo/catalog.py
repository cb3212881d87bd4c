"""What the demo organisation runs, and where."""

from __future__ import annotations

from datetime import datetime

from opsportal.catalog.services import dependency_add, environment_create, service_create
from opsportal.core.actor import Actor

ENVIRONMENTS = (
    ("development", "Development", "development", 10, "proceed"),
    ("staging", "Staging", "staging", 20, "proceed"),
    ("production", "Production", "production", 30, "stop"),
)
SERVICES = (
    (
        "payments-api",
        "Payments API",
        "critical",
        "restricted",
        "payments",
        "Takes and settles card payments.",
    ),
    ("checkout-web", "Checkout", "core", "confidential", "payments", "The pages on which customers pay."),
    ("identity", "Identity", "critical", "restricted", "platform", "Sign-in and sessions for every product."),
    ("notifications", "Notifications", "supporting", "internal", "platform", "Sends mail and push messages."),
    (
        "data-warehouse",
        "Data warehouse",
        "supporting",
        "confidential",
        "data",
        "Nightly figures for finance.",
    ),
)
DEPENDENCIES = (
    ("checkout-web", "payments-api", "hard"),
    ("checkout-web", "identity", "hard"),
    ("payments-api", "identity", "hard"),
    ("payments-api", "notifications", "soft"),
    ("data-warehouse", "payments-api", "soft"),
)


def load_catalog(*, actor: Actor, now: datetime) -> None:
    """Make environments, services and dependencies; the owner teams must exist."""
    for slug, name, kind, rank, when in ENVIRONMENTS:
        environment_create(
            actor=actor, now=now, slug=slug, name=name, kind=kind, rank=rank, when_unreachable=when
        )
    for slug, name, tier, classification, team, description in SERVICES:
        service_create(
            actor=actor,
            now=now,
            slug=slug,
            name=name,
            tier=tier,
            data_classification=classification,
            owner_team=team,
            description=description,
            links=[{"title": "Repository", "url": f"https://git.demo.example/{slug}"}],
        )
    for service, depends_on, kind in DEPENDENCIES:
        dependency_add(actor=actor, now=now, service=service, depends_on=depends_on, kind=kind)
