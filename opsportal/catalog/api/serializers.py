"""What goes in and out about the catalogue."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from opsportal.api.serializers import Body, Moment, Text, WholeNumber, utc
from opsportal.catalog.models import Dependency, Environment, Service
from opsportal.catalog.services.environments import MAX_RANK
from opsportal.catalog.services.links import MAX_LINKS, MAX_TITLE, MAX_URL
from opsportal.catalog.services.records import MAX_DESCRIPTION
from opsportal.catalog.states import SERVICE

SLUG = 60
NAME = 120
MAX_REASON = 500


class Link(Body):
    """A link of a service: http or https, without user name and password."""

    title = Text(max_length=MAX_TITLE, blank=False)
    url = Text(max_length=MAX_URL, blank=False)


class ServicePatch(Body):
    """What of a service may change. The slug never does."""

    name = Text(max_length=NAME, blank=False)
    description = Text(max_length=MAX_DESCRIPTION, lines=True, required=False)
    tier = serializers.ChoiceField(Service.Tier.choices)
    data_classification = serializers.ChoiceField(Service.DataClassification.choices)
    owner_team = Text(max_length=SLUG, blank=False, help_text="Slug of the team that owns it.")
    links = Link(many=True, required=False, help_text=f"At most {MAX_LINKS}.")
    version = WholeNumber(required=False, min_value=1, help_text="The version that was read; or If-Match.")


class ServiceBody(Body):
    """A new service."""

    slug = Text(
        max_length=SLUG, blank=False, help_text="Lower-case letters, digits and hyphens; never changes."
    )
    name = Text(max_length=NAME, blank=False)
    description = Text(max_length=MAX_DESCRIPTION, lines=True, required=False)
    tier = serializers.ChoiceField(Service.Tier.choices)
    data_classification = serializers.ChoiceField(Service.DataClassification.choices)
    owner_team = Text(max_length=SLUG, blank=False, help_text="Slug of the team that owns it.")
    links = Link(many=True, required=False, help_text=f"At most {MAX_LINKS}.")


class ServiceMoveBody(Body):
    """Why a service is retired or reinstated."""

    reason = Text(max_length=MAX_REASON, lines=True, required=False)
    version = WholeNumber(required=False, min_value=1)


class ServiceOut(Body):
    """A service."""

    slug = Text(max_length=SLUG)
    name = Text(max_length=NAME)
    description = Text(max_length=MAX_DESCRIPTION)
    tier = serializers.ChoiceField(Service.Tier.choices)
    data_classification = serializers.ChoiceField(Service.DataClassification.choices)
    owner_team = Text(max_length=SLUG)
    links = Link(many=True)
    state = serializers.ChoiceField(SERVICE.choices)
    created_at = Moment()
    updated_at = Moment()
    version = WholeNumber()


class ServicePage(Body):
    """One page of services."""

    next = Text(max_length=2_000, allow_null=True)
    previous = Text(max_length=2_000, allow_null=True)
    results = ServiceOut(many=True)


class EnvironmentPatch(Body):
    """What of an environment may change. The slug never does."""

    name = Text(max_length=NAME, blank=False)
    kind = serializers.ChoiceField(Environment.Kind.choices)
    rank = WholeNumber(
        required=False, min_value=0, max_value=MAX_RANK, help_text="Order of promotion, lowest first."
    )
    when_unreachable = serializers.ChoiceField(
        Environment.WhenUnreachable.choices,
        required=False,
        help_text="What a pipeline does while the portal does not answer.",
    )
    version = WholeNumber(required=False, min_value=1, help_text="The version that was read; or If-Match.")


class EnvironmentBody(Body):
    """A new environment."""

    slug = Text(
        max_length=SLUG, blank=False, help_text="Lower-case letters, digits and hyphens; never changes."
    )
    name = Text(max_length=NAME, blank=False)
    kind = serializers.ChoiceField(Environment.Kind.choices)
    rank = WholeNumber(
        required=False, min_value=0, max_value=MAX_RANK, help_text="Order of promotion, lowest first."
    )
    when_unreachable = serializers.ChoiceField(
        Environment.WhenUnreachable.choices,
        required=False,
        help_text="What a pipeline does while the portal does not answer.",
    )


class EnvironmentOut(Body):
    """An environment."""

    slug = Text(max_length=SLUG)
    name = Text(max_length=NAME)
    kind = serializers.ChoiceField(Environment.Kind.choices)
    rank = WholeNumber()
    when_unreachable = serializers.ChoiceField(Environment.WhenUnreachable.choices)
    created_at = Moment()
    updated_at = Moment()
    version = WholeNumber()


class EnvironmentPage(Body):
    """One page of environments."""

    next = Text(max_length=2_000, allow_null=True)
    previous = Text(max_length=2_000, allow_null=True)
    results = EnvironmentOut(many=True)


class DependencyBody(Body):
    """A new dependency: `service` leans on `depends_on` (slugs)."""

    service = Text(max_length=SLUG, blank=False)
    depends_on = Text(max_length=SLUG, blank=False)
    kind = serializers.ChoiceField(Dependency.Kind.choices, required=False)


class DependencyOut(Body):
    """A dependency. It is made and removed, never changed."""

    id = WholeNumber()
    service = Text(max_length=SLUG)
    depends_on = Text(max_length=SLUG)
    kind = serializers.ChoiceField(Dependency.Kind.choices)
    created_at = Moment()


class DependencyPage(Body):
    """One page of dependencies."""

    next = Text(max_length=2_000, allow_null=True)
    previous = Text(max_length=2_000, allow_null=True)
    results = DependencyOut(many=True)


def service_out(service: Service) -> dict[str, Any]:
    """Return what the API says of a service; reads its owner team."""
    return {
        "slug": service.slug,
        "name": service.name,
        "description": service.description,
        "tier": service.tier,
        "data_classification": service.data_classification,
        "owner_team": service.owner_team.slug,
        "links": service.links,
        "state": service.state,
        "created_at": utc(service.created_at),
        "updated_at": utc(service.updated_at),
        "version": service.version,
    }


def environment_out(environment: Environment) -> dict[str, Any]:
    """Return what the API says of an environment."""
    return {
        "slug": environment.slug,
        "name": environment.name,
        "kind": environment.kind,
        "rank": environment.rank,
        "when_unreachable": environment.when_unreachable,
        "created_at": utc(environment.created_at),
        "updated_at": utc(environment.updated_at),
        "version": environment.version,
    }


def dependency_out(dependency: Dependency) -> dict[str, Any]:
    """Return what the API says of a dependency; reads both services."""
    return {
        "id": dependency.pk,
        "service": dependency.service.slug,
        "depends_on": dependency.depends_on.slug,
        "kind": dependency.kind,
        "created_at": utc(dependency.created_at),
    }
