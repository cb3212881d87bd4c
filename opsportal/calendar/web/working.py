"""The page of working time: shown to everybody, changed by administrators."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from opsportal.accounts.services.periods import utc_day
from opsportal.calendar import selectors
from opsportal.calendar.models import WorkingCalendar
from opsportal.calendar.public_holidays import holidays_of
from opsportal.calendar.services import working_calendar_set
from opsportal.calendar.web import choices
from opsportal.calendar.web.forms import WEEKDAYS, WorkingTimeForm
from opsportal.catalog.web.answers import FORM_REFUSALS, moments_of, refuse
from opsportal.core.access import may, require
from opsportal.web.requests import actor_of, now_of


@require_http_methods(["GET", "HEAD", "POST"])
def working_time(request: HttpRequest) -> HttpResponse:
    """Show when the organisation works, and take what an administrator says of it."""
    actor, now = actor_of(request), now_of(request)
    stored = selectors.working_calendar()
    initial = WorkingTimeForm.initial_of(stored) if stored else {}
    form = WorkingTimeForm(request.POST if request.method == "POST" else None, initial=initial)
    status = 200
    if request.method == "POST":
        require(actor, "working_time.write")
        status = 400
        if form.is_valid():
            try:
                working_calendar_set(actor=actor, now=now, **form.cleaned_data)
            except FORM_REFUSALS as refusal:
                status = refuse(request, form, refusal, version=stored.version if stored else None)
            else:
                messages.success(request, "Saved.")
                return redirect("calendar:working-time")
    context = {
        "calendar": stored,
        "days": _days(stored),
        "holidays": _holidays(stored, utc_day(now).year),
        "form": form,
        "may_write": may(actor, "working_time.write"),
        "zones": choices.zones(),
        "moments": moments_of(request, "working_time", "organisation"),
    }
    return render(request, "calendar/working_time.html", context, status=status)


def _days(stored: WorkingCalendar | None) -> str:
    return ", ".join(name for number, name in WEEKDAYS if stored and int(number) in stored.weekdays)


def _holidays(stored: WorkingCalendar | None, year: int) -> list[tuple[object, str]]:
    if stored is None:
        return []
    found = {**holidays_of(stored.country, stored.subdivision, year)}
    found |= holidays_of(stored.country, stored.subdivision, year + 1)
    return sorted(found.items())
