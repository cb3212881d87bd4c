"""Which route an alert takes, and which alerts belong together. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

Op = Literal["is", "is_not", "matches", "matches_not", "is_set", "is_not_set"]
OPS: Mapping[Op, str] = {
    "is": "is",
    "is_not": "is not",
    "matches": "matches (with * and ?)",
    "matches_not": "does not match",
    "is_set": "is set",
    "is_not_set": "is not set",
}
FACTS: Mapping[str, str] = {
    "alert.integration": "the integration, by its short name",
    "alert.title": "the title",
    "alert.severity": "sev1 to sev4, by the integration's table",
    "alert.category": "operational or security",
    "alert.service": "the service, by its short name",
}
"""Names that a matcher may use besides labels."""

USUAL_GROUP = ("alertname", "service")
"""What alerts are grouped by where nothing else is said: the cause, and where it shows."""
SECURITY_POLICY = "security"
_MAX_KEY = 190


@dataclass(frozen=True, slots=True)
class Matcher:
    """What one label, or one of `FACTS`, must be."""

    label: str
    op: Op
    value: str = ""


@dataclass(frozen=True, slots=True)
class Route:
    """A route as it decides. `severity`, `service` and `policy` are `""` where it leaves them as they are."""

    id: int
    version: int
    slug: str
    matchers: tuple[Matcher, ...]
    keeps: bool = False
    severity: str = ""
    service: str = ""
    policy: str = ""
    group_by: tuple[str, ...] = ()
    suppresses: bool = False
    restricted: bool = False
    auto_resolve: bool = True


@dataclass(frozen=True, slots=True)
class Seen:
    """An alert as routes see it."""

    labels: Mapping[str, str]
    integration: str
    fingerprint: str
    title: str
    severity: str
    severity_word: str
    category: str
    service: str
    group_by: tuple[str, ...] = ()
    """What its integration groups by."""

    def value(self, name: str) -> str:
        """Return a label, or one of `FACTS`; `""` where it is not set."""
        if name.startswith("alert."):
            return {
                "alert.integration": self.integration,
                "alert.title": self.title,
                "alert.severity": self.severity,
                "alert.category": self.category,
                "alert.service": self.service,
            }.get(name, "")
        return self.labels.get(name, "")


@dataclass(frozen=True, slots=True)
class Way:
    """What is done about an alert. `route` is None where none fits and the usual is done."""

    route: Route | None
    keeps: bool
    severity: str
    service: str
    policy: str
    group_key: str
    suppresses: bool
    restricted: bool


def way_of(seen: Seen, routes: Iterable[Route]) -> Way:
    """Return what is done about an alert, by the first route that fits.

    Without one it opens an incident, but for what its sender calls of no severity (`none`, as a watchdog
    has it). What is about security goes to those who look after it, and is restricted whatever a route
    says; nothing about it is suppressed.
    """
    route = next((one for one in routes if fits(one, seen)), None)
    security = seen.category == "security"
    is_watchdog = route is None and not security and seen.severity_word.strip().lower() == "none"
    service = (route.service if route else "") or seen.service
    return Way(
        route=route,
        keeps=route.keeps if route else is_watchdog,
        severity=(route.severity if route else "") or seen.severity,
        service=service,
        policy=(route.policy if route else "") or (SECURITY_POLICY if security else ""),
        group_key=group_key(seen, route, service),
        suppresses=bool(route and route.suppresses) and not security,
        restricted=security or bool(route and route.restricted),
    )


def fits(route: Route, seen: Seen) -> bool:
    """Return whether all matchers of a route hold; one without matchers takes everything."""
    return all(_holds(matcher, seen.value(matcher.label)) for matcher in route.matchers)


def group_key(seen: Seen, route: Route | None, service: str) -> str:
    """Return the key of the group that an alert belongs to: one incident is open for each at a time.

    Grouped by what the route says, else its integration, else by cause and service; an alert that has
    none of these labels is a group of its own. Alerts about security never join others.
    """
    parts = [f"{name}={value}" for name, value in grouped_by(seen, route, service)]
    if not parts:
        parts = [f"fingerprint={seen.fingerprint}"]
    where = f"route:{route.slug}" if route and route.group_by else seen.integration
    kind = "security" if seen.category == "security" else "alerts"
    whole = f"{kind}:{where}:{','.join(parts)}"
    if len(whole) <= _MAX_KEY:
        return whole
    digest = hashlib.sha256(whole.encode()).hexdigest()[:32]
    return f"{whole[: _MAX_KEY - 40]}…{digest}"


def grouped_by(seen: Seen, route: Route | None, service: str) -> list[tuple[str, str]]:
    """Return the labels, with their values, that an alert shares with the others of its group."""
    names = (route.group_by if route else ()) or seen.group_by or _usual(seen)
    named = [(name, service if name == "service" else seen.value(name)) for name in names]
    return [(name, value) for name, value in named if value]


def _usual(seen: Seen) -> Sequence[str]:
    return USUAL_GROUP if seen.labels.get("alertname") else ()


def _holds(matcher: Matcher, value: str) -> bool:
    match matcher.op:
        case "is":
            return value == matcher.value
        case "is_not":
            return value != matcher.value
        case "matches":
            return fnmatchcase(value, matcher.value)
        case "matches_not":
            return not fnmatchcase(value, matcher.value)
        case "is_set":
            return value != ""
        case "is_not_set":
            return value == ""
