"""What goes in and out about audits and findings."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from compliance.auditing.states import AUDIT, FINDING
from compliance.auditing.tables import OPINION_CHOICES, SEVERITY_CHOICES
from compliance.models import Audit, Finding
from compliance.services.audits.cleaning import MAX_TEXT
from opsportal.api.serializers import Body, Moment, Text, WholeNumber, utc

KEY = 30
URL = 2_000
DAY_HELP = "A day, 2026-03-31."
VERSION_HELP = "The version that was read; or If-Match."


class AuditFields(Body):
    """What people write into the plan of an audit."""

    title = Text(max_length=200, required=False)
    kind = Text(max_length=40, required=False, help_text="A word that rules count: security, compliance.")
    objective = Text(max_length=MAX_TEXT, lines=True, required=False)
    criteria = Text(max_length=MAX_TEXT, lines=True, required=False)
    framework = Text(max_length=60, required=False)
    frameworks = serializers.ListField(
        child=Text(max_length=60), required=False, max_length=50, help_text="Slugs of the catalogue."
    )
    controls = serializers.ListField(
        child=Text(max_length=KEY), required=False, max_length=500, help_text="Keys of the catalogue, CTL-7."
    )
    services = serializers.ListField(
        child=Text(max_length=60), required=False, max_length=500, help_text="Slugs; none means all."
    )
    period_from = Text(max_length=10, required=False, help_text=DAY_HELP)
    period_until = Text(max_length=10, required=False, help_text=f"{DAY_HELP} It is part of the period.")
    lead = Text(
        max_length=254, required=False, help_text="The id or e-mail address of an auditor or administrator."
    )
    due_at = Moment(required=False)


class AuditBody(AuditFields):
    """A plan. `programme` fills what is left out."""

    programme = WholeNumber(required=False, min_value=1, help_text="The number of an entry of the programme.")


class AuditPatch(AuditFields):
    """Changes to an audit."""

    conclusion = Text(max_length=MAX_TEXT, lines=True, required=False)
    opinion = serializers.ChoiceField(OPINION_CHOICES, required=False)
    opinion_reason = Text(
        max_length=2_000,
        lines=True,
        required=False,
        help_text="Why the opinion stands although something speaks against it; needed then.",
    )
    version = WholeNumber(required=False, min_value=1, help_text=VERSION_HELP)


class AuditStepBody(Body):
    """A step. `reason` is needed where an audit is cancelled."""

    reason = Text(max_length=2_000, lines=True, required=False)
    version = WholeNumber(required=False, min_value=1, help_text=VERSION_HELP)


class AuditOut(Body):
    """An audit."""

    key = Text(max_length=KEY)
    title = Text(max_length=200)
    kind = Text(max_length=40)
    state = serializers.ChoiceField(AUDIT.choices)
    objective = Text(max_length=MAX_TEXT)
    criteria = Text(max_length=MAX_TEXT)
    framework = Text(max_length=60)
    frameworks = serializers.ListField(child=Text(max_length=60))
    controls = serializers.ListField(child=Text(max_length=KEY))
    services = serializers.ListField(child=Text(max_length=60))
    period_from = Text(max_length=10)
    period_until = Text(max_length=10)
    lead = Text(max_length=36)
    due_at = Moment()
    opinion = Text(max_length=26)
    opinion_reason = Text(max_length=2_000)
    conclusion = Text(max_length=MAX_TEXT)
    closed_at = Moment(allow_null=True)
    updated_at = Moment()
    version = WholeNumber()


class AuditDetailOut(AuditOut):
    """An audit with how far its work is, and the hash of its last report."""

    tests = WholeNumber()
    tests_open = WholeNumber()
    populations = WholeNumber()
    requests_open = WholeNumber()
    report_hash = Text(max_length=64, allow_null=True)


class AuditPage(Body):
    """One page of audits."""

    next = Text(max_length=URL, allow_null=True)
    previous = Text(max_length=URL, allow_null=True)
    results = AuditOut(many=True)


class FindingBody(Body):
    """A draft of a finding."""

    audit = Text(max_length=KEY, blank=False, help_text="The key of an audit in fieldwork, AUD-3.")
    title = Text(max_length=200, blank=False)
    severity = serializers.ChoiceField(SEVERITY_CHOICES)
    condition = Text(max_length=MAX_TEXT, lines=True, blank=False, help_text="What is.")
    criteria = Text(max_length=MAX_TEXT, lines=True, blank=False, help_text="What should be.")
    cause = Text(max_length=MAX_TEXT, lines=True, required=False)
    effect = Text(max_length=MAX_TEXT, lines=True, required=False)
    recommendation = Text(max_length=MAX_TEXT, lines=True, required=False)
    service = Text(max_length=60, required=False)
    owner = Text(max_length=254, required=False, help_text="The id or e-mail address of a person.")
    due_at = Moment(required=False)


class FindingStepBody(Body):
    """A step, with the words that it needs: response, reason, or what the re-test showed."""

    text = Text(max_length=MAX_TEXT, lines=True, required=False)
    version = WholeNumber(required=False, min_value=1, help_text=VERSION_HELP)


class FindingOut(Body):
    """A finding."""

    key = Text(max_length=KEY)
    audit = Text(max_length=KEY)
    title = Text(max_length=200)
    severity = serializers.ChoiceField(SEVERITY_CHOICES)
    state = serializers.ChoiceField(FINDING.choices)
    condition = Text(max_length=MAX_TEXT)
    criteria = Text(max_length=MAX_TEXT)
    cause = Text(max_length=MAX_TEXT)
    effect = Text(max_length=MAX_TEXT)
    recommendation = Text(max_length=MAX_TEXT)
    service = Text(max_length=60)
    owner = Text(max_length=36, allow_null=True)
    due_at = Moment(allow_null=True)
    response = Text(max_length=MAX_TEXT)
    reported_at = Moment(allow_null=True)
    verified_at = Moment(allow_null=True)
    closed_at = Moment(allow_null=True)
    updated_at = Moment()
    version = WholeNumber()


class FindingPage(Body):
    """One page of findings."""

    next = Text(max_length=URL, allow_null=True)
    previous = Text(max_length=URL, allow_null=True)
    results = FindingOut(many=True)


def audit_out(row: Audit) -> dict[str, Any]:
    """Return an audit as JSON."""
    return {
        "key": row.key,
        "title": row.title,
        "kind": row.kind,
        "state": row.state,
        "objective": row.objective,
        "criteria": row.criteria,
        "framework": row.framework,
        "frameworks": list(row.framework_slugs),
        "controls": list(row.control_keys),
        "services": list(row.service_slugs),
        "period_from": row.period_from.isoformat(),
        "period_until": row.period_until.isoformat(),
        "lead": str(row.lead_id),
        "due_at": utc(row.due_at),
        "opinion": row.opinion,
        "opinion_reason": row.opinion_reason,
        "conclusion": row.conclusion,
        "closed_at": utc(row.closed_at),
        "updated_at": utc(row.updated_at),
        "version": row.version,
    }


def audit_detail_out(row: Audit) -> dict[str, Any]:
    """Return an audit with the counts of its work."""
    report = row.reports.order_by("-number").values_list("content_hash", flat=True).first()
    return {
        **audit_out(row),
        "tests": row.tests.count(),
        "tests_open": row.tests.filter(result="").count(),
        "populations": row.populations.count(),
        "requests_open": row.requests.filter(state__in=["open", "answered"]).count(),
        "report_hash": report,
    }


def finding_out(row: Finding) -> dict[str, Any]:
    """Return a finding as JSON."""
    return {
        "key": row.key,
        "audit": row.audit.key,
        "title": row.title,
        "severity": row.severity,
        "state": row.state,
        "condition": row.condition,
        "criteria": row.criteria,
        "cause": row.cause,
        "effect": row.effect,
        "recommendation": row.recommendation,
        "service": row.service,
        "owner": str(row.owner_id) if row.owner_id else None,
        "due_at": utc(row.due_at),
        "response": row.response,
        "reported_at": utc(row.reported_at),
        "verified_at": utc(row.verified_at),
        "closed_at": utc(row.closed_at),
        "updated_at": utc(row.updated_at),
        "version": row.version,
    }
