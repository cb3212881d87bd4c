"""My on-call, and the tabs of a schedule: swaps and shadows, hours, quality."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from incidents.models import PublishedShift, Schedule, ShiftSwap
from incidents.roster.hours import KINDS, Hours, in_hours, month_of
from incidents.roster.spans import Span
from incidents.selectors.roster import (
    away_on_shift,
    handovers_open,
    quality_of,
    schedule_seen,
    shadowing_of,
    shadows_around,
    shifts_ahead,
    swap_seen,
    swaps_loaded,
    swaps_to_take,
)
from incidents.services.roster.hours import HoursSeen, hours_seen
from incidents.services.roster.shadows import shadow_end, shadow_start
from incidents.services.roster.swaps import (
    swap_case,
    swap_offer,
    swap_take,
    swap_undo,
    swap_withdraw,
)
from incidents.states import SWAP
from incidents.web.roster_forms import ShadowForm, SwapForm
from opsportal.accounts.selectors import display_names
from opsportal.catalog.web.answers import FORM_REFUSALS, refuse
from opsportal.core.access import may
from opsportal.core.actor import Actor
from opsportal.core.errors import InvalidInput, NotFound, Refusal
from opsportal.core.ports import record_export
from opsportal.web import refusals
from opsportal.web.csv import csv_response
from opsportal.web.people import remember_people
from opsportal.web.requests import actor_of, now_of

MOST_SHIFTS = 30
MINUTE = timedelta(minutes=1)
VERBS = {
    "take": (swap_take, "It is yours now; whoever offered it is told."),
    "withdraw": (swap_withdraw, "The offer is taken back."),
    "undo": (swap_undo, "It is given back; both of you are told."),
}
TABS = (("swaps", "Swaps and shadows"), ("hours", "Hours"), ("quality", "Quality"))


@require_safe
def my_on_call(request: HttpRequest) -> HttpResponse:
    """Show one's own shifts, what there is to take and to sign, and whom one shadows."""
    actor, now = actor_of(request), now_of(request)
    person = UUID(actor.id)
    shifts = list(shifts_ahead(person, now)[:MOST_SHIFTS])
    mine = swaps_loaded().filter(offered_by=person, state__in=["open", "taken"], ends_at__gt=now)
    took = swaps_loaded().filter(taken_by=person, state="taken", ends_at__gt=now)
    to_take = swaps_to_take(person, now)
    offers = list(mine.order_by("starts_at")[:MOST_SHIFTS]) + list(took.order_by("starts_at")[:MOST_SHIFTS])
    handovers = list(handovers_open(person))
    remember_people(request, [("user", str(swap.offered_by_id)) for swap in (*to_take, *offers)])
    return render(
        request,
        "incidents/roster/mine.html",
        {
            "shifts": shifts,
            "running": [one for one in shifts if one.starts_at <= now],
            "to_take": to_take,
            "offers": [_line(actor, swap, now) for swap in offers],
            "handovers": handovers,
            "late": [one for one in handovers if one.late_at <= now],
            "shadowing": list(shadowing_of(person, now)),
            "away": away_on_shift(now, person=person),
            "now": now,
        },
    )


@require_POST
def shift_offered(request: HttpRequest, pk: int) -> HttpResponse:
    """Offer one of one's own shifts, or what is left of it, with one click."""
    now = now_of(request)
    shift = PublishedShift.objects.select_related("schedule").filter(pk=pk).first()
    if shift is None or str(shift.person_id) != actor_of(request).id:
        raise NotFound("There is no such shift of yours.")
    _try(
        request,
        "Offered. Others are told; until somebody takes it, it stays yours.",
        lambda: swap_offer(
            actor=actor_of(request),
            now=now,
            schedule=shift.schedule.slug,
            start=max(shift.starts_at, (now + MINUTE).replace(second=0, microsecond=0)),
            end=shift.ends_at,
            role=shift.role,
        ),
    )
    return redirect("incidents:my-on-call")


