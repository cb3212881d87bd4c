"""Where other pages lead to of measures."""

from __future__ import annotations

from django.urls import reverse

from compliance.models import Objective
from opsportal.core.actor import Actor
from opsportal.core.keys import format_key
from opsportal.core.registry import SearchHit, key_urls, search_sources, subject_urls


def _figure(key: str) -> str:
    figure, _, service = key.partition("/")
    path = reverse("compliance:figure", args=[figure])
    return f"{path}?service={service}" if service else path


def _objective(number: int) -> str:
    return reverse("compliance:objective", args=[format_key("SLO", number)])


def search(actor: Actor, text: str, limit: int) -> list[SearchHit]:
    """Find objectives by a part of their title."""
    rows = Objective.objects.filter(title__icontains=text).order_by("-id")
    return [SearchHit(row.key, row.title, "Objective", _objective(row.pk)) for row in rows[:limit]]


def register() -> None:
    """Register what is of this area."""
    subject_urls.add("figure", _figure)
    key_urls.add("SLO", _objective)
    search_sources.add("objectives", search)
