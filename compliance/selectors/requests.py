"""Reads of requests of persons."""

from __future__ import annotations

from compliance.models import PersonRequest
from opsportal.core.errors import NotFound

REQUEST_ORDERINGS: dict[str, tuple[str, ...]] = {
    "due_at": ("due_at", "id"),
    "-due_at": ("-due_at", "-id"),
    "updated_at": ("updated_at", "id"),
    "-updated_at": ("-updated_at", "-id"),
}


def request_seen(pk: int) -> PersonRequest:
    """Return one request. Raises `NotFound`."""
    found = PersonRequest.objects.filter(pk=pk).first()
    if found is None:
        raise NotFound("There is no such request.")
    return found
