"""JSON from outside, read strictly: UTF-8, bounded in depth, no NaN and no infinite number. Pure."""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn

MAX_DEPTH = 32
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_OUTSIDE_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*"|([\[{])|([\]}])', re.DOTALL)


def parse(body: bytes, *, keeps_not_finite: bool = False) -> Any:
    """Return the parsed body; the last of doubled keys counts, everywhere.

    With `keeps_not_finite`, NaN and numbers past all bounds come back as such floats, for a reader who
    refuses the row that has one and keeps the others.

    Raises `ValueError` with one sentence of what is wrong.
    """
    _check_depth(body)
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise ValueError("The body is not UTF-8.") from None
    try:
        if keeps_not_finite:
            parsed = json.loads(text)
        else:
            parsed = json.loads(text, parse_constant=_refuse_constant, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"The body is not JSON: {error}") from None
    if _SURROGATE.search(text):
        _refuse_lone_surrogates(parsed)
    return parsed


def _check_depth(body: bytes) -> None:
    # json.loads recurses in C; a bound beforehand keeps a hostile body from ever reaching it.
    if body.count(b"[") + body.count(b"{") <= MAX_DEPTH:
        return
    depth = 0
    for match in _OUTSIDE_STRINGS.finditer(body):
        if match[1]:
            depth += 1
            if depth > MAX_DEPTH:
                raise ValueError(f"The body is nested more than {MAX_DEPTH} levels deep.")
        elif match[2]:
            depth -= 1


def _refuse_lone_surrogates(parsed: Any) -> None:
    # No database stores one half of a pair, and no answer could repeat it.
    try:
        json.dumps(parsed, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise ValueError("The body holds half of a surrogate pair.") from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"{text[:20]} is larger than any number here")
    return number
