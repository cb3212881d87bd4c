"""Closing a change: the review, what was learned, what is attested, on one page."""

from __future__ import annotations

from collections.abc import Iterable

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from changes.services.closing import change_close, change_review
from changes.states import CHANGE
from changes.web.loading import Seen, change_seen
from changes.web.standing import standing_of
from opsportal.core.access import require
from opsportal.core.errors import IllegalMove, InvalidInput, RuleRefused
from opsportal.standards import engine
from opsportal.standards.engine import AttestDemand, FieldDemand
from opsportal.web import refusals
from opsportal.web.forms import PortalForm
from opsportal.web.requests import actor_of, now_of

POINT = "change.close"


class CloseForm(PortalForm):
    """Review, lessons learned, and a tick with its evidence for each duty that is not attested yet."""

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    review = forms.CharField(
        required=False, widget=forms.Textarea, help_text="What happened, and did it do what it was for?"
    )
    lessons_learned = forms.CharField(
        required=False, widget=forms.Textarea, help_text="What will be done differently next time?"
    )

    def __init__(self, *given: object, duties: Iterable[AttestDemand], **named: object) -> None:
        super().__init__(*given, **named)  # type: ignore[arg-type]
        self.duties = list(duties)
        self.pointers = {}
        for one in self.duties:
            self.fields[f"duty-{one.demand.id}"] = forms.BooleanField(required=False, label=one.demand.title)
            self.fields[f"evidence-{one.demand.id}"] = forms.CharField(
                required=False, label="What shows it", help_text="A link, a number, a name of a report."
            )

    def duty_fields(self) -> list[tuple[AttestDemand, forms.BoundField, forms.BoundField]]:
        """Return each duty with its two fields."""
        return [
            (one, self[f"duty-{one.demand.id}"], self[f"evidence-{one.demand.id}"]) for one in self.duties
        ]

    def attestations(self) -> dict[str, object]:
        """Return what is attested: duty -> what shows it."""
        return {
            one.demand.id: self.cleaned_data[f"evidence-{one.demand.id}"]
            for one in self.duties
            if self.cleaned_data[f"duty-{one.demand.id}"]
        }


@require_http_methods(["GET", "HEAD", "POST"])
def change_close_page(request: HttpRequest, key: str) -> HttpResponse:
    """Write the review, attest, and close; or keep the review for now."""
    seen = change_seen(key, actor=actor_of(request), now=now_of(request))
    require(seen.actor, "change.close", seen.case)
    if not CHANGE.can(seen.change.state, "close"):
        raise IllegalMove(f"A change that is {CHANGE.names[seen.change.state].lower()} cannot be closed.")
    attested = list(seen.change.attestations.values_list("duty", flat=True))
    duties = [
        one for one in engine.attestations(seen.standard, POINT, seen.facts) if one.demand.id not in attested
    ]
    initial = {
        "version": seen.change.version,
        "review": seen.change.review,
        "lessons_learned": seen.change.lessons_learned,
    }
    if request.method != "POST":
        return _page(request, seen, CloseForm(initial=initial, duties=duties), attested)
    form = CloseForm(request.POST, duties=duties)
    if not form.is_valid():
        return _page(request, seen, form, attested, status=400)
    try:
        return _saved(request, seen, form)
    except (InvalidInput, RuleRefused) as refusal:
        form.add_refusal(refusal)
        refusals.keep(request, refusal)
        return _page(request, seen, form, attested, status=refusal.status)


def _saved(request: HttpRequest, seen: Seen, form: CloseForm) -> HttpResponse:
    written = {name: form.cleaned_data[name] for name in ("review", "lessons_learned", "version")}
    if request.POST.get("action") == "review":
        change_review(actor=seen.actor, now=seen.now, pk=seen.change.pk, **written)
        messages.success(request, f"The review of {seen.key} is saved.")
    else:
        change_close(
            actor=seen.actor, now=seen.now, pk=seen.change.pk, attestations=form.attestations(), **written
        )
        messages.success(request, f"{seen.key} is closed.")
    return redirect("changes:change", seen.key)


def _page(
    request: HttpRequest, seen: Seen, form: CloseForm, attested: list[str], *, status: int = 200
) -> HttpResponse:
    demands: dict[str, FieldDemand] = {
        one.demand.field: one for one in engine.fields(seen.standard, POINT, seen.facts)
    }
    context = {
        "seen": seen,
        "form": form,
        "standing": standing_of(seen, attested),
        "review_rule": demands.get("review"),
        "lessons_rule": demands.get("lessons_learned"),
    }
    return render(request, "changes/close.html", context, status=status)
