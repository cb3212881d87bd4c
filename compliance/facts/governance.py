"""Facts, points and events of governance. Nothing here reads the database."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from compliance.governing.kinds import PERIODS, READINESS, REQUESTS, SCANS, SEVERITIES
from opsportal.standards.vocabulary import (
    BOOLEAN,
    DURATION,
    NUMBER,
    TEXT,
    Declaration,
    Event,
    Fact,
    Value,
    choice,
)

TIERS = ("critical", "core", "supporting")
CLASSIFICATIONS = ("public", "internal", "confidential", "restricted")

OWNERS = ("owner",)

_FACTS = (
    Fact("access_review.holdings", NUMBER, "how many holdings the access review lists"),
    Fact("access_review.confirmed", NUMBER, "how many holdings were confirmed"),
    Fact("access_review.revoked", NUMBER, "how many holdings were taken away"),
    Fact("access_review.duration", DURATION, "the time from opening the access review to completing it"),
    Fact("decision.board", TEXT, "the board (the slug of its role) that decided"),
    Fact("decision.participants", NUMBER, "how many people took part in the decision"),
    Fact("decision.supersedes", BOOLEAN, "whether the decision takes the place of an older one"),
    Fact("meeting.board", TEXT, "the board (the slug of its role) that met"),
    Fact("meeting.matters", NUMBER, "how many things were on the agenda"),
    Fact("meeting.decisions", NUMBER, "how many votes were cast in the meeting"),
    Fact("meeting.present", NUMBER, "how many people were at the meeting"),
    Fact("checklist.slug", TEXT, "the checklist"),
    Fact("checklist.period", choice(*PERIODS), "the period of the checklist"),
    Fact("checklist.items", NUMBER, "how many items the checklist has"),
    Fact("checklist.ticked", NUMBER, "how many items were done"),
    Fact("checklist.noted", NUMBER, "how many items were done with a note"),
    Fact("checklist.not_applicable", NUMBER, "how many items do not apply"),
    Fact("training.topic", TEXT, "the topic (slug) of the training"),
    Fact("training.attended", NUMBER, "how many people attended the training"),
    Fact("scan.kind", choice(*SCANS), "the kind of the scan or test"),
    Fact("scan.tool", TEXT, "the tool or the company that did the scan or test"),
    Fact("scan.scope", TEXT, "what the scan or test looked at"),
    *(
        Fact(f"scan.{severity}", NUMBER, f"how many findings of severity {severity} the scan or test has")
        for severity in ("critical", "high", "medium", "low")
    ),
    Fact("vulnerability.severity", choice(*SEVERITIES), "the severity of the vulnerability"),
    Fact("vulnerability.kind", choice(*SCANS), "the kind of scan or test that found the vulnerability"),
    Fact("person_request.kind", choice(*REQUESTS), "what the person asks for"),
    Fact("improvement.phase", NUMBER, "the number of the phase of the improvement plan"),
    Fact("maturity.level", NUMBER, "the level (1 to 5) at which operations are judged to be"),
    Fact("maturity.target", NUMBER, "the level (1 to 5) that operations are to reach"),
    Fact("declaration.rule", TEXT, "the rule under which something is declared"),
    Fact("declaration.name", TEXT, "the id of what is declared"),
    Fact("readiness.item", choice(*READINESS), "the item of a service's readiness"),
    Fact("readiness.status", choice("met", "not_met"), "what is stated of the item"),
    # As `changes` declares them too.
    Fact("service.tier", choice(*TIERS), "the tier of the service"),
    Fact("service.data_classification", choice(*CLASSIFICATIONS), "the data classification of the service"),
    Fact("service.slug", TEXT, "the service"),
)

_OF_THE_ORGANISATION = (
    ("access_review.opened", "an access review is opened", ("access_review",)),
    ("access_review.completed", "an access review is completed", ("access_review",)),
    ("decision.recorded", "a decision of a board is recorded", ("decision",)),
    ("meeting.held", "the minutes of a meeting of a board are closed", ("meeting",)),
    ("checklist.signed", "a checklist is signed", ("checklist",)),
    ("training.held", "a training is held", ("training",)),
    ("scan.recorded", "a scan or test is recorded", ("scan", "service")),
    ("maturity.assessed", "the maturity of operations is assessed", ("maturity",)),
    ("declaration.made", "something that the standard asks for is declared", ("declaration",)),
)
_OF_SERVICES = (
    ("service.scanned", "a scan or test of a service is recorded", ("scan", "service")),
    ("readiness.stated", "an item of a service's readiness is stated", ("readiness", "service")),
)
_OF_THEMSELVES = (
    ("vulnerability.found", "a vulnerability is found", ("vulnerability", "service")),
    ("vulnerability.fixed", "a vulnerability is fixed", ("vulnerability", "service")),
    ("vulnerability.verified", "a vulnerability is verified to be gone", ("vulnerability", "service")),
    ("vulnerability.reopened", "a vulnerability is open again", ("vulnerability", "service")),
    ("vulnerability.accepted", "the risk of a vulnerability is accepted", ("vulnerability", "service")),
    ("vulnerability.dismissed", "a vulnerability turns out to be none", ("vulnerability", "service")),
    ("person_request.received", "a person's request is received", ("person_request",)),
    ("person_request.identified", "the identity behind a request is checked", ("person_request",)),
    ("person_request.extended", "the deadline of a request is extended", ("person_request",)),
    ("person_request.answered", "a request is answered", ("person_request",)),
    ("person_request.refused", "a request is refused", ("person_request",)),
    ("person_request.withdrawn", "a request is withdrawn", ("person_request",)),
    ("improvement_item.opened", "an improvement is planned", ("improvement",)),
    ("improvement_item.done", "an improvement is done", ("improvement",)),
    ("improvement_item.dropped", "an improvement is dropped", ("improvement",)),
)

DECLARATIONS: tuple[Declaration, ...] = (
    *_FACTS,
    *(Event(name, title, areas, about="organisation") for name, title, areas in _OF_THE_ORGANISATION),
    *(Event(name, title, areas, about="service", owners=OWNERS) for name, title, areas in _OF_SERVICES),
    *(Event(name, title, areas, owners=OWNERS) for name, title, areas in _OF_THEMSELVES),
)


def review_facts(
    *, holdings: int, confirmed: int, revoked: int, duration: timedelta | None
) -> dict[str, Value]:
    """Return the facts of an access review."""
    return {
        "access_review.holdings": holdings,
        "access_review.confirmed": confirmed,
        "access_review.revoked": revoked,
        "access_review.duration": duration,
    }


def scan_facts(*, kind: str, tool: str, scope: str, counts: Mapping[str, int]) -> dict[str, Value]:
    """Return the facts of a scan or test."""
    return {
        "scan.kind": kind,
        "scan.tool": tool,
        "scan.scope": scope,
        **{f"scan.{severity}": counts.get(severity, 0) for severity in ("critical", "high", "medium", "low")},
    }
