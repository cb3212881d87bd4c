"""What the pages of controls, policies and documents share: the moments of a thing, and its files."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from opsportal.audit.actions import label
from opsportal.audit.selectors import entries_about
from opsportal.web.people import remember_people

SHOWN = 20


def moments_of(request: HttpRequest, kind: str, key: str) -> list[dict[str, Any]]:
    """Return the newest moments of a thing for its timeline, and remember the names of who acted.

    Not what became of what people owe about it: a signature owed by fifty would hide all else.
    """
    entries = list(entries_about(kind, key).exclude(action__startswith="obligation.").order_by("-id")[:SHOWN])
    remember_people(request, [(entry.actor_kind, entry.actor_id) for entry in entries])
    return [
        {
            "at": entry.at,
            "title": label(entry.action),
            "actor_kind": entry.actor_kind,
            "actor_id": entry.actor_id,
        }
        for entry in entries
    ]
