"""What the pages of governance have in common: forms that call one service, and steps with a text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from opsportal.accounts.selectors import colleagues, workers
from opsportal.core.errors import Conflict, Forbidden, InvalidInput, NotFound, TooLarge
from opsportal.core.keys import number_of
from opsportal.web import refusals
from opsportal.web.forms import PortalForm

MOST_PEOPLE = 1_000
REFUSALS = (InvalidInput, Conflict, Forbidden, TooLarge)


@dataclass(frozen=True, slots=True)
class Step:
    """A button: the verb of the machine, its words, its look, where it posts."""

    verb: str
    label: str
    look: str
    url: str


class StepForm(PortalForm):
    """What somebody says with a step, and the version that they saw."""

    text = forms.CharField(required=False, widget=forms.Textarea)
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)


def people() -> list[tuple[str, str]]:
    """Return the people who may sign in, to choose from."""
    rows = colleagues().order_by("full_name", "pk")[:MOST_PEOPLE]
    return [(str(person.pk), person.full_name) for person in rows]


def workers_to_choose() -> list[tuple[str, str]]:
    """Return the people who can be given something to do, to choose from."""
    rows = workers().order_by("full_name", "pk")[:MOST_PEOPLE]
    return [(str(person.pk), person.full_name) for person in rows]


def given(form: forms.Form, *, without: tuple[str, ...] = ("version",)) -> dict[str, Any]:
    """Return what was filled in, as a service takes it: empty fields are not among it."""
    return {
        name: value
        for name, value in form.cleaned_data.items()
        if name not in without and value not in ("", None, [])
    }


def number_in(key: str, prefix: str) -> int:
    """Return the number of a key of the URL. Raises `NotFound`."""
    found = number_of(key, prefix)
    if found is None:
        raise NotFound("There is nothing of this key.")
    return found


def form_page(
    request: HttpRequest,
    form: PortalForm,
    write: Callable[[], Any],
    *,
    done: Callable[[Any], tuple[str, str]],
    refused_with: int = 0,
    **context: Any,
) -> HttpResponse:
    """Show a form, or take it: `write` calls the one service, `done` says what and where to go then.

    `refused_with` is the status of what was refused before the form could be read.
    """
    status = refused_with or 200
    if request.method == "POST" and not refused_with:
        status = 400
        if form.is_valid():
            try:
                made = write()
            except REFUSALS as refusal:
                form.add_refusal(refusal)
                refusals.keep(request, refusal)
                status = refusal.status
            else:
                words, url = done(made)
                messages.success(request, words)
                return redirect(url)
    return render(request, "compliance/governance/form.html", {"form": form, **context}, status=status)


def step_taken(
    request: HttpRequest, write: Callable[[dict[str, Any]], Any], *, words: str, url: str
) -> HttpResponse:
    """Take a step that a page's button posted, and go back to the page with what came of it."""
    form = StepForm(request.POST)
    values = form.cleaned_data if form.is_valid() else {}
    try:
        write({"text": values.get("text", ""), "version": values.get("version")})
    except (InvalidInput, Conflict) as refusal:
        refusals.keep(request, refusal)
        messages.error(request, refusal.detail)
        return redirect(url)
    messages.success(request, words)
    return redirect(url)
