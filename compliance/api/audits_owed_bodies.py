"""What goes in and out about evidence requests and corrective actions."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from compliance.api.audits_bodies import KEY, URL, VERSION_HELP
from compliance.auditing.states import ACTION, REQUEST
from compliance.auditing.tables import REQUEST_KIND_CHOICES
from compliance.models import CorrectiveAction, EvidenceRequest
from compliance.services.audits.cleaning import MAX_TEXT, MOST_LINES
from compliance.services.audits.requests import MOST_FILES
from opsportal.api.serializers import Body, Moment, Text, WholeNumber, utc
from opsportal.files.models import Attachment
from opsportal.files.names import MAX_NAME
from opsportal.files.services.attachments import MAX_NOTE

LINE = 2_000


class EvidenceRequestBody(Body):
    """What somebody is asked for. By the standard's time, or five days, where no `due_at` is given."""

    audit = Text(max_length=KEY, blank=False, help_text="The key of an audit in fieldwork, AUD-3.")
    title = Text(max_length=200, blank=False)
    owner = Text(max_length=254, blank=False, help_text="The id or e-mail address of who is asked.")
    kind = serializers.ChoiceField(REQUEST_KIND_CHOICES, required=False)
    detail = Text(max_length=MAX_TEXT, lines=True, required=False)
    due_at = Moment(required=False)
    test = WholeNumber(required=False, min_value=1, help_text="The number of a test of this audit.")
    item = WholeNumber(required=False, min_value=1, help_text="The number of a sample item of this audit.")


class EvidenceAnswerBody(Body):
    """The answer that is handed in."""

    answer = Text(max_length=MAX_TEXT, lines=True, blank=False)
    links = serializers.ListField(
        child=Text(max_length=LINE),
        required=False,
        max_length=MOST_LINES,
        help_text="Keys and addresses: CHG-1042, https://…",
    )
    version = WholeNumber(required=False, min_value=1, help_text=VERSION_HELP)


class EvidenceAnswerForm(serializers.Serializer[Any]):
    """A form (`multipart/form-data`) with the answer and its files."""

    answer = serializers.CharField()
    links = serializers.ListField(
        child=serializers.CharField(), required=False, help_text="Keys and addresses, one a line."
    )
    file = serializers.ListField(
        child=serializers.FileField(),
        required=False,
        max_length=MOST_FILES,
        help_text="pdf, png, jpg, gif, webp, txt, log, csv, json, md, xlsx, docx, pptx, zip; no macros.",
    )
    note = serializers.CharField(required=False, help_text="What the files are.")
    version = serializers.IntegerField(required=False, min_value=1, help_text=VERSION_HELP)


class EvidenceFileOut(Body):
    """A file of an answer."""

    id = Text(max_length=36)
    name = Text(max_length=MAX_NAME)
    note = Text(max_length=MAX_NOTE)
    size = WholeNumber(help_text="bytes")
    content_type = Text(max_length=100)
    sha256 = Text(max_length=64)
    added_at = Moment()
    url = Text(max_length=LINE)


class EvidenceFilePage(Body):
    """All files of an answer."""

    next = Text(max_length=URL, allow_null=True)
    previous = Text(max_length=URL, allow_null=True)
    results = EvidenceFileOut(many=True)


class EvidenceStepBody(Body):
    """A step. `remark` says why an answer is sent back or a request cancelled, `due_at` by when again."""

    remark = Text(max_length=2_000, lines=True, required=False)
    due_at = Moment(required=False)
    version = WholeNumber(required=False, min_value=1, help_text=VERSION_HELP)


class EvidenceRequestOut(Body):
    """An evidence request."""

    key = Text(max_length=KEY)
    audit = Text(max_length=KEY)
    test = WholeNumber(allow_null=True)
    item = WholeNumber(allow_null=True)
    kind = serializers.ChoiceField(REQUEST_KIND_CHOICES)
    title = Text(max_length=200)
    detail = Text(max_length=MAX_TEXT)
    owner = Text(max_length=36)
    state = serializers.ChoiceField(REQUEST.choices)
    due_at = Moment()
    answer = Text(max_length=MAX_TEXT)
    links = serializers.ListField(child=Text(max_length=MAX_TEXT))
    remark = Text(max_length=2_000)
    rounds = WholeNumber(help_text="How often it was sent back.")
    asked_at = Moment()
    answered_at = Moment(allow_null=True)
    settled_at = Moment(allow_null=True)
    updated_at = Moment()
    version = WholeNumber()


