"""Deployments to production as DORA's figures see them, with what they brought and what came of them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from changes.models import Deployment
from compliance.measuring.dora import Deployed
from incidents.models import IncidentLink
from opsportal.core.keys import format_key

MOST = 20_000


def deployed_rows(start: datetime, end: datetime, *, service: str = "") -> list[Deployed]:
    """Return the deployments to production that were started from `start` to `end` (aware UTC), oldest first.

    The newest 20,000 where there are more. Two statements.
    """
    rows = Deployment.objects.filter(
        environment__kind="production", started_at__gte=start, started_at__lt=end
    )
    if service:
        rows = rows.filter(service__slug=service)
    found = list(
        rows.order_by("-started_at", "-pk").values_list(
            "pk",
            "service__slug",
            "state",
            "started_at",
            "finished_at",
            "change_id",
            "change__created_at",
            "change__type",
        )[:MOST]
    )
    keys = {format_key("DEP", one[0]) for one in found}
    changes = {format_key("CHG", one[5]) for one in found if one[5]}
    mitigated = _mitigations(keys | changes)
    found.reverse()
    return [
        _row(one, mitigated, format_key("DEP", one[0]), format_key("CHG", one[5]) if one[5] else "")
        for one in found
    ]


def _row(one: tuple[object, ...], mitigated: dict[str, datetime | None], key: str, change: str) -> Deployed:
    _, slug, state, started_at, finished_at, _, created_at, change_type = one
    causes = [name for name in (key, change) if name and name in mitigated]
    times = [at for name in causes if (at := mitigated[name]) is not None]
    return Deployed(
        key=key,
        service=str(slug),
        state=str(state),
        started_at=started_at,  # type: ignore[arg-type] # a column of the row
        finished_at=finished_at,  # type: ignore[arg-type]
        change=change,
        change_created_at=created_at,  # type: ignore[arg-type]
        is_emergency=change_type == "emergency",
        has_incident=bool(causes),
        mitigated_at=min(times) if times else None,
    )


def _mitigations(targets: Collection[str]) -> dict[str, datetime | None]:
    """Return for each of these that is named as the cause of an incident when the first was mitigated."""
    links = IncidentLink.objects.filter(is_cause=True, kind__in=["deployment", "change"])
    links = links.exclude(incident__state="merged")
    if len(targets) <= 500:
        links = links.filter(target__in=targets)
    found: dict[str, datetime | None] = {}
    for target, mitigated, resolved in links.values_list(
        "target", "incident__mitigated_at", "incident__resolved_at"
    )[:MOST]:
        if target in targets:
            at = mitigated or resolved
            known = found.get(target)
            found[target] = min(known, at) if known and at else known or at
    return found
