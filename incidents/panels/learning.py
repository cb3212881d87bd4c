"""What other pages show of postmortems and action items."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.urls import reverse

from incidents.models import Incident, Postmortem
from incidents.models.learning import ACTION_PREFIX, POSTMORTEM_PREFIX
from incidents.permissions.learning import WaiverCase
from incidents.selectors.learning import actions_owed_by, actions_seen, postmortems_seen
from incidents.services.learning.postmortems import answers_for
from incidents.services.response.scene import Scene
from opsportal.core.access import may
from opsportal.core.actor import Actor
from opsportal.core.clock import edge_now
from opsportal.core.keys import format_key, number_of
from opsportal.core.registry import Panel, SearchHit, key_urls, panels, search_sources, subject_urls

SHOWN = 5


def postmortem_path(number: int) -> str:
    """Return the path of the page of a postmortem."""
    return reverse("incidents:postmortem", args=[format_key(POSTMORTEM_PREFIX, number)])


def action_path(number: int) -> str:
    """Return the path of the page of an action item."""
    return reverse("incidents:action-item", args=[format_key(ACTION_PREFIX, number)])


def of_incident(actor: Actor, now: datetime, subject: Any) -> dict[str, Any] | None:
    """Return the postmortem of an incident, or how to begin or waive one; None while it is too early."""
    assert isinstance(subject, Incident)  # noqa: S101 - the place of this panel
    postmortem = Postmortem.objects.filter(incident=subject).first()
    if postmortem is None and subject.state not in ("mitigated", "resolved"):
        return None
    scene = Scene(subject, tuple(subject.affected.select_related("service__owner_team")))
    return {
        "incident": subject,
        "postmortem": postmortem,
        "may_write": may(actor, "postmortem.write"),
        "may_waive": postmortem is None
        and may(actor, "postmortem.waive", WaiverCase(answers_for(scene, actor, now))),
    }


def mine(actor: Actor, now: datetime, subject: Any) -> dict[str, Any] | None:
    """Return the action items that the reader still has to do; None where there are none."""
    if not actor.is_user:
        return None
    items = list(actions_owed_by(actor, now)[: SHOWN + 1])
    if not items:
        return None
    late = sum(item.due_at <= now for item in items)
    return {"items": items[:SHOWN], "more": len(items) > SHOWN, "late": late}


def search(actor: Actor, text: str, limit: int) -> list[SearchHit]:
    """Find postmortems by key or by a part of the incident's title, the latest first."""
    rows = postmortems_seen(actor, edge_now())
    number = number_of(text, POSTMORTEM_PREFIX)
    rows = rows.filter(pk=number) if number is not None else rows.filter(incident__title__icontains=text)
    return [
        SearchHit(row.key, row.incident.title, "Postmortem", postmortem_path(row.pk))
        for row in rows.order_by("-pk")[:limit]
    ]


def search_actions(actor: Actor, text: str, limit: int) -> list[SearchHit]:
    """Find action items by key or by a part of their title, the latest first."""
    rows = actions_seen(actor, edge_now())
    number = number_of(text, ACTION_PREFIX)
    rows = rows.filter(pk=number) if number is not None else rows.filter(title__icontains=text)
    return [
        SearchHit(row.key, row.title, "Action item", action_path(row.pk))
        for row in rows.order_by("-pk")[:limit]
    ]


def _action_of(key: str) -> str:
    number = number_of(key, ACTION_PREFIX)
    return action_path(number) if number else ""


def register() -> None:
    """Put panels, search sources and addresses of learning where they belong."""
    panels.add(
        "incidents.postmortem",
        Panel("incident.side", 40, "incidents/learning/panel_incident.html", of_incident),
    )
    panels.add("incidents.actions", Panel("home.waiting", 25, "incidents/learning/panel_mine.html", mine))
    search_sources.add("postmortems", search)
    search_sources.add("action items", search_actions)
    key_urls.add(POSTMORTEM_PREFIX, postmortem_path)
    key_urls.add(ACTION_PREFIX, action_path)
    subject_urls.add("action-item", _action_of)
