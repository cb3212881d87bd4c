"""The words of policies and documents. Pure."""

from __future__ import annotations

POLICY_KINDS: tuple[tuple[str, str], ...] = (
    ("security", "Information security"),
    ("privacy", "Privacy"),
    ("acceptable_use", "Acceptable use"),
    ("data_retention", "Data retention"),
    ("access_control", "Access control"),
    ("incident_response", "Incident response"),
    ("business_continuity", "Business continuity"),
    ("change_management", "Change management"),
    ("backup", "Backups"),
    ("supplier", "Suppliers"),
    ("other", "Other"),
)

DOCUMENT_KINDS: tuple[tuple[str, str], ...] = (
    ("architecture", "Architecture"),
    ("api", "API"),
    ("runbook", "Runbook"),
    ("guide", "Guide"),
    ("diagram", "Diagram"),
    ("schema", "Schema"),
    ("decision", "Decision"),
    ("procedure", "Procedure"),
    ("report", "Report"),
    ("other", "Other"),
)

AUDIENCES: tuple[tuple[str, str], ...] = (
    ("everybody", "Everybody who may sign in"),
    ("team", "The members of a team"),
    ("role", "The holders of a role"),
    ("nobody", "Nobody has to sign it"),
)

REVIEWS: tuple[tuple[str, str], ...] = (
    ("month", "Every month"),
    ("quarter", "Every quarter"),
    ("half-year", "Twice a year"),
    ("year", "Every year"),
)
