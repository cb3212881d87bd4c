"""What is known of one item of a population that is no change: shown beside the auditor's question."""

from __future__ import annotations

from datetime import UTC, date, datetime

from changes.models import Deployment
from compliance.models.recovery import RestoreTest
from incidents.models import Incident
from opsportal.accounts.models import ApiToken, RoleHolding

Pairs = list[tuple[str, str]]


def facts_of(key: str) -> Pairs:
    """Return name and value of what is known of an item (`DEP-77`, `INC-9`, `holding:4`, `token:2`).

    Empty for a key of another kind, and for what is not there any more. Persons stand by their names: this
    is shown and not stored.
    """
    kind, _, number = key.replace("-", ":").partition(":")
    reader = _READERS.get(kind)
    return reader(int(number)) if reader and number.isdecimal() and len(number) < 19 else []


def _deployment(pk: int) -> Pairs:
    row = Deployment.objects.select_related("service", "environment", "change").filter(pk=pk).first()
    if row is None:
        return []
    return [
        ("Where", f"{row.service.slug} in {row.environment.slug}"),
        ("Version", row.release),
        ("Commit", row.commit),
        ("Digest", row.artifact_digest),
        ("Pipeline run", str(row.pipeline.get("run_url", ""))),
        ("Change", row.change.key if row.change else "None"),
        ("Gate", row.get_decision_display()),
        ("State", row.get_state_display()),
        ("Registered", f"{row.get_registration_display()}, {_when(row.registered_at)}"),
        ("Checks", ", ".join(f"{name}: {value}" for name, value in row.checks.items())),
    ]


def _incident(pk: int) -> Pairs:
    row = Incident.objects.filter(pk=pk).first()
    if row is None:
        return []
    return [
        ("Title", "Restricted incident" if row.is_restricted else row.title),
        ("Severity", row.severity),
        ("State", row.get_state_display()),
        ("Detected", _when(row.detected_at)),
        ("Acknowledged", _when(row.acknowledged_at)),
        ("Mitigated", _when(row.mitigated_at)),
        ("Resolved", _when(row.resolved_at)),
        ("Reported", _when(row.reported_at)),
    ]


def _holding(pk: int) -> Pairs:
    row = RoleHolding.objects.select_related("role", "user").filter(pk=pk).first()
    if row is None:
        return []
    return [
        ("Role", row.role.title),
        ("Held by", row.user.display_name),
        ("May sign in", "Yes" if row.user.is_active else "No"),
        ("From", _when(row.valid_from)),
        ("Until", _when(row.valid_until)),
        ("For", f"{row.scope_kind} {row.scope_key}".strip() or "Everywhere"),
    ]


def _token(pk: int) -> Pairs:
    row = ApiToken.objects.select_related("account").filter(pk=pk).first()
    if row is None:
        return []
    return [
        ("Account", row.account.slug),
        ("Scopes", ", ".join(row.scopes)),
        ("Made", _when(row.created_at)),
        ("Expires", _when(row.expires_at)),
        ("Revoked", _when(row.revoked_at)),
    ]


def _restore_test(pk: int) -> Pairs:
    row = RestoreTest.objects.select_related("asset").filter(pk=pk).first()
    if row is None:
        return []
    return [
        ("Asset", str(row.asset)),
        ("Planned", _when(row.planned_for)),
        ("State", row.get_state_display()),
        ("Reached", row.get_level_display()),
        ("Outcome", row.get_outcome_display()),
        ("RTO, target", f"{row.rto or '–'}, {row.rto_target or '–'}"),
        ("RPO, target", f"{row.rpo or '–'}, {row.rpo_target or '–'}"),
        ("Witnessed", _when(row.witnessed_at)),
        ("Findings", row.findings),
    ]


def _when(moment: datetime | date | None) -> str:
    if isinstance(moment, datetime):
        return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    return moment.isoformat() if moment else "–"


_READERS = {"DEP": _deployment, "INC": _incident, "holding": _holding, "token": _token, "RST": _restore_test}