class EvidenceRequestPage(Body):
    """One page of evidence requests."""

    next = Text(max_length=URL, allow_null=True)
    previous = Text(max_length=URL, allow_null=True)
    results = EvidenceRequestOut(many=True)


class CorrectiveActionBody(Body):
    """What is done about an accepted finding. Due when the finding is, where no `due_at` is given."""

    finding = Text(max_length=KEY, blank=False, help_text="The key of a finding, FND-12.")
    title = Text(max_length=200, blank=False)
    owner = Text(max_length=254, blank=False, help_text="The id or e-mail address of who does it.")
    detail = Text(max_length=MAX_TEXT, lines=True, required=False)
    due_at = Moment(required=False)


class CorrectiveActionStepBody(Body):
    """A step, with what came of it: what was done, why it is dropped, what the re-test showed."""

    text = Text(max_length=MAX_TEXT, lines=True, blank=False)
    version = WholeNumber(required=False, min_value=1, help_text=VERSION_HELP)


class CorrectiveActionOut(Body):
    """A corrective action."""

    key = Text(max_length=KEY)
    finding = Text(max_length=KEY)
    audit = Text(max_length=KEY)
    title = Text(max_length=200)
    detail = Text(max_length=MAX_TEXT)
    owner = Text(max_length=36)
    state = serializers.ChoiceField(ACTION.choices)
    due_at = Moment()
    outcome = Text(max_length=MAX_TEXT, help_text="What was done, or why it was dropped.")
    retest = Text(max_length=MAX_TEXT, help_text="What the re-test showed.")
    opened_at = Moment()
    done_at = Moment(allow_null=True)
    verified_at = Moment(allow_null=True)
    updated_at = Moment()
    version = WholeNumber()


class CorrectiveActionPage(Body):
    """One page of corrective actions."""

    next = Text(max_length=URL, allow_null=True)
    previous = Text(max_length=URL, allow_null=True)
    results = CorrectiveActionOut(many=True)


def request_out(row: EvidenceRequest) -> dict[str, Any]:
    """Return an evidence request as JSON."""
    return {
        "key": row.key,
        "audit": row.audit.key,
        "test": row.test_id,
        "item": row.item_id,
        "kind": row.kind,
        "title": row.title,
        "detail": row.detail,
        "owner": str(row.owner_id),
        "state": row.state,
        "due_at": utc(row.due_at),
        "answer": row.answer,
        "links": row.links.splitlines(),
        "remark": row.remark,
        "rounds": row.rounds,
        "asked_at": utc(row.asked_at),
        "answered_at": utc(row.answered_at),
        "settled_at": utc(row.settled_at),
        "updated_at": utc(row.updated_at),
        "version": row.version,
    }


def action_out(row: CorrectiveAction) -> dict[str, Any]:
    """Return a corrective action as JSON."""
    return {
        "key": row.key,
        "finding": row.finding.key,
        "audit": row.finding.audit.key,
        "title": row.title,
        "detail": row.detail,
        "owner": str(row.owner_id),
        "state": row.state,
        "due_at": utc(row.due_at),
        "outcome": row.outcome,
        "retest": row.retest,
        "opened_at": utc(row.opened_at),
        "done_at": utc(row.done_at),
        "verified_at": utc(row.verified_at),
        "updated_at": utc(row.updated_at),
        "version": row.version,
    }


def file_out(row: Attachment, key: str) -> dict[str, Any]:
    """Return what the API says of a file of the answer to the request of that key, its stored file loaded."""
    return {
        "id": str(row.pk),
        "name": row.name,
        "note": row.note,
        "size": row.file.size,
        "content_type": row.file.content_type,
        "sha256": row.file.sha256,
        "added_at": utc(row.added_at),
        "url": f"/api/v1/evidence-requests/{key}/files/{row.pk}/",
    }
