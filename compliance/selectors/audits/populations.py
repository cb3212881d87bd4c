"""What populations are of: one query for each kind, over the audit's period and services."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import UTC, datetime
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet

from changes.models import Change, ChangeTarget, Deployment
from compliance.models.recovery import RestoreTest
from incidents.models import Incident, IncidentService
from opsportal.accounts.models import ApiToken, RoleHolding

Query = Callable[[datetime, datetime, Collection[str]], QuerySet[Any]]


def _changes(begins: datetime, ends: datetime, services: Collection[str]) -> QuerySet[Any]:
    """Changes that were submitted before the end and not over before the beginning."""
    rows = Change.objects.filter(submitted_at__lt=ends).filter(
        Q(submitted_at__gte=begins) | Q(started_at__gte=begins, started_at__lt=ends)
    )
    if services:
        named = ChangeTarget.objects.filter(service__slug__in=services).values("change_id")
        rows = rows.filter(pk__in=named)
    return rows


def _deployments(begins: datetime, ends: datetime, services: Collection[str]) -> QuerySet[Any]:
    rows = Deployment.objects.filter(registered_at__gte=begins, registered_at__lt=ends)
    return rows.filter(service__slug__in=services) if services else rows


def _incidents(begins: datetime, ends: datetime, services: Collection[str]) -> QuerySet[Any]:
    rows = Incident.objects.filter(detected_at__gte=begins, detected_at__lt=ends)
    if services:
        hit = IncidentService.objects.filter(service__slug__in=services).values("incident_id")
        rows = rows.filter(pk__in=hit)
    return rows


def _holdings(begins: datetime, ends: datetime, services: Collection[str]) -> QuerySet[Any]:
    """Holdings of roles that were valid on a day of the period: everywhere, or for one of the services."""
    first, after = begins.astimezone(UTC).date(), ends.astimezone(UTC).date()
    rows = RoleHolding.objects.filter(valid_from__lt=after).filter(
        Q(valid_until__isnull=True) | Q(valid_until__gte=first)
    )
    if services:
        rows = rows.filter(Q(scope_kind="") | Q(scope_kind="team") | Q(scope_key__in=list(services)))
    return rows


def _tokens(begins: datetime, ends: datetime, services: Collection[str]) -> QuerySet[Any]:
    """Tokens that could be used at some time of the period. They are not of one service."""
    return ApiToken.objects.filter(created_at__lt=ends, expires_at__gt=begins).filter(
        Q(revoked_at__isnull=True) | Q(revoked_at__gt=begins)
    )


def _restore_tests(begins: datetime, ends: datetime, services: Collection[str]) -> QuerySet[Any]:
    """Restore tests that were planned for the period. They are of assets, which services do not narrow."""
    return RestoreTest.objects.filter(planned_for__gte=begins, planned_for__lt=ends)


KINDS: dict[str, tuple[str, Query]] = {
    "changes": ("CHG-", _changes),
    "deployments": ("DEP-", _deployments),
    "incidents": ("INC-", _incidents),
    "holdings": ("holding:", _holdings),
    "tokens": ("token:", _tokens),
    "restore_tests": ("RST-", _restore_tests),
}


def keys_of(kind: str, begins: datetime, ends: datetime, services: Collection[str]) -> list[str]:
    """Return the keys of all of this kind from `begins` up to `ends` (aware UTC), by ascending number.

    One statement; the database joins the list, so that a million keys are one value. Raises `KeyError`.
    """
    prefix, query = KINDS[kind]
    return [f"{prefix}{number}" for number in _numbers(query(begins, ends, services))]


def _numbers(rows: QuerySet[Any]) -> list[str]:
    sql, params = rows.order_by("id").values("id").query.sql_with_params()
    joined = (
        "string_agg(id::text, ',' ORDER BY id)" if connection.vendor == "postgresql" else "group_concat(id)"
    )
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {joined} FROM ({sql}) AS listed", params)  # noqa: S608 - Django's own SQL
        (listed,) = cursor.fetchone()
    return listed.split(",") if listed else []


def rows_of(kind: str, begins: datetime, ends: datetime, services: Collection[str]) -> QuerySet[Any]:
    """Return the rows that a population of this kind is frozen of. Raises `KeyError`."""
    return KINDS[kind][1](begins, ends, services)
