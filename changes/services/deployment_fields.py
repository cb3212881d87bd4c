"""What pipelines send: read strictly, whatever edge it came through. Pure.

Every error has its pointer, and all of them are told at once. `null` is the same as not there.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, TypeVar

from changes.gate import Release
from changes.rollout import EVENTS, Report
from opsportal.core.errors import FieldError, InvalidInput
from opsportal.core.text import clean_text
from opsportal.standards.rules import CHECK_RESULTS, Standard

MAX_NAMES = 50
MAX_FIGURE = 10**15
COMMON_METRICS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(
            (
                "api_rate_limit",
                "availability",
                "cache_hit_rate",
                "cpu_usage",
                "disk_usage",
                "error_rate",
                "health_check_failures",
                "latency_p95_ms",
                "latency_p99_ms",
                "memory_usage",
            ),
            "number",
        ),
        **dict.fromkeys(
            (
                "constitutional_hash_mismatch",
                "critical_failure",
                "health_check_passed",
                "security_vulnerability",
                "service_down",
                "smoke_test_passed",
            ),
            "boolean",
        ),
    }
)
"""Figures that any pipeline may report, whichever pack is active, with types: those of all shipped ones."""
REGISTRATION = (
    "service",
    "environment",
    "version",
    "commit",
    "change",
    "artifact_digest",
    "environment_url",
    "pipeline",
    "checks",
    "policy_hash",
    "late",
    "started_at",
    "finished_at",
    "outcome",
)
ONLY_REGISTERED = ("environment_url", "pipeline", "late", "started_at", "finished_at", "outcome")
"""What a registration takes and a question does not."""
OUTCOMES = ("succeeded", "failed", "rolled_back")
LATEST = timedelta(days=30)
"""How long after its start a deployment may still be registered."""
PIPELINE = ("provider", "run_url", "actor")
REPORT = ("event", "percent", "metrics", "id", "at")

_NAME = re.compile(r"[a-z][a-z0-9_]{0,59}")
_COMMIT = re.compile(r"[0-9a-fA-F]{7,64}")
_DIGEST = re.compile(r"[a-z0-9][a-z0-9+._-]{1,30}:[0-9a-fA-F]{32,128}")
_ADDRESS = re.compile(r"https?://[^\s/?#\\<>\"]+[^\s\\<>\"]*", re.IGNORECASE)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a pipeline asks, by names. `change` is a key, `""` where it names none."""

    service: str
    environment: str
    change: str = ""
    release: Release = field(default_factory=Release)


@dataclass(frozen=True, slots=True)
class Late:
    """When a deployment really happened that is registered afterwards, and how it ended, where it has."""

    started_at: datetime
    finished_at: datetime | None = None
    outcome: str = ""


@dataclass(frozen=True, slots=True)
class Registration:
    """What a pipeline registers: the question to the gate, and what is only kept.

    `late` is set where it has happened already.
    """

    asked: Asked
    environment_url: str = ""
    pipeline: Mapping[str, str] = field(default_factory=dict)
    late: Late | None = None


@dataclass(frozen=True, slots=True)
class Reported:
    """What a pipeline reports. `id` makes a repetition harmless; `at` is its own time (aware)."""

    report: Report
    id: str = ""
    at: datetime | None = None


def clean_registration(body: Mapping[str, Any], now: datetime) -> Registration:
    """Return the registration in `body` at `now` (aware UTC). Raises `InvalidInput`."""
    read = _Reader(body, REGISTRATION)
    registration = Registration(
        asked=_asked(read),
        environment_url=read.take("environment_url", _address, ""),
        pipeline=read.take("pipeline", _pipeline, {}),
        late=_late(read, now),
    )
    read.close()
    return registration


def clean_question(parameters: Mapping[str, Any]) -> Asked:
    """Return what is asked; only the version need not be there. Raises `InvalidInput`."""
    read = _Reader(parameters, [name for name in REGISTRATION if name not in ONLY_REGISTERED])
    asked = _asked(read, needs_version=False)
    read.close()
    return asked


