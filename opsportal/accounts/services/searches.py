"""Keeping what a list of the back office was narrowed to."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from opsportal.accounts.models import SavedSearch, User
from opsportal.accounts.services.rows import record
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, InvalidInput, NotFound
from opsportal.core.text import clean_text
from opsportal.core.writes import write

MOST = 30
_MOST_QUERY = 2_000


def search_keep(*, actor: Actor, now: datetime, listed: str, name: object, query: str) -> SavedSearch:
    """Keep a list's query string under `name` for the actor, and return it; the same name takes the new one.

    Raises `InvalidInput` (nothing to keep, too long), `Forbidden`, and `Conflict` (`too_many`) beyond 30.
    """
    words = clean_text(name, field="name", max_length=60, required=True, lines=False)
    pairs = [(key, value) for key, value in parse_qsl(query, max_num_fields=50) if key not in {"p", "all"}]
    wanted = urlencode(pairs)
    if not wanted:
        raise InvalidInput.of("query", "empty", "Narrow or search the list first, then keep that.")
    if len(wanted) > _MOST_QUERY:
        raise InvalidInput.of("query", "too_long", "This is too long to keep: choose fewer filters.")
    with write(actor=actor, now=now):
        require(actor, "search.keep")
        # Of two at once the second waits here, so that the name stands once.
        User.objects.select_for_update().only("id").get(pk=UUID(actor.id))
        mine = SavedSearch.objects.filter(person_id=UUID(actor.id))
        row = mine.filter(listed=listed, name=words).first()
        if row is None:
            if mine.count() >= MOST:
                raise Conflict(f"You keep {MOST} searches already. Remove one first.", code="too_many")
            row = SavedSearch(person_id=UUID(actor.id), listed=listed, name=words)
        row.query, row.saved_at = wanted, now
        row.save()
        _record(row, "search.kept", actor=actor, now=now)
        return row


def search_remove(*, actor: Actor, now: datetime, pk: int) -> SavedSearch:
    """Remove a search of one's own, and return what it was. Raises `NotFound` and `Forbidden`."""
    with write(actor=actor, now=now):
        require(actor, "search.keep")
        mine = SavedSearch.objects.select_for_update().filter(person_id=UUID(actor.id))
        row = mine.filter(pk=pk).first()
        if row is None:
            raise NotFound("There is no such search.")
        _record(row, "search.removed", actor=actor, now=now)
        row.delete()
        return row


def _record(row: SavedSearch, action: str, *, actor: Actor, now: datetime) -> None:
    record(actor=actor, now=now, action=action, kind="search", key=str(row.pk), data={"list": row.listed})
