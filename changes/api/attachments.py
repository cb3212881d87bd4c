"""The API of files at a change."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.http import FileResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from changes.api.changes_out import ActorOut
from changes.selectors import change_by_key
from changes.services.attachments import change_attach, change_detach
from changes.services.reasons import MAX_REASON
from changes.services.scene import KIND
from opsportal.api.query import Query
from opsportal.api.serializers import Body, Moment, Text, WholeNumber, read_body, utc
from opsportal.api.views import ApiView
from opsportal.core.clock import edge_now
from opsportal.core.errors import FieldError, InvalidInput
from opsportal.core.registry import person_names
from opsportal.files.models import Attachment
from opsportal.files.names import MAX_NAME
from opsportal.files.selectors import attachment_of, attachments_of
from opsportal.files.services.attachments import MAX_NOTE
from opsportal.files.states import ATTACHMENT
from opsportal.files.web.serving import attachment_response

URL = 2_000


class AttachmentBody(serializers.Serializer[Any]):
    """A form (`multipart/form-data`) with one file."""

    file = serializers.FileField(help_text="pdf, png, jpg, gif, webp, txt, log, csv, json or md.")
    note = serializers.CharField(max_length=MAX_NOTE, required=False)


class DetachBody(Body):
    """Why a file is removed. The reason stays."""

    reason = Text(max_length=MAX_REASON, lines=True, blank=False)


class AttachmentOut(Body):
    """A file at a change. One that was removed says who did, when and why, and cannot be downloaded."""

    id = Text(max_length=36)
    name = Text(max_length=MAX_NAME)
    note = Text(max_length=MAX_NOTE)
    size = WholeNumber(help_text="bytes")
    content_type = Text(max_length=60)
    sha256 = Text(max_length=64)
    state = serializers.ChoiceField(ATTACHMENT.choices)
    added_by = ActorOut()
    added_at = Moment()
    removed_by = ActorOut(allow_null=True)
    removed_at = Moment(allow_null=True)
    removed_reason = Text(max_length=MAX_REASON)
    url = Text(max_length=URL)


class AttachmentPage(Body):
    """All that is and was attached, oldest first."""

    next = Text(max_length=URL, allow_null=True)
    previous = Text(max_length=URL, allow_null=True)
    results = AttachmentOut(many=True)


class ChangeAttachments(ApiView):
    """The files at a change."""

    area = "changes"
    parser_classes = [MultiPartParser]

    @extend_schema(operation_id="changes_attachments", responses=AttachmentPage)
    def get(self, request: Request, key: str) -> Response:
        """List what is attached to a change, and what was removed from it."""
        Query(request, paged=False)
        rows = list(attachments_of(KIND, change_by_key(key).key))
        return Response({"next": None, "previous": None, "results": _all_out(rows, key)})

    @extend_schema(
        operation_id="changes_attach",
        request={"multipart/form-data": AttachmentBody},
        responses={201: AttachmentOut},
    )
    def post(self, request: Request, key: str) -> Response:
        """Attach a file. What it is is told by its content; archives, HTML and programs are refused."""
        Query(request, paged=False)
        change = change_by_key(key)
        upload, note = _form_of(request)
        attachment = change_attach(
            actor=self.actor,
            now=edge_now(),
            pk=change.pk,
            name=str(upload.name),
            chunks=upload.chunks(),
            note=note,
        )
        (told,) = _all_out([attachment], key)
        return Response(told, status=201, headers={"Location": told["url"]})


class ChangeAttachmentFile(ApiView):
    """One file at a change."""

    area = "changes"
    gives = ("*/*",)

    @extend_schema(
        operation_id="changes_attachment",
        responses={
            (200, "application/octet-stream"): OpenApiTypes.BINARY,
            410: OpenApiResponse(description="It was removed, or its bytes are not what was uploaded."),
        },
    )
    def get(self, request: Request, key: str, attachment: str) -> FileResponse:
        """Download a file, after its bytes were found to be those that were uploaded."""
        Query(request, paged=False)
        found = attachment_of(KIND, change_by_key(key).key, UUID(attachment))
        return attachment_response(found, now=edge_now())


class ChangeAttachmentRemove(ApiView):
    """Removing a file from a change."""

    area = "changes"

    @extend_schema(operation_id="changes_detach", request=DetachBody, responses=AttachmentOut)
    def post(self, request: Request, key: str, attachment: str) -> Response:
        """Remove a file, with a reason. That it was there stays, with its hash."""
        Query(request, paged=False)
        body = read_body(request, DetachBody)
        removed = change_detach(
            actor=self.actor,
            now=edge_now(),
            pk=change_by_key(key).pk,
            attachment=UUID(attachment),
            reason=body["reason"],
        )
        (told,) = _all_out([removed], key)
        return Response(told)


def _form_of(request: Request) -> tuple[UploadedFile[Any], str]:
    """Return the file and the note. Raises `InvalidInput` for anything else, more or less."""
    form: Any = request.data  # reading it parses the form
    names = set(form) - {"file", "note"}
    errors = [FieldError(f"/{name[:60]}", "unknown", "The form has no such field.") for name in sorted(names)]
    uploads = request.FILES.getlist("file")
    if len(uploads) != 1:
        errors.append(FieldError("/file", "required", "Send one file, in the field `file`."))
    note = form.get("note", "")
    if not isinstance(note, str):
        errors.append(FieldError("/note", "not_text", "Must be text."))
    if errors:
        raise InvalidInput(errors)
    return uploads[0], note


def _all_out(rows: list[Attachment], key: str) -> list[dict[str, Any]]:
    actors = {(row.added_by_kind, row.added_by_id) for row in rows}
    actors |= {(row.removed_by_kind, row.removed_by_id) for row in rows if row.removed_at}
    names = person_names["people"](actors)

    def actor_out(kind: str, identifier: str) -> dict[str, str]:
        return {"kind": kind, "id": identifier, "name": names[kind, identifier]}

    return [
        {
            "id": str(row.pk),
            "name": row.name,
            "note": row.note,
            "size": row.file.size,
            "content_type": row.file.content_type,
            "sha256": row.file_id,
            "state": row.state,
            "added_by": actor_out(row.added_by_kind, row.added_by_id),
            "added_at": utc(row.added_at),
            "removed_by": actor_out(row.removed_by_kind, row.removed_by_id) if row.removed_at else None,
            "removed_at": utc(row.removed_at),
            "removed_reason": row.removed_reason,
            "url": f"/api/v1/changes/{key.upper()}/attachments/{row.pk}/",
        }
        for row in rows
    ]
