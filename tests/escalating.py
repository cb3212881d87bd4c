"""Short ways to write policies, and to let silence tell."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from incidents.models import Escalation, EscalationPolicy, Incident
from incidents.services.escalation.advancing import escalations_advance
from incidents.services.escalation.policies import escalation_policy_create
from opsportal.accounts.models import User
from opsportal.notify.models import Page
from tests.makers import NOW, make_user


def person(user: User) -> dict[str, str]:
    """Return the target that means this person."""
    return {"kind": "person", "key": str(user.pk)}


def step(wait: int, *targets: dict[str, str], everyone: bool = False) -> dict[str, Any]:
    """Return a step `wait` minutes after the one before it."""
    return {"wait": wait * 60, "targets": list(targets), "everyone_acknowledges": everyone}


def make_policy(*steps: dict[str, Any], slug: str = "ours", **more: Any) -> EscalationPolicy:
    """Return a policy of these steps."""
    return escalation_policy_create(
        actor=make_user(staff=True).actor, now=NOW, slug=slug, name=slug, plan={"steps": list(steps), **more}
    )


def tick(at: datetime) -> int:
    """Let the tick of this instant do its work; return how many escalations moved."""
    return escalations_advance(clock=lambda: at)


def escalation_fresh(incident: Incident) -> Escalation:
    """Return the latest escalation of an incident as it stands in the database."""
    return Escalation.objects.filter(incident=incident).latest("pk")


def told(incident: Incident) -> list[User]:
    """Return who was paged about an incident, in order."""
    pages = Page.objects.filter(reference=incident.key).order_by("created_at", "recipient__full_name")
    return [page.recipient for page in pages.select_related("recipient") if page.recipient]


def waiting(incident: Incident) -> list[User]:
    """Return who is being paged about it at present."""
    pages = Page.objects.filter(reference=incident.key, state="paging").order_by("recipient__full_name")
    return [page.recipient for page in pages.select_related("recipient") if page.recipient]


def log_of(incident: Incident) -> list[tuple[str, int | None]]:
    """Return what its escalation did: kind and step, in order."""
    rows = escalation_fresh(incident).log.order_by("number")
    return list(rows.values_list("kind", "step"))