def clean_report(body: Mapping[str, Any]) -> Reported:
    """Return the report in `body`; whether the metrics are known is asked later. Raises `InvalidInput`."""
    read = _Reader(body, REPORT)
    event = read.take("event", _event, "", required=True)
    report = Report(
        event=event,
        percent=read.take("percent", _percent, None, required=event == "rollout"),
        metrics=read.take("metrics", _metrics, {}),
    )
    reported = Reported(report, id=read.take("id", _text(100), ""), at=read.take("at", _moment, None))
    read.close()
    return reported


def check_metrics(metrics: Mapping[str, float | bool], standard: Standard) -> None:
    """Raise `InvalidInput` for a metric that `standard` does not know, or that is not of its type."""
    types = {**COMMON_METRICS, **{one.id: one.type for one in standard.metrics}}
    words = ", ".join(sorted(types))
    errors = []
    for name, figure in metrics.items():
        if name not in types:
            errors.append(
                FieldError(
                    f"/metrics/{name}", "unknown", f"The standard knows no such metric; known are: {words}."
                )
            )
        elif isinstance(figure, bool) != (types[name] == "boolean"):
            errors.append(FieldError(f"/metrics/{name}", "not_of_its_type", f"Must be a {types[name]}."))
    if errors:
        raise InvalidInput(errors)


class _Reader:
    """Takes fields out of a body and collects what is wrong with them."""

    def __init__(self, body: Mapping[str, Any], known: Collection[str]) -> None:
        self._body = body
        words = ", ".join(known)
        self._errors = [
            FieldError(f"/{pointer_part(name)}", "unknown", f"No such field; known are: {words}.")
            for name in body
            if name not in known
        ]

    def take(self, name: str, clean: Callable[[str, Any], T], default: T, *, required: bool = False) -> T:
        value = self._body.get(name)
        if value is None:
            if required:
                self._errors.append(FieldError(f"/{name}", "required", "This is needed."))
            return default
        try:
            return clean(name, value)
        except InvalidInput as error:
            self._errors.extend(error.errors)
            return default

    def wrong(self, name: str, code: str, detail: str, *, once: bool = False) -> None:
        """Collect an error; with `once` only where the field has none yet."""
        pointer = f"/{name}"
        if not (once and any(error.pointer == pointer for error in self._errors)):
            self._errors.append(FieldError(pointer, code, detail))

    def close(self) -> None:
        if self._errors:
            raise InvalidInput(self._errors)


def pointer_part(name: object) -> str:
    """Return a key as one step of a JSON pointer, cut to what is worth repeating."""
    return str(name)[:60].replace("~", "~0").replace("/", "~1")


def _asked(read: _Reader, *, needs_version: bool = True) -> Asked:
    return Asked(
        service=read.take("service", _text(60), "", required=True),
        environment=read.take("environment", _text(60), "", required=True),
        change=read.take("change", _text(24), ""),
        release=Release(
            version=read.take("version", _text(120), "", required=needs_version),
            commit=read.take("commit", _matching(_COMMIT, "7 to 64 hexadecimal digits"), "").lower(),
            artifact_digest=read.take(
                "artifact_digest", _matching(_DIGEST, "an algorithm and a digest, e.g. sha256:9f86d0…"), ""
            ),
            policy_hash=read.take("policy_hash", _text(128), ""),
            checks=read.take("checks", _checks, {}),
        ),
    )


def _late(read: _Reader, now: datetime) -> Late | None:
    is_late = read.take("late", _flag, None)
    started = read.take("started_at", _past(now), None, required=is_late is True)
    finished = read.take("finished_at", _past(now), None)
    outcome = read.take("outcome", _outcome, "", required=finished is not None)
    if is_late is None and started is None and finished is None and not outcome:
        return None
    if is_late is False:
        if started or finished or outcome:
            read.wrong("late", "contradiction", "It has happened already: leave `late` out, or say true.")
        return None
    if started is None:
        read.wrong("started_at", "required", "This is needed: it has happened already.", once=True)
        return None
    if outcome and finished is None:
        read.wrong("finished_at", "required", "This is needed with an outcome.", once=True)
    if finished is not None and finished < started:
        read.wrong("finished_at", "ends_before_start", "It cannot have ended before it started.")
    return Late(started, finished, outcome)


