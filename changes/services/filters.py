"""Keeping a filter of the list of changes under a name."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

from changes.models import SavedFilter
from changes.selectors.filters import list_filter
from opsportal.accounts.models import Team, User
from opsportal.accounts.selectors import teams_of
from opsportal.audit.services import audit_record
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, InvalidInput, NotFound
from opsportal.core.text import clean_text
from opsportal.core.writes import write

MAX_NAME = 60
MOST = 30


def filter_save(
    *, actor: Actor, now: datetime, name: object, query: Mapping[str, str], team: str = ""
) -> SavedFilter:
    """Keep what `query` asks for under `name`, shared with `team` (a slug) where one is named; return it.

    The same name again puts the new one in its place. Raises `InvalidInput`, also for a team that the person
    is not in, `Forbidden`, and `Conflict` with code `too_many` beyond 30.
    """
    words = clean_text(name, field="name", max_length=MAX_NAME, required=True, lines=False)
    wanted = list_filter(query)
    if not wanted.query:
        raise InvalidInput.of("", "empty", "Choose something to filter by first, then save it.")
    with write(actor=actor, now=now):
        require(actor, "filter.save")
        # Of two saves at once the second waits here, so that the name stands once.
        User.objects.select_for_update().only("id").get(pk=UUID(actor.id))
        shared = _team(actor, team, now)
        mine = SavedFilter.objects.filter(owner_id=UUID(actor.id))
        row = mine.filter(name=words).first()
        if row is None:
            if mine.count() >= MOST:
                raise Conflict(f"You keep {MOST} filters already. Remove one first.", code="too_many")
            row = SavedFilter(owner_id=UUID(actor.id), name=words)
        row.query, row.team, row.saved_at = wanted.query, shared, now
        row.save()
        _record(row, actor=actor, now=now, action="filter.saved", team=shared.slug if shared else "")
        return row


def filter_remove(*, actor: Actor, now: datetime, pk: int) -> None:
    """Remove a filter of one's own. Raises `NotFound` and `Forbidden`."""
    with write(actor=actor, now=now):
        row = SavedFilter.objects.select_for_update().filter(pk=pk).first()
        if row is None:
            raise NotFound("There is no such filter.")
        require(actor, "filter.remove", row)
        _record(row, actor=actor, now=now, action="filter.removed")
        row.delete()


def _team(actor: Actor, slug: str, now: datetime) -> Team | None:
    if not slug:
        return None
    if slug not in teams_of(actor.id, now.astimezone(UTC).date()):
        raise InvalidInput.of("team", "unknown", "Share it with a team that you are in.")
    return Team.objects.get(slug=slug)


def _record(row: SavedFilter, *, actor: Actor, now: datetime, action: str, team: str = "") -> None:
    audit_record(
        actor=actor,
        now=now,
        action=action,
        object_kind="filter",
        object_key=str(row.pk),
        data={"team": team},
    )
