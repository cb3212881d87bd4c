"""The API of evidence: JSON, a reference to a file elsewhere, or the file itself in a form."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import FileResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from compliance.api.controls import IF_MATCH, PAGING, answer
from compliance.api.controls_bodies import KEY, URL, CompliancePersonOut, person_out
from compliance.controlling.states import EVIDENCE
from compliance.controlling.words import EVIDENCE_KINDS, SHOWS
from compliance.models import EvidenceItem, EvidenceRevision
from compliance.panels.controls import evidence_path
from compliance.selectors.controls import (
    EVIDENCE_ORDERINGS,
    evidence_by_key,
    evidence_loaded,
    newest_revisions,
)
from compliance.services.controls.evidence import (
    KIND,
    MAX_NOTE,
    Upload,
    evidence_add,
    evidence_map,
    evidence_revise,
    evidence_withdraw,
)
from compliance.services.controls.evidence_fields import MAX_CONTROLS, MAX_REFERENCE, MAX_TITLE
from compliance.services.controls.evidence_fields import MAX_NOTE as MAX_WORDS
from compliance.services.controls.looked_up import MAX_URL
from opsportal.api.parsers import StrictJSONParser
from opsportal.api.query import Query, parse_moment
from opsportal.api.serializers import Body, Moment, Text, WholeNumber, expected_version, read_body, utc
from opsportal.api.views import ApiView
from opsportal.core.clock import edge_now
from opsportal.core.errors import FieldError, InvalidInput
from opsportal.files.selectors import attachment_of
from opsportal.files.web.serving import attachment_response

_VERSION = "The version that was read; or If-Match."
_FORM = ("title", "controls", "reference", "shows", "observed_at", "valid_until", "sha256", "note", "version")


class EvidenceFields(Body):
    """One of `data` and `url`, or neither: then the note is the evidence. A file comes by a form."""

    title = Text(max_length=MAX_TITLE, blank=False, required=False)
    controls = serializers.ListField(
        child=Text(max_length=KEY, blank=False),
        required=False,
        max_length=MAX_CONTROLS,
        help_text="Keys of the controls that it speaks for.",
    )
    shows = serializers.ChoiceField(SHOWS, required=False)
    observed_at = Moment(required=False, help_text="When what it shows was so; not when it is sent.")
    valid_until = Moment(
        required=False, help_text="Until when it counts. By default as long as its controls' frequency says."
    )
    url = Text(max_length=MAX_URL, required=False, help_text="Where the evidence lies, elsewhere.")
    sha256 = Text(max_length=71, required=False, help_text="SHA-256 of what lies at the url.")
    data = serializers.DictField(  # type: ignore[assignment]  # a field, which the class takes out
        required=False, help_text="What a machine found, 64 kB of JSON."
    )
    note = Text(max_length=MAX_WORDS, lines=True, required=False)


class EvidenceBody(EvidenceFields):
    """New evidence, or the next revision of what has the same reference."""

    reference = Text(
        max_length=MAX_REFERENCE, required=False, help_text="The sender's own name for it, for good."
    )
    observed_at = Moment(help_text="When what it shows was so; not when it is sent.")


class EvidencePatch(EvidenceFields):
    """The next revision."""

    observed_at = Moment(help_text="When what it shows was so; not when it is sent.")
    version = WholeNumber(required=False, min_value=1, help_text=_VERSION)


class EvidenceForm(serializers.Serializer[Any]):
    """A form (`multipart/form-data`) with the file and what is to be said of it."""

    file = serializers.FileField(
        help_text="pdf, png, jpg, gif, webp, txt, log, csv, json, md, xlsx, docx, pptx or zip."
    )
    title = serializers.CharField(required=False)
    controls = serializers.ListField(child=serializers.CharField(), required=False)
    reference = serializers.CharField(required=False)
    shows = serializers.ChoiceField(SHOWS, required=False)
    observed_at = serializers.CharField(help_text="ISO 8601 with a zone.")
    valid_until = serializers.CharField(required=False)
    sha256 = serializers.CharField(
        required=False, help_text="The SHA-256 of the file; one that arrives as another is refused."
    )
    note = serializers.CharField(required=False)


class EvidenceMapBody(Body):
    """What it speaks for."""

    controls = serializers.ListField(child=Text(max_length=KEY, blank=False), max_length=MAX_CONTROLS)
    title = Text(max_length=MAX_TITLE, blank=False, required=False)
    version = WholeNumber(required=False, min_value=1, help_text=_VERSION)


class EvidenceWithdrawBody(Body):
    """Why it counts no more."""

    reason = Text(max_length=MAX_NOTE, lines=True, blank=False)
    version = WholeNumber(required=False, min_value=1, help_text=_VERSION)


class RevisionOut(Body):
    """One revision, as it came."""

    number = WholeNumber()
    shows = serializers.ChoiceField(SHOWS)
    observed_at = Moment()
    received_at = Moment()
    valid_until = Moment(allow_null=True)
    digest = Text(max_length=64, help_text="SHA-256 of the file, or of what came instead of one.")
    file = Text(max_length=URL, allow_null=True)
    url = Text(max_length=MAX_URL)
    data = serializers.DictField(allow_null=True)  # type: ignore[assignment]
    note = Text(max_length=MAX_WORDS)


class EvidenceOut(Body):
    """Evidence with its newest revision."""

    key = Text(max_length=KEY)
    title = Text(max_length=MAX_TITLE)
    kind = serializers.ChoiceField(EVIDENCE_KINDS)
    state = serializers.ChoiceField(EVIDENCE.choices)
    reference = Text(max_length=MAX_REFERENCE, allow_null=True)
    controls = serializers.ListField(child=Text(max_length=KEY))
    owner = CompliancePersonOut(allow_null=True)
    revision = RevisionOut()
    created_at = Moment()
    updated_at = Moment()
    version = WholeNumber()
    page = Text(max_length=URL)


class EvidencePage(Body):
    """One page of evidence."""

    next = Text(max_length=URL, allow_null=True)
    previous = Text(max_length=URL, allow_null=True)
    results = EvidenceOut(many=True)


class RevisionPage(Body):
    """One page of revisions."""

    next = Text(max_length=URL, allow_null=True)
    previous = Text(max_length=URL, allow_null=True)
    results = RevisionOut(many=True)


def revision_out(row: EvidenceRevision, key: str) -> dict[str, Any]:
    """Return what the API says of one revision."""
    return {
        "number": row.number,
        "shows": row.shows,
        "observed_at": utc(row.observed_at),
        "received_at": utc(row.received_at),
        "valid_until": utc(row.valid_until),
        "digest": row.digest,
        "file": f"/api/v1/evidence/{key}/files/{row.attachment}/" if row.attachment else None,
        "url": row.url,
        "data": row.data,
        "note": row.note,
    }


def evidence_out(item: EvidenceItem, revision: EvidenceRevision) -> dict[str, Any]:
    """Return what the API says of evidence; it is loaded as by `evidence_loaded`."""
    return {
        "key": item.key,
        "title": item.title,
        "kind": item.kind,
        "state": item.state,
        "reference": item.reference,
        "controls": [control.key for control in item.controls.all()],
        "owner": person_out(item.owner) if item.owner else None,
        "revision": revision_out(revision, item.key),
        "created_at": utc(item.created_at),
        "updated_at": utc(item.updated_at),
        "version": item.version,
        "page": evidence_path(item.pk),
    }


def _evidence(key: str, *, status: int = 200) -> Response:
    item = evidence_by_key(key)
    document = evidence_out(item, newest_revisions([item])[item.pk])
    place = f"/api/v1/evidence/{item.key}/" if status == 201 else ""
    return answer(document, item.version, status=status, place=place)


class EvidenceList(ApiView):
    """Evidence that people and machines have brought."""

    area = "compliance"
    parser_classes = [StrictJSONParser, MultiPartParser]

    @extend_schema(
        operation_id="evidence_list",
        parameters=[
            OpenApiParameter("state", str, enum=list(EVIDENCE.states)),
            OpenApiParameter("control", str, description="Only for this control (its key)."),
            OpenApiParameter("ordering", str, enum=sorted(EVIDENCE_ORDERINGS)),
            *PAGING,
        ],
        responses=EvidencePage,
    )
    def get(self, request: Request) -> Response:
        """List evidence with its newest revision, newest first."""
        query = Query(request, {"state", "control"})
        rows = evidence_loaded()
        if state := query.choice("state", EVIDENCE.states):
            rows = rows.filter(state=state)
        if control := query.text("control"):
            number = control.upper().removeprefix("CTL-")
            known = number.isascii() and number.isdigit() and len(number) < 18
            rows = rows.filter(links__control=int(number)) if known else rows.none()
        response = self.page(rows, lambda row: {"row": row}, ordering=EVIDENCE_ORDERINGS, default="-id")
        found = [one["row"] for one in response.data["results"]]
        newest = newest_revisions(found)
        response.data["results"] = [evidence_out(row, newest[row.pk]) for row in found]
        return response

    @extend_schema(
        operation_id="evidence_add",
        request={"application/json": EvidenceBody, "multipart/form-data": EvidenceForm},
        responses={200: EvidenceOut, 201: EvidenceOut},
    )
    def post(self, request: Request) -> Response:
        """Bring evidence: 201 for a new piece, 200 for what has a reference that stands already."""
        Query(request, paged=False)
        fields, upload = _sent(request, EvidenceBody)
        item, is_new = evidence_add(actor=self.actor, now=edge_now(), fields=fields, upload=upload)
        return _evidence(item.key, status=201 if is_new else 200)


class EvidenceDetail(ApiView):
    """One piece of evidence."""

    area = "compliance"

    @extend_schema(operation_id="evidence_retrieve", responses=EvidenceOut)
    def get(self, request: Request, key: str) -> Response:
        """Show evidence with its newest revision."""
        Query(request, paged=False)
        return _evidence(key)


class EvidenceRevisions(ApiView):
    """The revisions of evidence."""

    area = "compliance"

    @extend_schema(
        operation_id="evidence_revisions",
        parameters=[OpenApiParameter("ordering", str, enum=["-number", "number"]), *PAGING],
        responses=RevisionPage,
    )
    def get(self, request: Request, key: str) -> Response:
        """List all revisions, newest first: a newer one replaces, the old ones stay."""
        Query(request)
        item = evidence_by_key(key)
        orderings = {"-number": ("-number", "-id"), "number": ("number", "id")}
        rows = EvidenceRevision.objects.filter(item=item)
        return self.page(
            rows,
            lambda row: revision_out(row, item.key),
            ordering=orderings,
            default="-number",
            changed=("received_at",),
        )


class EvidenceRevise(ApiView):
    """A newer revision."""

    area = "compliance"
    parser_classes = [StrictJSONParser, MultiPartParser]

    @extend_schema(
        operation_id="evidence_revise",
        parameters=[IF_MATCH],
        request={"application/json": EvidencePatch, "multipart/form-data": EvidenceForm},
        responses=EvidenceOut,
    )
    def post(self, request: Request, key: str) -> Response:
        """Replace evidence by a newer revision."""
        Query(request, paged=False)
        fields, upload = _sent(request, EvidencePatch)
        version = expected_version(request, fields)
        evidence_revise(
            actor=self.actor, now=edge_now(), key=key, fields=fields, upload=upload, version=version
        )
        return _evidence(key)


class EvidenceMap(ApiView):
    """What evidence speaks for."""

    area = "compliance"

    @extend_schema(
        operation_id="evidence_map", parameters=[IF_MATCH], request=EvidenceMapBody, responses=EvidenceOut
    )
    def post(self, request: Request, key: str) -> Response:
        """Let evidence speak for exactly these controls."""
        Query(request, paged=False)
        fields = read_body(request, EvidenceMapBody)
        version = expected_version(request, fields)
        evidence_map(actor=self.actor, now=edge_now(), key=key, version=version, **fields)
        return _evidence(key)


class EvidenceWithdraw(ApiView):
    """Evidence that counts no more."""

    area = "compliance"

    @extend_schema(
        operation_id="evidence_withdraw",
        parameters=[IF_MATCH],
        request=EvidenceWithdrawBody,
        responses=EvidenceOut,
    )
    def post(self, request: Request, key: str) -> Response:
        """Let evidence count no more, with a reason; its revisions stay."""
        Query(request, paged=False)
        fields = read_body(request, EvidenceWithdrawBody)
        version = expected_version(request, fields)
        evidence_withdraw(actor=self.actor, now=edge_now(), key=key, version=version, **fields)
        return _evidence(key)


class EvidenceFile(ApiView):
    """The file of a revision."""

    area = "compliance"
    gives = ("*/*",)

    @extend_schema(
        operation_id="evidence_file",
        responses={
            (200, "application/octet-stream"): OpenApiTypes.BINARY,
            410: OpenApiResponse(description="Its bytes are not what was uploaded."),
        },
    )
    def get(self, request: Request, key: str, attachment: str) -> FileResponse:
        """Download the file of a revision, after its bytes were found to be those that were uploaded."""
        Query(request, paged=False)
        item = evidence_by_key(key)
        try:
            identifier = UUID(attachment)
        except ValueError:
            identifier = UUID(int=0)
        return attachment_response(attachment_of(KIND, item.key, identifier), now=edge_now())


def _sent(request: Request, body: type[Body]) -> tuple[dict[str, Any], Upload | None]:
    """Return the fields, and the file where a form came. Raises `InvalidInput`."""
    form: Any = request.data  # reading it parses the body
    if not request.content_type.startswith("multipart/"):
        return read_body(request, body), None
    names = set(form) - {"file", *_FORM}
    errors = [FieldError(f"/{name[:60]}", "unknown", "The form has no such field.") for name in sorted(names)]
    uploads = request.FILES.getlist("file")
    if len(uploads) != 1:
        errors.append(FieldError("/file", "required", "Send one file, in the field `file`."))
    if errors:
        raise InvalidInput(errors)
    fields: dict[str, Any] = {name: form.get(name) for name in _FORM if form.get(name) not in (None, "")}
    for name in ("observed_at", "valid_until"):
        if name in fields:
            fields[name] = parse_moment(fields[name], field=name)
    if "controls" in fields:
        keys = [key for value in form.getlist("controls") for key in str(value).split(",")]
        fields["controls"] = [key.strip() for key in keys if key.strip()]
    if "version" in fields:
        text = str(fields["version"])
        if not (text.isascii() and text.isdigit() and len(text) < 10):
            raise InvalidInput.of("version", "not_a_number", "Must be a whole number.")
        fields["version"] = int(text)
    return fields, Upload(str(uploads[0].name), uploads[0].chunks())
