"""Reads of postmortems and action items: who may not see the incident sees neither."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet

from incidents.learning.states import OWED
from incidents.models import ActionItem, Postmortem
from incidents.selectors.response import visible
from opsportal.core.actor import Actor
from opsportal.core.errors import NotFound

POSTMORTEM_ORDERINGS: dict[str, tuple[str, ...]] = {
    "-created_at": ("-id",),
    "created_at": ("id",),
    "updated_at": ("updated_at", "id"),
    "-updated_at": ("-updated_at", "-id"),
}
ACTION_ORDERINGS: dict[str, tuple[str, ...]] = {
    "due_at": ("due_at", "id"),
    "-due_at": ("-due_at", "-id"),
    "-opened_at": ("-id",),
    "opened_at": ("id",),
    "updated_at": ("updated_at", "id"),
    "-updated_at": ("-updated_at", "-id"),
}


def postmortems_seen(actor: Actor, now: datetime) -> QuerySet[Postmortem]:
    """Return the postmortems that `actor` may see at `now`, with incident and author."""
    seen = visible(actor, now).filter(pk=OuterRef("incident"))
    return Postmortem.objects.select_related("incident", "author").filter(Exists(seen))


def postmortem_seen(actor: Actor, now: datetime, pk: int) -> Postmortem:
    """Return one postmortem. Raises `NotFound`, also where `actor` may not see its incident."""
    found = postmortems_seen(actor, now).filter(pk=pk).first()
    if found is None:
        raise NotFound("There is no such postmortem.")
    return found


def actions_seen(actor: Actor, now: datetime) -> QuerySet[ActionItem]:
    """Return the action items that `actor` may see at `now`, with owner, postmortem and incident.

    Who owns one sees it, whatever they may see of the incident.
    """
    seen = visible(actor, now).filter(pk=OuterRef("postmortem__incident"))
    rows = ActionItem.objects.select_related("owner", "postmortem__incident")
    found = rows.filter(Exists(seen))
    return found | rows.filter(owner=UUID(actor.id)) if actor.is_user else found


def action_seen(actor: Actor, now: datetime, pk: int) -> ActionItem:
    """Return one action item. Raises `NotFound`, also where `actor` may not see it."""
    found = actions_seen(actor, now).filter(pk=pk).first()
    if found is None:
        raise NotFound("There is no such action item.")
    return found


def actions_owed_by(actor: Actor, now: datetime) -> QuerySet[ActionItem]:
    """Return what this person still has to do, the longest due first."""
    return actions_seen(actor, now).filter(owner=UUID(actor.id), state__in=OWED).order_by("due_at", "id")
