"""Lists as CSV files: all rows that the filters of the page leave, newest first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from django.http import HttpRequest, StreamingHttpResponse
from django.views.decorators.http import require_safe

from changes.models import Change, Deployment
from changes.web.listing import changes_listed, filters_of
from changes.web.listing_deployments import chosen_of, deployments_listed
from opsportal.web.csv import csv_response, newest_first
from opsportal.web.requests import actor_of, now_of

CHANGE_COLUMNS = (
    "key",
    "type",
    "state",
    "title",
    "risk",
    "services",
    "environments",
    "requester",
    "implementer",
    "window_start",
    "window_end",
    "tags",
    "outcome",
    "created_at",
    "submitted_at",
    "decided_at",
    "started_at",
    "finished_at",
    "closed_at",
    "updated_at",
)
DEPLOYMENT_COLUMNS = (
    "key",
    "service",
    "environment",
    "version",
    "commit",
    "change",
    "decision",
    "state",
    "percent",
    "reasons",
    "registered_by",
    "registered_at",
    "started_at",
    "finished_at",
)


@require_safe
def changes_export(request: HttpRequest) -> StreamingHttpResponse:
    """Send the changes that the filters of the list leave. Raises `InvalidInput` as the list does."""
    now = now_of(request)
    changes = changes_listed(filters_of(request), actor_of(request), now)
    return csv_response(f"changes-{now:%Y-%m-%d}", CHANGE_COLUMNS, _changes(newest_first(changes)))


@require_safe
def deployments_export(request: HttpRequest) -> StreamingHttpResponse:
    """Send the deployments that the filters of the list leave. Raises `InvalidInput` as the list does."""
    deployments = deployments_listed(chosen_of(request)).select_related("registered_by")
    rows = _deployments(newest_first(deployments))
    return csv_response(f"deployments-{now_of(request):%Y-%m-%d}", DEPLOYMENT_COLUMNS, rows)


def _changes(changes: Iterable[Change]) -> Iterator[Sequence[object]]:
    for change in changes:
        targets = list(change.targets.all())
        known = {
            "services": sorted({target.service.slug for target in targets}),
            "environments": sorted({target.environment.slug for target in targets}),
            "requester": change.requester.display_name if change.requester else "",
            "implementer": change.implementer.display_name if change.implementer else "",
        }
        yield [known.get(name, getattr(change, name, None)) for name in CHANGE_COLUMNS]


def _deployments(deployments: Iterable[Deployment]) -> Iterator[Sequence[object]]:
    for row in deployments:
        known = {
            "service": row.service.slug,
            "environment": row.environment.slug,
            "version": row.release,
            "change": row.change.key if row.change else "",
            "reasons": [reason.get("code", "") for reason in row.reasons],
            "registered_by": row.registered_by.slug if row.registered_by else "",
        }
        yield [known.get(name, getattr(row, name, None)) for name in DEPLOYMENT_COLUMNS]
