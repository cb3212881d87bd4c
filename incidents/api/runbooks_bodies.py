"""What goes in and out about runbooks and their runs."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from incidents.models import Runbook, RunbookRun, RunbookStep, RunbookVersion
from incidents.panels.runbooks import path_of
from incidents.runbook.states import RUN, RUNBOOK, STEP
from incidents.runbook.templates import KINDS
from incidents.services.runbooks.fields import EARLIEST_REVIEW, LATEST_REVIEW, MAX_NOTE, MAX_TARGETS, MAX_TEXT
from incidents.services.runbooks.running import MAX_NOTE as MAX_STEP_NOTE
from opsportal.accounts.models import User
from opsportal.api.serializers import Body, Moment, Text, WholeNumber, utc

SLUG = 60
TITLE = 200
URL = 2_000


class WhoOut(Body):
    """Somebody: opaque id and the name to show."""

    id = Text(max_length=64)
    name = Text(max_length=150)


class RunbookFields(Body):
    """What people write into a runbook."""

    title = Text(max_length=TITLE, blank=False, required=False)
    kind = serializers.ChoiceField(KINDS, required=False)
    text = Text(
        max_length=MAX_TEXT,
        lines=True,
        required=False,
        help_text="Markdown. Headings part it into sections; numbered lists are its steps. Another text is"
        " another version.",
    )
    note = Text(max_length=MAX_NOTE, required=False, help_text="What is different in this version.")
    team = Text(max_length=SLUG, blank=False, required=False, help_text="The slug of the owner team.")
    keeper = Text(
        max_length=254,
        blank=False,
        required=False,
        help_text="The id or e-mail address of who owes its review.",
    )
    services = serializers.ListField(
        child=Text(max_length=SLUG, blank=False),
        required=False,
        max_length=MAX_TARGETS,
        help_text="Slugs of the services for which it is offered.",
    )
    alerts = serializers.ListField(
        child=serializers.DictField(child=Text(max_length=TITLE, blank=False)),
        required=False,
        max_length=MAX_TARGETS,
        help_text="Labels of alerts for which it is offered: all of them must fit, `*` at the end of a value"
        " stands for anything.",
    )
    review_every_days = WholeNumber(required=False, min_value=EARLIEST_REVIEW, max_value=LATEST_REVIEW)


class RunbookBody(RunbookFields):
    """A new draft of a runbook. Without `text` it begins with the template of its kind."""

    slug = Text(max_length=SLUG, blank=False, help_text="Names it for good: small letters, digits, hyphens.")
    title = Text(max_length=TITLE, blank=False)
    team = Text(max_length=SLUG, blank=False, help_text="The slug of the owner team.")


class RunbookPatch(RunbookFields):
    """What is to be different."""

    version = WholeNumber(required=False, min_value=1, help_text="The version that was read; or If-Match.")


class RunbookStepBody(Body):
    """A step of the runbook's life."""

    version = WholeNumber(required=False, min_value=1, help_text="The version that was read; or If-Match.")


class RunbookReviewBody(RunbookStepBody):
    """What the reviewer found."""

    note = Text(max_length=MAX_NOTE, required=False)


class RunbookRetireBody(RunbookStepBody):
    """Why it is retired."""

    reason = Text(max_length=MAX_NOTE, lines=True, required=False)


class RunBody(Body):
    """Why the runbook is followed."""

    occasion = serializers.ChoiceField(RunbookRun.Occasion.choices, required=False)
    incident = Text(max_length=30, required=False, help_text="The key of the incident, e.g. INC-9.")


class TickBody(Body):
    """What somebody saw at a step; needed where it is skipped or failed."""

    note = Text(max_length=MAX_STEP_NOTE, lines=True, required=False)
    version = WholeNumber(required=False, min_value=1, help_text="The step's version that was read.")


class RunEndBody(Body):
    """How it went; needed where it is not finished."""

    outcome = Text(max_length=MAX_STEP_NOTE, lines=True, required=False)
    version = WholeNumber(required=False, min_value=1, help_text="The version that was read; or If-Match.")


class RunbookOut(Body):
    """A runbook."""

    slug = Text(max_length=SLUG)
    title = Text(max_length=TITLE)
    kind = serializers.ChoiceField(KINDS)
    state = serializers.ChoiceField(RUNBOOK.choices)
    team = Text(max_length=SLUG)
    keeper = WhoOut()
    services = serializers.ListField(child=Text(max_length=SLUG))
    alerts = serializers.ListField(child=serializers.DictField(child=Text(max_length=TITLE)))
    latest = WholeNumber(help_text="The number of the newest version.")
    published = WholeNumber(allow_null=True, help_text="The number of the version that people follow.")
    published_at = Moment(allow_null=True)
    review_every_days = WholeNumber()
    reviewed_at = Moment(allow_null=True)
    review_due_at = Moment(allow_null=True)
    created_at = Moment()
    updated_at = Moment()
    version = WholeNumber()
    url = Text(max_length=URL, help_text="The path of its page: what an alert's runbook_url ends with.")


