"""What several pages of the catalogue answer alike: a refused form, and what happened to a thing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest

from opsportal.accounts.models import Team
from opsportal.accounts.selectors import teams_of
from opsportal.accounts.services.periods import utc_day
from opsportal.audit.actions import label
from opsportal.audit.selectors import entries_about, entry_data
from opsportal.core.access import may
from opsportal.core.errors import Conflict, Forbidden, InvalidInput, Refusal, Stale
from opsportal.web import refusals
from opsportal.web.forms import PortalForm
from opsportal.web.people import remember_people
from opsportal.web.requests import actor_of, now_of

FORM_REFUSALS = (InvalidInput, Conflict, Forbidden)
SHOWN = 20


def refuse(request: HttpRequest, form: PortalForm, refusal: Refusal, *, version: int | None = None) -> int:
    """Show a refusal in the form that it refused, keep it in the audit trail, and return its status.

    After `Stale` the form carries the present `version`, so that sending it again is a decision.
    """
    form.add_refusal(refusal)
    refusals.keep(request, refusal)
    if isinstance(refusal, Stale) and version is not None:
        given: Any = form.data
        data = given.copy()
        data["version"] = str(version)
        form.data = data
    return refusal.status


def teams_to_own(request: HttpRequest, keep: Team | None = None) -> list[tuple[str, str]]:
    """Return the teams that the reader may make owner, as choices; `keep` is one of them anyway."""
    actor = actor_of(request)
    rows = Team.objects.all()
    if not may(actor, "service.reclassify"):
        mine = set() if keep is not None else teams_of(actor.id, utc_day(now_of(request)))
        rows = rows.filter(slug__in=mine | ({keep.slug} if keep else set()))
    return list(rows.values_list("slug", "name"))


def moments_of(
    request: HttpRequest, kind: str, key: str, words: Callable[[dict[str, Any]], str] | None = None
) -> list[dict[str, Any]]:
    """Return what was done to an object lately, newest first, for the timeline.

    `words` says an entry's data as the page of the object does, where fields and values alone do not.
    """
    say = words or _words
    entries = list(entries_about(kind, key).order_by("-id")[:SHOWN])
    remember_people(request, [(entry.actor_kind, entry.actor_id) for entry in entries])
    return [
        {
            "at": entry.at,
            "icon": "dot",
            "title": label(entry.action),
            "text": say(entry_data(entry)),
            "actor_kind": entry.actor_kind,
            "actor_id": entry.actor_id,
        }
        for entry in entries
    ]


def _words(data: dict[str, Any]) -> str:
    """Return an entry's data in words: changed fields by name, the rest as "name: value"."""
    fields = [str(field).replace("_", " ") for field in data.get("fields", [])]
    parts = [f"Changed: {', '.join(fields)}."] if fields else []
    parts += [
        f"{name.replace('_', ' ').capitalize()}: {value}." for name, value in data.items() if name != "fields"
    ]
    return " ".join(parts)
