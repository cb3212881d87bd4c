"""Lists of templates, and finding one."""

from __future__ import annotations

from django.db.models import Prefetch, QuerySet

from changes.models import ChangeTemplate, TemplateTarget
from opsportal.core.errors import NotFound

TEMPLATE_ORDERINGS: dict[str, tuple[str, str]] = {
    "title": ("title", "id"),
    "-title": ("-title", "-id"),
    "updated_at": ("updated_at", "id"),
    "-updated_at": ("-updated_at", "-id"),
}


def templates_loaded() -> QuerySet[ChangeTemplate]:
    """Return all templates with their author and places; two queries when read."""
    targets = TemplateTarget.objects.select_related("service__owner_team", "environment").order_by(
        "environment__rank", "environment__slug", "service__slug"
    )
    return ChangeTemplate.objects.select_related("author").prefetch_related(
        Prefetch("targets", queryset=targets)
    )


def template_by_slug(slug: str) -> ChangeTemplate:
    """Return the template, loaded. Raises `NotFound`."""
    template = templates_loaded().filter(slug=slug).first()
    if template is None:
        raise NotFound("There is no such template.")
    return template
