"""What audits register: their audit actions."""

from __future__ import annotations

from opsportal.audit.actions import register_all


def register() -> None:
    """Register the actions that audit entries name; called once, when the app is ready."""
    register_all(
        {
            "audit_programme.planned": "added an entry to the audit programme",
            "audit_programme.edited": "changed an entry of the audit programme",
            "audit_programme.retired": "took an entry out of the audit programme",
            "audit_programme.resumed": "put an entry back into the audit programme",
            "audit.planned": "planned the audit",
            "audit.edited": "changed the audit",
            "audit.team_set": "set the audit's team",
            "audit.begun": "began the fieldwork",
            "audit.reporting": "ended the fieldwork",
            "audit.resumed": "went back to fieldwork",
            "audit.report_issued": "issued the report",
            "audit.completed": "closed the audit",
            "audit.cancelled": "cancelled the audit",
            "control_test.planned": "planned a test of a control",
            "control_test.recorded": "recorded the result of a test",
            "working_note.written": "wrote a working note",
            "population.frozen": "froze a population",
            "sample.drawn": "drew a sample",
            "sample_item.recorded": "recorded the result of a sample item",
            "finding.drafted": "drafted a finding",
            "finding.edited": "changed a draft of a finding",
            "finding.reported": "reported the finding",
            "finding.upheld": "upheld the finding",
            "finding.accepted": "accepted the finding",
            "finding.disputed": "disputed the finding",
            "finding.withdrawn": "withdrew the finding",
            "finding.verified": "verified that it is put right",
            "finding.closed": "closed the finding",
            "finding.reopened": "opened the finding again",
            "corrective_action.opened": "opened the corrective action",
            "corrective_action.done": "reported the corrective action as done",
            "corrective_action.verified": "verified the corrective action",
            "corrective_action.returned": "sent the corrective action back",
            "corrective_action.dropped": "dropped the corrective action",
            "evidence_request.opened": "asked for evidence",
            "evidence_request.answered": "answered the request",
            "evidence_request.accepted": "accepted the evidence",
            "evidence_request.returned": "sent the evidence back",
            "evidence_request.cancelled": "cancelled the request",
            "auditor_access.granted": "opened an audit to an external auditor",
            "auditor_access.revoked": "ended an external auditor's access",
            "auditor_access.entered": "came in by the link of an external auditor",
        }
    )
