"""What other pages show of escalations: the incident's own panel, and on the home page what stands still."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from incidents.escalating import Target
from incidents.models import EscalationMove, Incident
from incidents.not_told import in_words
from incidents.selectors.escalation import (
    Reached,
    escalation_of,
    insiders_of,
    reached_by,
    scope_of,
    standing_still,
)
from incidents.services.escalation import waiting_for
from incidents.services.escalation.watching import WHY
from opsportal.core.actor import Actor
from opsportal.core.registry import Panel, panels
from opsportal.notify.models import Page


@dataclass(frozen=True, slots=True)
class Told:
    """Somebody whom a move told, and how their page fares: `state` is its word, `words` for people."""

    kind: str
    id: str
    why: str
    state: str
    words: str


@dataclass(frozen=True, slots=True)
class Line:
    """What an escalation did, with whom it told."""

    move: EscalationMove
    told: list[Told]

    @property
    def words(self) -> str:
        passed = self.move.kind == EscalationMove.Kind.PASSED
        return "Skipped, because nobody there can be told" if passed else self.move.get_kind_display()

    @property
    def not_told(self) -> list[dict[str, str]]:
        """Who of it was not told, with the reason in words."""
        return [{**one, "why": in_words(one["why"])} for one in self.move.skipped]


def of_incident(actor: Actor, now: datetime, subject: Any) -> dict[str, Any] | None:
    """Return who was told when, whether it got through, and who is next; None for one without escalation."""
    incident: Incident = subject
    escalation = escalation_of(incident)
    if escalation is None:
        return None
    plan = escalation.read_plan
    moves = list(escalation.log.order_by("number"))
    insiders = set(insiders_of(incident))
    upcoming: Reached | None = None
    targets: tuple[Target, ...] = ()
    if escalation.state in {"running", "held"}:
        targets = plan.targets_of(escalation.step)
        upcoming = reached_by(targets, scope_of(incident), now, incident)
    return {
        "incident": incident,
        "escalation": escalation,
        "lines": _lines(moves),
        "upcoming": upcoming,
        "step": escalation.step + 1,
        "steps": len(plan.steps),
        "waits_for": sorted(waiting_for(escalation)),
        "may_acknowledge": actor.is_user and actor.id in waiting_for(escalation),
        "insiders_first": bool(insiders) and insiders.issubset(plan.targets_of(0)),
        "is_fallback": escalation.step >= len(plan.steps),
    }


def _lines(moves: list[EscalationMove]) -> list[Line]:
    keys = [move.page_key for move in moves if move.page_key]
    pages: dict[tuple[str, str], Page] = {}
    for page in Page.objects.filter(page_key__in=keys).select_related("target"):
        whom = str(page.recipient_id) if page.recipient_id else page.target.slug if page.target else ""
        pages[page.page_key, whom] = page
    return [
        Line(move, [_told(one, pages.get((move.page_key, one["id"]))) for one in move.told]) for move in moves
    ]


def _told(one: dict[str, str], page: Page | None) -> Told:
    state, words = (page.state, page.get_state_display()) if page is not None else ("", "Not recorded")
    return Told(one["kind"], one["id"], one["why"], state, words)


def still(actor: Actor, now: datetime, subject: Any) -> dict[str, Any] | None:
    """Return the incidents whose silence nobody hears, for administrators."""
    if not actor.is_staff:
        return None
    found = standing_still(now, most=10)
    return {"found": [(one.key, WHY[one.why]) for one in found]} if found else None


def done_by_itself(actor: Actor, now: datetime, subject: Any) -> dict[str, Any] | None:
    """Return what was done by itself in an incident, oldest first; None where nothing was."""
    incident: Incident = subject
    rows = list(incident.responses.order_by("pk").prefetch_related("log"))
    return {"responses": rows, "may_stop": actor.is_user and not actor.is_auditor} if rows else None


def register() -> None:
    """Put this area's panels where they belong."""
    panels.add(
        "incidents.escalation",
        Panel("incident.side", 20, "incidents/escalation/panel_incident.html", of_incident),
    )
    panels.add("incidents.still", Panel("home.broken", 3, "incidents/escalation/panel_still.html", still))
    panels.add(
        "incidents.responses",
        Panel("incident.side", 25, "incidents/escalation/panel_responses.html", done_by_itself),
    )
    panels.add(
        "incidents.policies",
        Panel("schedules.actions", 20, "incidents/escalation/panel_link.html", lambda *_: {}),
    )
