"""Pages of access reviews."""

from __future__ import annotations

import re
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from compliance.governing.kinds import HOLDINGS
from compliance.governing.states import HOLDING
from compliance.models import AccessHolding, AccessMove, AccessReview
from compliance.models.governance.access import ACCESS_REVIEW_PREFIX
from compliance.selectors.access import review_seen
from compliance.services.governance.access import (
    access_holding_decide,
    access_review_end,
    access_review_open,
    access_reviewers_assign,
)
from compliance.web.governance_parts import number_in, step_taken
from opsportal.core.access import may
from opsportal.core.errors import Conflict, FieldError, InvalidInput
from opsportal.core.sheets import table_of, text_of
from opsportal.web import refusals
from opsportal.web.csv import csv_response
from opsportal.web.forms import PortalForm
from opsportal.web.paging import page_of
from opsportal.web.people import remember_people
from opsportal.web.requests import actor_of, now_of

HEADER = (
    "number",
    "kind",
    "holder",
    "holder id",
    "what",
    "scope",
    "held from",
    "held until",
    "reviewer",
    "state",
    "reason",
    "decided by",
    "decided at",
)


class ReviewersForm(PortalForm):
    """Who reviews which line."""

    file = forms.FileField(max_length=1_000)


class HoldingFilter(forms.Form):
    """What the lines of a review are narrowed by."""

    state = forms.ChoiceField(required=False, choices=[("", "Every state"), *HOLDING.choices])
    kind = forms.ChoiceField(required=False, choices=[("", "Every kind"), *HOLDINGS.items()])
    mine = forms.ChoiceField(
        required=False, choices=[("", "Everybody's"), ("1", "Mine to decide")], label="Reviewer"
    )


@require_safe
def review_list(request: HttpRequest) -> HttpResponse:
    """List access reviews, newest first."""
    page = page_of(AccessReview.objects.all(), request, order=("-id",))
    remember_people(request, (("user", str(row.opened_by_id)) for row in page.items))
    context = {"page": page, "may_run": may(actor_of(request), "access_review.run")}
    return render(request, "compliance/governance/reviews.html", context)


@require_POST
def review_opened(request: HttpRequest) -> HttpResponse:
    """Freeze a list of everything that anybody holds."""
    url = reverse("compliance:access-reviews")
    return step_taken(
        request,
        lambda said: access_review_open(actor=actor_of(request), now=now_of(request), note=said["text"]),
        words="An access review is open.",
        url=url,
    )


@require_safe
def review_page(request: HttpRequest, key: str) -> HttpResponse:
    """Show a review: what is left to decide, who came and went."""
    review = review_seen(number_in(key, ACCESS_REVIEW_PREFIX))
    actor = actor_of(request)
    form = HoldingFilter(request.GET)
    rows = review.holdings.select_related("account")
    if form.is_valid():
        for name in ("state", "kind"):
            if form.cleaned_data[name]:
                rows = rows.filter(**{name: form.cleaned_data[name]})
        if form.cleaned_data["mine"] and actor.is_user:
            rows = rows.filter(reviewer=UUID(actor.id))
    else:
        rows = rows.none()
    page = page_of(rows, request, order=("number",))
    moves = list(review.moves.order_by("-at", "-id")[:50])
    remember_people(request, _people(review, page.items, moves))
    states = list(review.holdings.values_list("state", flat=True))
    context = {
        "review": review,
        "page": page,
        "form": form,
        "moves": moves,
        "counts": [(HOLDING.names[state], states.count(state)) for state in HOLDING.states],
        "lines": [(row, review.state == "open" and _may_decide(request, row)) for row in page.items],
        "may_run": review.state == "open" and may(actor, "access_review.run"),
        "by_opener": review.holdings.filter(reviewer=review.opened_by_id, state="undecided").count(),
    }
    status = 200 if form.is_valid() else 400
    return render(request, "compliance/governance/review.html", context, status=status)


def _may_decide(request: HttpRequest, row: AccessHolding) -> bool:
    return row.state in {"undecided", "confirmed"} and may(actor_of(request), "access_review.decide", row)


