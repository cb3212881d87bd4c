"""What rules may ask of a service. Pure."""

from __future__ import annotations

from opsportal.standards.vocabulary import Value


def service_facts(slug: str, tier: str, data_classification: str) -> dict[str, Value]:
    """Return the facts of a service."""
    return {
        "service.slug": slug,
        "service.tier": tier,
        "service.data_classification": data_classification,
    }