class RunbookDetailOut(RunbookOut):
    """A runbook with the text that people follow, or of its newest version while it is a draft."""

    text = Text(max_length=MAX_TEXT)


class RunbookPage(Body):
    """One page of runbooks."""

    next = Text(max_length=URL, allow_null=True)
    previous = Text(max_length=URL, allow_null=True)
    results = RunbookOut(many=True)


class RunbookVersionOut(Body):
    """What a runbook said."""

    number = WholeNumber()
    text = Text(max_length=MAX_TEXT)
    note = Text(max_length=MAX_NOTE)
    content_hash = Text(max_length=64)
    written_at = Moment()


class RunbookVersionPage(Body):
    """One page of versions."""

    next = Text(max_length=URL, allow_null=True)
    previous = Text(max_length=URL, allow_null=True)
    results = RunbookVersionOut(many=True)


class RunStepOut(Body):
    """One step of a run."""

    number = WholeNumber()
    section = Text(max_length=TITLE)
    text = Text(max_length=MAX_TEXT)
    state = serializers.ChoiceField(STEP.choices)
    note = Text(max_length=MAX_STEP_NOTE)
    by = Text(max_length=64, allow_null=True, help_text="The id of who ticked it off.")
    at = Moment(allow_null=True)
    version = WholeNumber()


class RunOut(Body):
    """One time that somebody followed a runbook, in the version of its start."""

    id = WholeNumber()
    runbook = Text(max_length=SLUG)
    number = WholeNumber(help_text="The version of the runbook.")
    occasion = serializers.ChoiceField(RunbookRun.Occasion.choices)
    incident = Text(max_length=30, allow_null=True)
    state = serializers.ChoiceField(RUN.choices)
    started_by = WhoOut()
    started_at = Moment()
    ended_at = Moment(allow_null=True)
    outcome = Text(max_length=MAX_STEP_NOTE)
    version = WholeNumber()


class RunDetailOut(RunOut):
    """A run with its steps."""

    steps = RunStepOut(many=True)


class RunPage(Body):
    """One page of runs."""

    next = Text(max_length=URL, allow_null=True)
    previous = Text(max_length=URL, allow_null=True)
    results = RunOut(many=True)


def who_out(person: User) -> dict[str, str]:
    """Return what the API says of a person."""
    return {"id": str(person.pk), "name": person.display_name}


def runbook_out(runbook: Runbook) -> dict[str, Any]:
    """Return what the API says of a runbook; team, keeper and targets are loaded."""
    targets = list(runbook.targets.all())
    return {
        "slug": runbook.slug,
        "title": runbook.title,
        "kind": runbook.kind,
        "state": runbook.state,
        "team": runbook.owner_team.slug,
        "keeper": who_out(runbook.keeper),
        "services": [one.service.slug for one in targets if one.service is not None],
        "alerts": [one.labels for one in targets if one.service is None],
        "latest": runbook.latest,
        "published": runbook.published,
        "published_at": utc(runbook.published_at),
        "review_every_days": runbook.review_every_days,
        "reviewed_at": utc(runbook.reviewed_at),
        "review_due_at": utc(runbook.review_due_at),
        "created_at": utc(runbook.created_at),
        "updated_at": utc(runbook.updated_at),
        "version": runbook.version,
        "url": path_of(runbook.slug),
    }


def version_out(version: RunbookVersion) -> dict[str, Any]:
    """Return what the API says of one version."""
    return {
        "number": version.number,
        "text": version.text,
        "note": version.note,
        "content_hash": version.content_hash,
        "written_at": utc(version.written_at),
    }


def run_out(run: RunbookRun) -> dict[str, Any]:
    """Return what the API says of a run; runbook, version, incident and who started it are loaded."""
    return {
        "id": run.pk,
        "runbook": run.runbook.slug,
        "number": run.content.number,
        "occasion": run.occasion,
        "incident": run.incident.key if run.incident else None,
        "state": run.state,
        "started_by": who_out(run.started_by),
        "started_at": utc(run.started_at),
        "ended_at": utc(run.ended_at),
        "outcome": run.outcome,
        "version": run.version,
    }


def run_step_out(step: RunbookStep) -> dict[str, Any]:
    """Return what the API says of a step of a run."""
    return {
        "number": step.number,
        "section": step.section,
        "text": step.text,
        "state": step.state,
        "note": step.note,
        "by": str(step.by_id) if step.by_id else None,
        "at": utc(step.at),
        "version": step.version,
    }
