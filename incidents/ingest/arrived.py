"""What every sender's format is read into, and the small readings that they share. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from opsportal.core import strict_json
from opsportal.core.errors import FieldError, InvalidInput
from opsportal.core.moments import clean_moment

Status = Literal["firing", "acknowledged", "resolved"]
Category = Literal["operational", "security"]

MAX_ALERTS = 10_000
MAX_FINGERPRINT = 255
MAX_TITLE = 300
MAX_NAME = 200
MAX_PAIRS = 200
MAX_LABEL = 2_000
MAX_ANNOTATION = 10_000
MAX_ADDRESS = 2_000
SERVICE_LABEL = "service"

_NEVER = ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z", "0001-01-01T00:00:00+00:00")
_ADDRESS = re.compile(r"https?://[^\s\x00-\x1f<>\"]+", re.IGNORECASE)
_ESCAPED_NUL = rb"\u0000"
"""How a NUL stands in JSON; few bodies have one, and only those are gone through."""
REPLACED = "\ufffd"
_UNSEEN = frozenset("\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u2069\u202c")


@dataclass(frozen=True, slots=True)
class Link:
    """Where to look further; `href` is http or https."""

    text: str
    href: str


@dataclass(frozen=True, slots=True)
class Arrived:
    """One alert as its sender tells it. Times are aware UTC.

    `starts_at` is None where the sender names no beginning: then it is about the one that is open.
    `severity` is the sender's own word. `keeps_unseen_end` says that an end of what was never seen firing
    is kept as a fact; PagerDuty's format drops it.
    """

    fingerprint: str
    status: Status
    title: str
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    links: tuple[Link, ...] = ()
    severity: str = ""
    category: Category = "operational"
    keeps_unseen_end: bool = True

    @property
    def service(self) -> str:
        """The name of the service as the sender has it, `""` where it names none."""
        return self.labels.get(SERVICE_LABEL, "")


@dataclass(frozen=True, slots=True)
class Parsed:
    """A message: the alerts that can be used, what is wrong with the others, and the body to keep.

    `truncated` counts alerts that the sender says it left out; nothing follows from their absence.
    """

    format: str
    alerts: tuple[Arrived, ...]
    bad: tuple[FieldError, ...]
    body: bytes
    group: str = ""
    truncated: int = 0
    changed: tuple[str, ...] = ()
    """Where NUL characters were replaced, as JSON pointers."""


class MemberError(Exception):
    """One alert of a message cannot be used; `pointer` begins at the alert."""

    def __init__(self, pointer: str, code: str, detail: str) -> None:
        super().__init__(detail)
        self.pointer, self.code, self.detail = pointer, code, detail


def read_json(body: bytes) -> tuple[Any, tuple[str, ...]]:
    """Return the parsed body without NUL characters, and where there were some.

    Raises `InvalidInput` (`malformed`) for what is not strict JSON.
    """
    try:
        document = strict_json.parse(body)
    except ValueError as error:
        raise InvalidInput.of("", "malformed", str(error)) from None
    return without_nul(document) if _ESCAPED_NUL in body else (document, ())


def without_nul(document: Any) -> tuple[Any, tuple[str, ...]]:
    """Return a read document in which U+FFFD stands for each NUL, and where that was done.

    No database stores a NUL in a text; an alert is not lost for that.
    """
    changed: list[str] = []
    return _clean(document, "", changed), tuple(changed)


def _clean(value: Any, pointer: str, changed: list[str]) -> Any:
    if isinstance(value, str):
        clean = value.replace("\x00", REPLACED)
        if clean != value:
            changed.append(pointer)
        return clean
    if isinstance(value, list):
        return [_clean(item, f"{pointer}/{index}", changed) for index, item in enumerate(value)]
    if isinstance(value, dict):
        read: dict[str, Any] = {}
        for name, item in value.items():
            clean = name.replace("\x00", REPLACED)
            here = f"{pointer}/{escaped(clean)}"
            if clean != name:
                changed.append(here)
            read[clean] = _clean(item, here, changed)
        return read
    return value


def members(
    values: object, pointer: str, read: Callable[[Mapping[str, Any]], Arrived]
) -> tuple[tuple[Arrived, ...], tuple[FieldError, ...]]:
    """Return the alerts of a list that `read` could use, and what is wrong with the others.

    Raises `InvalidInput` where it is no list, has more than `MAX_ALERTS` members, or none of them is good.
    """
    if not isinstance(values, list):
        raise InvalidInput([FieldError(pointer, "not_a_list", "Must be a list of alerts.")])
    if len(values) > MAX_ALERTS:
        raise InvalidInput([FieldError(pointer, "too_many", f"At most {MAX_ALERTS} alerts in one message.")])
    good: list[Arrived] = []
    bad: list[FieldError] = []
    for index, value in enumerate(values):
        try:
            good.append(read(mapping(value, "")))
        except MemberError as error:
            bad.append(FieldError(f"{pointer}/{index}{error.pointer}", error.code, error.detail))
    if bad and not good:
        raise InvalidInput(bad[:100])
    return tuple(good), tuple(bad[:100])


def mapping(value: object, pointer: str) -> Mapping[str, Any]:
    """Return a JSON object. Raises `MemberError`."""
    if not isinstance(value, dict):
        raise MemberError(pointer, "not_an_object", "Must be a JSON object.")
    return value


def text(value: object, pointer: str, *, most: int, required: bool = False) -> str:
    """Return text, cut to `most` characters; None is `""`. Raises `MemberError`."""
    if value is None:
        if required:
            raise MemberError(pointer, "required", "This is needed.")
        return ""
    if not isinstance(value, str):
        raise MemberError(pointer, "not_text", "Must be text.")
    if "\x00" in value:
        raise MemberError(pointer, "control_characters", "Contains a NUL character, which cannot be stored.")
    if required and not value.strip():
        raise MemberError(pointer, "required", "This is needed.")
    return value if len(value) <= most else value[: most - 1] + "…"


def identity(value: object, pointer: str) -> str:
    """Return what tells an alert from others, never cut; None is `""`. Raises `MemberError`."""
    given = text(value, pointer, most=MAX_FINGERPRINT + 1)
    if len(given) > MAX_FINGERPRINT:
        raise MemberError(pointer, "too_long", f"At most {MAX_FINGERPRINT} characters.")
    return given.strip()


def pairs(value: object, pointer: str, *, most: int) -> dict[str, str]:
    """Return an object of texts, values cut to `most` characters; None is none. Raises `MemberError`."""
    if value is None:
        return {}
    given = mapping(value, pointer)
    if len(given) > MAX_PAIRS:
        raise MemberError(pointer, "too_many", f"At most {MAX_PAIRS} names.")
    read: dict[str, str] = {}
    for name, item in given.items():
        here = f"{pointer}/{escaped(name)}"
        if not name or len(name) > MAX_NAME or "\x00" in name:
            raise MemberError(here, "name", f"A name has 1 to {MAX_NAME} characters and no NUL.")
        read[name] = text(item, here, most=most)
    return read


def moment(value: object, pointer: str) -> datetime | None:
    """Return an RFC 3339 time as an aware instant in UTC; None for nothing, `""` and the year 1.

    Raises `MemberError`.
    """
    if value is None or value == "" or value in _NEVER:
        return None
    if not isinstance(value, str):
        raise MemberError(pointer, "not_a_time", "Must be a time as text, e.g. 2026-11-21T03:00:00Z.")
    try:
        return clean_moment(datetime.fromisoformat(value), field="")
    except InvalidInput as error:
        raise MemberError(pointer, error.errors[0].code, error.errors[0].detail) from None
    except ValueError:
        raise MemberError(pointer, "not_a_time", "Must be a time such as 2026-11-21T03:00:00Z.") from None


def title_of(*candidates: str) -> str:
    """Return the first candidate that shows something, on one line, without characters that mislead."""
    for candidate in candidates:
        shown = "".join(" " if _misleads(char) else char for char in candidate)
        words = " ".join(shown.split())
        if any(unicodedata.category(char) not in {"Cf", "Zs"} for char in words):
            return words if len(words) <= MAX_TITLE else words[: MAX_TITLE - 1] + "…"
    return "Alert"


def plain(value: str, *, most: int) -> str:
    """Return text without characters that mislead or that cannot be stored, cut to `most` characters."""
    shown = "".join(char if char == "\n" or not _misleads(char) else " " for char in value).strip()
    return shown if len(shown) <= most else shown[: most - 1] + "…"


def links_of(named: Iterable[tuple[str, object]]) -> tuple[Link, ...]:
    """Return those that are http or https addresses, each once; anything else is no link."""
    found: dict[str, Link] = {}
    for words, href in named:
        if isinstance(href, str) and len(href) <= MAX_ADDRESS and _ADDRESS.fullmatch(href):
            found.setdefault(href, Link(words, href))
    return tuple(found.values())


def category_of(labels: Mapping[str, str]) -> Category:
    """Return whether the labels say that this is about security: `category=security` or `security=true`."""
    if labels.get("category", "").lower() == "security" or labels.get("security", "").lower() == "true":
        return "security"
    return "operational"


def fingerprint_of(labels: Mapping[str, str]) -> str:
    """Return Alertmanager's own fingerprint of labels: 64 bit FNV-1a of the sorted pairs, in hexadecimal."""
    total = 0xCBF29CE484222325
    for name in sorted(labels):
        for byte in name.encode() + b"\xff" + labels[name].encode() + b"\xff":
            total = ((total ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return f"{total:016x}"


def utc(value: datetime) -> datetime:
    """Return an aware instant in UTC."""
    return value.astimezone(UTC)


def escaped(name: str) -> str:
    """Return a name as a step of a JSON pointer (RFC 6901), shortened."""
    return name[:60].replace("~", "~0").replace("/", "~1")


def _misleads(char: str) -> bool:
    return char in _UNSEEN or unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"}
