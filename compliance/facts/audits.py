"""Facts and events of audits."""

from __future__ import annotations

from compliance.auditing.states import ACTION, FINDING
from compliance.auditing.tables import REQUEST_KINDS, SEVERITIES
from opsportal.standards.vocabulary import BOOLEAN, NUMBER, TEXT, Declaration, Event, Fact, choice

_EVENTS = {
    "audit": (
        ("audit",),
        {
            "planned": "an audit is planned",
            "begun": "the fieldwork of an audit begins",
            "completed": "an audit is closed, with its report issued",
            "cancelled": "an audit is cancelled",
        },
    ),
    "finding": (
        ("finding", "audit"),
        {
            "reported": "a finding is reported to its owner",
            "upheld": "a disputed finding is upheld",
            "accepted": "a finding is accepted, with the management response",
            "disputed": "a finding is disputed",
            "withdrawn": "a finding is withdrawn",
            "verified": "a finding is verified as put right",
            "closed": "a finding is closed",
            "reopened": "a finding is opened again",
        },
    ),
    "corrective_action": (
        ("corrective_action", "finding", "audit"),
        {
            "opened": "a corrective action is opened",
            "done": "a corrective action is done",
            "verified": "a corrective action is verified by somebody else",
            "returned": "a corrective action is sent back",
            "dropped": "a corrective action is dropped",
        },
    ),
    "evidence_request": (
        ("evidence_request", "audit"),
        {
            "opened": "an auditor asks for evidence",
            "answered": "a request for evidence is answered",
            "accepted": "the evidence is accepted",
            "returned": "the evidence is sent back",
            "cancelled": "a request for evidence is cancelled",
        },
    ),
}

_ABOUT = {"audit.completed": "organisation"}
_OWNERS = {
    "audit": ("lead_auditor",),
    "finding": ("finding_owner", "lead_auditor"),
    "corrective_action": ("action_owner", "finding_owner"),
    "evidence_request": ("request_owner", "lead_auditor"),
}

DECLARATIONS: tuple[Declaration, ...] = (
    Fact("audit.kind", TEXT, "the kind of the audit, e.g. security"),
    Fact("audit.framework", TEXT, "the framework that the audit is about"),
    Fact("audit.findings", NUMBER, "how many findings the audit reported"),
    Fact("audit.findings_grave", NUMBER, "how many of its findings are critical or high"),
    Fact("audit.controls_tested", NUMBER, "how many tests of controls have a result"),
    Fact("audit.controls_not_met", NUMBER, "how many tests of controls were not met"),
    Fact("audit.external", BOOLEAN, "whether an external auditor took part"),
    Fact("finding.severity", choice(*SEVERITIES), "the severity of the finding"),
    Fact("finding.state", choice(*FINDING.states), "the state of the finding"),
    Fact("finding.service", TEXT, "the service that the finding is about"),
    Fact("finding.framework", TEXT, "the framework of the finding's audit"),
    Fact("corrective_action.severity", choice(*SEVERITIES), "the severity of its finding"),
    Fact("corrective_action.state", choice(*ACTION.states), "the state of the corrective action"),
    Fact("evidence_request.kind", choice(*REQUEST_KINDS), "what is asked for"),
    *(
        Event(f"{thing}.{name}", title, areas, _ABOUT.get(f"{thing}.{name}", ""), _OWNERS[thing])
        for thing, (areas, events) in _EVENTS.items()
        for name, title in events.items()
    ),
)
