"""Forms of integrations, routes and heartbeat checks, and how lists of things are typed into them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django import forms

from incidents.ingest.routing import FACTS, OPS
from incidents.models import AlertRoute, HeartbeatCheck, Integration
from incidents.services.alerts.integrations import KINDS
from incidents.severities import CHOICES
from opsportal.accounts.models import Team
from opsportal.catalog.selectors import services
from opsportal.core.errors import InvalidInput
from opsportal.web.forms import PortalForm

_OPS = {words.partition(" (")[0]: op for op, words in OPS.items()}


class _SourceForm(PortalForm):
    """What integrations and heartbeat checks have in common."""

    always: Collection[str] = ("slug", "name")

    slug = forms.CharField(required=False, label="Short name", help_text="For addresses, e.g. prometheus-eu.")
    name = forms.CharField(required=False)
    team = forms.ChoiceField(required=False, label="Team that owns it")
    service = forms.ChoiceField(required=False)

    def __init__(self, *given: Any, new: bool = True, **named: Any) -> None:
        super().__init__(*given, **named)
        teams = Team.objects.order_by("name").values_list("slug", "name")
        active = services().filter(state="active").values_list("slug", "name")
        self.fields["team"].choices = [("", "Nobody's: administrators only"), *teams]  # type: ignore[attr-defined]
        self.fields["service"].choices = [("", "None"), *active]  # type: ignore[attr-defined]
        if not new:
            del self.fields["slug"]

    def values(self) -> dict[str, Any]:
        """Return what was typed, as the services take it. Raises `InvalidInput`."""
        return {name: value for name, value in self.cleaned_data.items() if name not in {"slug", "kind"}}


class IntegrationForm(_SourceForm):
    """An integration."""

    kind = forms.ChoiceField(
        required=False,
        label="What it speaks",
        choices=[one for one in Integration.Kind.choices if one[0] in KINDS],
    )
    severity = forms.ChoiceField(required=False, label="Severity where its word is unknown", choices=CHOICES)
    severity_table = forms.CharField(
        required=False,
        label="Its own words for severities",
        widget=forms.Textarea,
        help_text="A line for each, e.g. page = sev1. The usual words are known already.",
    )
    group_by = forms.CharField(
        required=False,
        label="Group by these labels",
        help_text="Parted by commas. Without any: alertname and service.",
    )
    silent_after = forms.IntegerField(
        required=False,
        label="Tell me when it is silent for (seconds)",
        help_text="Empty: silence is nothing to tell of.",
    )
    signature_header = forms.CharField(
        required=False,
        label="Header with the signature",
        help_text="Empty: nothing is signed. Grafana's is X-Grafana-Alerting-Signature.",
    )
    timestamp_header = forms.CharField(required=False, label="Header with the time that is signed")

    def __init__(self, *given: Any, new: bool = True, **named: Any) -> None:
        super().__init__(*given, new=new, **named)
        if not new:
            del self.fields["kind"]

    def values(self) -> dict[str, Any]:
        """Return what was typed, as the services take it. Raises `InvalidInput`."""
        typed = super().values()
        return {
            **typed,
            "severity_table": read_table(typed["severity_table"]),
            "group_by": read_words(typed["group_by"]),
        }


def integration_initial(one: Integration) -> dict[str, Any]:
    """Return an integration as its form shows it."""
    return {
        "name": one.name,
        "team": one.team.slug if one.team else "",
        "service": one.service.slug if one.service else "",
        "severity": one.severity,
        "severity_table": "\n".join(f"{word} = {meant}" for word, meant in one.severity_table.items()),
        "group_by": ", ".join(one.group_by),
        "silent_after": one.silent_after,
        "signature_header": one.signature_header,
        "timestamp_header": one.timestamp_header,
    }


class CheckForm(_SourceForm):
    """A heartbeat check."""

    always = ("slug", "name", "every")

    severity = forms.ChoiceField(
        required=False, label="Severity of its alert", choices=CHOICES, initial="sev2"
    )
    every = forms.IntegerField(required=False, label="Expected every (seconds)")
    grace = forms.IntegerField(required=False, label="Grace (seconds)", initial=60)


def check_initial(one: HeartbeatCheck) -> dict[str, Any]:
    """Return a heartbeat check as its form shows it."""
    return {
        "name": one.name,
        "team": one.team.slug if one.team else "",
        "service": one.service.slug if one.service else "",
        "severity": one.severity,
        "every": one.every,
        "grace": one.grace,
    }


class RouteForm(PortalForm):
    """A route."""

    always = ("slug", "name")

    slug = forms.CharField(required=False, label="Short name")
    name = forms.CharField(required=False)
    matchers = forms.CharField(
        required=False,
        label="Alerts that it takes",
        widget=forms.Textarea,
        help_text="A line for each condition, and all must hold: alertname is DiskFull, team matches pay*,"
        f" instance is set. Besides labels: {', '.join(FACTS)}. Without any it takes every alert.",
    )
    action = forms.ChoiceField(required=False, label="What is done", choices=AlertRoute.Action.choices)
    severity = forms.ChoiceField(required=False, choices=[("", "As the alert says"), *CHOICES])
    service = forms.ChoiceField(required=False)
    policy = forms.CharField(required=False, label="Escalation policy", help_text="Its short name.")
    group_by = forms.CharField(required=False, label="Group by these labels", help_text="Parted by commas.")
    suppress_in_windows = forms.BooleanField(
        required=False, label="Suppress while announced work on the service goes on"
    )
    restricted = forms.BooleanField(required=False, label="Restricted: seen by few")
    auto_resolve = forms.BooleanField(
        required=False, label="Resolve the incident when all its alerts are over", initial=True
    )

    def __init__(self, *given: Any, new: bool = True, **named: Any) -> None:
        super().__init__(*given, **named)
        active = services().filter(state="active").values_list("slug", "name")
        self.fields["service"].choices = [("", "As the alert says"), *active]  # type: ignore[attr-defined]
        if not new:
            del self.fields["slug"]

    def values(self) -> dict[str, Any]:
        """Return what was typed, as the service takes it. Raises `InvalidInput`."""
        typed = {name: value for name, value in self.cleaned_data.items() if name != "slug"}
        return {
            **typed,
            "matchers": read_matchers(typed["matchers"]),
            "group_by": read_words(typed["group_by"]),
        }


def route_initial(one: AlertRoute) -> dict[str, Any]:
    """Return a route as its form shows it."""
    return {
        **{name: getattr(one, name) for name in ("name", "action", "severity", "policy", "restricted")},
        "matchers": "\n".join(matcher_words(matcher) for matcher in one.matchers),
        "service": one.service.slug if one.service else "",
        "group_by": ", ".join(one.group_by),
        "suppress_in_windows": one.suppress_in_windows,
        "auto_resolve": one.auto_resolve,
    }


def matcher_words(matcher: dict[str, str]) -> str:
    """Return a matcher as it is typed: `alertname is DiskFull`."""
    words = next(words for words, op in _OPS.items() if op == matcher["op"])
    return f"{matcher['label']} {words} {matcher['value']}".strip()


def read_matchers(text: str) -> list[dict[str, str]]:
    """Return the matchers of some lines. Raises `InvalidInput` at `matchers`."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        label, _, rest = line.strip().partition(" ")
        words = next(
            (words for words in sorted(_OPS, key=len, reverse=True) if f"{rest} ".startswith(f"{words} ")),
            None,
        )
        if words is None:
            known = ", ".join(_OPS)
            raise InvalidInput.of(
                "matchers", "not_a_matcher", f"Line {number}: after the label comes {known}."
            )
        found.append({"label": label, "op": _OPS[words], "value": rest[len(words) :].strip()})
    return found


