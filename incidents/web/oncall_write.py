"""Pages that write on-call schedules: with a preview by the engine, before anything is saved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from incidents.models import Schedule
from incidents.oncall import schedule as engine
from incidents.oncall.reading import MOST_LAYERS
from incidents.oncall.settings import Settings
from incidents.selectors.oncall import overrides_of, settings_of
from incidents.services.oncall import override_create, schedule_create, schedule_revise
from incidents.services.oncall.people import known, named_in
from incidents.services.oncall.scene import case_of, refuse_retired
from incidents.web.oncall import schedule_named
from incidents.web.oncall_forms import LayerForm, OverrideForm, ScheduleForm
from incidents.web.oncall_lines import lines_of
from incidents.web.oncall_people import ids_of, words_for
from opsportal.accounts.models import Team
from opsportal.accounts.selectors import teams_of
from opsportal.accounts.services.periods import utc_day
from opsportal.calendar.web.choices import zones
from opsportal.catalog.web.answers import FORM_REFUSALS, refuse
from opsportal.core.access import may, require
from opsportal.core.errors import FieldError, InvalidInput, Refusal
from opsportal.web.requests import actor_of, now_of

PREVIEW = timedelta(days=28)
LAYER_FIELDS = ("time_zone", "must_cover", "layers")


@dataclass(slots=True)
class Typed:
    """The forms of a schedule and its layers, as they were typed or are shown first."""

    form: ScheduleForm
    layers: list[LayerForm]

    def is_valid(self) -> bool:
        """Return whether all of them are, each having said what is wrong with it."""
        return all([self.form.is_valid(), *(layer.is_valid() for layer in self.layers)])

    def settings(self) -> dict[str, Any]:
        """Return the settings as the engine reads them, people by id where they are known."""
        data = [layer.as_data() for layer in self.layers]
        ids = ids_of(person for one in data for group in one["rotation"]["groups"] for person in group)
        for one in data:
            groups = one["rotation"]["groups"]
            one["rotation"]["groups"] = [[ids.get(person, person) for person in group] for group in groups]
        return {
            "time_zone": self.form.cleaned_data["time_zone"],
            "must_cover": self.form.cleaned_data["must_cover"],
            "layers": data,
        }

    def fields(self) -> dict[str, Any]:
        """Return what the form says of the schedule itself."""
        return {name: value for name, value in self.form.cleaned_data.items() if name not in LAYER_FIELDS}

    def add_refusal(self, request: HttpRequest, refusal: Refusal, version: int | None = None) -> int:
        """Add what was refused to the form or the layer that it is about, and return its status."""
        if not isinstance(refusal, InvalidInput):
            return refuse(request, self.form, refusal, version=version)
        rest: list[FieldError] = []
        for error in refusal.errors:
            steps = error.pointer.strip("/").split("/")
            if steps[0] == "layers" and len(steps) > 1 and int(steps[1]) < len(self.layers):
                self.layers[int(steps[1])].add_wrong(steps[2:], error.detail)
            else:
                rest.append(error)
        if rest:
            self.form.add_refusal(InvalidInput(rest))
        else:
            self.form.add_error(None, "Something is wrong with a layer. It is told there.")
        return refusal.status


@require_http_methods(["GET", "HEAD", "POST"])
def schedule_new(request: HttpRequest) -> HttpResponse:
    """Write a new schedule."""
    first = {"name": "Rotation", "start": f"{utc_day(now_of(request)):%Y-%m-%d}T09:00"}
    typed = _typed(request, None, {}, [first])
    return _answer(request, typed, None)


@require_http_methods(["GET", "HEAD", "POST"])
def schedule_edit(request: HttpRequest, slug: str) -> HttpResponse:
    """Change a schedule, from now on."""
    row = schedule_named(slug)
    require(actor_of(request), "schedule.write", case_of(actor_of(request), row, now_of(request)))
    refuse_retired(row)
    plan = settings_of(row)
    names = words_for(plan.people)
    typed = _typed(
        request,
        row,
        ScheduleForm.initial_of(row, plan.must_cover),
        [LayerForm.initial_of(layer, names) for layer in plan.layers],
    )
    return _answer(request, typed, row)


@require_http_methods(["GET", "HEAD", "POST"])
def override_new(request: HttpRequest, slug: str) -> HttpResponse:
    """Make an exception from a schedule."""
    row = schedule_named(slug)
    require(actor_of(request), "override.write", case_of(actor_of(request), row, now_of(request)))
    form = OverrideForm(request.POST if request.method == "POST" else None, initial=_asked(request))
    status = 400 if form.is_bound and not form.is_valid() else 200
    if form.is_valid():
        given = dict(form.cleaned_data)
        typed = [person.strip() for person in given.pop("people").split(",") if person.strip()]
        old = given.pop("instead_of").strip()
        ids = ids_of([*typed, old])
        try:
            override_create(
                actor=actor_of(request),
                now=now_of(request),
                schedule=slug,
                people=[ids.get(person, person) for person in typed],
                instead_of=ids.get(old, old),
                **given,
            )
        except FORM_REFUSALS as refusal:
            status = refuse(request, form, refusal)
        else:
            messages.success(request, "The exception stands.")
            return redirect("incidents:schedule", slug)
    return render(
        request, "incidents/oncall/override_form.html", {"form": form, "schedule": row}, status=status
    )


def _asked(request: HttpRequest) -> dict[str, Any]:
    """Return what the address asks for beforehand: who, instead of whom."""
    return {name: request.GET[name][:254] for name in ("kind", "people", "instead_of") if name in request.GET}


def _typed(
    request: HttpRequest,
    row: Schedule | None,
    initial: Mapping[str, Any],
    layers: Sequence[Mapping[str, Any]],
) -> Typed:
    """Return the forms, with a layer more or less where that was asked for."""
    teams = _teams(request, row)
    if request.method != "POST":
        form = ScheduleForm(initial=initial, teams=teams, new=row is None)
        return Typed(
            form, [LayerForm(initial=dict(one), prefix=f"layer-{n}") for n, one in enumerate(layers)]
        )
    form = ScheduleForm(request.POST, initial=initial, teams=teams, new=row is None)
    count = min(_number(request.POST.get("layers", "")), MOST_LAYERS)
    return Typed(form, [LayerForm(request.POST, prefix=f"layer-{n}") for n in range(count)])


def _answer(request: HttpRequest, typed: Typed, row: Schedule | None) -> HttpResponse:
    """Do what the pressed button says: add or remove a layer, preview, or save."""
    todo = request.POST.get("do", "save") if request.method == "POST" else ""
    if todo == "add" or todo.startswith("remove-"):
        return _page(request, _rearranged(request, typed, todo, row), row)
    if not todo:
        return _page(request, typed, row)
    if not typed.is_valid():
        return _page(request, typed, row, status=400)
    try:
        if todo == "preview":
            preview = _preview(request, typed, row)
            return _page(request, typed, row, preview=preview)
        done = _save(request, typed, row)
    except FORM_REFUSALS as refusal:
        status = typed.add_refusal(request, refusal, row.version if row else None)
        return _page(request, typed, row, status=status)
    messages.success(request, "Saved. It holds from now on; what was before stays as it was.")
    return redirect("incidents:schedule", done.slug)


def _save(request: HttpRequest, typed: Typed, row: Schedule | None) -> Schedule:
    given: dict[str, Any] = {"settings": typed.settings(), **typed.fields()}
    version = given.pop("version")
    if row is None:
        return schedule_create(actor=actor_of(request), now=now_of(request), **given)
    return schedule_revise(
        actor=actor_of(request), now=now_of(request), slug=row.slug, version=version, **given
    )


def _preview(request: HttpRequest, typed: Typed, row: Schedule | None) -> dict[str, Any]:
    """Return what the engine makes of the settings in the weeks ahead. Raises `InvalidInput`."""
    data, now = typed.settings(), now_of(request)
    plan = Settings.from_data(data)
    known(named_in(data))
    until = now + PREVIEW
    segments = engine.final_schedule(
        [engine.Version(now, plan)], overrides_of(row, now, until) if row else (), now, until
    )
    lines = lines_of(request, segments, ZoneInfo(plan.time_zone), now)
    return {
        "lines": lines,
        "left_out": len(segments) - len(lines),
        "gaps": sum(1 for one in segments if one.is_gap),
        "time_zone": plan.time_zone,
    }


def _rearranged(request: HttpRequest, typed: Typed, todo: str, row: Schedule | None) -> Typed:
    """Return unchecked forms with what was typed, and a layer more or less."""
    kept = [
        {name: layer.data.get(layer.add_prefix(name), "") for name in layer.fields} for layer in typed.layers
    ]
    if todo == "add" and len(kept) < MOST_LAYERS:
        kept.append({"name": f"Layer {len(kept) + 1}", "start": kept[-1]["start"] if kept else ""})
    if todo.startswith("remove-"):
        gone = _number(todo.removeprefix("remove-"))
        kept = [one for position, one in enumerate(kept) if position != gone]
    data: Any = request.POST
    own = {
        name: data.getlist(name) if name == "must_cover" else data.get(name, "") for name in typed.form.fields
    }
    form = ScheduleForm(initial=own, teams=_teams(request, row), new=row is None)
    return Typed(form, [LayerForm(initial=one, prefix=f"layer-{n}") for n, one in enumerate(kept)])


def _page(
    request: HttpRequest,
    typed: Typed,
    row: Schedule | None,
    *,
    preview: dict[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "form": typed.form,
        "layers": typed.layers,
        "schedule": row,
        "preview": preview,
        "zones": zones(),
        "most_layers": MOST_LAYERS,
    }
    return render(request, "incidents/oncall/schedule_form.html", context, status=status)


def _teams(request: HttpRequest, row: Schedule | None) -> list[tuple[str, str]]:
    """Return the teams that the reader may give a schedule to, and the one that it has."""
    actor, now = actor_of(request), now_of(request)
    rows = Team.objects.all()
    if not may(actor, "accounts.administer"):
        mine = teams_of(actor.id, utc_day(now))
        rows = rows.filter(slug__in=mine | ({row.team.slug} if row and row.team else set()))
    return list(rows.values_list("slug", "name"))


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 else 0
