"""Pages of requests of persons."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from compliance.governing.kinds import REQUESTS
from compliance.governing.states import PERSON_REQUEST, REQUEST_OPEN
from compliance.models import PersonRequest
from compliance.models.governance.requests import PERSON_REQUEST_PREFIX
from compliance.selectors.requests import request_seen
from compliance.services.governance.requests import VERBS, person_request_move, person_request_receive
from compliance.web.governance_parts import Step, form_page, given, number_in, people, step_taken
from opsportal.core.access import may
from opsportal.core.errors import NotFound
from opsportal.web.forms import LocalMomentField, PortalForm
from opsportal.web.paging import page_of
from opsportal.web.people import remember_people
from opsportal.web.requests import actor_of, now_of

_STEPS = (
    ("identify", "It is them", "btn-primary"),
    ("erase", "Erase the member", "btn-outline-danger"),
    ("answer", "It is answered", "btn-primary"),
    ("extend", "Two months more", ""),
    ("refuse", "Refuse", "btn-outline-danger"),
    ("withdraw", "They withdrew it", ""),
)


class RequestForm(PortalForm):
    """What somebody asks."""

    kind = forms.ChoiceField(choices=list(REQUESTS.items()), label="They want to")
    reference = forms.CharField(
        max_length=100, help_text="Opaque: a customer number or a ticket. No name, no address."
    )
    contact = forms.CharField(
        required=False,
        max_length=300,
        label="How to answer them",
        help_text="Only whoever handles it sees this; it is forgotten 30 days after the end.",
    )
    member = forms.ChoiceField(required=False, label="Member of the portal")
    systems = forms.CharField(required=False, max_length=500, label="Which systems")
    received_at = LocalMomentField(required=False, label="Received", help_text="Nothing: now.")
    handler = forms.ChoiceField(required=False, label="Who handles it")

    def __init__(self, *values: Any, **named: Any) -> None:
        super().__init__(*values, **named)
        known = people()
        self.fields["member"].choices = [("", "Not one"), *known]  # type: ignore[attr-defined]
        self.fields["handler"].choices = [("", "Me"), *known]  # type: ignore[attr-defined]


@require_safe
def request_list(request: HttpRequest) -> HttpResponse:
    """List requests of persons: those to be answered, or all."""
    rows = PersonRequest.objects.all()
    everything = request.GET.get("state") == "any"
    if not everything:
        rows = rows.filter(state__in=REQUEST_OPEN)
    page = page_of(rows, request, order=("due_at", "id"))
    actor = actor_of(request)
    seen = {row.pk for row in page.items if may(actor, "person_request.see", row)}
    remember_people(request, (("user", str(row.handler_id)) for row in page.items if row.pk in seen))
    context = {
        "page": page,
        "rows": [(row, row.pk in seen) for row in page.items],
        "may_receive": may(actor, "person_request.receive"),
        "everything": everything,
        "now": now_of(request),
        "open": REQUEST_OPEN,
    }
    return render(request, "compliance/governance/requests.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def request_new(request: HttpRequest) -> HttpResponse:
    """Take in a request."""
    form = RequestForm(request.POST or None)
    return form_page(
        request,
        form,
        lambda: person_request_receive(actor=actor_of(request), now=now_of(request), fields=given(form)),
        done=lambda made: (
            f"{made.key} is taken in.",
            reverse("compliance:person-request", args=[made.key]),
        ),
        title="Take in a request",
        lead="Somebody asks what is kept about them, or wants it corrected or deleted.",
        back=("Requests of persons", reverse("compliance:person-requests")),
        label="Take it in",
    )


@require_safe
def request_page(request: HttpRequest, key: str) -> HttpResponse:
    """Show a request; whom it is about only to whoever handles it or took it in."""
    row = request_seen(number_in(key, PERSON_REQUEST_PREFIX))
    actor = actor_of(request)
    may_see = may(actor, "person_request.see", row)
    ids = (row.handler_id, row.identified_by_id, row.member_id) if may_see else ()
    remember_people(request, [("user", str(one)) for one in ids if one])
    may_handle = may(actor, "person_request.handle", row)
    erasable = row.kind == "deletion" and row.member_id is not None and row.erased_at is None
    steps = [
        Step(verb, label, look, reverse("compliance:person-request-step", args=[row.key, verb]))
        for verb, label, look in _STEPS
        if may_handle
        and PERSON_REQUEST.can(row.state, verb)
        and (verb != "erase" or (erasable and actor.is_staff))
        and (verb != "answer" or not erasable)
        and (verb != "extend" or not row.extended_because)
    ]
    context = {
        "row": row,
        "steps": steps,
        "may_see": may_see,
        "is_overdue": row.state in REQUEST_OPEN and row.due_at <= now_of(request),
    }
    return render(request, "compliance/governance/request.html", context)


@require_POST
def request_step(request: HttpRequest, key: str, verb: str) -> HttpResponse:
    """Take a step on a request."""
    pk = number_in(key, PERSON_REQUEST_PREFIX)
    if verb not in VERBS:
        raise NotFound("There is no such step.")
    return step_taken(
        request,
        lambda said: person_request_move(
            actor=actor_of(request), now=now_of(request), pk=pk, verb=verb, **said
        ),
        words=f"{key}: {VERBS[verb]}.",
        url=reverse("compliance:person-request", args=[key]),
    )
