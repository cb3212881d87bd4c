"""Saved filters of the list of changes."""

from __future__ import annotations

from urllib.parse import parse_qsl

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from changes.selectors.filters import list_filter
from changes.services.filters import filter_remove, filter_save
from changes.web.views_list import listed
from opsportal.core.errors import Conflict, InvalidInput
from opsportal.web import refusals
from opsportal.web.forms import PortalForm
from opsportal.web.requests import actor_of, now_of


class SaveForm(PortalForm):
    """The name of a filter, and with whom it is shared."""

    name = forms.CharField(required=False)
    team = forms.CharField(required=False, label="Share with")


@require_POST
def filter_saved(request: HttpRequest) -> HttpResponse:
    """Keep the filter that the form carries, and show it. What is wrong with it is said on its list."""
    query = dict(parse_qsl(request.POST.get("query", "")[:4_000], max_num_fields=20))
    try:
        saved = filter_save(
            actor=actor_of(request),
            now=now_of(request),
            name=request.POST.get("name", ""),
            query=query,
            team=request.POST.get("team", ""),
        )
    except (InvalidInput, Conflict) as refusal:
        filters = list_filter(query)
        if not filters.query:
            raise
        refusals.keep(request, refusal)
        form = SaveForm(request.POST, auto_id="filter-%s")
        form.add_refusal(refusal)
        request.GET = QueryDict(filters.query)  # the links of the list go on from it
        return listed(request, filters, form, refusal.status)
    messages.success(request, f"“{saved.name}” is saved.")
    return redirect(f"{reverse('changes:list')}?{saved.query}")


@require_POST
def filter_removed(request: HttpRequest, pk: int) -> HttpResponse:
    """Remove a filter of the reader's own."""
    filter_remove(actor=actor_of(request), now=now_of(request), pk=pk)
    messages.success(request, "The filter is removed.")
    return redirect("changes:list")
