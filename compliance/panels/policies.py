"""What other pages show of policies and documents: what waits for the reader, keys, search, subjects."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.urls import reverse

from compliance.evaluators import register as evaluators_register
from compliance.facts.policies import document_facts, policy_facts
from compliance.models import Document, Policy
from compliance.models.policies import DOCUMENT_PREFIX, POLICY_PREFIX
from compliance.selectors.kept import keep_evaluate
from compliance.selectors.policies import documents_loaded, policies_loaded, policies_to_vote
from compliance.subjects import Known
from compliance.subjects import register as subjects_register
from opsportal.catalog.models import Service
from opsportal.core.actor import Actor
from opsportal.core.keys import format_key, number_of
from opsportal.core.registry import (
    Panel,
    SearchHit,
    key_urls,
    panels,
    rounds_elsewhere,
    search_sources,
    subject_urls,
)
from opsportal.obligations.terms import Owner
from opsportal.standards.standing import Keep

SHOWN = 20


def policy_path(number: int) -> str:
    """Return the path of the page of a policy."""
    return reverse("compliance:policy", args=[format_key(POLICY_PREFIX, number)])


def document_path(number: int) -> str:
    """Return the path of the page of a document."""
    return reverse("compliance:document", args=[format_key(DOCUMENT_PREFIX, number)])


def round_path(key: str) -> str:
    """Return the path for what a round of approval is about: `POL-3.2` is version 2 of POL-3."""
    return reverse("compliance:policy", args=[key.partition(".")[0]])


def waiting(actor: Actor, now: datetime, subject: Any) -> dict[str, Any] | None:
    """Return the policies on which the reader's vote is waited for."""
    if not actor.is_user:
        return None
    found = policies_to_vote(UUID(actor.id), now)[:SHOWN]
    return {"policies": found} if found else None


def of_service(actor: Actor, now: datetime, subject: Any) -> dict[str, Any] | None:
    """Return the registered documents of one service."""
    assert isinstance(subject, Service)  # noqa: S101 - the place of this panel
    rows = documents_loaded().filter(service=subject, state="registered").order_by("title", "id")
    return {"service": subject, "documents": list(rows[:SHOWN])}


def search(actor: Actor, text: str, limit: int) -> list[SearchHit]:
    """Return the policies and documents whose title contains the text."""
    policies = Policy.objects.filter(title__icontains=text).exclude(state="retired").order_by("title", "id")
    hits = [SearchHit(row.key, row.title, "Policy", policy_path(row.pk)) for row in policies[:limit]]
    documents = Document.objects.filter(
        Q(title__icontains=text) | Q(url__icontains=text), state="registered"
    ).order_by("title", "id")
    hits += [SearchHit(row.key, row.title, "Document", document_path(row.pk)) for row in documents[:limit]]
    return hits[:limit]


def rounds_shown(keys: Collection[str]) -> dict[str, SearchHit]:
    """Return what an agenda shows of the rounds of approval of these keys (`POL-3.2`)."""
    numbers = {key: number_of(key.partition(".")[0], POLICY_PREFIX) for key in keys}
    titles = dict(Policy.objects.filter(pk__in=filter(None, numbers.values())).values_list("pk", "title"))
    return {
        key: SearchHit(key.partition(".")[0], titles[number], "Policy", policy_path(number))
        for key, number in numbers.items()
        if number in titles
    }


def known_policies(now: datetime) -> Iterable[Known]:
    """Return the policies in force, as what rules may be about."""
    rows = policies_loaded().filter(published__isnull=False).exclude(state="retired")
    for row in rows.order_by("id"):
        yield Known(
            key=row.key,
            title=row.title,
            since=row.published_at or row.created_at,
            owner=Owner.user(row.owner_id),
            facts=policy_facts(kind=row.kind, audience=row.audience_kind, number=row.published or 0),
        )


def known_documents(now: datetime) -> Iterable[Known]:
    """Return the registered documents, as what rules may be about."""
    for row in documents_loaded().filter(state="registered").order_by("id"):
        service = row.service
        yield Known(
            key=row.key,
            title=row.title,
            since=row.created_at,
            owner=Owner.user(row.owner_id),
            facts=document_facts(
                kind=row.kind,
                service=service.slug if service else "",
                tier=service.tier if service else "",
            ),
            services=(service.slug,) if service else (),
            teams=(row.team.slug,) if row.team else (),
        )


def register() -> None:
    """Put panels, addresses, search, subjects and the evaluator where they belong."""
    panels.add(
        "compliance.policies.waiting",
        Panel("home.waiting", 40, "compliance/policies/panel_waiting.html", waiting),
    )
    panels.add(
        "compliance.documents.service",
        Panel("service.main", 60, "compliance/policies/panel_service.html", of_service),
    )
    key_urls.add(POLICY_PREFIX, policy_path)
    key_urls.add(DOCUMENT_PREFIX, document_path)
    subject_urls.add("policy", round_path)
    rounds_elsewhere.add("policy", rounds_shown)
    search_sources.add("policies", search)
    subjects_register("policy", known_policies)
    subjects_register("document", known_documents)
    evaluators_register(Keep, keep_evaluate)
