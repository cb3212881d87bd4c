"""What other pages show of audits: addresses of their keys, and the search. Working notes are in neither."""

from __future__ import annotations

from django.urls import reverse

from compliance.models.audits.findings import ACTION_PREFIX, FINDING_PREFIX, REQUEST_PREFIX
from compliance.models.audits.plan import AUDIT_PREFIX
from compliance.selectors.audits.seen import actions_seen, audits_seen, findings_seen, requests_seen
from opsportal.core.actor import Actor
from opsportal.core.keys import format_key, number_of
from opsportal.core.registry import SearchHit, key_urls, search_sources


def audit_path(number: int) -> str:
    """Return the path of the page on which an audit is worked on."""
    return reverse("admin:compliance_audit_work", args=[number])


def finding_path(number: int) -> str:
    """Return the path of the page of a finding."""
    return reverse("compliance:audit-finding", args=[format_key(FINDING_PREFIX, number)])


def action_path(number: int) -> str:
    """Return the path of the page of a corrective action."""
    return reverse("compliance:audit-action", args=[format_key(ACTION_PREFIX, number)])


def request_path(number: int) -> str:
    """Return the path of the page of an evidence request."""
    return reverse("compliance:audit-request", args=[format_key(REQUEST_PREFIX, number)])


def search(actor: Actor, text: str, limit: int) -> list[SearchHit]:
    """Find audits, findings, corrective actions and evidence requests that `actor` may see, latest first."""
    hits: list[SearchHit] = []
    for prefix, kind, seen, path in (
        (AUDIT_PREFIX, "Audit", audits_seen, audit_path),
        (FINDING_PREFIX, "Finding", findings_seen, finding_path),
        (ACTION_PREFIX, "Corrective action", actions_seen, action_path),
        (REQUEST_PREFIX, "Evidence request", requests_seen, request_path),
    ):
        number = number_of(text, prefix)
        rows = seen(actor)
        rows = rows.filter(pk=number) if number is not None else rows.filter(title__icontains=text)
        for row in rows.order_by("-pk")[: limit - len(hits)]:
            hits.append(SearchHit(row.key, row.title, kind, path(row.pk)))
    return hits


def register() -> None:
    """Put addresses and the search of audits where they belong."""
    search_sources.add("audits", search)
    for prefix, path in (
        (AUDIT_PREFIX, audit_path),
        (FINDING_PREFIX, finding_path),
        (ACTION_PREFIX, action_path),
        (REQUEST_PREFIX, request_path),
    ):
        key_urls.add(prefix, path)
