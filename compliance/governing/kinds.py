"""The closed words of governance, each with its words for people. Pure."""

from __future__ import annotations

from datetime import timedelta

HOLDINGS = {
    "role": "Role",
    "board": "Seat on a board",
    "team": "Team membership",
    "administrator": "Administrator",
    "auditor": "Auditor",
    "token": "Token of a service account",
}
MOVES = {"joiner": "Joined", "mover": "Moved", "leaver": "Left"}
PERIODS = {"day": "Daily", "week": "Weekly", "month": "Monthly", "quarter": "Quarterly", "year": "Yearly"}
ANSWERS = {"ticked": "Done", "noted": "Done, with a note", "not_applicable": "Does not apply"}
ATTENDANCE = {"attended": "Attended", "absent": "Did not come", "excused": "Excused"}
AUDIENCES = {"everyone": "Everybody", "role": "Holders of a role", "team": "Members of a team"}
SCANS = {
    "vulnerability": "Vulnerability scan",
    "penetration": "Penetration test",
    "dependency": "Scan of dependencies",
    "security_audit": "Security audit",
}
SEVERITIES = {"critical": "Critical", "high": "High", "medium": "Medium", "low": "Low", "info": "Note"}
REQUESTS = {
    "access": "See what is kept about them",
    "deletion": "Have it deleted",
    "correction": "Have it corrected",
}
READINESS = {
    "health_check": "Health check",
    "logs": "Logs",
    "metrics": "Metrics",
    "traces": "Traces",
    "alert": "Tested alert",
    "runbook": "Runbook",
    "backup": "Backup",
    "on_call": "On-call",
    "rollback": "Rollback tested",
}
STANDING = {"met": "Met", "not_met": "Not met", "no_data": "No data"}
STATED = {"met": "Met", "not_met": "Not met"}
LEVELS = {
    1: "Reactive",
    2: "Managed",
    3: "Defined",
    4: "Quantitatively managed",
    5: "Optimizing",
}

REMEDIATION = {
    "critical": timedelta(days=7),
    "high": timedelta(days=30),
    "medium": timedelta(days=90),
    "low": timedelta(days=180),
    "info": timedelta(days=365),
}
"""How long the portal gives where the standard in force says nothing about a severity."""
