"""Taking over schedules and escalations of another system: first what it would do, then all of it at once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.utils.text import slugify

from incidents.importing import grafana, ical, opsgenie
from incidents.importing.drafts import Draft, OverrideDraft, ScheduleDraft, Unmapped
from incidents.importing.matching import Known, Match, matches
from incidents.importing.translate import overrides_of, plan_of, settings_of
from incidents.models import AlertRoute, EscalationPolicy, Schedule
from incidents.oncall.settings import Settings
from incidents.roster.spans import Span
from incidents.services.alerts.routes import route_create
from incidents.services.escalation.policies import escalation_policy_create
from incidents.services.oncall import override_create, schedule_create
from opsportal.accounts.models import Team
from opsportal.accounts.selectors import workers
from opsportal.audit.services import audit_record
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import InvalidInput, Stale
from opsportal.core.writes import write

FORMATS = {
    "grafana-oncall": "Grafana OnCall (answers of its API, JSON)",
    "opsgenie": "Opsgenie (answers of its API, JSON)",
    "ical": "Calendar file (iCalendar)",
}
CALENDAR_AHEAD = timedelta(days=366)
"""So far ahead the events of a calendar file are taken over."""
_MAX_SLUG = 60
_OPS = {"=": "is", "!=": "is_not"}


@dataclass(frozen=True, slots=True)
class PlannedSchedule:
    """A schedule that would be made."""

    slug: str
    name: str
    team: str
    settings: Mapping[str, Any]
    overrides: tuple[OverrideDraft, ...]


@dataclass(frozen=True, slots=True)
class PlannedPolicy:
    """An escalation policy that would be made."""

    slug: str
    name: str
    plan: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PlannedRoute:
    """An alert route that would be made, the last in order."""

    slug: str
    name: str
    matchers: tuple[Mapping[str, str], ...]
    policy: str


@dataclass(slots=True)
class ImportPlan:
    """All that an import would do: who is meant, what is made, and what is left out, with its reason."""

    matches: list[Match]
    schedules: list[PlannedSchedule] = field(default_factory=list)
    policies: list[PlannedPolicy] = field(default_factory=list)
    routes: list[PlannedRoute] = field(default_factory=list)
    unmapped: list[Unmapped] = field(default_factory=list)

    @property
    def unknown(self) -> list[Match]:
        """Who is meant by nobody here."""
        return [one for one in self.matches if not one.user]

    @property
    def fingerprint(self) -> str:
        """What stands for all of what is made: the same plan has the same."""
        made = {
            "schedules": [
                [one.slug, one.team, dict(one.settings), [_line(row) for row in one.overrides]]
                for one in self.schedules
            ],
            "policies": [[one.slug, dict(one.plan)] for one in self.policies],
            "routes": [[one.slug, [dict(two) for two in one.matchers], one.policy] for one in self.routes],
        }
        return hashlib.sha256(json.dumps(made, sort_keys=True).encode()).hexdigest()


def oncall_import_preview(
    *,
    actor: Actor,
    now: datetime,
    content: bytes,
    format: str,
    given: Mapping[str, str],
    name: str = "",
    zone: str = "",
) -> ImportPlan:
    """Return what an import of this file would do; nothing is written.

    `format` is one of `FORMATS`; `given` says who is meant by a reference of the file (an id or an address of
    somebody here); `name` and `zone` are those of the schedule that a calendar file makes. What has the slug
    of something that is here already is left as it is. Raises `Forbidden` and `InvalidInput`.
    """
    require(actor, "oncall.import")
    draft = _read(content, format, now, name, zone)
    people = workers().values_list("pk", "full_name", "email")
    found = matches(draft, [Known(str(pk), full, email) for pk, full, email in people], given)
    users = {one.person.ref: one.user for one in found if one.user}
    plan = ImportPlan(found, unmapped=list(draft.unmapped))
    schedules = {}
    for schedule in draft.schedules:
        if planned := _schedule(schedule, users, now, plan):
            plan.schedules.append(planned)
        schedules[schedule.ref] = _slug(schedule.name)
    _policies(draft, users, schedules, plan)
    _routes(draft, plan)
    return plan


def oncall_import(
    *,
    actor: Actor,
    now: datetime,
    content: bytes,
    format: str,
    given: Mapping[str, str],
    name: str = "",
    zone: str = "",
    fingerprint: str = "",
) -> ImportPlan:
    """Make all of what the preview shows, in one transaction, and return it; the second time makes nothing.

    Raises as `oncall_import_preview`, and `Stale` where it is no longer what `fingerprint` stands for.
    """
    with write(actor=actor, now=now):
        require(actor, "oncall.import")
        plan = oncall_import_preview(
            actor=actor, now=now, content=content, format=format, given=given, name=name, zone=zone
        )
        if fingerprint and fingerprint != plan.fingerprint:
            raise Stale("People or schedules here have changed since the preview. Look at it again.")
        for schedule in plan.schedules:
            _make(schedule, actor=actor, now=now)
        for policy in plan.policies:
            escalation_policy_create(
                actor=actor, now=now, slug=policy.slug, name=policy.name, plan=policy.plan
            )
        for route in plan.routes:
            fields = {"name": route.name, "policy": route.policy, "matchers": list(route.matchers)}
            route_create(actor=actor, now=now, slug=route.slug, fields=fields)
        if plan.schedules or plan.policies or plan.routes:
            audit_record(
                actor=actor,
                now=now,
                action="oncall.imported",
                object_kind="oncall_import",
                object_key=hashlib.sha256(content).hexdigest()[:32],
                data={
                    "format": format,
                    "schedules": [one.slug for one in plan.schedules],
                    "policies": [one.slug for one in plan.policies],
                    "routes": [one.slug for one in plan.routes],
                    "left_out": len(plan.unmapped),
                },
            )
        return plan


def _read(content: bytes, wanted: str, now: datetime, name: str, zone: str) -> Draft:
    readers: dict[str, Callable[[], Draft]] = {
        "grafana-oncall": lambda: grafana.read(content),
        "opsgenie": lambda: opsgenie.read(content),
        "ical": lambda: ical.read(content, within=Span(now, now + CALENDAR_AHEAD), name=name, zone=zone),
    }
    if wanted not in readers:
        raise InvalidInput.of("format", "unknown", f"Must be one of: {', '.join(FORMATS)}.")
    return readers[wanted]()


def _schedule(
    draft: ScheduleDraft, users: Mapping[str, str], now: datetime, plan: ImportPlan
) -> PlannedSchedule | None:
    slug = _slug(draft.name)
    taken = {one.slug for one in plan.schedules}
    if not slug or slug in taken or Schedule.objects.filter(slug=slug).exists():
        why = f"There is a schedule “{slug}” already; it is left as it is." if slug else "It has no name."
        plan.unmapped.append(Unmapped(f"schedules/{draft.name}", why))
        return None
    settings = settings_of(draft, users, plan.unmapped)
    overrides = overrides_of(draft, users, now, plan.unmapped)
    if not settings["layers"] and not overrides:
        plan.unmapped.append(Unmapped(f"schedules/{draft.name}", "Nothing of it is left to be taken over."))
        return None
    try:
        Settings.from_data(settings)
    except InvalidInput as wrong:
        plan.unmapped.append(Unmapped(f"schedules/{draft.name}", wrong.detail[:300]))
        return None
    team = Team.objects.filter(slug=_slug(draft.team)).values_list("slug", flat=True).first() or ""
    if draft.team and not team:
        why = f"There is no team “{draft.team[:60]}” here; the schedule has none."
        plan.unmapped.append(Unmapped(f"schedules/{draft.name}/team", why))
    return PlannedSchedule(slug, draft.name, team, settings, tuple(overrides))


def _policies(draft: Draft, users: Mapping[str, str], schedules: Mapping[str, str], plan: ImportPlan) -> None:
    coming = {one.slug for one in plan.schedules}
    there = set(
        Schedule.objects.filter(slug__in=list(schedules.values()), state="active").values_list(
            "slug", flat=True
        )
    )
    known = {ref: slug for ref, slug in schedules.items() if slug in coming | there}
    taken: set[str] = set()
    for policy in draft.policies:
        slug = _slug(policy.name)
        if not slug or slug in taken or EscalationPolicy.objects.filter(slug=slug).exists():
            why = f"There is a policy “{slug}” already; it is left as it is."
            plan.unmapped.append(Unmapped(f"policies/{policy.name}", why))
            continue
        made = plan_of(policy, users, known, plan.unmapped)
        if made is not None:
            taken.add(slug)
            plan.policies.append(PlannedPolicy(slug, policy.name, made))


def _routes(draft: Draft, plan: ImportPlan) -> None:
    policies = {policy.ref: _slug(policy.name) for policy in draft.policies}
    there = {one.slug for one in plan.policies}
    there |= set(
        EscalationPolicy.objects.filter(slug__in=list(policies.values())).values_list("slug", flat=True)
    )
    taken: set[str] = set()
    for route in draft.routes:
        where, slug = f"routes/{route.name}", _slug(route.name)
        policy = policies.get(route.policy, "")
        patterns = [one for one in route.matchers if one.op not in _OPS]
        if policy not in there:
            plan.unmapped.append(Unmapped(where, "The policy that it leads to is not taken over."))
        elif patterns:
            words = (
                f"“{patterns[0].label}” is matched by a regular expression, which routes here do not know."
            )
            plan.unmapped.append(Unmapped(where, words))
        elif not slug or slug in taken or AlertRoute.objects.filter(slug=slug).exists():
            plan.unmapped.append(Unmapped(where, f"There is a route “{slug}” already; it is left as it is."))
        else:
            taken.add(slug)
            matchers = tuple(
                {"label": one.label, "op": _OPS[one.op], "value": one.value} for one in route.matchers
            )
            plan.routes.append(PlannedRoute(slug, route.name, matchers, policy))


def _make(planned: PlannedSchedule, *, actor: Actor, now: datetime) -> None:
    schedule_create(
        actor=actor,
        now=now,
        slug=planned.slug,
        name=planned.name,
        settings=planned.settings,
        team=planned.team or None,
    )
    for row in planned.overrides:
        override_create(
            actor=actor,
            now=now,
            schedule=planned.slug,
            kind="replace",
            start=row.start,
            end=row.end,
            people=row.people,
            source=("import", planned.slug),
        )


def _slug(name: str) -> str:
    return slugify(name)[:_MAX_SLUG].strip("-")


def _line(row: OverrideDraft) -> list[Any]:
    return [row.start.isoformat(), row.end.isoformat(), list(row.people)]
