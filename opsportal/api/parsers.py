"""JSON bodies, read strictly: bounded in size and depth, UTF-8, no NaN, nothing that no database stores."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import IO, Any, NoReturn

from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from opsportal.core.errors import TooLarge

MAX_DEPTH = 32
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_OUTSIDE_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*"|([\[{])|([\]}])', re.DOTALL)


class StrictJSONParser(BaseParser):
    """Parse `application/json`. The last of doubled keys counts, everywhere."""

    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """Return the parsed body. Raises `TooLarge` past the size limit and `ParseError` for the rest."""
        body = _read(stream, (parser_context or {}).get("request"))
        _check_depth(body)
        try:
            text = body.decode("utf-8")
            parsed = json.loads(text, parse_constant=_refuse_constant)
        except UnicodeDecodeError:
            raise ParseError("The body is not UTF-8.") from None
        except (ValueError, RecursionError) as error:
            raise ParseError(f"The body is not JSON: {error}") from None
        if _SURROGATE.search(text):
            _refuse_lone_surrogates(parsed)
        return parsed


def _read(stream: IO[Any], request: Any) -> bytes:
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 1_048_576
    declared = str(request.META.get("CONTENT_LENGTH") or "0") if request is not None else "0"
    if declared.isdigit() and int(declared) > limit:
        raise TooLarge(f"The body may have {limit} bytes at most.")
    body: bytes = stream.read(limit + 1)
    if len(body) > limit:
        raise TooLarge(f"The body may have {limit} bytes at most.")
    if request is not None:
        request.raw_body = body
    return body


def _check_depth(body: bytes) -> None:
    # json.loads recurses in C; a bound beforehand keeps a hostile body from ever reaching it.
    depth = 0
    for match in _OUTSIDE_STRINGS.finditer(body):
        if match[1]:
            depth += 1
            if depth > MAX_DEPTH:
                raise ParseError(f"The body is nested more than {MAX_DEPTH} levels deep.")
        elif match[2]:
            depth -= 1


def _refuse_lone_surrogates(parsed: Any) -> None:
    # No database stores one half of a pair, and no answer could repeat it.
    try:
        json.dumps(parsed, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise ParseError("The body holds half of a surrogate pair.") from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")
