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
# slug, name, tier, data classification, owner team, what it does
SERVICES = (
    (
        "payments-api",
        "Payments API",
        "critical",
        "restricted",
        "payments",
        "Takes and settles card payments.",
    ),
    ("ledger", "Ledger", "critical", "restricted", "payments", "The books: every payment, refund and fee."),
    ("identity", "Identity", "critical", "restricted", "platform", "Sign-in and sessions for every product."),
    ("edge-gateway", "Edge gateway", "critical", "internal", "platform", "The way in: TLS, limits, routes."),
    ("checkout-web", "Checkout", "core", "confidential", "shop", "The pages on which customers pay."),
    ("orders-api", "Orders", "core", "confidential", "shop", "Orders from the basket to the parcel."),
    ("catalogue-api", "Catalogue", "core", "public", "shop", "Products, prices and pictures."),
    ("search-api", "Search", "core", "public", "shop", "Finds products, forgives typing errors."),
    ("customer-api", "Customers", "core", "restricted", "shop", "Accounts, addresses and consent."),
    ("mobile-api", "Mobile API", "core", "confidential", "mobile", "What the apps talk to."),
    ("notifications", "Notifications", "supporting", "internal", "platform", "Sends mail and push messages."),
    (
        "data-warehouse",
        "Data warehouse",
        "supporting",
        "confidential",
        "data",
        "Figures for finance and sales.",
    ),
    ("recommendations", "Recommendations", "supporting", "internal", "data", "Suggests what else may fit."),
    ("back-office", "Back office", "supporting", "internal", "shop", "Where the support desk works."),
    (
        "build-runners",
        "Build runners",
        "supporting",
        "internal",
        "operations",
        "Builds and tests what we write.",
    ),
)
DEPENDENCIES = (
    ("checkout-web", "payments-api", "hard"),
    ("checkout-web", "orders-api", "hard"),
    ("checkout-web", "identity", "hard"),
    ("checkout-web", "edge-gateway", "hard"),
    ("orders-api", "customer-api", "hard"),
    ("orders-api", "catalogue-api", "hard"),
    ("orders-api", "notifications", "soft"),
    ("search-api", "catalogue-api", "hard"),
    ("mobile-api", "orders-api", "hard"),
    ("mobile-api", "search-api", "soft"),
    ("mobile-api", "edge-gateway", "hard"),
    ("mobile-api", "identity", "hard"),
    ("payments-api", "identity", "hard"),
    ("payments-api", "ledger", "hard"),
    ("payments-api", "notifications", "soft"),
    ("back-office", "customer-api", "hard"),
    ("back-office", "ledger", "soft"),
    ("recommendations", "data-warehouse", "soft"),
    ("data-warehouse", "payments-api", "soft"),
    ("data-warehouse", "orders-api", "soft"),
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
