"""What the portal itself guarantees of a change under which something is deployed, whatever the pack says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from changes.gate.inputs import (
    FIT,
    POINT,
    Candidate,
    Decision,
    Finding,
    GateInput,
    blocked,
    findings_of,
    pending,
    withdrawn,
)
from opsportal.core.errors import Reason
from opsportal.standards import engine
from opsportal.standards.rules import RequirePolicyHash, Standard

_BEFORE_THE_END = ("draft", "in_review", *FIT)


def guarantees(change: Candidate, asked: GateInput) -> list[Finding]:
    """Return what the portal itself holds against deploying under `change` now; nothing is a yes."""
    return [
        *_place_findings(change, asked),
        *_state_findings(change, asked),
        *_window_findings(change, asked.now),
        *_content_findings(change, asked.bound_hash),
        *_condition_findings(change),
        *_start_findings(change, asked),
    ]


def _place_findings(change: Candidate, asked: GateInput) -> Iterator[Finding]:
    place = asked.place
    if not change.names_place:
        yield blocked(
            "change_elsewhere",
            "change_place",
            f"{change.key} does not name {place.service} in {place.environment}. Name the change that does.",
        )
    if change.done_here:
        yield blocked(
            "change_done_here",
            "change_once",
            f"{change.key} has been carried out for {place.service} in {place.environment} already."
            " Raise a new change.",
        )


def _state_findings(change: Candidate, asked: GateInput) -> Iterator[Finding]:
    key = change.key
    if change.opened_for:
        yield blocked(
            "change_after_the_fact",
            "change_state",
            f"{key} was opened for {change.opened_for}, after the fact. Raise a change for anything else.",
        )
    if change.held:
        yield pending("change_held", "change_held", f"{key} is held. Ask whoever holds it to release it.")
    if change.retrospective == "rejected":
        yield blocked("change_rejected", "change_state", f"{key} was rejected in retrospect.")
    match change.state:
        case "draft" if asked.bound_hash:
            yield withdrawn(f"{key} went back to a draft after this deployment was registered.")
        case "draft":
            yield blocked(
                "change_not_submitted", "change_state", f"{key} is a draft. Submit it for approval."
            )
        case "in_review" if not _ahead_of_approval(change, asked):
            yield _not_approved(change)
        case "rejected":
            yield blocked(
                "change_rejected", "change_state", f"{key} was rejected. Revise it and submit it again."
            )
        case "cancelled":
            yield withdrawn(f"{key} was cancelled.")
        case "implementing" if change.retrospective == "open" and not _ahead_of_approval(change, asked):
            yield _not_approved(change)
        case "implemented" | "failed" | "rolled_back" | "closed":
            words = change.state.replace("_", " ")
            yield blocked("change_over", "change_state", f"{key} is {words} already. Raise a new change.")


def _ahead_of_approval(change: Candidate, asked: GateInput) -> bool:
    """Whether an emergency may run ahead of its approval, by every standard that holds for it."""
    return change.type == "emergency" and all(
        any(
            one.demand.permit == "start_before_approval"
            for one in engine.permits(standard, "change.start", change.facts)
        )
        for standard in standards_for(asked, change)
    )


def _window_findings(change: Candidate, now: datetime) -> Iterator[Finding]:
    if change.state not in _BEFORE_THE_END:
        return
    if change.window_start and now < change.window_start:
        begins = _instant(change.window_start)
        yield pending("window_not_open", "change_window", f"The window of {change.key} opens {begins}.")
    if change.window_end and now >= change.window_end:
        yield Finding(
            Decision.EXPIRED,
            Reason(
                "window_over",
                "portal.change_window",
                f"The window of {change.key} ended {_instant(change.window_end)}. Have a new one approved.",
            ),
        )


def _condition_findings(change: Candidate) -> Iterator[Finding]:
    """What it was approved on. Once it is under way, conditions set since then hold up its closing only."""
    if change.state not in ("in_review", "approved", "scheduled"):
        return
    for text in change.open_conditions:
        yield pending(
            "condition_open",
            "condition",
            f"{change.key} may go ahead on the condition: {text}. Meet it, and have it confirmed.",
        )


def _start_findings(change: Candidate, asked: GateInput) -> Iterator[Finding]:
    """What the pack says of starting the change, which the first deployment under it does."""
    if change.state not in ("in_review", "approved", "scheduled"):
        return
    for standard in standards_for(asked, change):
        yield from findings_of(engine.decide(standard, "change.start", change.facts))


def _content_findings(change: Candidate, bound_hash: str) -> Iterator[Finding]:
    if bound_hash and bound_hash != change.content_hash:
        yield blocked(
            "content_changed",
            "change_content",
            f"{change.key} was edited after this deployment was registered. Register it again.",
        )
    ahead = change.state == "implementing" and change.retrospective == "open"
    if change.state not in FIT or ahead:
        return
    if not change.approved_hash:
        yield blocked(
            "approval_missing",
            "change_content",
            f"No approval of the present content of {change.key} is on record.",
        )
    elif change.approved_hash != change.content_hash:
        yield blocked(
            "content_changed",
            "change_content",
            f"The content of {change.key} is not what was approved. Submit it for approval again.",
        )


def standards_for(asked: GateInput, change: Candidate | None) -> list[Standard]:
    """Return the standards that hold: that of today, and the one that the change was submitted under."""
    copied = change.standard if change else None
    if copied is None or copied.content_hash == asked.standard.content_hash:
        return [asked.standard]
    return [asked.standard, copied]


def _not_approved(change: Candidate) -> Finding:
    return pending("change_not_approved", "change_state", f"{change.key} waits for its approval.")


def _instant(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def bends(finding: Finding, asked: GateInput) -> bool:
    """Return whether a break-glass may set this finding aside; see `changes.gate.deciding`."""
    if finding.reason.rule in ("portal.service", "portal.version"):
        return False
    if finding.decision is not Decision.BLOCKED:
        return True
    return not any(
        rule.id == finding.reason.rule
        for standard in (asked.standard, *(one.standard for one in asked.candidates if one.standard))
        for rule in standard.rules_at(POINT)
        if isinstance(rule.demand, RequirePolicyHash)
    )


def release_findings(asked: GateInput) -> Iterator[Finding]:
    """Yield what stands against the service and the release themselves."""
    if asked.place.retired:
        yield blocked(
            "service_retired",
            "service",
            f"{asked.place.service} is retired; nothing is deployed for it any more.",
        )
    if not asked.release.version:
        yield pending("evidence_missing", "version", "Not known yet: the version. Supply it and ask again.")
