"""What goes in and out about frameworks, controls and exceptions."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from compliance.controlling.frameworks import PARAPHRASE, REFERENCE, SECTION_TITLE, SHORT, TITLE
from compliance.controlling.states import CONTROL, EXCEPTION, REQUIREMENT
from compliance.controlling.status import Judged
from compliance.controlling.words import EXCEPTION_KINDS, FREQUENCIES, RELATIONS, RISKS, STATUSES
from compliance.models import Control, ControlException, Framework, Requirement
from compliance.panels.controls import control_path, exception_path
from compliance.services.controls.control_fields import MAX_DESCRIPTION, MAX_MAPPED, MAX_TITLE
from compliance.services.controls.controls import MAX_NOTE
from compliance.services.controls.exceptions import MAX_TEXT
from opsportal.accounts.models import User
from opsportal.api.serializers import Body, Moment, Text, WholeNumber, utc

SLUG, KEY, URL, RULE = 60, 30, 2_000, 181
_VERSION = "The version that was read; or If-Match."


class CompliancePersonOut(Body):
    """Somebody: opaque id and the name to show."""

    id = Text(max_length=64)
    name = Text(max_length=150)


class ControlLinkBody(Body):
    """How a control bears on another one."""

    relation = serializers.ChoiceField(RELATIONS)
    control = Text(max_length=KEY, blank=False, help_text="The key of the other control, e.g. CTL-3.")


class ControlFields(Body):
    """What people write into a control. Each kind of mapping that is given is given whole."""

    title = Text(max_length=MAX_TITLE, blank=False, required=False)
    description = Text(max_length=MAX_DESCRIPTION, lines=True, required=False)
    owner = Text(max_length=254, blank=False, required=False, help_text="Id or e-mail address.")
    team = Text(max_length=SLUG, required=False, help_text="The slug of the team that does it.")
    frequency = serializers.ChoiceField(FREQUENCIES, required=False)
    requirements = serializers.ListField(
        child=Text(max_length=SLUG + REFERENCE + 1, blank=False),
        required=False,
        max_length=MAX_MAPPED,
        help_text="What it answers, as framework:reference, e.g. soc2:CC8.1.",
    )
    rules = serializers.ListField(
        child=Text(max_length=RULE, blank=False),
        required=False,
        max_length=MAX_MAPPED,
        help_text="What it is judged by: pack/rule, or the id of a rule of the standard in force.",
    )
    events = serializers.ListField(
        child=Text(max_length=80, blank=False),
        required=False,
        max_length=50,
        help_text="What the portal sees by itself and takes as evidence, e.g. policy.reviewed.",
    )
    links = serializers.ListField(child=ControlLinkBody(), required=False, max_length=MAX_MAPPED)


class ControlBody(ControlFields):
    """A new control."""

    title = Text(max_length=MAX_TITLE, blank=False)
    frequency = serializers.ChoiceField(FREQUENCIES)


class ControlPatch(ControlFields):
    """What is to be different."""

    version = WholeNumber(required=False, min_value=1, help_text=_VERSION)


class ControlNoteBody(Body):
    """What somebody says with a step."""

    note = Text(max_length=MAX_NOTE, lines=True, required=False)
    version = WholeNumber(required=False, min_value=1, help_text=_VERSION)


class ControlReasonBody(Body):
    """Why."""

    reason = Text(max_length=MAX_NOTE, lines=True, required=False)
    version = WholeNumber(required=False, min_value=1, help_text=_VERSION)


class BasisOut(Body):
    """One thing that the status rests on."""

    status = serializers.ChoiceField(STATUSES)
    detail = Text(max_length=1_000)
    since = Moment(allow_null=True)
    kind = Text(max_length=20, help_text="rule, evidence, event or exception.")
    key = Text(max_length=120)


class ControlLinkOut(Body):
    relation = serializers.ChoiceField(RELATIONS)
    control = Text(max_length=KEY)


class ControlOut(Body):
    """A control. Its status is computed at each read, from rules, evidence and exceptions."""

    key = Text(max_length=KEY)
    title = Text(max_length=MAX_TITLE)
    description = Text(max_length=MAX_DESCRIPTION)
    state = serializers.ChoiceField(CONTROL.choices)
    status = serializers.ChoiceField(STATUSES)
    since = Moment(allow_null=True)
    reasons = BasisOut(many=True)
    owner = CompliancePersonOut()
    team = Text(max_length=SLUG)
    frequency = serializers.ChoiceField(FREQUENCIES)
    requirements = serializers.ListField(child=Text(max_length=SLUG + REFERENCE + 1))
    rules = serializers.ListField(child=Text(max_length=RULE))
    events = serializers.ListField(child=Text(max_length=80))
    links = ControlLinkOut(many=True)
    reviewed_at = Moment(allow_null=True)
    created_at = Moment()
    updated_at = Moment()
    version = WholeNumber()
    url = Text(max_length=URL)


class ControlPage(Body):
    """One page of controls."""

    next = Text(max_length=URL, allow_null=True)
    previous = Text(max_length=URL, allow_null=True)
    results = ControlOut(many=True)


class RequirementOut(Body):
    """A requirement of a framework, in our own words."""

    reference = Text(max_length=REFERENCE)
    section = Text(max_length=REFERENCE)
    section_title = Text(max_length=SECTION_TITLE)
    text = Text(max_length=PARAPHRASE)
    state = serializers.ChoiceField(REQUIREMENT.choices)
    controls = serializers.ListField(child=Text(max_length=KEY))


class FrameworkOut(Body):
    """A framework, as it was imported last."""

    slug = Text(max_length=SLUG)
    title = Text(max_length=TITLE)
    published_version = Text(max_length=SHORT)
    publisher = Text(max_length=SHORT)
    origin = serializers.ChoiceField(Framework.Origin.choices)
    content_hash = Text(max_length=64)
    edition = WholeNumber()
    imported_at = Moment()


class FrameworkDetailOut(FrameworkOut):
    """A framework with its requirements."""

    requirements = RequirementOut(many=True)


class FrameworkPage(Body):
    """One page of frameworks."""

    next = Text(max_length=URL, allow_null=True)
    previous = Text(max_length=URL, allow_null=True)
    results = FrameworkOut(many=True)


class ExceptionBody(Body):
    """What is asked for: about a rule or a control, one of both."""

    kind = serializers.ChoiceField(EXCEPTION_KINDS)
    title = Text(max_length=MAX_TITLE, blank=False)
    reason = Text(max_length=MAX_TEXT, lines=True, blank=False)
    risk = serializers.ChoiceField(RISKS)
    risk_text = Text(max_length=MAX_TEXT, lines=True, required=False)
    compensating = Text(max_length=MAX_TEXT, lines=True, blank=False, help_text="What is done instead.")
    rule = Text(max_length=RULE, required=False, help_text="pack/rule, or the id of a rule in force.")
    scope = Text(max_length=141, required=False, help_text="Of one subject only: kind:key.")
    control = Text(max_length=KEY, required=False)
    instead = Text(max_length=KEY, required=False, help_text="The control that stands in.")
    evidence = Text(max_length=KEY, required=False, help_text="What is accepted, of kind alternative.")
    expires_at = Moment(help_text="Within a year.")


class ExceptionOut(Body):
    """An exception. What it covers shows as compensated while it is approved and not over."""

    key = Text(max_length=KEY)
    kind = serializers.ChoiceField(EXCEPTION_KINDS)
    state = serializers.ChoiceField(EXCEPTION.choices)
    title = Text(max_length=MAX_TITLE)
    reason = Text(max_length=MAX_TEXT)
    risk = serializers.ChoiceField(RISKS)
    risk_text = Text(max_length=MAX_TEXT)
    compensating = Text(max_length=MAX_TEXT)
    rule = Text(max_length=RULE)
    scope = Text(max_length=141)
    control = Text(max_length=KEY, allow_null=True)
    instead = Text(max_length=KEY, allow_null=True)
    evidence = Text(max_length=KEY, allow_null=True)
    requested_by = CompliancePersonOut()
    requested_at = Moment()
    decided_by = CompliancePersonOut(allow_null=True)
    decided_at = Moment(allow_null=True)
    decision_note = Text(max_length=MAX_NOTE)
    expires_at = Moment()
    ended_at = Moment(allow_null=True)
    version = WholeNumber()
    url = Text(max_length=URL)


class ExceptionPage(Body):
    """One page of exceptions."""

    next = Text(max_length=URL, allow_null=True)
    previous = Text(max_length=URL, allow_null=True)
    results = ExceptionOut(many=True)


def person_out(person: User) -> dict[str, str]:
    """Return what the API says of a person."""
    return {"id": str(person.pk), "name": person.display_name}


def control_out(control: Control, judged: Judged) -> dict[str, Any]:
    """Return what the API says of a control; it is loaded as by `controls_loaded`."""
    return {
        "key": control.key,
        "title": control.title,
        "description": control.description,
        "state": control.state,
        "status": judged.status,
        "since": utc(judged.since),
        "reasons": [
            {
                "status": one.status,
                "detail": one.words,
                "since": utc(one.since),
                "kind": one.kind,
                "key": one.key,
            }
            for one in judged.reasons
        ],
        "owner": person_out(control.owner),
        "team": control.team.slug if control.team else "",
        "frequency": control.frequency,
        "requirements": [f"{one.framework.slug}:{one.reference}" for one in control.requirements.all()],
        "rules": [f"{one.pack}/{one.rule}" for one in control.rules.all()],
        "events": [one.event for one in control.events.all()],
        "links": [{"relation": one.relation, "control": one.other.key} for one in control.links.all()],
        "reviewed_at": utc(control.reviewed_at),
        "created_at": utc(control.created_at),
        "updated_at": utc(control.updated_at),
        "version": control.version,
        "url": control_path(control.pk),
    }


def framework_out(framework: Framework) -> dict[str, Any]:
    """Return what the API says of a framework."""
    return {
        "slug": framework.slug,
        "title": framework.title,
        "published_version": framework.published_version,
        "publisher": framework.publisher,
        "origin": framework.origin,
        "content_hash": framework.content_hash,
        "edition": framework.edition,
        "imported_at": utc(framework.imported_at),
    }


def requirement_out(row: Requirement) -> dict[str, Any]:
    """Return what the API says of a requirement; its controls are loaded."""
    return {
        "reference": row.reference,
        "section": row.section,
        "section_title": row.section_title,
        "text": row.text,
        "state": row.state,
        "controls": [control.key for control in row.controls.all()],
    }


def exception_out(row: ControlException) -> dict[str, Any]:
    """Return what the API says of an exception; it is loaded as by `exceptions_loaded`."""
    return {
        "key": row.key,
        "kind": row.kind,
        "state": row.state,
        "title": row.title,
        "reason": row.reason,
        "risk": row.risk,
        "risk_text": row.risk_text,
        "compensating": row.compensating,
        "rule": f"{row.pack}/{row.rule}" if row.rule else "",
        "scope": f"{row.scope_kind}:{row.scope_key}" if row.scope_kind else "",
        "control": row.control.key if row.control else None,
        "instead": row.instead.key if row.instead else None,
        "evidence": row.evidence.key if row.evidence else None,
        "requested_by": person_out(row.requested_by),
        "requested_at": utc(row.requested_at),
        "decided_by": person_out(row.decided_by) if row.decided_by else None,
        "decided_at": utc(row.decided_at),
        "decision_note": row.decision_note,
        "expires_at": utc(row.expires_at),
        "ended_at": utc(row.ended_at),
        "version": row.version,
        "url": exception_path(row.pk),
    }