def read_table(text: str) -> dict[str, str]:
    """Return the words and severities of some lines. Raises `InvalidInput` at `severity_table`."""
    table = {}
    for number, line in enumerate(text.splitlines(), 1):
        word, sign, meant = line.partition("=")
        if line.strip() and not sign:
            raise InvalidInput.of("severity_table", "not_a_line", f"Line {number}: write word = sev1.")
        if line.strip():
            table[word.strip()] = meant.strip()
    return table


def read_words(text: str) -> list[str]:
    """Return words parted by commas."""
    return [word.strip() for word in text.split(",") if word.strip()]


MOST_LABELS = 200


def read_labels(text: str) -> tuple[dict[str, str], list[str]]:
    """Return labels, a line `name = value` each, and what is wrong with each line that is none."""
    found: dict[str, str] = {}
    faults: list[str] = []
    lines = text.splitlines()
    if len(lines) > MOST_LABELS:
        faults.append(f"Only the first {MOST_LABELS} lines are read; an alert has no more labels.")
    for number, line in enumerate(lines[:MOST_LABELS], 1):
        name, sign, value = (part.strip() for part in line.partition("="))
        if not line.strip():
            continue
        if not sign:
            faults.append(f"Line {number}: “{line.strip()[:60]}” has no equals sign. Write name = value.")
        elif not name:
            faults.append(f"Line {number}: there is no name before the equals sign. Write name = value.")
        elif name in found:
            faults.append(f"Line {number}: the label “{name[:60]}” stands in an earlier line already.")
        elif name.startswith("alert.") and name not in FACTS:
            faults.append(f"Line {number}: “{name[:60]}” is none of {', '.join(FACTS)}.")
        elif name == "alert.severity" and value not in dict(CHOICES):
            faults.append(f"Line {number}: alert.severity is one of {', '.join(dict(CHOICES))}.")
        else:
            found[name] = value.strip('"')
    return found, faults
