"""What goes in and out about postmortems and action items."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from incidents.api.runbooks_bodies import WhoOut, who_out
from incidents.learning.states import ACTION, POSTMORTEM
from incidents.learning.template import CAUSES, MAX_SECTION, PRIORITIES, SECTIONS
from incidents.models import ActionItem, Postmortem
from incidents.services.learning.actions import MAX_DETAIL
from incidents.services.learning.postmortems import MAX_REASON
from opsportal.api.serializers import Body, Moment, Text, WholeNumber, utc

KEY = 30
URL = 2_000
CAUSE_CHOICES = [("", "Not decided yet"), *CAUSES.items()]
PRIORITY_CHOICES = list(PRIORITIES.items())
VERSION_HELP = "The version that was read; or If-Match."

OWNER_HELP = "The id or the address of a person."


class PostmortemBody(Body):
    """Of which incident."""

    incident = Text(max_length=KEY, blank=False, help_text="The key of the incident, e.g. INC-9.")


class PostmortemWaiverBody(PostmortemBody):
    """Why an incident goes without one."""

    reason = Text(max_length=MAX_REASON, lines=True, blank=False)


class PostmortemPatch(Body):
    """Parts of a draft."""

    summary = Text(max_length=MAX_SECTION, lines=True, required=False)
    impact = Text(max_length=MAX_SECTION, lines=True, required=False)
    root_cause = Text(max_length=MAX_SECTION, lines=True, required=False)
    process_failures = Text(max_length=MAX_SECTION, lines=True, required=False)
    lessons_learned = Text(max_length=MAX_SECTION, lines=True, required=False)
    documentation_updates = Text(max_length=MAX_SECTION, lines=True, required=False)
    cause = serializers.ChoiceField(CAUSE_CHOICES, required=False, allow_blank=True)
    version = WholeNumber(required=False, min_value=1, help_text=VERSION_HELP)


class PostmortemStepBody(Body):
    """A step of a postmortem."""

    version = WholeNumber(required=False, min_value=1, help_text=VERSION_HELP)


class PostmortemReturnBody(PostmortemStepBody):
    """What is missing."""

    reason = Text(max_length=MAX_REASON, lines=True, blank=False)


class ActionFields(Body):
    """What is done, by whom, by when."""

    title = Text(max_length=200, blank=False, required=False)
    detail = Text(max_length=MAX_DETAIL, lines=True, required=False)
    owner = Text(max_length=254, blank=False, required=False, help_text=OWNER_HELP)
    priority = serializers.ChoiceField(PRIORITY_CHOICES, required=False)
    due_at = Moment(required=False, help_text="Missing: what the standard gives, or 30 days.")
    change = Text(max_length=KEY, required=False, help_text="The change that brings it: CHG-1042.")


class ActionBody(ActionFields):
    """A new action item of a postmortem."""

    postmortem = Text(max_length=KEY, blank=False, help_text="Its key, e.g. PM-4.")
    title = Text(max_length=200, blank=False)
    owner = Text(max_length=254, blank=False, help_text=OWNER_HELP)


class ActionPatch(ActionFields):
    """What is to be different."""

    version = WholeNumber(required=False, min_value=1, help_text=VERSION_HELP)


class ActionStepBody(Body):
    """What came of it; needed where it is dropped or opened again."""

    text = Text(max_length=MAX_DETAIL, lines=True, required=False)
    version = WholeNumber(required=False, min_value=1, help_text=VERSION_HELP)


class PostmortemOut(Body):
    """A postmortem, as it is written now."""

    key = Text(max_length=KEY)
    incident = Text(max_length=KEY)
    state = serializers.ChoiceField(POSTMORTEM.choices)
    author = WhoOut()
    cause = serializers.ChoiceField(CAUSE_CHOICES)
    sections = serializers.DictField(child=Text(max_length=MAX_SECTION))
    waiver = Text(max_length=MAX_REASON)
    submitted_at = Moment(allow_null=True)
    published_at = Moment(allow_null=True)
    created_at = Moment()
    updated_at = Moment()
    version = WholeNumber()


class SnapshotOut(Body):
    """What was published; `content_hash` is the SHA-256 of the canonical JSON of `content`."""

    number = WholeNumber()
    content = serializers.DictField()
    content_hash = Text(max_length=64)
    taken_at = Moment()


class ActionOut(Body):
    """An action item."""

    key = Text(max_length=KEY)
    postmortem = Text(max_length=KEY)
    title = Text(max_length=200)
    detail = Text(max_length=MAX_DETAIL)
    owner = WhoOut()
    priority = serializers.ChoiceField(PRIORITY_CHOICES)
    state = serializers.ChoiceField(ACTION.choices)
    due_at = Moment()
    change = Text(max_length=KEY)
    outcome = Text(max_length=MAX_DETAIL)
    opened_at = Moment()
    done_at = Moment(allow_null=True)
    verified_at = Moment(allow_null=True)
    updated_at = Moment()
    version = WholeNumber()


class PostmortemDetailOut(PostmortemOut):
    """A postmortem with its action items, and what was published of it last."""

    action_items = ActionOut(many=True)
    published = SnapshotOut(allow_null=True)


class PostmortemPage(Body):
    """One page of postmortems."""

    next = Text(max_length=URL, allow_null=True)
    previous = Text(max_length=URL, allow_null=True)
    results = PostmortemOut(many=True)


class ActionPage(Body):
    """One page of action items."""

    next = Text(max_length=URL, allow_null=True)
    previous = Text(max_length=URL, allow_null=True)
    results = ActionOut(many=True)


def postmortem_out(row: Postmortem) -> dict[str, Any]:
    """Return what the API says of a postmortem; incident and author are loaded."""
    return {
        "key": row.key,
        "incident": row.incident.key,
        "state": row.state,
        "author": who_out(row.author),
        "cause": row.cause,
        "sections": {name: row.sections.get(name, "") for name in SECTIONS},
        "waiver": row.waiver,
        "submitted_at": utc(row.submitted_at),
        "published_at": utc(row.published_at),
        "created_at": utc(row.created_at),
        "updated_at": utc(row.updated_at),
        "version": row.version,
    }


def postmortem_detail_out(row: Postmortem) -> dict[str, Any]:
    """Return a postmortem with its action items and its newest snapshot; two queries more."""
    snapshot = row.snapshots.order_by("-number").first()
    items = row.action_items.select_related("owner", "postmortem").order_by("id")
    return {
        **postmortem_out(row),
        "action_items": [action_out(item) for item in items],
        "published": {
            "number": snapshot.number,
            "content": snapshot.content,
            "content_hash": snapshot.content_hash,
            "taken_at": utc(snapshot.taken_at),
        }
        if snapshot
        else None,
    }


def action_out(item: ActionItem) -> dict[str, Any]:
    """Return what the API says of an action item; owner and postmortem are loaded."""
    return {
        "key": item.key,
        "postmortem": item.postmortem.key,
        "title": item.title,
        "detail": item.detail,
        "owner": who_out(item.owner),
        "priority": item.priority,
        "state": item.state,
        "due_at": utc(item.due_at),
        "change": item.change_key,
        "outcome": item.outcome,
        "opened_at": utc(item.opened_at),
        "done_at": utc(item.done_at),
        "verified_at": utc(item.verified_at),
        "updated_at": utc(item.updated_at),
        "version": item.version,
    }
