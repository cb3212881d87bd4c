"""What a Prometheus server answers to a range query, read strictly; and what it is asked. Pure.

Its HTTP API v1 (`/api/v1/query_range`), as documented at prometheus.io: `{"status": "success", "data":
{"resultType": "matrix", "result": [{"metric": {label: value}, "values": [[unix time, "value"], …]}]}}`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from opsportal.core import strict_json

MOST_POINTS = 10_000
MOST_SERIES = 1_000
MOST_STEPS = 1_000
"""Prometheus itself refuses more than 11,000 points of one series."""


class AnswerError(ValueError):
    """An answer that is none of a Prometheus server. Its words are ours, never the server's."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One point of one series. `at` is aware UTC."""

    labels: Mapping[str, str]
    at: datetime
    value: float


@dataclass(frozen=True, slots=True)
class Read:
    """What came back: points, and how many were NaN, infinite, or of a time that nobody asked for."""

    samples: tuple[Sample, ...]
    skipped: int


def span_to_ask(
    fetched_until: datetime | None, now: datetime, step: timedelta, catch_up: timedelta
) -> tuple[datetime, datetime] | None:
    """Return from when to when to ask, both at whole steps; None where the next point is not there yet.

    Whole steps, so that every try asks for the same points; at most 1,000 of them, so that an outage is made
    up for in turns. What is older than `catch_up` is left.
    """
    end = _floor(now, step)
    start = _floor(max(fetched_until or end - step, now - catch_up), step) + step
    if start > end:
        return None
    return start, min(end, start + (MOST_STEPS - 1) * step)


def _floor(moment: datetime, step: timedelta) -> datetime:
    seconds = int(step.total_seconds())
    return datetime.fromtimestamp(int(moment.timestamp()) // seconds * seconds, UTC)


def url_of(base: str, query: str, start: datetime, end: datetime, step: timedelta) -> str:
    """Return the address of a range query."""
    asked = {
        "query": query,
        "start": f"{start.timestamp():.0f}",
        "end": f"{end.timestamp():.0f}",
        "step": f"{step.total_seconds():.0f}",
        "timeout": "8s",
        "limit": str(MOST_SERIES + 1),
    }
    return f"{base.rstrip('/')}/api/v1/query_range?{urlencode(asked)}"


def read(body: bytes, start: datetime, end: datetime) -> Read:
    """Return the points of an answer. Raises `AnswerError` in words that name no content of it."""
    try:
        answer = strict_json.parse(body)
    except ValueError:
        raise AnswerError("the answer is not JSON") from None
    if not isinstance(answer, Mapping):
        raise AnswerError("the answer is not that of a Prometheus server")
    if answer.get("status") != "success":
        kind = str(answer.get("errorType", ""))
        known = kind if kind in {"bad_data", "timeout", "execution", "canceled", "internal"} else "error"
        raise AnswerError(f"the server answered with {known}")
    data = answer.get("data")
    if not isinstance(data, Mapping) or data.get("resultType") != "matrix":
        raise AnswerError("the answer is not a matrix")
    result = data.get("result")
    if not isinstance(result, list):
        raise AnswerError("the answer has no result")
    if len(result) > MOST_SERIES:
        raise AnswerError(f"the query gives more than {MOST_SERIES} series")
    samples: list[Sample] = []
    skipped = 0
    for one in result:
        labels, values = _series(one)
        for pair in values:
            sample = _sample(labels, pair, start, end)
            if sample is None:
                skipped += 1
                continue
            samples.append(sample)
            if len(samples) > MOST_POINTS:
                raise AnswerError(f"the query gives more than {MOST_POINTS} points at once")
    return Read(tuple(samples), skipped)


def _series(one: Any) -> tuple[dict[str, str], list[Any]]:
    if not isinstance(one, Mapping):
        raise AnswerError("a series of the answer cannot be read")
    metric, values = one.get("metric"), one.get("values")
    if not isinstance(metric, Mapping) or not isinstance(values, list):
        raise AnswerError("a series of the answer cannot be read")
    return {str(name): str(value) for name, value in metric.items()}, values


def _sample(labels: Mapping[str, str], pair: Any, start: datetime, end: datetime) -> Sample | None:
    if not isinstance(pair, list) or len(pair) != 2:
        raise AnswerError("a point of the answer cannot be read")
    at, text = pair
    if isinstance(at, bool) or not isinstance(at, int | float) or not isinstance(text, str):
        raise AnswerError("a point of the answer cannot be read")
    try:
        moment, value = datetime.fromtimestamp(at, UTC), float(text)
    except (ValueError, OverflowError, OSError):
        raise AnswerError("a point of the answer cannot be read") from None
    if not math.isfinite(value) or not start <= moment <= end:
        return None
    return Sample(labels, moment, value)
