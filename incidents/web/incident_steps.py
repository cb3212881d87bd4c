"""The steps of an incident as its page offers them: one table for buttons, forms and what they call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from incidents.models import Incident, IncidentService
from incidents.services.response.editing import (
    incident_edit,
    incident_link,
    incident_open_up,
    incident_restrict,
)
from incidents.services.response.merging import incident_merge
from incidents.services.response.moving import (
    incident_acknowledge,
    incident_mitigate,
    incident_reopen,
    incident_resolve,
)
from incidents.services.response.people import incident_role_fill
from incidents.services.response.severity import incident_change_severity
from incidents.services.response.tasks import incident_task_add
from incidents.services.response.working import (
    incident_assess,
    incident_assign,
    incident_escalate,
    incident_note,
    incident_report,
    incident_update,
)
from incidents.states import INCIDENT
from incidents.web.response_forms import (
    AboutForm,
    AssessForm,
    LinkForm,
    MergeForm,
    NoteForm,
    PersonForm,
    ReasonForm,
    ReportForm,
    RoleForm,
    SeverityForm,
    StepForm,
    TaskForm,
    TextForm,
    UpdateForm,
)


@dataclass(frozen=True, slots=True)
class Step:
    """One step: `permission` and `possible` say whether it is offered, `service` takes it.

    Without a form it is a button alone. `locks`: its service takes the version that the reader saw.
    """

    verb: str
    label: str
    permission: str
    service: Callable[..., object]
    possible: Callable[[Incident], bool]
    form: type[StepForm] | None = None
    icon: str = ""
    look: str = ""
    anchor: str = ""
    done: str = ""
    locks: bool = True


def _by_machine(verb: str) -> Callable[[Incident], bool]:
    return lambda incident: INCIDENT.can(incident.state, verb)


def _open(incident: Incident) -> bool:
    return incident.is_open


def _not_merged(incident: Incident) -> bool:
    return incident.state != "merged"


def _always(_incident: Incident) -> bool:
    return True


_ALL = (
    Step(
        "acknowledge",
        "Acknowledge",
        "acknowledge",
        incident_acknowledge,
        _by_machine("acknowledge"),
        icon="check",
        look="btn-primary",
        done="It is yours now. Say how it stands as soon as you know.",
    ),
    Step(
        "escalate",
        "Get more help",
        "escalate",
        incident_escalate,
        _open,
        icon="people",
        done="The next step of the escalation is taken now.",
    ),
    Step(
        "mitigate",
        "The harm has stopped",
        "mitigate",
        incident_mitigate,
        _by_machine("mitigate"),
        TextForm,
        icon="shield",
    ),
    Step(
        "resolve", "It is over", "resolve", incident_resolve, _by_machine("resolve"), TextForm, icon="check"
    ),
    Step(
        "reopen", "Open it again", "reopen", incident_reopen, _by_machine("reopen"), ReasonForm, icon="undo"
    ),
    Step(
        "update",
        "Say how it stands",
        "update",
        incident_update,
        _not_merged,
        UpdateForm,
        anchor="timeline",
        locks=False,
    ),
    Step("assess", "Assess it", "assess", incident_assess, _open, AssessForm),
    Step("note", "Write a note", "note", incident_note, _always, NoteForm, anchor="timeline", locks=False),
    Step("severity", "Change the severity", "change_severity", incident_change_severity, _open, SeverityForm),
    Step("assign", "Give it to somebody", "assign", incident_assign, _open, PersonForm),
    Step("role", "Fill a role", "fill_role", incident_role_fill, _not_merged, RoleForm, locks=False),
    Step("task", "Add a task", "task", incident_task_add, _not_merged, TaskForm, anchor="tasks", locks=False),
    Step("link", "Link something", "link", incident_link, _always, LinkForm, anchor="links", locks=False),
    Step("edit", "Edit what it says", "edit", incident_edit, _always, AboutForm),
    Step(
        "report",
        "Write the report",
        "report",
        incident_report,
        lambda incident: incident.state == "resolved",
        ReportForm,
        anchor="timeline",
        locks=False,
    ),
    Step("merge", "Merge it into another one", "merge", incident_merge, _by_machine("merge"), MergeForm),
    Step(
        "restrict",
        "Restrict who sees it",
        "restrict",
        incident_restrict,
        lambda incident: not incident.is_restricted,
        ReasonForm,
    ),
    Step(
        "open-up",
        "Show it to everybody",
        "open_up",
        incident_open_up,
        lambda incident: incident.is_restricted,
        ReasonForm,
    ),
)
STEPS: Mapping[str, Step] = {step.verb: step for step in _ALL}
FRONT = ("acknowledge", "escalate")
"""Buttons of one press, ahead of all else."""
FIRST = frozenset({"mitigate", "resolve", "reopen", "assess", "report"})
"""Forms that lead on, ahead of the timeline; the others come after it."""


def initial_of(step: Step, incident: Incident) -> dict[str, Any]:
    """Return what the form of a step begins with."""
    if step.verb == "edit":
        direct = incident.affected.filter(effect=IncidentService.Effect.DIRECT)
        return {
            "title": incident.title,
            "summary": incident.summary,
            "services": list(direct.values_list("service__slug", flat=True)),
            "detected_by": incident.detected_by,
            "detected_at": incident.detected_at,
            "channel_url": incident.channel_url,
        }
    if step.verb in {"severity", "assess"}:
        words = {True: "yes", False: "no", None: ""}[incident.customer_facing]
        return {"severity": incident.severity, "customer_facing": words, "text": ""}
    return {}