def _past(now: datetime) -> Callable[[str, Any], datetime]:
    def clean(name: str, value: Any) -> datetime:
        moment = _moment(name, value)
        if moment > now:
            raise InvalidInput.of(name, "in_the_future", "This time has not come yet. Check the clock.")
        if moment < now - LATEST:
            raise InvalidInput.of(
                name, "too_early", f"This is more than {LATEST.days} days ago; it is not registered any more."
            )
        return moment

    return clean


def _flag(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise InvalidInput.of(name, "not_a_flag", "Must be true or false.")
    return value


def _outcome(name: str, value: Any) -> str:
    if not isinstance(value, str) or value not in OUTCOMES:
        raise InvalidInput.of(name, "unknown", f"Must be one of: {', '.join(OUTCOMES)}.")
    return value


def _text(max_length: int) -> Callable[[str, Any], str]:
    def clean(name: str, value: Any) -> str:
        return clean_text(value, field=name, max_length=max_length, required=True, lines=False)

    return clean


def _matching(pattern: re.Pattern[str], words: str) -> Callable[[str, Any], str]:
    def clean(name: str, value: Any) -> str:
        text = clean_text(value, field=name, max_length=200, required=True, lines=False)
        if not pattern.fullmatch(text):
            raise InvalidInput.of(name, "invalid", f"Must be {words}.")
        return text

    return clean


def _address(name: str, value: Any) -> str:
    text = clean_text(value, field=name, max_length=500, required=True, lines=False)
    if not _ADDRESS.fullmatch(text):
        raise InvalidInput.of(name, "invalid", "Must be an address that begins with https:// or http://.")
    return text


def _pipeline(name: str, value: Any) -> dict[str, str]:
    read = _Reader(_object(name, value), PIPELINE)
    cleaners = {"provider": _text(40), "run_url": _address, "actor": _text(120)}
    found = {key: read.take(key, clean, "") for key, clean in cleaners.items()}
    try:
        read.close()
    except InvalidInput as error:
        raise InvalidInput(
            FieldError(f"/{name}{one.pointer}", one.code, one.detail) for one in error.errors
        ) from None
    return {key: text for key, text in found.items() if text}


def _object(name: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise InvalidInput.of(name, "not_an_object", "Must be a JSON object.")
    if len(value) > MAX_NAMES:
        raise InvalidInput.of(name, "too_many", f"At most {MAX_NAMES} names.")
    return value


def _names(name: str, value: Any, is_good: Callable[[Any], bool], words: str) -> dict[str, Any]:
    found, errors = dict(_object(name, value)), []
    for key, each in found.items():
        if not _NAME.fullmatch(key):
            errors.append(
                FieldError(
                    f"/{name}/{pointer_part(key)}", "unknown", "Names are small letters, digits and _."
                )
            )
        elif not is_good(each):
            errors.append(FieldError(f"/{name}/{key}", "invalid", words))
    if errors:
        raise InvalidInput(errors)
    return found


def _checks(name: str, value: Any) -> dict[str, str]:
    words = f"Must be one of: {', '.join(CHECK_RESULTS)}."
    return _names(name, value, lambda each: isinstance(each, str) and each in CHECK_RESULTS, words)


def _metrics(name: str, value: Any) -> dict[str, float | bool]:
    words = f"Must be true, false, or a number between -{MAX_FIGURE:.0e} and {MAX_FIGURE:.0e}."
    return _names(name, value, _is_figure, words)


def _is_figure(value: Any) -> bool:
    if isinstance(value, float) and not math.isfinite(value):
        return False
    return isinstance(value, int | float) and -MAX_FIGURE <= value <= MAX_FIGURE


def _event(name: str, value: Any) -> str:
    if not isinstance(value, str) or value not in EVENTS:
        raise InvalidInput.of(name, "unknown", f"Must be one of: {', '.join(EVENTS)}.")
    return value


def _percent(name: str, value: Any) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 100:
        raise InvalidInput.of(name, "out_of_range", "Must be a whole number from 0 to 100.")
    return value


def _moment(name: str, value: Any) -> datetime:
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise InvalidInput.of(name, "not_a_time", "Must be a time with its zone, e.g. 2026-11-21T03:00:00Z.")
    return value
