"""A file that is too large, as everybody who reads one refuses it."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import RequestDataTooBig

from opsportal.core.errors import TooLarge


class FileTooLarge(RequestDataTooBig):
    """Raised while a form is read. Django's kind of error, so that nothing takes it for a crash of ours."""


def too_large(error: RequestDataTooBig) -> TooLarge:
    """Return the refusal for what was given up while it was read, with the limit where it was a file."""
    if isinstance(error, FileTooLarge):
        return TooLarge(f"The file is larger than {settings.FILE_MAX_BYTES // 1_000_000} MB.")
    return TooLarge()
