"""Handing out an attachment: always as a download, never as something that a browser shows or runs."""

from __future__ import annotations

from datetime import datetime

from django.http import FileResponse

from opsportal.files.models import Attachment
from opsportal.files.services import file_opened

# Even where a browser were made to show it: no script, no origin, nothing loaded.
SANDBOX = "sandbox; default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


def attachment_response(attachment: Attachment, *, now: datetime) -> FileResponse:
    """Return the download of an attachment whose reader the caller has checked. Raises as `file_opened`."""
    file = file_opened(now=now, attachment=attachment)
    kind = attachment.file.content_type
    response = FileResponse(
        file,
        as_attachment=True,
        filename=attachment.name,
        content_type=f"{kind}; charset=utf-8" if kind.startswith("text/") else kind,
    )
    response["Content-Security-Policy"] = SANDBOX
    response["X-Content-Type-Options"] = "nosniff"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    response["Cache-Control"] = "private, no-store"
    return response
