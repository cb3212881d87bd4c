"""What goes in and out about incidents."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from incidents.models import Incident, IncidentLink, IncidentRole, IncidentService, IncidentTask
from incidents.panels.response import incident_path, link_url
from incidents.selectors.response import Line
from incidents.services.response.fields import MAX_REASON, MAX_SERVICES, MAX_TEXT, MAX_TITLE, MAX_UPDATE
from incidents.services.response.working import NOTES, UPDATES
from incidents.severities import CHOICES
from incidents.states import INCIDENT, TASK
from opsportal.accounts.models import User
from opsportal.api.serializers import Body, Flag, Moment, Text, WholeNumber, in_utc, utc
from opsportal.core.registry import person_names

SLUG = 60
URL = 500


class WhoActedOut(Body):
    """Somebody or something that acts: kind, opaque id and the name to show."""

    kind = Text(max_length=20)
    id = Text(max_length=64)
    name = Text(max_length=150)


class IncidentBody(Body):
    """An incident that is declared."""

    title = Text(max_length=MAX_TITLE, blank=False)
    severity = Text(
        max_length=30, blank=False, help_text="`sev1` to `sev4`, or another word: P0, critical, warning …"
    )
    summary = Text(max_length=MAX_TEXT, lines=True, required=False)
    services = serializers.ListField(
        child=Text(max_length=SLUG, blank=False),
        required=False,
        max_length=MAX_SERVICES,
        help_text="Slugs of what is affected; what leans on them is noted as well.",
    )
    detected_at = Moment(required=False, help_text="When somebody or something noticed it; now, if left out.")
    detected_by = serializers.ChoiceField(Incident.DetectedBy.choices, required=False)
    visibility = serializers.ChoiceField(Incident.Visibility.choices, required=False)
    security = Flag(required=False)
    customer_facing = Flag(required=False, allow_null=True)
    group_key = Text(
        max_length=255, required=False, help_text="Joins the open incident with the same key, if any."
    )


class IncidentPatch(Body):
    """What an incident says of itself."""

    title = Text(max_length=MAX_TITLE, blank=False, required=False)
    summary = Text(max_length=MAX_TEXT, lines=True, required=False)
    services = serializers.ListField(
        child=Text(max_length=SLUG, blank=False), required=False, max_length=MAX_SERVICES
    )
    detected_at = Moment(required=False)
    detected_by = serializers.ChoiceField(Incident.DetectedBy.choices, required=False)
    security = Flag(required=False)
    customer_facing = Flag(required=False, allow_null=True)
    channel_url = Text(max_length=URL, required=False, help_text="Where people talk about it.")
    version = WholeNumber(required=False, min_value=1)


class IncidentMoveBody(Body):
    version = WholeNumber(required=False, min_value=1)


class IncidentTextBody(IncidentMoveBody):
    text = Text(max_length=MAX_UPDATE, lines=True, required=False)


class IncidentReasonBody(IncidentMoveBody):
    reason = Text(max_length=MAX_REASON, lines=True, required=False)


class IncidentNeededReasonBody(IncidentMoveBody):
    reason = Text(max_length=MAX_REASON, lines=True, blank=False)


class IncidentAcknowledgeBody(IncidentMoveBody):
    by = Text(max_length=254, required=False, help_text="Who is at it (id or address), where not the caller.")


class IncidentAssignBody(IncidentMoveBody):
    person = Text(max_length=254, blank=False, help_text="Id or e-mail address.")


class IncidentUpdateBody(Body):
    kind = serializers.ChoiceField(list(UPDATES), required=False, help_text="Whom it is for; `internal`.")
    text = Text(max_length=MAX_UPDATE, lines=True, blank=False)


class IncidentAssessBody(IncidentMoveBody):
    text = Text(max_length=MAX_UPDATE, lines=True, blank=False)
    severity = Text(max_length=30, required=False)
    customer_facing = Flag(required=False, allow_null=True)


class IncidentSeverityBody(IncidentMoveBody):
    severity = Text(max_length=30, blank=False)
    reason = Text(max_length=MAX_REASON, lines=True, blank=False)


class IncidentMergeBody(IncidentMoveBody):
    into = Text(max_length=30, blank=False, help_text="The key of the incident that goes on: INC-9.")
    reason = Text(max_length=MAX_REASON, lines=True, required=False)


class IncidentReportBody(Body):
    text = Text(max_length=MAX_TEXT, lines=True, blank=False)


class IncidentNoteBody(Body):
    kind = serializers.ChoiceField(NOTES, required=False)
    text = Text(max_length=MAX_UPDATE, lines=True, blank=False)
    at = Moment(required=False, help_text="When it happened; now, if left out.")


class IncidentEntryBody(Body):
    text = Text(max_length=MAX_TEXT, lines=True, blank=False)


class IncidentTaskBody(Body):
    title = Text(max_length=MAX_TITLE, blank=False)
    owner = Text(max_length=254, required=False, help_text="Id or e-mail address.")
    due_at = Moment(required=False, allow_null=True)


class IncidentTaskPatch(IncidentMoveBody):
    title = Text(max_length=MAX_TITLE, blank=False, required=False)
    owner = Text(max_length=254, required=False, allow_null=True)
    due_at = Moment(required=False, allow_null=True)
    verb = serializers.ChoiceField(["finish", "drop", "reopen"], required=False)


class IncidentRoleBody(Body):
    role = serializers.ChoiceField(IncidentRole.Role.choices)
    person = Text(max_length=254, blank=False, help_text="Id or e-mail address.")


class IncidentLinkBody(Body):
    target = Text(max_length=URL, blank=False, help_text="A key (CHG-7, DEP-2, INC-9) or an https address.")
    title = Text(max_length=MAX_TITLE, required=False)
    is_cause = Flag(required=False)


class IncidentAffectedOut(Body):
    service = Text(max_length=SLUG)
    effect = serializers.ChoiceField(IncidentService.Effect.choices)


class IncidentOut(Body):
    """An incident."""

    key = Text(max_length=30)
    title = Text(max_length=MAX_TITLE)
    summary = Text(max_length=MAX_TEXT)
    severity = serializers.ChoiceField(CHOICES)
    state = serializers.ChoiceField(INCIDENT.choices)
    visibility = serializers.ChoiceField(Incident.Visibility.choices)
    security = Flag()
    customer_facing = Flag(allow_null=True)
    assessment = Text(max_length=MAX_UPDATE)
    resolution = Text(max_length=MAX_UPDATE)
    detected_at = Moment()
    detected_by = serializers.ChoiceField(Incident.DetectedBy.choices)
    declared_at = Moment()
    opened_at = Moment(help_text="When the present episode began.")
    acknowledged_at = Moment(allow_null=True)
    assessed_at = Moment(allow_null=True)
    mitigated_at = Moment(allow_null=True)
    resolved_at = Moment(allow_null=True)
    reported_at = Moment(allow_null=True)
    declared_by = WhoActedOut()
    acknowledged_by = WhoActedOut(allow_null=True)
    assignee = WhoActedOut(allow_null=True)
    affected = IncidentAffectedOut(many=True)
    came_from = Text(max_length=100, allow_null=True, help_text="What it came from: DEP-7.")
    merged_into = Text(max_length=30, allow_null=True)
    channel_url = Text(max_length=URL)
    episode = WholeNumber()
    standard_hash = Text(max_length=64)
    url = Text(max_length=URL)
    updated_at = Moment()
    version = WholeNumber()


class IncidentTaskOut(Body):
    id = WholeNumber()
    title = Text(max_length=MAX_TITLE)
    state = serializers.ChoiceField(TASK.choices)
    owner = WhoActedOut(allow_null=True)
    due_at = Moment(allow_null=True)
    created_at = Moment()
    ended_at = Moment(allow_null=True)
    version = WholeNumber()


class IncidentRoleOut(Body):
    id = WholeNumber()
    role = serializers.ChoiceField(IncidentRole.Role.choices)
    person = WhoActedOut()
    schedule = Text(max_length=SLUG, allow_null=True, help_text="The on-call schedule that named them.")
    since = Moment()
    until = Moment(allow_null=True)


class IncidentLinkOut(Body):
    id = WholeNumber()
    kind = serializers.ChoiceField(IncidentLink.Kind.choices)
    target = Text(max_length=URL)
    title = Text(max_length=MAX_TITLE)
    is_cause = Flag()
    url = Text(max_length=URL)


class IncidentEntryBeforeOut(Body):
    text = Text(max_length=MAX_TEXT)
    recorded_at = Moment()
    actor = WhoActedOut()


class IncidentEntryOut(Body):
    id = WholeNumber()
    at = Moment()
    recorded_at = Moment()
    kind = Text(max_length=30)
    text = Text(max_length=MAX_TEXT)
    actor = WhoActedOut()
    details = serializers.DictField()
    before = IncidentEntryBeforeOut(
        many=True, help_text="What stood there before it was edited, oldest first."
    )


class _Page(Body):
    next = Text(max_length=2_000, allow_null=True)
    previous = Text(max_length=2_000, allow_null=True)


class IncidentPage(_Page):
    results = IncidentOut(many=True)


class IncidentTaskPage(_Page):
    results = IncidentTaskOut(many=True)


class IncidentRolePage(_Page):
    results = IncidentRoleOut(many=True)


class IncidentLinkPage(_Page):
    results = IncidentLinkOut(many=True)


class IncidentEntryPage(_Page):
    results = IncidentEntryOut(many=True)


def who_out(person: User | None) -> dict[str, str] | None:
    """Return what the API says of a person."""
    if person is None:
        return None
    return {"kind": "user", "id": str(person.pk), "name": person.display_name}


def incident_out(incident: Incident) -> dict[str, Any]:
    """Return what the API says of an incident from `incidents_loaded`."""
    by = (incident.declared_by_kind, incident.declared_by_id)
    return {
        **{
            name: getattr(incident, name)
            for name in (
                "key",
                "title",
                "summary",
                "severity",
                "state",
                "visibility",
                "security",
                "customer_facing",
                "assessment",
                "resolution",
                "detected_by",
                "channel_url",
                "episode",
                "standard_hash",
                "version",
            )
        },
        **{
            name: utc(getattr(incident, name))
            for name in (
                "detected_at",
                "declared_at",
                "opened_at",
                "acknowledged_at",
                "assessed_at",
                "mitigated_at",
                "resolved_at",
                "reported_at",
                "updated_at",
            )
        },
        "declared_by": {"kind": by[0], "id": by[1], "name": person_names["people"]([by])[by]},
        "acknowledged_by": who_out(incident.acknowledged_by),
        "assignee": who_out(incident.assignee),
        "affected": [
            {"service": one.service.slug, "effect": one.effect}
            for one in sorted(incident.affected.all(), key=lambda one: (one.effect, one.service.slug))
        ],
        "came_from": incident.source_key or None,
        "merged_into": incident.merged_into.key if incident.merged_into else None,
        "url": incident_path(incident.pk),
    }


def task_out(task: IncidentTask) -> dict[str, Any]:
    """Return what the API says of a task."""
    return {
        "id": task.pk,
        "title": task.title,
        "state": task.state,
        "owner": who_out(task.owner),
        "due_at": utc(task.due_at),
        "created_at": utc(task.created_at),
        "ended_at": utc(task.ended_at),
        "version": task.version,
    }


def role_out(role: IncidentRole) -> dict[str, Any]:
    """Return what the API says of a role."""
    return {
        "id": role.pk,
        "role": role.role,
        "person": who_out(role.person),
        "schedule": role.schedule or None,
        "since": utc(role.since),
        "until": utc(role.until),
    }


def link_out(link: IncidentLink) -> dict[str, Any]:
    """Return what the API says of a link."""
    return {
        "id": link.pk,
        "kind": link.kind,
        "target": link.target,
        "title": link.title,
        "is_cause": link.is_cause,
        "url": link_url(link),
    }


def lines_out(lines: list[Line]) -> list[dict[str, Any]]:
    """Return what the API says of a timeline. One query for the names."""
    entries = [entry for line in lines for entry in (line.entry, *line.before)]
    names = person_names["people"]((entry.actor_kind, entry.actor_id) for entry in entries)

    def actor(entry: Any) -> dict[str, str]:
        key = (entry.actor_kind, entry.actor_id)
        return {"kind": key[0], "id": key[1], "name": names[key]}

    return [
        {
            "id": line.entry.pk,
            "at": utc(line.entry.at),
            "recorded_at": utc(line.entry.recorded_at),
            "kind": line.entry.kind,
            "text": line.entry.text,
            "actor": actor(line.entry),
            "details": in_utc(line.entry.data),
            "before": [
                {"text": old.text, "recorded_at": utc(old.recorded_at), "actor": actor(old)}
                for old in line.before
            ],
        }
        for line in lines
    ]
