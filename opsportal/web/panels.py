"""Laying out what other apps show: a panel is rendered where it has something to say."""

from __future__ import annotations

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from opsportal.core.registry import panels_at
from opsportal.web.requests import actor_of, now_of


def rendered_panels(request: HttpRequest, place: str, subject: object = None) -> list[SafeString]:
    """Return the panels at `place` that have something to show, as HTML, in their order."""
    shown: list[SafeString] = []
    for panel in panels_at(place):
        context = panel.context(actor_of(request), now_of(request), subject)
        if context is not None:
            shown.append(render_to_string(panel.template, context, request))
    return shown
