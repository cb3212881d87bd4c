"""Facts, the point and the events of policies and documents."""

from __future__ import annotations

from compliance.policing.words import AUDIENCES, DOCUMENT_KINDS, POLICY_KINDS
from opsportal.standards.vocabulary import NUMBER, TEXT, Declaration, Event, Fact, Point, Value, choice

DECLARATIONS: tuple[Declaration, ...] = (
    Fact("policy.kind", choice(*(word for word, _ in POLICY_KINDS)), "what the policy is about"),
    Fact("policy.audience", choice(*(word for word, _ in AUDIENCES)), "who has to sign the policy"),
    Fact("policy.number", NUMBER, "the number of the version of the policy"),
    Fact("document.kind", choice(*(word for word, _ in DOCUMENT_KINDS)), "the kind of the document"),
    Fact("document.service", TEXT, "the service that the document is about"),
    Fact("document.tier", choice("critical", "core", "supporting"), "the tier of the document's service"),
    Point("policy.submit", "when a policy is submitted", ("policy",), frozenset({"require", "stage"})),
    Event("policy.published", "a version of a policy is in force", ("policy",), about="policy"),
    Event("policy.reviewed", "a policy was reviewed", ("policy",), about="policy"),
    Event("policy.attested", "somebody signed a policy", ("policy",), about="policy"),
    Event("document.registered", "a document was registered", ("document",), about="document"),
    Event("document.reviewed", "a document was reviewed", ("document",), about="document"),
)


def policy_facts(*, kind: str, audience: str, number: int) -> dict[str, Value]:
    """Return what rules may ask of one version of a policy."""
    return {"policy.kind": kind, "policy.audience": audience, "policy.number": number}


def document_facts(*, kind: str, service: str, tier: str) -> dict[str, Value]:
    """Return what rules may ask of a document; `service` is a slug and `tier` its tier, or both are empty."""
    return {"document.kind": kind, "document.service": service, "document.tier": tier or None}