@require_POST
def swap_moved(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """Take, withdraw or undo an offer."""
    if verb not in VERBS:
        raise NotFound("There is no such step.")
    service, words = VERBS[verb]
    swap = swap_seen(pk)
    version = request.POST.get("version", "")
    _try(
        request,
        words,
        lambda: service(
            actor=actor_of(request),
            now=now_of(request),
            pk=pk,
            version=int(version) if version.isdigit() and len(version) < 9 else None,
        ),
    )
    if request.POST.get("from") == "schedule":
        return redirect("incidents:schedule-swaps", swap.schedule.slug)
    return redirect("incidents:my-on-call")


@require_http_methods(["GET", "HEAD", "POST"])
def schedule_swaps(request: HttpRequest, slug: str) -> HttpResponse:
    """Show offers and shadows of a schedule, and take new ones."""
    actor, now, schedule = actor_of(request), now_of(request), schedule_seen(slug)
    which = request.POST.get("what", "") if request.method == "POST" else ""
    form = SwapForm(request.POST if which == "swap" else None)
    shadow_form = ShadowForm(request.POST if which == "shadow" else None)
    status = 200
    if which:
        used = form if which == "swap" else shadow_form
        try:
            if used.is_valid():
                _offer_or_shadow(which, actor, now, slug, used.cleaned_data)
                messages.success(request, "Done. Those whom it concerns are told.")
                return redirect("incidents:schedule-swaps", slug)
            status = 400
        except FORM_REFUSALS as refusal:
            status = refuse(request, used, refusal)
    swaps = swaps_loaded().filter(schedule=schedule, ends_at__gt=now - timedelta(days=14))
    lines = [_line(actor, swap, now) for swap in swaps.order_by("starts_at", "id")[:100]]
    remember_people(request, [("user", str(line["swap"].offered_by_id)) for line in lines])
    context = {
        "lines": lines,
        "shadows": list(shadows_around(schedule, now)),
        "form": form,
        "shadow_form": shadow_form,
        **_about(schedule, "swaps"),
    }
    return render(request, "incidents/roster/swaps.html", context, status=status)


@require_POST
def shadow_ended(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """End a shadowing."""
    _try(request, "Ended.", lambda: shadow_end(actor=actor_of(request), now=now_of(request), pk=pk))
    return redirect("incidents:schedule-swaps", slug)


@require_safe
def schedule_hours(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the hours of one month by person."""
    schedule = schedule_seen(slug)
    period = _month(request, schedule)
    seen = _hours(request, schedule, period)
    hours = seen.people
    remember_people(request, [("user", user) for user in hours])
    rows = sorted(hours.items(), key=lambda item: (-item[1].total, item[0]))
    local = period.start.astimezone(ZoneInfo(schedule.time_zone))
    context = {
        "rows": [{"user": user, "cells": _cells(one), "shifts": one.shifts} for user, one in rows],
        "month": local.date(),
        "before": (local - timedelta(days=1)).strftime("%Y-%m"),
        "after": (local + timedelta(days=32)).strftime("%Y-%m"),
        "csv": f"month={local:%Y-%m}",
        "is_whole": seen.is_whole,
        **_about(schedule, "hours"),
    }
    return render(request, "incidents/roster/hours.html", context)


@require_safe
def schedule_hours_csv(request: HttpRequest, slug: str) -> StreamingHttpResponse:
    """Download the hours of one month for pay: one's own, or all where one may see them. It is on record."""
    schedule = schedule_seen(slug)
    period = _month(request, schedule)
    hours = _hours(request, schedule, period).people
    names = display_names([("user", user) for user in hours])
    month = f"{period.start.astimezone(ZoneInfo(schedule.time_zone)):%Y-%m}"
    record_export(actor_of(request), now_of(request), "oncall.hours", {"schedule": slug, "month": month})
    header = ["Person", "Month", "Schedule", "Time zone", "Hours", *(f"Hours {kind}" for kind in KINDS)]
    rows = [
        [
            names["user", user],
            month,
            schedule.name,
            schedule.time_zone,
            in_hours(one.total),
            *(in_hours(one.kinds[kind]) for kind in KINDS),
            in_hours(one.standby),
            one.shifts,
        ]
        for user, one in sorted(hours.items(), key=lambda item: names["user", item[0]])
    ]
    return csv_response("hours", [*header, "Of these standby", "Shifts"], rows)


@require_safe
def schedule_quality(request: HttpRequest, slug: str) -> HttpResponse:
    """Show gaps, evenness, rest, and who is away or out of reach."""
    schedule = schedule_seen(slug)
    quality = quality_of(schedule, now_of(request))
    fairness = quality.fairness
    people = {one.user for one in fairness.shares} | {one.user for one in quality.rest}
    remember_people(request, [("user", user) for user in people])
    context = {
        "quality": quality,
        "shares": [
            {
                "share": one,
                "hours": in_hours(one.hours.total),
                "unsocial": in_hours(one.hours.unsocial),
            }
            for one in fairness.shares
        ],
        "rest": [{"warning": one, "hours": in_hours(one.amount)} for one in quality.rest[:50]],
        **_about(schedule, "quality"),
    }
    return render(request, "incidents/roster/quality.html", context)


def _offer_or_shadow(which: str, actor: Actor, now: datetime, slug: str, fields: dict[str, Any]) -> None:
    names = {"start": "start", "end": "end"} if which == "swap" else {"start": "begin", "end": "finish"}
    times = {name: fields[own] for name, own in names.items()}
    if missing := [own for name, own in names.items() if times[name] is None]:
        raise InvalidInput.of_fields(dict.fromkeys(missing, "This is needed."), code="required")
    if which == "swap":
        swap_offer(actor=actor, now=now, schedule=slug, role=fields["role"], note=fields["note"], **times)
    else:
        shadow_start(
            actor=actor, now=now, schedule=slug, person=fields["person"], follows=fields["follows"], **times
        )


def _line(actor: Actor, swap: ShiftSwap, now: datetime) -> dict[str, Any]:
    """Return an offer with the steps that the reader may take."""
    case = swap_case(actor, swap, now)
    ahead = {"take": swap.starts_at > now, "withdraw": True, "undo": swap.ends_at > now}
    verbs = [
        verb
        for verb in VERBS
        if SWAP.can(swap.state, verb) and ahead[verb] and may(actor, f"swap.{verb}", case)
    ]
    return {"swap": swap, "verbs": verbs}


def _month(request: HttpRequest, schedule: Schedule) -> Span:
    text = request.GET.get("month", "")
    if not text:
        return month_of(now_of(request), schedule.time_zone)
    try:
        first = date.fromisoformat(f"{text}-01")
    except ValueError:
        raise InvalidInput.of("month", "not_a_month", "Must be a month such as 2026-11.") from None
    if not 2000 < first.year < 2200:
        raise InvalidInput.of("month", "out_of_range", "Must lie between the years 2001 and 2199.")
    noon = datetime(first.year, first.month, 15, 12, tzinfo=ZoneInfo(schedule.time_zone))
    return month_of(noon, schedule.time_zone)


def _hours(request: HttpRequest, schedule: Schedule, period: Span) -> HoursSeen:
    return hours_seen(actor=actor_of(request), now=now_of(request), schedule=schedule, period=period)


def _cells(hours: Hours) -> list[tuple[str, float]]:
    kinds = [(kind.capitalize(), in_hours(hours.kinds[kind])) for kind in KINDS]
    return [("All", in_hours(hours.total)), *kinds, ("Standby", in_hours(hours.standby))]


def _about(schedule: Schedule, tab: str) -> dict[str, Any]:
    return {"schedule": schedule, "tab": tab, "tabs": TABS}


def _try(request: HttpRequest, words: str, act: Any) -> None:
    """Do something and say so, or say why not."""
    try:
        act()
    except Refusal as refusal:
        refusals.keep(request, refusal)
        messages.error(request, refusal.detail)
    else:
        messages.success(request, words)