def _people(
    review: AccessReview, rows: list[AccessHolding], moves: list[AccessMove]
) -> list[tuple[str, str]]:
    ids = [review.opened_by_id, review.ended_by_id]
    for row in rows:
        ids += [row.person_id, row.reviewer_id, row.decided_by_id]
    ids += [move.person_id for move in moves]
    return [("user", str(one)) for one in ids if one]


@require_POST
def holding_decided(request: HttpRequest, key: str, line: int, verb: str) -> HttpResponse:
    """Confirm one line, or take away what it names."""
    pk = number_in(key, ACCESS_REVIEW_PREFIX)
    return step_taken(
        request,
        lambda said: access_holding_decide(
            actor=actor_of(request),
            now=now_of(request),
            review=pk,
            number=line,
            verdict=verb,
            reason=said["text"],
            version=said["version"],
        ),
        words=f"Line {line} is {'confirmed' if verb == 'confirm' else 'taken away'}.",
        url=reverse("compliance:access-review", args=[key]),
    )


@require_POST
def review_ended(request: HttpRequest, key: str, verb: str) -> HttpResponse:
    """Complete or cancel a review."""
    pk = number_in(key, ACCESS_REVIEW_PREFIX)
    return step_taken(
        request,
        lambda said: access_review_end(
            actor=actor_of(request),
            now=now_of(request),
            pk=pk,
            verb=verb,
            reason=said["text"],
            version=said["version"],
        ),
        words=f"{key} is {'completed' if verb == 'complete' else 'cancelled'}.",
        url=reverse("compliance:access-review", args=[key]),
    )


@require_POST
def reviewers_assigned(request: HttpRequest, key: str) -> HttpResponse:
    """Read who reviews which line from a CSV file such as `review_export` gives out."""
    pk, url = number_in(key, ACCESS_REVIEW_PREFIX), reverse("compliance:access-review", args=[key])
    form = ReviewersForm(request.POST, request.FILES)
    if not form.is_valid():
        messages.error(request, " ".join(str(error) for error in form.errors.get("file", [])))
        return redirect(url)
    try:
        wanted = _reviewers(form.cleaned_data["file"].read())
        changed = access_reviewers_assign(
            actor=actor_of(request), now=now_of(request), review=pk, wanted=wanted
        )
    except (InvalidInput, Conflict) as refusal:
        refusals.keep(request, refusal)
        messages.error(request, f"Nothing was changed. {refusal.detail}")
        return redirect(url)
    messages.success(request, f"{len(changed)} lines have another reviewer.")
    return redirect(url)


def _reviewers(content: bytes) -> dict[int, str]:
    """Return line -> reviewer of a CSV file; lines without one are left out. Raises `InvalidInput`."""
    rows = table_of(text_of(content), columns=HEADER, needed=("number", "reviewer"), name="lines")
    wrong = [fault for row in rows for fault in row.faults]
    wrong += [
        FieldError(row.pointer, "not_a_number", f"Row {index}: “{row.cells['number'][:20]}” is no number.")
        for index, row in enumerate(rows, start=2)
        if not (row.faults or re.fullmatch("[0-9]{1,9}", row.cells["number"].strip()))
    ]
    if wrong:
        raise InvalidInput(wrong)
    given = [(int(row.cells["number"]), row.cells["reviewer"].strip()) for row in rows]
    return {number: reviewer for number, reviewer in given if reviewer}


@require_safe
def review_export(request: HttpRequest, key: str) -> StreamingHttpResponse:
    """Give all lines of a review out as CSV. Who reviews them is read back from it: `reviewers_assigned`."""
    review = review_seen(number_in(key, ACCESS_REVIEW_PREFIX))
    related = ("account", "person", "reviewer", "decided_by")
    rows = review.holdings.select_related(*related).order_by("number").iterator(chunk_size=500)
    return csv_response(review.key, HEADER, (_cells(row) for row in rows))


def _cells(row: AccessHolding) -> tuple[object, ...]:
    return (
        row.number,
        row.get_kind_display(),
        row.person.display_name if row.person else row.account.slug if row.account else "",
        str(row.person_id or ""),
        row.what,
        row.scope,
        row.held_from.isoformat() if row.held_from else None,
        row.held_until.isoformat() if row.held_until else None,
        row.reviewer.email if row.reviewer else "",
        row.get_state_display(),
        row.reason,
        row.decided_by.display_name if row.decided_by else "",
        row.decided_at,
    )
