"""Answers of evidence requests as they come in: as JSON, or as a form with files."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request

from compliance.api.audits_owed_bodies import EvidenceAnswerBody
from compliance.services.audits.requests import MOST_FILES, Upload
from opsportal.api.serializers import read_body
from opsportal.core.errors import FieldError, InvalidInput

_FORM = ("answer", "links", "note", "version")


def answer_of(request: Request) -> tuple[dict[str, Any], list[Upload]]:
    """Return the fields of an answer, and its files where a form came. Raises `InvalidInput`."""
    form: Any = request.data  # reading it parses the body
    if not request.content_type.startswith("multipart/"):
        return read_body(request, EvidenceAnswerBody), []
    names = sorted(set(form) - {"file", *_FORM})
    errors = [FieldError(f"/{name[:60]}", "unknown", "The form has no such field.") for name in names]
    uploads = request.FILES.getlist("file")
    if set(form.getlist("file")) - set(uploads):
        errors.append(FieldError("/file", "not_a_file", "Must be a file."))
    if len(uploads) > MOST_FILES:
        errors.append(FieldError("/file", "too_many", f"At most {MOST_FILES} files at once."))
    if errors:
        raise InvalidInput(errors)
    fields: dict[str, Any] = {name: form[name] for name in ("answer", "note", "version") if name in form}
    text = str(fields.get("version", "1"))
    if not (text.isascii() and text.isdigit() and 0 < len(text) < 10):
        raise InvalidInput.of("version", "not_a_number", "Must be a whole number.")
    if "version" in fields:
        fields["version"] = int(text)
    links = [line for value in form.getlist("links") for line in str(value).splitlines() if line.strip()]
    return {"answer": "", **fields, "links": links}, [Upload(str(one.name), one.chunks()) for one in uploads]
