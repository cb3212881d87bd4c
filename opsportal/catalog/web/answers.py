"""What several pages of the catalogue answer alike: a refused form, and what happened to a thing."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from opsportal.audit.actions import label
from opsportal.audit.selectors import entries_about, entry_data
from opsportal.core.errors import Conflict, Forbidden, InvalidInput, Refusal, Stale
from opsportal.web import refusals
from opsportal.web.forms import PortalForm
from opsportal.web.people import remember_people

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


def moments_of(request: HttpRequest, kind: str, key: str) -> list[dict[str, Any]]:
    """Return what was done to an object lately, newest first, for the timeline."""
    entries = list(entries_about(kind, key).order_by("-id")[:SHOWN])
    remember_people(request, [(entry.actor_kind, entry.actor_id) for entry in entries])
    return [
        {
            "at": entry.at,
            "icon": "dot",
            "title": label(entry.action),
            "text": _words(entry_data(entry)),
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
