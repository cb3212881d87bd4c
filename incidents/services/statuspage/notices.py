"""Writes of notices: what the public is told of an incident or of announced work."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from incidents.models import StatusComponent, StatusNotice, StatusNoticeComponent, StatusUpdate
from incidents.permissions.statuspage import NoticeCase
from incidents.public_status import IMPACT_WORDS, MACHINES
from incidents.services.statuspage.telling import said
from opsportal.accounts.selectors import teams_of
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, InvalidInput, NotFound
from opsportal.core.moments import clean_moment
from opsportal.core.text import clean_text
from opsportal.core.versions import require_version
from opsportal.core.writes import write

MAX_TEXT = 5_000
MOST_PARTS = 100
LONGEST = timedelta(days=366)


def notice_open(*, actor: Actor, now: datetime, impacts: Mapping[str, str], **fields: Any) -> StatusNotice:
    """Tell the public of something new and return the notice.

    `fields` and what it raises: as `notice_put`; and `Forbidden`.
    """
    with write(actor=actor, now=now):
        _require(actor, now, list(_clean_impacts(impacts)))
        return notice_put(actor=actor, now=now, impacts=impacts, **fields)


def notice_put(
    *,
    actor: Actor,
    now: datetime,
    kind: str,
    title: str,
    text: str,
    impacts: Mapping[str, str],
    state: str = "",
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    source: str = "",
) -> StatusNotice:
    """Tell the public of something new, for a caller that has checked who may, and return the notice.

    `kind` is `incident` or `maintenance`, `impacts` says for each component (slug) how it stands by it,
    `state` where it is (the first one by default), `starts_at` when it began or will begin (aware UTC; now by
    default), `source` the key of what it tells of. Raises `InvalidInput`, and `Conflict` with code
    `told_already` where the source has a notice.
    """
    with write(actor=actor, now=now):
        if kind not in MACHINES:
            raise InvalidInput.of("kind", "unknown", f"Must be one of: {', '.join(MACHINES)}.")
        parts = _clean_impacts(impacts)
        if source and StatusNotice.objects.filter(source=source).exists():
            raise Conflict(f"There is a notice of {source} already.", code="told_already")
        notice = StatusNotice(kind=kind, source=source, created_at=now, updated_at=now)
        notice.state = _clean_state(kind, state or MACHINES[kind].initial)
        notice.title = _clean_title(title)
        notice.starts_at = clean_moment(starts_at, field="starts_at") if starts_at else now
        notice.ends_at = clean_moment(ends_at, field="ends_at") if ends_at else None
        _check_times(notice)
        words = _clean_words(text)
        notice.save(force_insert=True)
        for component, impact in parts.items():
            StatusNoticeComponent(notice=notice, component=component, impact=impact).save(force_insert=True)
        told = {one.slug: impact for one, impact in parts.items()}
        _say(notice, told, words, actor=actor, now=now, action="opened")
        return notice


def notice_update(*, actor: Actor, now: datetime, pk: int, **fields: Any) -> StatusNotice:
    """Say a further word, move the notice to `state`, and return it.

    `fields` and what it raises: as `notice_move`; and `Forbidden`.
    """
    with write(actor=actor, now=now):
        notice = _locked(pk)
        named = [part.component for part in notice.parts.select_related("component__service__owner_team")]
        _require(actor, now, named)
        if fields.get("impacts") is not None:
            _require(actor, now, list(_clean_impacts(fields["impacts"])))
        return notice_move(actor=actor, now=now, pk=pk, **fields)


def notice_move(
    *,
    actor: Actor,
    now: datetime,
    pk: int,
    state: str,
    text: str,
    impacts: Mapping[str, str] | None = None,
    title: str | None = None,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    version: int | None = None,
) -> StatusNotice:
    """Say a further word and move the notice to `state`, for a caller that has checked who may.

    What is None stays as it is; components that `impacts` leaves out work again. A notice that ends keeps
    the impacts that it last named, which no longer count. Raises `NotFound`, `Stale`, `InvalidInput` and
    `IllegalMove`.
    """
    with write(actor=actor, now=now):
        notice = _locked(pk)
        require_version(notice, version)
        notice.state = MACHINES[notice.kind].move(notice.state, _clean_state(notice.kind, state))
        words = _clean_words(text)
        if title is not None:
            notice.title = _clean_title(title)
        if starts_at is not None:
            notice.starts_at = clean_moment(starts_at, field="starts_at")
        if ends_at is not None:
            notice.ends_at = clean_moment(ends_at, field="ends_at")
        if notice.kind == "incident":
            notice.ends_at = now if notice.state == "resolved" else None
        _check_times(notice)
        if impacts is not None:
            _set_parts(notice, _clean_impacts(impacts))
        notice.updated_at = now
        notice.version += 1
        notice.save()
        told = dict(notice.parts.values_list("component__slug", "impact"))
        _say(notice, told, words, actor=actor, now=now, action="updated")
        return notice


def _set_parts(notice: StatusNotice, wanted: Mapping[StatusComponent, str]) -> None:
    standing = {part.component: part for part in notice.parts.select_related("component")}
    for component, part in standing.items():
        if component not in wanted:
            part.impact = "operational"
            part.save()
    for component, impact in wanted.items():
        part = standing.get(component) or StatusNoticeComponent(notice=notice, component=component)
        part.impact = impact
        part.save()


def _locked(pk: int) -> StatusNotice:
    notice = StatusNotice.objects.select_for_update().filter(pk=pk).first()
    if notice is None:
        raise NotFound("There is no such notice.")
    return notice


def _say(
    notice: StatusNotice, impacts: Mapping[str, str], text: str, *, actor: Actor, now: datetime, action: str
) -> None:
    update = StatusUpdate(
        notice=notice,
        at=now,
        state=notice.state,
        text=text,
        impacts=dict(sorted(impacts.items())),
        starts_at=notice.starts_at,
        ends_at=notice.ends_at,
    )
    update.save(force_insert=True)
    said(notice, update, actor=actor, now=now, action=action)


def _require(actor: Actor, now: datetime, components: list[StatusComponent]) -> None:
    # What is behind a component without a service is nobody's: the administrators tell of it.
    owners = {one.service.owner_team.slug if one.service is not None else "" for one in components}
    mine = teams_of(actor.id, now.astimezone(UTC).date()) if actor.is_user else set()
    require(actor, "status.notice", NoticeCase(owns_components=bool(owners) and owners <= mine))


def _clean_impacts(given: Mapping[str, str]) -> dict[StatusComponent, str]:
    if not given or len(given) > MOST_PARTS:
        raise InvalidInput.of("impacts", "required", "Name at least one component, and how it stands.")
    rows = StatusComponent.objects.select_related("service__owner_team").filter(state="shown")
    found = {one.slug: one for one in rows.filter(slug__in=list(given))}
    for slug, impact in given.items():
        if slug not in found:
            raise InvalidInput.of("impacts", "unknown", f"There is no component “{slug}”.")
        if impact not in IMPACT_WORDS:
            raise InvalidInput.of("impacts", "unknown", f"Must be one of: {', '.join(IMPACT_WORDS)}.")
    return {found[slug]: impact for slug, impact in given.items()}


def _clean_state(kind: str, state: str) -> str:
    if state not in MACHINES[kind].names:
        raise InvalidInput.of("state", "unknown", f"Must be one of: {', '.join(MACHINES[kind].names)}.")
    return state


def _clean_title(title: str) -> str:
    return clean_text(title, field="title", max_length=200, required=True, lines=False)


def _clean_words(text: str) -> str:
    return clean_text(text, field="text", max_length=MAX_TEXT, required=True)


def _check_times(notice: StatusNotice) -> None:
    if notice.ends_at is not None and notice.ends_at < notice.starts_at:
        raise InvalidInput.of("ends_at", "before_start", "The end is before the beginning.")
    if notice.ends_at is not None and notice.ends_at - notice.starts_at > LONGEST:
        raise InvalidInput.of("ends_at", "too_long", "At most a year after the beginning.")
    if notice.kind == "maintenance" and notice.ends_at is None:
        raise InvalidInput.of("ends_at", "required", "Say when the work will be over.")
