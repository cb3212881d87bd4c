"""JSON bodies, read strictly: bounded in size and depth, UTF-8, no NaN, nothing that no database stores."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from opsportal.core import strict_json
from opsportal.core.errors import TooLarge


class StrictJSONParser(BaseParser):
    """Parse `application/json`. The last of doubled keys counts, everywhere."""

    media_type = "application/json"
    limit: int | None = None
    """Bytes of a body; `DATA_UPLOAD_MAX_MEMORY_SIZE` where it is None."""
    keeps_not_finite = False
    """Whether NaN and numbers past all bounds reach the endpoint, which then refuses them by their place."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """Return the parsed body. Raises `TooLarge` past the size limit and `ParseError` for the rest."""
        body = _read(stream, (parser_context or {}).get("request"), self.limit)
        try:
            return strict_json.parse(body, keeps_not_finite=self.keeps_not_finite)
        except ValueError as error:
            raise ParseError(str(error)) from None


def _read(stream: IO[Any], request: Any, limit: int | None) -> bytes:
    limit = limit or settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 1_048_576
    declared = str(request.META.get("CONTENT_LENGTH") or "0") if request is not None else "0"
    if declared.isdigit() and int(declared) > limit:
        raise TooLarge(f"The body may have {limit} bytes at most.")
    body: bytes = stream.read(limit + 1)
    if len(body) > limit:
        raise TooLarge(f"The body may have {limit} bytes at most.")
    if request is not None:
        request.raw_body = body
    return body
