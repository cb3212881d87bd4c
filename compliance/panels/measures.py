"""Where other pages lead to of measures."""

from __future__ import annotations

from django.urls import reverse

from opsportal.core.keys import format_key
from opsportal.core.registry import key_urls, subject_urls


def _figure(key: str) -> str:
    figure, _, service = key.partition("/")
    path = reverse("compliance:figure", args=[figure])
    return f"{path}?service={service}" if service else path


def _objective(number: int) -> str:
    return reverse("compliance:objective", args=[format_key("SLO", number)])


def register() -> None:
    """Register what is of this area."""
    subject_urls.add("figure", _figure)
    key_urls.add("SLO", _objective)
