"""How far the work of an audit is: what its opinion would rest on."""

from __future__ import annotations

from django.db.models import Count, Q

from compliance.auditing.opinions import Standing
from compliance.auditing.states import OPEN_FINDINGS
from compliance.models import Audit, Sample


def standing_of(audit: Audit) -> Standing:
    """Return what is tested and what is open in an audit. Four queries, whatever its size."""
    tests: dict[str, list[str]] = {}
    for test in audit.tests.order_by("control", "kind"):
        named = f"{test.control}, {test.get_kind_display().lower()}"
        tests.setdefault(test.result, []).append(named)
    counted = Sample.objects.filter(population__audit=audit).annotate(
        items_all=Count("items"),
        items_left=Count("items", filter=Q(items__result="")),
        items_odd=Count("items", filter=Q(items__result="exception")),
    )
    samples = [
        (_named(row), row.items_left, row.items_all, row.items_odd)
        for row in counted.select_related("population", "test")
        .defer("keys", "population__content")
        .order_by("id")
    ]
    findings: dict[str, list[str]] = {}
    for finding in audit.findings.filter(state__in=OPEN_FINDINGS).order_by("id"):
        grave = finding.severity if finding.severity in {"critical", "high"} else ""
        findings.setdefault(grave, []).append(str(finding))
    return Standing(
        untested=tuple(tests.get("", ())),
        unfinished=tuple((of, left, size) for of, left, size, _ in samples if left),
        exceptions=tuple((of, odd) for of, _, _, odd in samples if odd),
        not_met=tuple(tests.get("not_met", ())),
        not_verifiable=tuple(tests.get("not_verifiable", ())),
        critical=tuple(findings.get("critical", ())),
        high=tuple(findings.get("high", ())),
        other=tuple(findings.get("", ())),
        requests=audit.requests.filter(state__in=["open", "answered"]).count(),
    )


def _named(sample: Sample) -> str:
    what = f"sample of {sample.size} from {sample.population.get_kind_display().lower()}"
    return f"{what} ({sample.test.control})" if sample.test else what
