"""Uploads of forms: counted while they come in, and given up at the limit before they fill the disk."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django.conf import settings
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpResponse

from opsportal.core.uploads import FileTooLarge

FORM_ALLOWANCE = 64 * 1024
"""For the other fields of a form, and the lines between them, in bytes."""

View = TypeVar("View", bound=Callable[..., HttpResponse])


def answers_too_large(page: Callable[..., HttpResponse]) -> Callable[[View], View]:
    """Mark a view that takes a file: `page` is called in its stead, with its arguments, if that is too large.

    Such a form is given up before any view sees it, so that the view could not say so at its own form.
    """

    def mark(view: View) -> View:
        view.page_of_too_large = page  # type: ignore[attr-defined]
        return view

    return mark


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
            raise FileTooLarge("the request is larger than a file may be")

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        """Count what really comes, and hand it on to the next handler."""
        self._received += len(raw_data)
        if self._received > settings.FILE_MAX_BYTES:
            raise FileTooLarge("a file is larger than a file may be")
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """Leave it to the next handler to make the file."""
