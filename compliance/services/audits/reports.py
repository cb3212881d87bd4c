"""The report of an audit: drawn up from what is recorded, frozen with its hash when it is issued."""

from __future__ import annotations

import hashlib
from collections import Counter
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from compliance.auditing.opinions import open_points
from compliance.auditing.states import TAKEN_IN, TOLD
from compliance.models import Audit, AuditReport, Control
from compliance.models.controls import CONTROL_PREFIX
from compliance.selectors.audits.standing import standing_of
from compliance.services.audits.planning import require_reason
from compliance.services.audits.scene import audit_locked, case_of, record, require_under_way, step
from opsportal.audit.canonical import canonical_bytes
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import FieldError, InvalidInput
from opsportal.core.keys import number_of
from opsportal.core.versions import require_version
from opsportal.core.writes import write


def report_issue(*, actor: Actor, now: datetime, pk: int, version: int | None = None) -> AuditReport:
    """Freeze the report of an audit and return it. A later one stands beside it with the next number.

    Raises `NotFound`, `Forbidden` for anybody but the lead, `Stale`, `Conflict` unless it is being reported,
    and `InvalidInput` where opinion or conclusion are missing, or the reason of an opinion that needs one.
    """
    with write(actor=actor, now=now):
        about = audit_locked(pk, actor=actor)
        require(actor, "audit.issue", case_of(about))
        require_version(about, version)
        require_under_way(about, *TAKEN_IN["issue"])
        missing = [name for name in ("opinion", "conclusion") if not getattr(about, name)]
        if missing:
            raise InvalidInput(
                FieldError(f"/{name}", "required", f"A report has its {name}: edit the audit first.")
                for name in missing
            )
        require_reason(about)
        content = report_content(about)
        row = AuditReport(
            audit=about,
            number=about.reports.count() + 1,
            content=content,
            content_hash=report_hash(content),
            issued_by_id=UUID(actor.id),
            issued_at=now,
        )
        row.save(force_insert=True)
        step(about, now)
        data = {"audit": about.pk, "number": row.number, "content_hash": row.content_hash}
        record("audit", about.key, "report_issued", actor=actor, now=now, data=data)
        return row


def report_hash(content: dict[str, Any]) -> str:
    """Return the SHA-256 (hex) of the canonical JSON of a report."""
    return hashlib.sha256(canonical_bytes(content)).hexdigest()


def report_content(about: Audit) -> dict[str, Any]:
    """Return all of a report as plain JSON: days and instants in UTC, persons by id, no working note."""
    members = about.members.order_by("id").values_list("person_id", flat=True)
    return {
        "key": about.key,
        "title": about.title,
        "kind": about.kind,
        "framework": about.framework,
        "frameworks": list(about.framework_slugs),
        "controls": _controls(about),
        "services": list(about.service_slugs),
        "period": [about.period_from.isoformat(), about.period_until.isoformat()],
        "objective": about.objective,
        "criteria": about.criteria,
        "lead": str(about.lead_id),
        "team": [str(person) for person in members],
        "opinion": about.opinion,
        "opinion_reason": about.opinion_reason,
        "open": list(open_points(standing_of(about))),
        "conclusion": about.conclusion,
        "tests": _tests(about),
        "populations": _populations(about),
        "findings": _findings(about),
        "requests": dict(sorted(Counter(about.requests.values_list("state", flat=True)).items())),
    }


def _controls(about: Audit) -> list[dict[str, str]]:
    """Return the controls in scope, by number, as they are called now."""
    numbers = [number_of(key, CONTROL_PREFIX) for key in about.control_keys]
    rows = Control.objects.filter(pk__in=[number for number in numbers if number]).order_by("pk")
    return [{"key": row.key, "title": row.title} for row in rows]


def _tests(about: Audit) -> list[dict[str, Any]]:
    return [
        {
            "control": test.control,
            "controls": sorted(f"CTL-{one.control_id}" for one in test.tested.all()),
            "title": test.title,
            "kind": test.kind,
            "procedure": test.procedure,
            "work": test.work,
            "result": test.result,
            "tested_at": _utc(test.tested_at),
        }
        for test in about.tests.prefetch_related("tested").order_by("control", "kind")
    ]


def _populations(about: Audit) -> list[dict[str, Any]]:
    rows = about.populations.defer("content").prefetch_related("samples__items").order_by("id")
    return [
        {
            "kind": row.kind,
            "query": row.query,
            "count": row.count,
            "sha256": row.sha256,
            "frozen_at": _utc(row.frozen_at),
            "samples": [
                {
                    "seed": sample.seed,
                    "size": sample.size,
                    "method": sample.method,
                    "results": dict(sorted(Counter(item.result for item in sample.items.all()).items())),
                    "items": [
                        {"key": item.subject_key, "result": item.result, "note": item.note}
                        for item in sample.items.all()
                    ],
                }
                for sample in sorted(row.samples.all(), key=lambda one: one.pk)
            ],
        }
        for row in rows
    ]


def _findings(about: Audit) -> list[dict[str, Any]]:
    rows = about.findings.filter(state__in=TOLD).select_related("test")
    rows = rows.prefetch_related("actions", "test__tested").order_by("id")
    return [
        {
            "key": row.key,
            "title": row.title,
            "control": row.test.control if row.test else "",
            "controls": sorted(f"CTL-{one.control_id}" for one in row.test.tested.all()) if row.test else [],
            "severity": row.severity,
            "state": row.state,
            "condition": row.condition,
            "criteria": row.criteria,
            "cause": row.cause,
            "effect": row.effect,
            "recommendation": row.recommendation,
            "service": row.service,
            "owner": str(row.owner_id),
            "due_at": _utc(row.due_at),
            "response": row.response,
            "retest": row.outcome,
            "actions": [
                {
                    "key": action.key,
                    "title": action.title,
                    "owner": str(action.owner_id),
                    "due_at": _utc(action.due_at),
                    "state": action.state,
                    "retest": action.retest,
                }
                for action in sorted(row.actions.all(), key=lambda one: one.pk)
            ],
        }
        for row in rows
    ]


def _utc(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat() if moment else None
