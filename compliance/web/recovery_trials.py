"""Pages of restore tests and exercises: lists, one of each, every step on them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from compliance.models import Exercise, RestoreTest
from compliance.recovery.states import EXERCISE, RESTORE_TEST, STEP
from compliance.selectors.recovery import (
    asset_by_key,
    exercise_by_key,
    restore_test_by_key,
    tests_loaded,
)
from compliance.services.recovery import exercises as exercising
from compliance.services.recovery import restore_tests as testing
from compliance.services.recovery.assets import case_of
from compliance.services.recovery.evidence_files import trial_attach, trial_by_key
from compliance.web.recovery_assets import page_of_asset
from compliance.web.recovery_forms import (
    CompleteForm,
    EvidenceFileForm,
    ExerciseForm,
    FinishForm,
    PlanForm,
    ReasonForm,
    exercise_values,
)
from opsportal.audit.actions import label
from opsportal.audit.selectors import entries_about
from opsportal.core.access import may, require
from opsportal.core.errors import Conflict, Forbidden, InvalidInput, NotFound, Refusal, TooLarge
from opsportal.files.kinds import ENDINGS
from opsportal.files.selectors import attachment_of, attachments_of
from opsportal.files.web.serving import attachment_response
from opsportal.web import refusals
from opsportal.web.forms import PortalForm
from opsportal.web.people import remember_people
from opsportal.web.requests import actor_of, now_of

SHOWN = 40
_PAGES = {"restore_test": "compliance:restore-test", "exercise": "compliance:exercise"}


@require_POST
def restore_test_planned(request: HttpRequest, key: str) -> HttpResponse:
    """Plan a restore test of an asset, and show it."""
    asset = asset_by_key(key)
    form = PlanForm(request.POST)
    if form.is_valid():
        try:
            test = testing.restore_test_plan(
                actor=actor_of(request), now=now_of(request), asset=asset.pk, fields=form.cleaned_data
            )
        except (InvalidInput, Conflict) as refusal:
            form.add_refusal(refusal)
            refusals.keep(request, refusal)
        else:
            return redirect("compliance:restore-test", test.key)
    return page_of_asset(request, asset, plan_form=form, status=400)


@require_safe
def restore_test_page(request: HttpRequest, key: str) -> HttpResponse:
    """Show a restore test: its steps, what it reached, who watched."""
    return _test_page(request, restore_test_by_key(key))


@require_safe
def exercise_page(request: HttpRequest, key: str) -> HttpResponse:
    """Show an exercise: its plan, its playbook, what was found."""
    return _exercise_page(request, exercise_by_key(key))


def _test_page(
    request: HttpRequest,
    test: RestoreTest,
    *,
    form: PortalForm | None = None,
    file_form: EvidenceFileForm | None = None,
    refusal: Refusal | None = None,
) -> HttpResponse:
    actor, now = actor_of(request), now_of(request)
    conducts = may(actor, "restore_test.conduct", case_of(test.asset, now))
    context = {
        **_shared(request, "restore_test", test, conducts, file_form),
        "test": test,
        "finish_form": form or FinishForm(initial={"version": test.version}),
        "form": form or file_form,
        "refusal": refusal,
        "may_start": conducts and RESTORE_TEST.can(test.state, "start"),
        "may_finish": conducts and RESTORE_TEST.can(test.state, "finish"),
        "may_abort": conducts and RESTORE_TEST.can(test.state, "abort"),
        "may_witness": RESTORE_TEST.can(test.state, "witness")
        and test.witness_id is None
        and may(actor, "restore_test.witness")
        and testing.may_still_witness(test, now)
        and actor.id != test.conducted_by_id,
    }
    return render(request, "compliance/recovery/restore_test.html", context, status=_status(refusal, context))


def _exercise_page(
    request: HttpRequest,
    exercise: Exercise,
    *,
    form: PortalForm | None = None,
    file_form: EvidenceFileForm | None = None,
    refusal: Refusal | None = None,
) -> HttpResponse:
    actor, case = actor_of(request), exercising.case_of(exercise, now_of(request))
    conducts = may(actor, "exercise.conduct", case)
    edits = may(actor, "exercise.edit", case)
    context = {
        **_shared(request, "exercise", exercise, conducts, file_form),
        "exercise": exercise,
        "tests": list(tests_loaded().filter(exercise=exercise).order_by("id")[:SHOWN]),
        "complete_form": form or CompleteForm(initial={"version": exercise.version}),
        "form": form or file_form,
        "refusal": refusal,
        "may_edit": edits and EXERCISE.can(exercise.state, "edit"),
        "may_start": conducts and EXERCISE.can(exercise.state, "start"),
        "may_complete": conducts and EXERCISE.can(exercise.state, "complete"),
        "may_abort": EXERCISE.can(exercise.state, "abort")
        and may(actor, exercising.permission_of("abort", exercise.state), case),
    }
    return render(request, "compliance/recovery/exercise.html", context, status=_status(refusal, context))


def _shared(
    request: HttpRequest,
    kind: str,
    trial: RestoreTest | Exercise,
    conducts: bool,
    file_form: EvidenceFileForm | None,
) -> dict[str, Any]:
    """Return what both pages show: steps, files, timeline."""
    steps = list(trial.steps.all())
    files = list(attachments_of(kind, trial.key))
    entries = list(entries_about(kind, trial.key).order_by("-id")[:SHOWN])
    remember_people(
        request,
        [
            *(("user", str(step.by_id)) for step in steps if step.by_id),
            *((file.added_by_kind, file.added_by_id) for file in files),
            *((entry.actor_kind, entry.actor_id) for entry in entries),
        ],
    )
    return {
        "steps": steps,
        "next_open": next((step.number for step in steps if step.state == "open"), 0),
        "open": sum(step.state == "open" for step in steps),
        "verbs": {state: sorted(STEP.verbs(state)) for state in STEP.states},
        "may_step": conducts and trial.state == "running",
        "tick_url": f"{_PAGES[kind]}-tick",
        "trial": trial,
        "files": files,
        "file_kind": kind,
        "file_form": file_form or EvidenceFileForm(),
        "endings": ", ".join(sorted(ENDINGS)),
        "may_attach": conducts,
        "moments": [
            {"at": one.at, "title": label(one.action), "actor_kind": one.actor_kind, "actor_id": one.actor_id}
            for one in entries
        ],
    }


def _status(refusal: Refusal | None, context: dict[str, Any]) -> int:
    if refusal is not None:
        return refusal.status
    return 400 if context["form"] is not None else 200


@require_POST
def restore_test_step(request: HttpRequest, key: str, verb: str) -> HttpResponse:
    """Start, abort or witness a restore test."""
    test = restore_test_by_key(key)
    steps = {
        "start": testing.restore_test_start,
        "abort": testing.restore_test_abort,
        "witness": testing.restore_test_witness,
    }
    try:
        _take(request, steps, verb, test.pk)
    except (InvalidInput, Conflict) as refusal:
        refusals.keep(request, refusal)
        return _test_page(request, test, refusal=refusal)
    return redirect("compliance:restore-test", test.key)


@require_POST
def exercise_step(request: HttpRequest, key: str, verb: str) -> HttpResponse:
    """Start or abort an exercise."""
    exercise = exercise_by_key(key)
    steps = {"start": exercising.exercise_start, "abort": exercising.exercise_abort}
    try:
        _take(request, steps, verb, exercise.pk)
    except (InvalidInput, Conflict) as refusal:
        refusals.keep(request, refusal)
        return _exercise_page(request, exercise, refusal=refusal)
    return redirect("compliance:exercise", exercise.key)


def _take(request: HttpRequest, steps: dict[str, Any], verb: str, pk: int) -> None:
    if verb not in steps:
        raise NotFound("There is no such step.")
    form = ReasonForm(request.POST)
    given: dict[str, Any] = form.cleaned_data if form.is_valid() else {}
    more = {"reason": given.get("reason", "")} if verb == "abort" else {}
    steps[verb](actor=actor_of(request), now=now_of(request), pk=pk, version=given.get("version"), **more)


@require_POST
def restore_test_ticked(request: HttpRequest, key: str, number: int, verb: str) -> HttpResponse:
    """Tick off one step of a restore test."""
    test = restore_test_by_key(key)
    try:
        _tick(request, testing.restore_test_step, test.pk, number, verb)
    except (InvalidInput, Conflict) as refusal:
        refusals.keep(request, refusal)
        return _test_page(request, test, refusal=refusal)
    return redirect(f"{reverse('compliance:restore-test', args=[test.key])}#step-{number}")


@require_POST
def exercise_ticked(request: HttpRequest, key: str, number: int, verb: str) -> HttpResponse:
    """Tick off one step of a playbook."""
    exercise = exercise_by_key(key)
    try:
        _tick(request, exercising.exercise_step, exercise.pk, number, verb)
    except (InvalidInput, Conflict) as refusal:
        refusals.keep(request, refusal)
        return _exercise_page(request, exercise, refusal=refusal)
    return redirect(f"{reverse('compliance:exercise', args=[exercise.key])}#step-{number}")


def _tick(request: HttpRequest, step: Any, pk: int, number: int, verb: str) -> None:
    form = ReasonForm(request.POST)
    given: dict[str, Any] = form.cleaned_data if form.is_valid() else {}
    step(
        actor=actor_of(request),
        now=now_of(request),
        pk=pk,
        number=number,
        verb=verb,
        note=given.get("note", ""),
        version=given.get("version"),
    )


@require_POST
def restore_test_finished(request: HttpRequest, key: str) -> HttpResponse:
    """End a restore test with what it reached."""
    test = restore_test_by_key(key)
    form = FinishForm(request.POST)
    if form.is_valid():
        fields = dict(form.cleaned_data)
        version = fields.pop("version")
        try:
            testing.restore_test_finish(
                actor=actor_of(request), now=now_of(request), pk=test.pk, fields=fields, version=version
            )
        except (InvalidInput, Conflict) as refusal:
            form.add_refusal(refusal)
            refusals.keep(request, refusal)
        else:
            messages.success(request, f"{test.key} is finished.")
            return redirect("compliance:restore-test", test.key)
    return _test_page(request, test, form=form)


@require_POST
def exercise_completed(request: HttpRequest, key: str) -> HttpResponse:
    """End an exercise with its outcome."""
    exercise = exercise_by_key(key)
    form = CompleteForm(request.POST)
    if form.is_valid():
        fields = dict(form.cleaned_data)
        version = fields.pop("version")
        try:
            exercising.exercise_complete(
                actor=actor_of(request), now=now_of(request), pk=exercise.pk, fields=fields, version=version
            )
        except (InvalidInput, Conflict) as refusal:
            form.add_refusal(refusal)
            refusals.keep(request, refusal)
        else:
            messages.success(request, f"{exercise.key} is completed.")
            return redirect("compliance:exercise", exercise.key)
    return _exercise_page(request, exercise, form=form)


@require_http_methods(["GET", "HEAD", "POST"])
def exercise_write(request: HttpRequest, key: str = "") -> HttpResponse:
    """Plan an exercise, or change its plan."""
    actor, now = actor_of(request), now_of(request)
    exercise = exercise_by_key(key) if key else None
    if exercise is None:
        require(actor, "exercise.plan")
    else:
        require(actor, "exercise.edit", exercising.case_of(exercise, now))
    if request.method != "POST":
        begin = exercise_values(exercise) if exercise else {"participants": [actor.id]}
        form = ExerciseForm(exercise=exercise, initial=begin)
        return _exercise_form(request, form, exercise)
    form = ExerciseForm(request.POST, exercise=exercise)
    if not form.is_valid():
        return _exercise_form(request, form, exercise, status=400)
    try:
        if exercise is None:
            made = exercising.exercise_plan(actor=actor, now=now, fields=form.written())
        else:
            version = form.cleaned_data["version"]
            made = exercising.exercise_edit(
                actor=actor, now=now, pk=exercise.pk, fields=form.written(), version=version
            )
    except (InvalidInput, Conflict, Forbidden) as refusal:
        form.add_refusal(refusal)
        refusals.keep(request, refusal)
        return _exercise_form(request, form, exercise, status=refusal.status)
    messages.success(request, f"{made.key} is saved.")
    return redirect("compliance:exercise", made.key)


def _exercise_form(
    request: HttpRequest, form: ExerciseForm, exercise: Exercise | None, *, status: int = 200
) -> HttpResponse:
    context = {"form": form, "exercise": exercise}
    return render(request, "compliance/recovery/exercise_form.html", context, status=status)


@require_POST
def trial_attached(request: HttpRequest, kind: str, key: str) -> HttpResponse:
    """Attach a file to a restore test or an exercise; what is wrong with it is said at the form."""
    trial = trial_by_key(kind, key)
    form = EvidenceFileForm(request.POST, request.FILES)
    try:
        if form.is_valid():
            upload = form.cleaned_data["file"]
            kept = trial_attach(
                actor=actor_of(request),
                now=now_of(request),
                kind=kind,
                key=trial.key,
                name=upload.name,
                chunks=upload.chunks(),
                note=form.cleaned_data["note"],
            )
            messages.success(request, f"{kept.name} is attached.")
            return redirect(_PAGES[kind], trial.key)
    except (InvalidInput, TooLarge) as refusal:
        form.add_refusal(refusal)
    if isinstance(trial, RestoreTest):
        return _test_page(request, trial, file_form=form)
    return _exercise_page(request, trial, file_form=form)


@require_safe
def trial_file(request: HttpRequest, kind: str, key: str, attachment: UUID) -> FileResponse:
    """Hand out a file, as a download."""
    found = attachment_of(kind, trial_by_key(kind, key).key, attachment)
    return attachment_response(found, now=now_of(request))
