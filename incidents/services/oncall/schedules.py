"""Writes of on-call schedules. Settings are never overwritten: each revision is a version of its own."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from incidents.models import Override, Schedule, ScheduleVersion
from incidents.oncall.reading import MOST_NAMED
from incidents.oncall.settings import Settings
from incidents.selectors.escalation import policies_with_schedule
from incidents.selectors.oncall import settings_of
from incidents.services.oncall.people import known, named_in, refuse_unreachable, with_ids
from incidents.services.oncall.scene import (
    case_of,
    clean_team,
    record,
    refuse_retired,
    schedule_locked,
    team_case,
)
from incidents.states import OVERRIDE, SCHEDULE
from opsportal.audit.canonical import canonical_bytes
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, FieldError, InvalidInput
from opsportal.core.text import clean_slug, clean_text
from opsportal.core.versions import require_version
from opsportal.core.writes import write

MOST_IN_USE = 1_000
_POLICIES_NAMED = 10
# Pages of their own beside those of the schedules.
TAKEN = frozenset({"feeds", "gaps", "handovers", "hours", "imports", "me", "new", "people", "swaps"})
FIELDS = ("name", "description", "team", "gap_policy")


def schedule_create(
    *,
    actor: Actor,
    now: datetime,
    slug: object,
    name: object,
    settings: Settings | Mapping[str, Any],
    team: object = None,
    gap_policy: object = "tell",
    description: object = "",
) -> Schedule:
    """Store a schedule whose settings hold from `now` on, and return it.

    `settings` are those of `Settings.from_data`, in which people may also be named by e-mail address; `team`
    is a slug. Raises `Forbidden`, `InvalidInput` with a pointer to each wrong thing (people, roles, zones),
    and `Conflict` with code `exists` or `too_many`.
    """
    with write(actor=actor, now=now):
        cleaned = _cleaned({"name": name, "description": description, "team": team, "gap_policy": gap_policy})
        require(actor, "schedule.write", team_case(actor, cleaned["team"], now))
        plan = _clean_settings(settings)
        if Schedule.objects.filter(state="active").count() >= MOST_IN_USE:
            raise Conflict(f"There are {MOST_IN_USE} schedules in use. Retire some first.", code="too_many")
        schedule = Schedule(
            slug=_clean_slug(slug),
            time_zone=plan.time_zone,
            content_hash=_hash(plan),
            created_at=now,
            updated_at=now,
            **cleaned,
        )
        _insert(schedule)
        _add_version(schedule, plan, actor, now)
        record(schedule, actor=actor, now=now, event="created")
        return schedule


def schedule_revise(
    *,
    actor: Actor,
    now: datetime,
    slug: str,
    settings: Settings | Mapping[str, Any] | None = None,
    version: int | None = None,
    **fields: Any,
) -> Schedule:
    """Change what a schedule says from `now` on, and return it; what was before stays as it was.

    `settings` may hold only the parts that change (`layers`, `must_cover`, `time_zone`); `fields` are those
    of `FIELDS`. Raises `NotFound`, `Forbidden`, `Stale`, `InvalidInput`, and `Conflict`
    with code `retired`.
    """
    with write(actor=actor, now=now):
        schedule = schedule_locked(slug)
        require(actor, "schedule.write", case_of(actor, schedule, now))
        require_version(schedule, version)
        refuse_retired(schedule)
        changed = _apply(schedule, _cleaned(fields))
        standing = settings_of(schedule)
        plan = None if settings is None else _clean_settings(_merged(standing, settings), standing)
        if plan is not None and _hash(plan) != schedule.content_hash:
            _move_on(schedule, plan, actor, now)
            changed = [*changed, "settings"]
        if changed:
            _save(schedule, now)
            record(schedule, actor=actor, now=now, event="revised", data={"fields": changed})
        return schedule


def schedule_retire(
    *, actor: Actor, now: datetime, slug: str, version: int | None = None, reason: object = ""
) -> Schedule:
    """Take a schedule out of use for good, with every exception that still stands, and return it.

    Nobody is on call by it from `now` on; the past stays. Raises `NotFound`, `Forbidden`, `Stale`,
    `InvalidInput`, `IllegalMove`, and `Conflict` with code `in_use` while escalation policies tell who is on
    call by it: they would tell nobody.
    """
    text = clean_text(reason, field="reason", max_length=200, lines=False)
    with write(actor=actor, now=now, reason=text):
        schedule = schedule_locked(slug)
        require(actor, "schedule.write", case_of(actor, schedule, now))
        require_version(schedule, version)
        schedule.state = SCHEDULE.move(schedule.state, "retire")
        _refuse_in_use(schedule)
        for row in Override.objects.select_for_update().filter(
            schedule=schedule, state=OVERRIDE.initial, ends_at__gt=now
        ):
            row.state = OVERRIDE.move(row.state, "cancel")
            row.cancelled_at = now
            row.save()
        _move_on(schedule, Settings(schedule.time_zone, must_cover=()), actor, now)
        _save(schedule, now)
        record(schedule, actor=actor, now=now, event="retired")
        return schedule


def _refuse_in_use(schedule: Schedule) -> None:
    using = [policy.slug for policy in policies_with_schedule(schedule.slug)]
    if using:
        named = ", ".join(using[:_POLICIES_NAMED]) + (
            f" and {len(using) - _POLICIES_NAMED} more" if len(using) > _POLICIES_NAMED else ""
        )
        raise Conflict(
            f"Escalation policies tell who is on call by it: {named}. Change or retire them first.",
            code="in_use",
        )


def _cleaned(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the given fields, checked. Raises `InvalidInput`, also for a field that there is not."""
    checks = {
        "name": lambda value: clean_text(value, field="name", max_length=120, required=True, lines=False),
        "description": lambda value: clean_text(value, field="description", max_length=2_000),
        "team": clean_team,
        "gap_policy": _clean_gap_policy,
    }
    errors: list[FieldError] = []
    found: dict[str, Any] = {}
    for field, value in fields.items():
        if field not in checks:
            known = ", ".join(FIELDS)
            errors.append(FieldError(f"/{field}", "unknown", f"No such field; known are: {known}."))
            continue
        try:
            found[field] = checks[field](value)
        except InvalidInput as refused:
            errors += refused.errors
    if errors:
        raise InvalidInput(errors)
    return found


