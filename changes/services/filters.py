"""Keeping a filter of the list of changes under a name."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import parse_qsl
from uuid import UUID

from changes.models import SavedFilter
from changes.selectors.filters import ListFilter, list_filter
from opsportal.accounts.models import Team, User
from opsportal.accounts.selectors import teams_of
from opsportal.audit.services import audit_record
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, InvalidInput, NotFound
from opsportal.core.text import clean_text
from opsportal.core.versions import require_version
from opsportal.core.writes import write

MAX_NAME = 60
MOST = 30


def filter_save(
    *,
    actor: Actor,
    now: datetime,
    name: object,
    query: Mapping[str, str],
    team: str = "",
    only_new: bool = False,
) -> SavedFilter:
    """Keep what `query` asks for under `name`, shared with `team` (a slug) where one is named; return it.

    The same name again puts the new one in its place, unless `only_new`. Raises `InvalidInput`, also for a
    team that the person is not in, `Forbidden`, and `Conflict` with code `too_many` beyond 30 or
    `name_taken`.
    """
    words = clean_text(name, field="name", max_length=MAX_NAME, required=True, lines=False)
    wanted = list_filter(query)
    _require_any(wanted)
    with write(actor=actor, now=now):
        require(actor, "filter.save")
        _one_after_another(actor)
        shared = _team(actor, team, now)
        mine = SavedFilter.objects.filter(owner_id=UUID(actor.id))
        row = mine.filter(name=words).first()
        if row is not None:
            if only_new:
                raise _name_taken()
            row.version += 1
        else:
            if mine.count() >= MOST:
                raise Conflict(f"You keep {MOST} filters already. Remove one first.", code="too_many")
            row = SavedFilter(owner_id=UUID(actor.id), name=words)
        row.query, row.team, row.saved_at = wanted.query, shared, now
        row.save()
        _record(row, actor=actor, now=now, action="filter.saved", team=shared.slug if shared else "")
        return row


def filter_change(
    *,
    actor: Actor,
    now: datetime,
    pk: int,
    version: int | None = None,
    name: object = None,
    parts: Mapping[str, str] | None = None,
    team: str | None = None,
) -> SavedFilter:
    """Change what is given of a filter of one's own, and return it; `team` "" shares it no more.

    `parts` are those of the query that are to be different. Raises `NotFound`, `Forbidden`, `Stale`, and as
    `filter_save`.
    """
    with write(actor=actor, now=now):
        require(actor, "filter.save")
        _one_after_another(actor)
        row = _own_locked(actor, pk)
        require_version(row, version)
        if name is not None:
            row.name = clean_text(name, field="name", max_length=MAX_NAME, required=True, lines=False)
            if SavedFilter.objects.filter(owner_id=row.owner_id, name=row.name).exclude(pk=pk).exists():
                raise _name_taken()
        if parts:
            row.query = _require_any(list_filter(dict(parse_qsl(row.query)) | dict(parts))).query
        if team is not None:
            row.team = _team(actor, team, now)
        row.saved_at, row.version = now, row.version + 1
        row.save()
        _record(row, actor=actor, now=now, action="filter.saved", team=row.team.slug if row.team else "")
        return row


def filter_remove(*, actor: Actor, now: datetime, pk: int, version: int | None = None) -> None:
    """Remove a filter of one's own. Raises `NotFound`, `Forbidden` and `Stale`."""
    with write(actor=actor, now=now):
        row = _own_locked(actor, pk)
        require_version(row, version)
        _record(row, actor=actor, now=now, action="filter.removed")
        row.delete()


def _one_after_another(actor: Actor) -> None:
    """Let the second of two saves at once wait, so that a name stands once."""
    User.objects.select_for_update().only("id").get(pk=UUID(actor.id))


def _own_locked(actor: Actor, pk: int) -> SavedFilter:
    row = SavedFilter.objects.select_for_update(of=("self",)).select_related("team").filter(pk=pk).first()
    if row is None:
        raise NotFound("There is no such filter.")
    require(actor, "filter.remove", row)
    return row


def _require_any(wanted: ListFilter) -> ListFilter:
    if not wanted.query:
        raise InvalidInput.of("", "empty", "Choose something to filter by first, then save it.")
    return wanted


def _name_taken() -> Conflict:
    return Conflict("You keep a filter of this name already. Change that one.", code="name_taken")


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
