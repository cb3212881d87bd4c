"""The list of deployments: what its filters mean."""

from __future__ import annotations

from collections.abc import Mapping

from django.db.models import QuerySet
from django.http import HttpRequest

from changes.models import Deployment
from changes.selectors.filters import known
from changes.states import DEPLOYMENT
from opsportal.catalog.selectors import environments_named, services_named
from opsportal.core.errors import InvalidInput
from opsportal.core.text import clean_text

_COLUMNS = {"service": "service__slug", "environment": "environment__slug"}


def chosen_of(request: HttpRequest) -> dict[str, str]:
    """Return the filters that the query string asks for. Raises `InvalidInput` for values unknown here."""
    query = request.GET
    chosen = {
        **{
            name: clean_text(query.get(name, ""), field=name, max_length=60, lines=False)
            for name in ("service", "environment")
        },
        "decision": known("decision", query.get("decision", ""), set(Deployment.Decision.values)),
        "change": known("change", query.get("change", ""), {"none"}),
        "registration": known(
            "registration", query.get("registration", ""), set(Deployment.Registration.values)
        ),
        "state": known("state", query.get("state", ""), set(DEPLOYMENT.states)),
    }
    # A list that is empty because a name was misspelt looks like one that is empty because nothing happened.
    for name, named in (("service", services_named), ("environment", environments_named)):
        if chosen[name] and not named([chosen[name]]):
            raise InvalidInput.of(name, "unknown", f"There is no {name} “{chosen[name]}”.")
    return chosen


def deployments_listed(chosen: Mapping[str, str]) -> QuerySet[Deployment]:
    """Return the deployments that the filters leave, with what their rows show."""
    rows = Deployment.objects.select_related("service", "environment", "change")
    if chosen["change"]:
        rows = rows.filter(change__isnull=True)
    return rows.filter(
        **{_COLUMNS.get(name, name): value for name, value in chosen.items() if value and name != "change"}
    )