def _clean_slug(value: object) -> str:
    slug = clean_slug(value, field="slug")
    if slug in TAKEN:
        raise InvalidInput.of("slug", "taken", f"“{slug}” is a page already. Choose another one.")
    return slug


def _clean_gap_policy(value: object) -> str:
    if value not in Schedule.GapPolicy.values:
        known = ", ".join(Schedule.GapPolicy.values)
        raise InvalidInput.of("gap_policy", "unknown", f"Must be one of: {known}.")
    return str(value)


def _merged(standing: Settings, given: Settings | Mapping[str, Any]) -> Mapping[str, Any]:
    return {**standing.as_data(), **(given.as_data() if isinstance(given, Settings) else given)}


def _clean_settings(given: Settings | Mapping[str, Any], standing: Settings | None = None) -> Settings:
    """Return settings that name nobody but active people, by id. All that is wrong is told at once.

    Whoever was not in the `standing` settings must be reachable by a page.
    """
    data = given.as_data() if isinstance(given, Settings) else given
    errors: list[FieldError] = []
    try:
        Settings.from_data(data)
    except InvalidInput as refused:
        errors += refused.errors
    named = named_in(data)[:MOST_NAMED]
    ids: dict[str, str] = {}
    try:
        ids = known(named)
        refuse_unreachable(named, ids, but=standing.people if standing else frozenset())
    except InvalidInput as refused:
        errors += refused.errors
    if errors:
        raise InvalidInput(errors)
    return Settings.from_data(with_ids(data, ids))


def _apply(schedule: Schedule, cleaned: Mapping[str, Any]) -> list[str]:
    changed = sorted(name for name, value in cleaned.items() if getattr(schedule, name) != value)
    for name in changed:
        setattr(schedule, name, cleaned[name])
    return changed


def _move_on(schedule: Schedule, plan: Settings, actor: Actor, now: datetime) -> None:
    schedule.latest += 1
    schedule.time_zone = plan.time_zone
    schedule.content_hash = _hash(plan)
    _add_version(schedule, plan, actor, now)


def _add_version(schedule: Schedule, plan: Settings, actor: Actor, now: datetime) -> None:
    """Add the settings as the version in force from `now`."""
    last = ScheduleVersion.objects.filter(schedule=schedule).order_by("-number").first()
    ScheduleVersion.objects.create(
        schedule=schedule,
        number=schedule.latest,
        # A clock that was set back does not put a version before the one that it follows.
        valid_from=now if last is None else max(now, last.valid_from),
        settings=plan.as_data(),
        content_hash=schedule.content_hash,
        actor_kind=actor.kind.value,
        actor_id=actor.id,
    )


def _hash(plan: Settings) -> str:
    return hashlib.sha256(canonical_bytes(plan.as_data())).hexdigest()


def _save(schedule: Schedule, now: datetime) -> None:
    schedule.version += 1
    schedule.updated_at = now
    schedule.save()


def _insert(schedule: Schedule) -> None:
    try:
        with transaction.atomic():
            schedule.save(force_insert=True)
    except IntegrityError:
        raise Conflict(f"There is a schedule {schedule.slug} already.", code="exists") from None
