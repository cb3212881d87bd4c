"""What follows from steps on incidents, and from what other apps tell."""

from __future__ import annotations

from opsportal.audit.actions import register_all


def register() -> None:
    """Register the audit actions of this area, and listen to its topics."""
    register_all(
        {
            "incident.declared": "declared the incident",
            "incident.acknowledged": "acknowledged the incident",
            "incident.lapsed": "let the acknowledgement lapse",
            "incident.escalated": "escalated the incident",
            "incident.assigned": "gave the incident to somebody",
            "incident.role_filled": "gave somebody a role",
            "incident.role_ended": "ended somebody's role",
            "incident.assessed": "assessed severity and impact",
            "incident.severity_changed": "changed the severity",
            "incident.services_changed": "changed what is affected",
            "incident.edited": "edited the incident",
            "incident.updated_internally": "wrote an internal update",
            "incident.stakeholders_told": "told the stakeholders",
            "incident.status_page_updated": "updated the status page",
            "incident.executives_briefed": "briefed the executives",
            "incident.noted": "wrote a note",
            "incident.note_edited": "edited a line of the timeline",
            "incident.task_added": "added a task",
            "incident.task_changed": "changed a task",
            "incident.linked": "linked something",
            "incident.unlinked": "removed a link",
            "incident.mitigated": "mitigated the incident",
            "incident.resolved": "resolved the incident",
            "incident.reopened": "opened the incident again",
            "incident.merged": "merged the incident into another one",
            "incident.took_in": "took another incident in",
            "incident.restricted": "restricted the incident",
            "incident.opened_up": "showed the incident to everybody",
            "incident.reported": "wrote the report",
            "incident.clock_missed": "missed a time of the standard",
            "incident.watched": "watches the incident",
            "incident.unwatched": "watches the incident no more",
        }
    )
