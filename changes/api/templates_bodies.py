"""What goes in and out about standard-change templates."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from rest_framework import serializers

from changes.api.approvals_out import ApprovalOut
from changes.api.changes_bodies import HASH, SLUG, MoveBody, TargetBody, service_fields
from changes.api.changes_out import PersonOut, TargetOut, person_out
from changes.models import Change, ChangeTemplate
from changes.services.fields import MAX_TARGETS, MAX_TEXT
from changes.services.reasons import MAX_REASON
from changes.states import TEMPLATE
from opsportal.api.serializers import Body, Flag, Moment, Text, WholeNumber, utc


class Day(serializers.DateField):
    """A day, as `2027-03-31`; numbers and times are not taken for one."""

    def to_internal_value(self, value: Any) -> date:
        if not isinstance(value, str) or len(value) != len("2027-03-31"):
            raise serializers.ValidationError("Must be a day such as 2027-03-31.", code="not_a_day")
        return super().to_internal_value(value)


class TemplateFields(Body):
    """What people write into a template."""

    title = Text(max_length=200, blank=False, required=False)
    description = Text(max_length=MAX_TEXT, lines=True, required=False, help_text="What it is for.")
    risk = serializers.ChoiceField(Change.Risk.choices, required=False)
    plan = Text(max_length=MAX_TEXT, lines=True, required=False, help_text="The procedure, step by step.")
    rollback_plan = Text(max_length=MAX_TEXT, lines=True, required=False, help_text="The way back.")
    valid_until = Day(required=False, allow_null=True, help_text="The last day (UTC) on which it is used.")
    pipelines = Flag(
        required=False, help_text="Whether a pipeline that registers a deployment may open a change from it."
    )
    services = serializers.ListField(
        child=Text(max_length=SLUG, blank=False),
        required=False,
        max_length=MAX_TARGETS,
        help_text="Slugs. It may be used for each of these services in each of `environments`.",
    )
    environments = serializers.ListField(
        child=Text(max_length=SLUG, blank=False), required=False, max_length=MAX_TARGETS
    )
    targets = TargetBody(many=True, required=False, help_text="In place of `services` and `environments`.")


class TemplateBody(TemplateFields):
    """A new draft of a template."""

    slug = Text(max_length=SLUG, blank=False, help_text="Names it for good: small letters, digits, hyphens.")
    title = Text(max_length=200, blank=False)


class TemplatePatch(TemplateFields):
    """What is to be different. Any difference takes a new approval."""

    version = WholeNumber(required=False, min_value=1, help_text="The version that was read; or If-Match.")


class RetireBody(MoveBody):
    """Why it is retired. The reason stays in the history."""

    reason = Text(max_length=MAX_REASON, lines=True, required=False)


class OpenBody(Body):
    """Where the change is carried out: places of the template, all of them where none is named."""

    title = Text(max_length=200, required=False)
    targets = TargetBody(many=True, required=False)


class TemplateOut(Body):
    """A template."""

    slug = Text(max_length=SLUG)
    title = Text(max_length=200)
    description = Text(max_length=MAX_TEXT)
    risk = serializers.ChoiceField(Change.Risk.choices)
    plan = Text(max_length=MAX_TEXT)
    rollback_plan = Text(max_length=MAX_TEXT)
    valid_until = Day(allow_null=True)
    pipelines = Flag()
    targets = TargetOut(many=True)
    author = PersonOut()
    state = serializers.ChoiceField(TEMPLATE.choices)
    revision = WholeNumber()
    content_hash = Text(max_length=HASH)
    created_at = Moment()
    updated_at = Moment()
    version = WholeNumber()


class TemplateDetailOut(TemplateOut):
    """A template and its rounds of approval, newest first."""

    approvals = ApprovalOut(many=True)


class TemplatePage(Body):
    """One page of templates."""

    next = Text(max_length=2_000, allow_null=True)
    previous = Text(max_length=2_000, allow_null=True)
    results = TemplateOut(many=True)


def template_out(template: ChangeTemplate) -> dict[str, Any]:
    """Return what the API says of a template; author and targets are loaded."""
    return {
        "slug": template.slug,
        "title": template.title,
        "description": template.description,
        "risk": template.risk,
        "plan": template.plan,
        "rollback_plan": template.rollback_plan,
        "valid_until": template.valid_until.isoformat() if template.valid_until else None,
        "pipelines": template.pipelines,
        "targets": [
            {"service": one.service.slug, "environment": one.environment.slug}
            for one in template.targets.all()
        ],
        "author": person_out(template.author),
        "state": template.state,
        "revision": template.revision,
        "content_hash": template.content_hash,
        "created_at": utc(template.created_at),
        "updated_at": utc(template.updated_at),
        "version": template.version,
    }


def places_in(body: dict[str, Any]) -> Iterable[tuple[str, str]]:
    """Return the (service, environment) slugs in a validated body, none where it names none."""
    pairs: Iterable[tuple[str, str]] = service_fields(body).get("targets", ())
    return pairs
