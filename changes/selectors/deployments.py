"""Lists of deployments, and finding one."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Exists, OuterRef, QuerySet

from changes.models import Deployment
from changes.models.deployments import PREFIX
from opsportal.core.errors import NotFound
from opsportal.core.keys import number_of

DEPLOYMENT_ORDERINGS: dict[str, tuple[str, str]] = {
    "registered_at": ("registered_at", "id"),
    "-registered_at": ("-registered_at", "-id"),
    "updated_at": ("updated_at", "id"),
    "-updated_at": ("-updated_at", "-id"),
}
"""The words of `?ordering=` and their columns, the last one unique; each has an index."""


@dataclass(frozen=True, slots=True)
class DeploymentFilter:
    """What to leave in a list of deployments; empty is everything. Rows by id."""

    service: int | None = None
    environment: int | None = None
    change: int | None = None
    version: str = ""
    decision: str = ""
    state: str = ""
    registration: str = ""
    without_change: bool = False


def deployments_loaded() -> QuerySet[Deployment]:
    """Return all deployments with service and environment."""
    return Deployment.objects.select_related("service", "environment")


def deployments_undone() -> QuerySet[Deployment]:
    """Return the deployments of changes that failed or were rolled back, and that none has replaced.

    A newer one for the same change and place that may go ahead replaces it.
    """
    newer = Deployment.objects.filter(
        change=OuterRef("change"),
        service=OuterRef("service"),
        environment=OuterRef("environment"),
        decision=Deployment.Decision.ALLOWED,
        pk__gt=OuterRef("pk"),
    )
    return Deployment.objects.filter(
        ~Exists(newer),
        change__isnull=False,
        decision=Deployment.Decision.ALLOWED,
        state__in=["failed", "rolled_back"],
    )


def deployment_list(wanted: DeploymentFilter) -> QuerySet[Deployment]:
    """Return the deployments that `wanted` leaves, loaded, in no order."""
    columns = {
        "service": wanted.service,
        "environment": wanted.environment,
        "change": wanted.change,
        "release": wanted.version or None,
        "decision": wanted.decision or None,
        "state": wanted.state or None,
        "registration": wanted.registration or None,
        "change__isnull": True if wanted.without_change else None,
    }
    given = {name: value for name, value in columns.items() if value is not None}
    return deployments_loaded().filter(**given)


def deployment_by_key(key: str) -> Deployment:
    """Return the deployment `DEP-77`, loaded. Raises `NotFound`."""
    number = number_of(key, PREFIX)
    deployment = deployments_loaded().filter(pk=number).first() if number else None
    if deployment is None:
        raise NotFound("There is no such deployment.")
    return deployment
