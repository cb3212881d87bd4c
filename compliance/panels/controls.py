"""What other pages show of controls: keys, search, subjects of rules."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q
from django.urls import reverse

from compliance.facts.controls import control_facts
from compliance.models import Control, ControlException, EvidenceItem, Framework
from compliance.models.controls import CONTROL_PREFIX, EVIDENCE_PREFIX, EXCEPTION_PREFIX
from compliance.selectors.controls import controls_loaded
from compliance.subjects import Known
from compliance.subjects import register as subjects_register
from opsportal.core.actor import Actor
from opsportal.core.keys import format_key
from opsportal.core.registry import SearchHit, key_urls, search_sources, subject_urls
from opsportal.obligations.terms import Owner


def control_path(number: int) -> str:
    """Return the path of the page of a control."""
    return reverse("compliance:control", args=[format_key(CONTROL_PREFIX, number)])


def evidence_path(number: int) -> str:
    """Return the path of the page of a piece of evidence."""
    return reverse("compliance:evidence-item", args=[format_key(EVIDENCE_PREFIX, number)])


def exception_path(number: int) -> str:
    """Return the path of the page of an exception."""
    return reverse("compliance:exception", args=[format_key(EXCEPTION_PREFIX, number)])


def search(actor: Actor, text: str, limit: int) -> list[SearchHit]:
    """Return the controls, exceptions and evidence whose title or words contain the text."""
    controls = Control.objects.filter(
        Q(title__icontains=text) | Q(answers__requirement__reference__iexact=text), state="active"
    )
    hits = [
        SearchHit(row.key, row.title, "Control", control_path(row.pk))
        for row in controls.distinct().order_by("id")[:limit]
    ]
    exceptions = ControlException.objects.filter(title__icontains=text).order_by("-id")
    hits += [SearchHit(row.key, row.title, "Exception", exception_path(row.pk)) for row in exceptions[:limit]]
    items = EvidenceItem.objects.filter(title__icontains=text, state="standing").order_by("-id")
    hits += [SearchHit(row.key, row.title, "Evidence", evidence_path(row.pk)) for row in items[:limit]]
    frameworks = Framework.objects.filter(title__icontains=text).order_by("title", "id")
    hits += [SearchHit("", row.title, "Framework", framework_path(row.slug)) for row in frameworks[:limit]]
    return hits[:limit]


def known_controls(now: datetime) -> Iterable[Known]:
    """Return the controls in use, as what rules may be about."""
    for row in controls_loaded().filter(state="active").order_by("id"):
        slugs = {one.framework.slug for one in row.requirements.all()}
        yield Known(
            key=row.key,
            title=row.title,
            since=row.created_at,
            owner=Owner.user(row.owner_id),
            facts=control_facts(frequency=row.frequency, frameworks=slugs),
            teams=(row.team.slug,) if row.team else (),
        )


def register() -> None:
    """Put the addresses, the search source and the subjects of controls where they belong."""
    key_urls.add(CONTROL_PREFIX, control_path)
    key_urls.add(EVIDENCE_PREFIX, evidence_path)
    key_urls.add(EXCEPTION_PREFIX, exception_path)
    subject_urls.add("framework", framework_path)
    search_sources.add("controls", search)
    subjects_register("control", known_controls)


def framework_path(slug: str) -> str:
    """Return the path of the page of a framework."""
    return reverse("compliance:framework", args=[slug])
