"""How to reach me: the reader's own ways, their order, and a test of each with its receipt."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from opsportal.core.access import require
from opsportal.core.errors import Refusal
from opsportal.notify import services
from opsportal.notify.channels import ways
from opsportal.notify.models import ContactMethod, ReachPlan
from opsportal.notify.reach import ACCOUNT, ACCOUNT_EMAIL, Method, PageUrgency, steps_of
from opsportal.notify.selectors import methods_of, pages_of, plan_of, waiting_tests
from opsportal.web import refusals
from opsportal.web.forms import PortalForm
from opsportal.web.requests import actor_of, now_of

PAGE = "notify:reach"
_WAITS = (0, 1, 2, 3, 5, 10, 15, 20, 30, 45, 60)
_SHOWN_PAGES = 10
_URGENCIES: tuple[tuple[PageUrgency, str], ...] = (("high", "When it is urgent"), ("low", "When it can wait"))


class AddForm(PortalForm):
    """A way to add."""

    kind = forms.ChoiceField(label="Way")
    address = forms.CharField(label="Number, id or address", max_length=300)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = [(kind, way) for kind, way in ways.items() if way.for_people and way.is_configured()]
        kinds = self.fields["kind"]
        assert isinstance(kinds, forms.ChoiceField)  # noqa: S101 - declared above
        kinds.choices = [(kind, way.title) for kind, way in offered]
        self.fields["address"].help_text = " ".join(f"{way.title}: {way.hint}." for _, way in offered)


class CodeForm(PortalForm):
    """The code that arrived."""

    code = forms.CharField(
        label="Code",
        max_length=12,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "one-time-code"}),
    )


class PlanForm(PortalForm):
    """When each way has its turn: one field for each way and urgency."""

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, methods: list[ContactMethod], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        named = [(ACCOUNT_EMAIL, "E-mail of your account")]
        named += [(str(row.pk), title_of(row)) for row in methods if row.state == "verified"]
        self.always = []
        for urgency, _ in _URGENCIES:
            for key, title in named:
                name = f"{urgency}_{key}"
                self.always.append(name)
                self.fields[name] = forms.TypedChoiceField(
                    label=title, choices=_choices(), required=False, coerce=int, empty_value=None
                )

    def groups(self) -> list[tuple[str, list[forms.BoundField]]]:
        """Return the fields under the words of their urgency."""
        return [
            (words, [bound for bound in self if bound.name.startswith(f"{urgency}_")])
            for urgency, words in _URGENCIES
        ]

    def chosen(self) -> dict[str, Any]:
        """Return what the service takes."""
        steps: dict[str, Any] = {
            urgency: [
                {"method": name.removeprefix(f"{urgency}_"), "after": value}
                for name, value in self.cleaned_data.items()
                if name.startswith(f"{urgency}_") and value is not None
            ]
            for urgency, _ in _URGENCIES
        }
        return {**steps, "version": self.cleaned_data["version"]}


def _choices() -> list[tuple[Any, str]]:
    words = {0: "at once", 1: "after 1 minute"}
    return [("", "not used"), *((wait, words.get(wait, f"after {wait} minutes")) for wait in _WAITS)]


def title_of(row: ContactMethod) -> str:
    """Return a method as its owner reads it."""
    way = ways.get(row.kind)
    return f"{way.title if way else row.kind}: {row.address}"


def _initial(plan: ReachPlan, methods: list[ContactMethod]) -> dict[str, Any]:
    verified = [Method(str(row.pk), row.kind) for row in methods if row.state == "verified"]
    initial: dict[str, Any] = {"version": plan.version}
    for urgency, _ in _URGENCIES:
        for step in steps_of(getattr(plan, urgency), verified, urgency):
            initial[f"{urgency}_{step.method.key}"] = int(step.after.total_seconds() // 60)
    return initial


@require_safe
def reach_page(request: HttpRequest) -> HttpResponse:
    """Show the reader's ways, their order, and what they were paged about lately."""
    return _shown(request)


@require_POST
def add(request: HttpRequest) -> HttpResponse:
    """Add a way and send its code."""
    form = AddForm(request.POST)
    if not form.is_valid():
        return _shown(request, status=400, form=form)
    try:
        services.contact_method_add(actor=actor_of(request), now=now_of(request), **form.cleaned_data)
    except Refusal as refusal:
        return _refused(request, form, refusal, "form")
    return _back(request, "A code is on its way. Type it in below within 10 minutes.")


@require_POST
def verify(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Take the code of a way."""
    form = CodeForm(request.POST, prefix=str(pk))
    if not form.is_valid():
        return _shown(request, status=400, code_forms={pk: form})
    actor, now = actor_of(request), now_of(request)
    try:
        services.contact_method_verify(actor=actor, now=now, pk=pk, code=form.cleaned_data["code"])
    except Refusal as refusal:
        form.add_refusal(refusal)
        refusals.keep(request, refusal)
        return _shown(request, status=refusal.status, code_forms={pk: form})
    return _back(request, "Verified. You are paged this way from now on.")


@require_POST
def send_code(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Send another code."""
    services.contact_method_send_code(actor=actor_of(request), now=now_of(request), pk=pk)
    return _back(request, "A new code is on its way. Only the newest one is good.")


@require_POST
def remove(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Forget a way."""
    services.contact_method_remove(actor=actor_of(request), now=now_of(request), pk=pk)
    return _back(request, "Removed.")


@require_POST
def try_out(request: HttpRequest, pk: UUID | None = None) -> HttpResponse:
    """Send a test by one way; without one, by the account's e-mail."""
    services.contact_test(actor=actor_of(request), now=now_of(request), pk=pk)
    return _back(request, "A test is on its way. Say below, or in the message, that it arrived.")


@require_POST
def confirm(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Take the receipt of a test, or acknowledge a page of one's own."""
    services.page_acknowledge(actor=actor_of(request), now=now_of(request), pk=pk)
    return _back(request, "Noted.")


@require_POST
def order(request: HttpRequest) -> HttpResponse:
    """Take the order of the ways."""
    form = PlanForm(request.POST, methods=methods_of(actor_of(request).id))
    if not form.is_valid():
        return _shown(request, status=400, plan_form=form)
    try:
        services.reach_plan_choose(actor=actor_of(request), now=now_of(request), **form.chosen())
    except Refusal as refusal:
        return _refused(request, form, refusal, "plan_form")
    return _back(request, "Saved.")


def _refused(request: HttpRequest, form: PortalForm, refusal: Refusal, name: str) -> HttpResponse:
    form.add_refusal(refusal)
    refusals.keep(request, refusal)
    return _shown(request, status=refusal.status, **{name: form})


def _shown(request: HttpRequest, *, status: int = 200, **given: Any) -> HttpResponse:
    actor = actor_of(request)
    require(actor, "contact.change")
    methods, plan = methods_of(actor.id), plan_of(actor.id)
    code_forms = given.get("code_forms", {})
    own = [
        {
            "row": row,
            "title": title_of(row),
            "form": code_forms.get(row.pk, CodeForm(prefix=str(row.pk))),
        }
        for row in methods
    ]
    context = {
        "methods": own,
        "account": ACCOUNT,
        "form": given.get("form") or AddForm(),
        "plan_form": given.get("plan_form") or PlanForm(initial=_initial(plan, methods), methods=methods),
        "tests": waiting_tests(actor.id, now_of(request)),
        "pages": pages_of(actor.id)[:_SHOWN_PAGES],
    }
    return render(request, "notify/reach.html", context, status=status)


def _back(request: HttpRequest, text: str) -> HttpResponse:
    messages.success(request, text)
    return redirect(PAGE)
