"""Uploads of forms: counted while they come in, and given up at the limit before they fill the disk."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import FileUploadHandler

FORM_ALLOWANCE = 64 * 1024
"""For the other fields of a form, and the lines between them, in bytes."""


class LimitedUpload(FileUploadHandler):
    """Stops a request whose files together are larger than one may be. Stands before Django's handlers."""

    chunk_size = 64 * 1024

    def __init__(self, request: Any = None) -> None:
        super().__init__(request)
        self._received = 0

    def handle_raw_input(
        self,
        input_data: Any,
        META: Any,  # noqa: N803 - Django's name
        content_length: int,
        boundary: Any,
        encoding: Any = None,
    ) -> None:
        """Refuse by the declared length, before anything is read."""
        if content_length > settings.FILE_MAX_BYTES + FORM_ALLOWANCE:
            raise RequestDataTooBig("the request is larger than a file may be")

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        """Count what really comes, and hand it on to the next handler."""
        self._received += len(raw_data)
        if self._received > settings.FILE_MAX_BYTES:
            raise RequestDataTooBig("a file is larger than a file may be")
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """Leave it to the next handler to make the file."""
