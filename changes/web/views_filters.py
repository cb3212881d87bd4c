"""Saved filters of the list of changes."""

from __future__ import annotations

from urllib.parse import parse_qsl

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from changes.services.filters import filter_remove, filter_save
from opsportal.web.requests import actor_of, now_of


@require_POST
def filter_saved(request: HttpRequest) -> HttpResponse:
    """Keep the filter that the form carries, and show it."""
    saved = filter_save(
        actor=actor_of(request),
        now=now_of(request),
        name=request.POST.get("name", ""),
        query=dict(parse_qsl(request.POST.get("query", "")[:4_000], max_num_fields=20)),
        team=request.POST.get("team", ""),
    )
    messages.success(request, f"“{saved.name}” is saved.")
    return redirect(f"{reverse('changes:list')}?{saved.query}")


@require_POST
def filter_removed(request: HttpRequest, pk: int) -> HttpResponse:
    """Remove a filter of the reader's own."""
    filter_remove(actor=actor_of(request), now=now_of(request), pk=pk)
    messages.success(request, "The filter is removed.")
    return redirect("changes:list")
