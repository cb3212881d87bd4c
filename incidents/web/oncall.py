"""Pages of on-call schedules: the list with who is on call now, and one schedule by week or month."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from incidents.models import Override, Schedule
from incidents.oncall import roles, rotations
from incidents.oncall.schedule import OnCall
from incidents.oncall.settings import Settings
from incidents.selectors.oncall import final_schedule_of, gone_among, on_call_at, on_call_now, settings_of
from incidents.services.oncall import override_cancel, schedule_retire
from incidents.services.oncall.scene import case_of
from incidents.states import OVERRIDE, SCHEDULE
from incidents.web.oncall_lines import VIEWS, drawn_of, lines_of, period_of, why
from opsportal.catalog.web.answers import moments_of
from opsportal.core.access import may
from opsportal.core.errors import NotFound
from opsportal.web.paging import page_of
from opsportal.web.people import remember_people
from opsportal.web.requests import actor_of, now_of

MOST_OVERRIDES = 50


@require_safe
def schedules(request: HttpRequest) -> HttpResponse:
    """List schedules with who is on call now, those in use unless all are asked for."""
    rows = Schedule.objects.select_related("team")
    shows_all = request.GET.get("state") == "any"
    if not shows_all:
        rows = rows.filter(state=SCHEDULE.initial)
    page = page_of(rows, request, order=("name", "id"))
    found = on_call_now(page.items, now_of(request))
    remember_people(request, [("user", one.user_id) for people in found.values() for one in people])
    context = {
        "page": page,
        "lines": [
            {
                "schedule": row,
                "on_call": _people(found.get(row.pk, [])),
                "next": next_handover(found.get(row.pk, [])),
            }
            for row in page.items
        ],
        "shows_all": shows_all,
    }
    return render(request, "incidents/oncall/list.html", context)


@require_safe
def schedule(request: HttpRequest, slug: str) -> HttpResponse:
    """Show one schedule: who is on call now, and by week or month, also of the past."""
    row, now = schedule_named(slug), now_of(request)
    plan = settings_of(row)
    zone = ZoneInfo(row.time_zone)
    view = request.GET.get("view", "week")
    period = period_of(view, request.GET.get("date", ""), zone, now)
    segments = final_schedule_of(row, period.start, period.end)
    lines = lines_of(request, segments, zone, now)
    case = case_of(actor_of(request), row, now)
    overrides = list(
        Override.objects.filter(schedule=row, state=OVERRIDE.initial, ends_at__gt=now)[:MOST_OVERRIDES]
    )
    on_call = on_call_at(slug, now)
    named = {*plan.people, *(person for one in overrides for person in one.people)}
    gone = gone_among(named) if row.state == SCHEDULE.initial else {}
    remember_people(
        request,
        [
            ("user", person)
            for person in {
                *plan.people,
                *(one.user_id for one in on_call),
                *(person for one in overrides for person in (*one.people, one.instead_of) if person),
            }
        ],
    )
    context = {
        "schedule": row,
        "on_call": _people(on_call),
        "gone": sorted(gone),
        "reasons": {one.user_id: why(request, one.duty) for one in on_call},
        "next": next_handover(on_call),
        "view": view,
        "views": VIEWS.items(),
        "period": period,
        "today": now.astimezone(zone).date(),
        "is_past": period.end <= now,
        "lines": lines,
        "left_out": len(segments) - len(lines),
        "gaps": sum(1 for one in segments if one.is_gap and one.end > now),
        "drawn": drawn_of(request, segments, zone),
        "layers": layers_of(plan),
        "must_cover": ", ".join(roles.TITLES[role] for role in plan.must_cover) or "Nobody",
        "overrides": overrides,
        "may_write": row.state == SCHEDULE.initial and may(actor_of(request), "schedule.write", case),
        "may_except": row.state == SCHEDULE.initial and may(actor_of(request), "override.write", case),
        "moments": moments_of(request, "schedule", row.slug, _happened),
    }
    return render(request, "incidents/oncall/schedule.html", context)


@require_POST
def schedule_retired(request: HttpRequest, slug: str) -> HttpResponse:
    """Retire a schedule."""
    done = schedule_retire(actor=actor_of(request), now=now_of(request), slug=slug)
    messages.success(request, f"{done.name} is retired. Nobody is on call by it any more.")
    return redirect("incidents:schedule", slug)


@require_POST
def override_cancelled(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Cancel an exception."""
    if not Override.objects.filter(pk=pk, schedule__slug=slug).exists():
        raise NotFound("There is no such exception from this schedule.")
    override_cancel(actor=actor_of(request), now=now_of(request), pk=pk)
    messages.success(request, "The exception is cancelled. The layers decide again.")
    return redirect("incidents:schedule", slug)


def schedule_named(slug: str) -> Schedule:
    """Return the schedule with its team. Raises `NotFound`."""
    found = Schedule.objects.select_related("team").filter(slug=slug).first()
    if found is None:
        raise NotFound("There is no such schedule.")
    return found


def next_handover(found: list[OnCall]) -> datetime | None:
    """Return when the first of those who are on call hands over, None where that is not planned."""
    return min((one.until for one in found if one.until is not None), default=None)


def layers_of(plan: Settings) -> list[dict[str, Any]]:
    """Return the layers in words, those of the highest priority first."""
    ordered = sorted(plan.layers, key=lambda layer: (roles.rank(layer.role), -layer.priority))
    return [
        {
            "layer": layer,
            "role": roles.TITLES[layer.role],
            "rhythm": rotations.words(layer.rotation),
            "covers": "; ".join(one.words for one in layer.restrictions) or "always",
        }
        for layer in ordered
    ]


def _people(found: list[OnCall]) -> list[dict[str, Any]]:
    return [
        {"user_id": one.user_id, "role": roles.TITLES[one.role], "until": one.until, "since": one.start}
        for one in found
    ]


def _happened(data: dict[str, Any]) -> str:
    """Return what of an audit entry is worth a line."""
    if fields := data.get("fields"):
        return ", ".join(str(field).replace("_", " ") for field in fields)
    if "start" in data and "end" in data:
        start, end = (datetime.fromisoformat(str(data[name])) for name in ("start", "end"))
        return f"{start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC"
    return ""
