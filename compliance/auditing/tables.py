"""The words of audits: severities with their times, results of tests, kinds of populations. Pure."""

from __future__ import annotations

from datetime import timedelta

SEVERITIES = {
    "critical": "Critical",
    "high": "High",
    "medium": "Medium",
    "low": "Low",
    "observation": "Observation",
}
GRAVE = ("critical", "high")

WITHIN = {
    "critical": timedelta(days=7),
    "high": timedelta(days=30),
    "medium": timedelta(days=90),
    "low": timedelta(days=180),
    "observation": timedelta(days=365),
}
"""When a finding is put right, where no rule of the standard in force says so."""

ANSWER_WITHIN = timedelta(days=5)
"""When an evidence request is answered, where its author names no time."""

TEST_KINDS = {"design": "Design", "operating": "Operating effectiveness"}
"""A control may be well designed and not be followed: two answers, never one."""

TEST_RESULTS = {"met": "Met", "not_met": "Not met", "not_verifiable": "Not verifiable"}

ITEM_RESULTS = {"pass": "Passed", "exception": "Exception", "not_applicable": "Not applicable"}

POPULATIONS = {
    "changes": "Changes",
    "deployments": "Deployments",
    "incidents": "Incidents",
    "holdings": "Roles held",
    "tokens": "API tokens",
    "restore_tests": "Restore tests",
}

EVERY = {
    "month": "Every month",
    "quarter": "Every quarter",
    "half-year": "Every half-year",
    "year": "Every year",
}

REQUEST_KINDS = {
    "document": "A document",
    "population": "A list",
    "explanation": "An explanation",
    "access": "Access to a system",
}

OPINIONS = {
    "effective": "Effective",
    "effective_with_exceptions": "Effective with exceptions",
    "not_effective": "Not effective",
    "no_opinion": "No opinion",
}


def due_days(severity: str) -> int:
    """Return the days in which a finding of this severity is put right. Raises `KeyError`."""
    return WITHIN[severity].days


SEVERITY_CHOICES = list(SEVERITIES.items())
OPINION_CHOICES = list(OPINIONS.items())
REQUEST_KIND_CHOICES = list(REQUEST_KINDS.items())
