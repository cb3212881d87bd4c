"""What scanners found: read from the own form, SARIF 2.1.0 or CycloneDX, and compared. Pure."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from compliance.governing.kinds import SEVERITIES
from opsportal.core.errors import FieldError, InvalidInput
from opsportal.core.text import clean_text

MOST = 5_000
MAX_TITLE = 200
MAX_DETAIL = 4_000
FORMATS = ("own", "sarif", "cyclonedx")


@dataclass(frozen=True, slots=True)
class Found:
    """One thing that a scan found: which weakness (a CVE, the id of a rule), where, how bad."""

    reference: str
    component: str
    title: str
    severity: str
    detail: str = ""

    @property
    def fingerprint(self) -> str:
        """What makes it the same thing in the next scan: SHA-256 of weakness and place."""
        return hashlib.sha256(f"{self.reference}\0{self.component}".encode()).hexdigest()


def read_results(form: str, report: object) -> tuple[Found, ...]:
    """Return what a report of this form lists, each once, the worst severity of twins.

    What its own author marks as suppressed, absent or not affecting is left out. Raises `InvalidInput`
    with a pointer for each entry that cannot be read.
    """
    readers = {"own": _own, "sarif": _sarif, "cyclonedx": _cyclonedx}
    if form not in readers:
        raise InvalidInput.of("format", "unknown", f"Must be one of: {', '.join(FORMATS)}.")
    errors: list[FieldError] = []
    found: dict[str, Found] = {}
    for pointer, read in readers[form](report):
        if len(found) >= MOST:
            raise InvalidInput.of("results", "too_many", f"At most {MOST:,} results in one scan.")
        try:
            one = _found(*read)
        except InvalidInput as refusal:
            errors.extend(
                FieldError(pointer + error.pointer, error.code, error.detail) for error in refusal.errors
            )
            continue
        twin = found.get(one.fingerprint)
        if twin is None or _rank(one.severity) < _rank(twin.severity):
            found[one.fingerprint] = one
    if errors:
        raise InvalidInput(errors[:100])
    return tuple(found.values())


def counted(found: Iterable[Found]) -> dict[str, int]:
    """Return how many there are of each severity, all severities named."""
    counts = Counter(one.severity for one in found)
    return {severity: counts[severity] for severity in SEVERITIES}


@dataclass(frozen=True, slots=True)
class Compared:
    """What a scan means for what stood before: new ones, ones that came back, ones that are gone."""

    new: tuple[Found, ...]
    back: tuple[str, ...]
    gone: tuple[str, ...]


def compare(found: Sequence[Found], standing: Mapping[str, str], *, whole: bool) -> Compared:
    """Compare a scan with what earlier ones of the same place found (fingerprint -> state).

    Something is gone only where the scan looked at the `whole` of it. What was accepted or dismissed stays.
    """
    here = {one.fingerprint for one in found}
    return Compared(
        new=tuple(one for one in found if one.fingerprint not in standing),
        back=tuple(
            print_ for print_, state in standing.items() if print_ in here and state in {"fixed", "verified"}
        ),
        gone=tuple(
            print_
            for print_, state in standing.items()
            if whole and print_ not in here and state in {"open", "fixed"}
        ),
    )


_Read = tuple[object, object, object, object, object]


def _found(reference: object, component: object, title: object, severity: object, detail: object) -> Found:
    if severity not in SEVERITIES:
        raise InvalidInput.of("severity", "unknown", f"Must be one of: {', '.join(SEVERITIES)}.")
    return Found(
        clean_text(reference, field="id", max_length=200, required=True, lines=False),
        clean_text(component, field="component", max_length=300, lines=False),
        clean_text(title, field="title", max_length=MAX_TITLE, required=True, lines=False),
        str(severity),
        clean_text(detail, field="detail", max_length=MAX_DETAIL),
    )


def _own(report: object) -> Iterator[tuple[str, _Read]]:
    for index, one in enumerate(_list(report, "/results")):
        pointer = f"/results/{index}"
        entry = _object(one, pointer)
        unknown = sorted(set(entry) - {"id", "component", "title", "severity", "detail"})
        if unknown:
            raise InvalidInput(
                [
                    FieldError(
                        f"{pointer}/{unknown[0][:60]}",
                        "unknown",
                        "A result has: id, component, title, severity, detail.",
                    )
                ]
            )
        read = (
            entry.get("id"),
            entry.get("component", ""),
            entry.get("title") or entry.get("id"),
            entry.get("severity"),
            entry.get("detail", ""),
        )
        yield pointer, read


def _sarif(report: object) -> Iterator[tuple[str, _Read]]:
    runs = _list(_object(report, "/results").get("runs"), "/results/runs")
    for run_index, one in enumerate(runs):
        run = _object(one, f"/results/runs/{run_index}")
        rules = _rules(run)
        for index, raw in enumerate(_list(run.get("results", []), f"/results/runs/{run_index}/results")):
            pointer = f"/results/runs/{run_index}/results/{index}"
            entry = _object(raw, pointer)
            if (
                entry.get("suppressions")
                or entry.get("baselineState") == "absent"
                or entry.get("kind", "fail") not in {"fail", "review", "open"}
            ):
                continue
            reference = entry.get("ruleId") or _dig(entry, "rule", "id")
            rule = rules.get(str(reference), {})
            message = str(_dig(entry, "message", "text") or "")
            title = _dig(rule, "shortDescription", "text") or message or reference
            read = (
                reference,
                _cut(_place(entry), 300),
                _cut(title, MAX_TITLE),
                _sarif_severity(entry, rule),
                message[:MAX_DETAIL],
            )
            yield pointer, read


def _rules(run: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    listed = _dig(run, "tool", "driver", "rules")
    rules = listed if isinstance(listed, list) else []
    return {str(rule.get("id")): rule for rule in rules if isinstance(rule, Mapping)}


def _place(entry: Mapping[str, Any]) -> str:
    locations = entry.get("locations")
    first = locations[0] if isinstance(locations, list) and locations else {}
    return str(_dig(first, "physicalLocation", "artifactLocation", "uri") or "")


_LEVELS = {"error": "high", "warning": "medium", "note": "low", "none": "info"}


def _sarif_severity(entry: Mapping[str, Any], rule: Mapping[str, Any]) -> str:
    """Return the severity by the score that scanners give as `security-severity` (as CVSS), else by level."""
    score = _dig(entry, "properties", "security-severity") or _dig(rule, "properties", "security-severity")
    try:
        value = float(str(score))
    except ValueError:
        value = math.nan
    if math.isfinite(value):
        steps = ((9.0, "critical"), (7.0, "high"), (4.0, "medium"), (0.1, "low"))
        return next((severity for least, severity in steps if value >= least), "info")
    level = entry.get("level") or _dig(rule, "defaultConfiguration", "level") or "warning"
    return _LEVELS.get(str(level), "medium")


_NO_CONCERN = {"not_affected", "false_positive", "resolved", "resolved_with_pedigree"}
_RATED = {**{severity: severity for severity in SEVERITIES}, "none": "info", "unknown": "medium"}


def _cyclonedx(report: object) -> Iterator[tuple[str, _Read]]:
    listed = _list(_object(report, "/results").get("vulnerabilities", []), "/results/vulnerabilities")
    for index, raw in enumerate(listed):
        pointer = f"/results/vulnerabilities/{index}"
        entry = _object(raw, pointer)
        if _dig(entry, "analysis", "state") in _NO_CONCERN:
            continue
        ratings = [one for one in _some_list(entry.get("ratings")) if isinstance(one, Mapping)]
        rated = [_RATED.get(str(one.get("severity")), "medium") for one in ratings]
        severity = min(rated, key=_rank, default="medium")
        places = [
            str(one.get("ref", "")) for one in _some_list(entry.get("affects")) if isinstance(one, Mapping)
        ]
        detail = str(entry.get("description") or entry.get("detail") or "")
        title = _cut(detail.splitlines()[0] if detail else entry.get("id"), MAX_TITLE)
        for place in places or [""]:
            yield pointer, (entry.get("id"), _cut(place, 300), title, severity, detail[:MAX_DETAIL])


def _rank(severity: str) -> int:
    return list(SEVERITIES).index(severity)


def _cut(value: object, most: int) -> object:
    return " ".join(value.split())[:most] if isinstance(value, str) else value


def _dig(value: object, *names: str) -> Any:
    for name in names:
        if not isinstance(value, Mapping):
            return None
        value = value.get(name)
    return value


def _object(value: object, pointer: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise InvalidInput([FieldError(pointer, "not_an_object", "Must be a JSON object.")])
    return value


def _list(value: object, pointer: str) -> Sequence[Any]:
    if not isinstance(value, list):
        raise InvalidInput([FieldError(pointer, "not_a_list", "Must be a list.")])
    return value


def _some_list(value: object) -> Sequence[Any]:
    return value if isinstance(value, list) else []
