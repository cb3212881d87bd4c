"""The steps of an audit's page: a form, and the one service that each calls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from compliance.admin.audits import forms
from compliance.models import Audit
from compliance.services.audits.access import access_grant, access_revoke
from compliance.services.audits.actions import action_move, action_open
from compliance.services.audits.findings import finding_edit, finding_move, finding_raise
from compliance.services.audits.planning import audit_edit, audit_move, audit_team_set
from compliance.services.audits.reports import report_issue
from compliance.services.audits.requests import request_move, request_open
from compliance.services.audits.sampling import population_freeze, sample_draw
from compliance.services.audits.testing import control_test_plan, control_test_record, note_write
from opsportal.core.actor import Actor


@dataclass(frozen=True, slots=True)
class Call:
    """What a step is called with. `row` is the number of the thing that it is about, 0 for the audit."""

    actor: Actor
    now: datetime
    audit: int
    row: int
    given: dict[str, Any]

    @property
    def text(self) -> str:
        return str(self.given.get("text", ""))


@dataclass(frozen=True, slots=True)
class Step:
    """One step: its words, its form, what it calls. What `run` returns as text is a secret, shown once."""

    title: str
    button: str
    form: type[forms.StepForm]
    run: Callable[[Call], object]


def _secret_link(call: Call) -> str:
    _, secret = access_grant(actor=call.actor, now=call.now, audit=call.audit, **call.given)
    return secret


def _finding_step(verb: str) -> Callable[[Call], object]:
    return lambda c: finding_move(actor=c.actor, now=c.now, pk=c.row, verb=verb, text=c.text)


def _action_step(verb: str) -> Callable[[Call], object]:
    return lambda c: action_move(actor=c.actor, now=c.now, pk=c.row, verb=verb, text=c.text)


def _request_step(verb: str) -> Callable[[Call], object]:
    return lambda c: request_move(actor=c.actor, now=c.now, pk=c.row, verb=verb, remark=c.text)


def _audit_step(verb: str) -> Callable[[Call], object]:
    return lambda c: audit_move(actor=c.actor, now=c.now, pk=c.audit, verb=verb, reason=c.text)


def _draw(c: Call) -> object:
    given = dict(c.given)
    test = given.pop("test", None)
    return sample_draw(actor=c.actor, now=c.now, population=c.row, test=test.pk if test else None, **given)


def _request(c: Call) -> object:
    fields = {**c.given, "item": c.row or None}
    return request_open(actor=c.actor, now=c.now, audit=c.audit, fields=fields)


def _finding(c: Call) -> object:
    fields = {**c.given, "item": c.row or None}
    return finding_raise(actor=c.actor, now=c.now, audit=c.audit, fields=fields)


STEPS: dict[str, Step] = {
    "begin": Step("Begin the fieldwork", "Begin", forms.StepForm, _audit_step("begin")),
    "reporting": Step("End the fieldwork", "Go on to the report", forms.StepForm, _audit_step("report")),
    "resume": Step("Go back to fieldwork", "Go back", forms.StepForm, _audit_step("resume")),
    "close": Step("Close the audit", "Close it", forms.StepForm, _audit_step("close")),
    "cancel": Step("Cancel the audit", "Cancel it", forms.TextForm, _audit_step("cancel")),
    "team": Step(
        "The team beside the lead",
        "Set the team",
        forms.TeamForm,
        lambda c: audit_team_set(
            actor=c.actor, now=c.now, pk=c.audit, team=[person.pk for person in c.given["team"]]
        ),
    ),
    "test": Step(
        "Plan a test of a control",
        "Plan it",
        forms.TestForm,
        lambda c: control_test_plan(actor=c.actor, now=c.now, audit=c.audit, fields=c.given),
    ),
    "result": Step(
        "Record the result of a test",
        "Record it",
        forms.ResultForm,
        lambda c: control_test_record(actor=c.actor, now=c.now, pk=c.row, fields=c.given),
    ),
    "freeze": Step(
        "Freeze a population",
        "Freeze it",
        forms.FreezeForm,
        lambda c: population_freeze(actor=c.actor, now=c.now, audit=c.audit, kind=c.given["kind"]),
    ),
    "draw": Step("Draw a sample", "Draw it", forms.DrawForm, _draw),
    "request": Step("Ask for evidence", "Ask", forms.RequestForm, _request),
    "request-accept": Step("Accept the answer", "Accept", forms.StepForm, _request_step("accept")),
    "request-return": Step("Send the answer back", "Send back", forms.TextForm, _request_step("return")),
    "request-cancel": Step("Cancel the request", "Cancel it", forms.TextForm, _request_step("cancel")),
    "finding": Step("Draft a finding", "Keep the draft", forms.FindingForm, _finding),
    "finding-edit": Step(
        "Change the draft",
        "Save",
        forms.FindingForm,
        lambda c: finding_edit(actor=c.actor, now=c.now, pk=c.row, fields=c.given),
    ),
    "finding-report": Step("Report the finding", "Report it", forms.StepForm, _finding_step("report")),
    "finding-withdraw": Step(
        "Withdraw the finding", "Withdraw it", forms.TextForm, _finding_step("withdraw")
    ),
    "finding-uphold": Step("Uphold the finding", "Uphold it", forms.TextForm, _finding_step("uphold")),
    "finding-verify": Step("Verify that it is put right", "Verify", forms.TextForm, _finding_step("verify")),
    "finding-close": Step("Close the finding", "Close it", forms.StepForm, _finding_step("close")),
    "finding-reopen": Step("Open the finding again", "Open again", forms.TextForm, _finding_step("reopen")),
    "action": Step(
        "Open a corrective action",
        "Open it",
        forms.ActionForm,
        lambda c: action_open(actor=c.actor, now=c.now, finding=c.row, fields=c.given),
    ),
    "action-verify": Step("Verify by a re-test", "Verify", forms.TextForm, _action_step("verify")),
    "action-return": Step("Send it back", "Send back", forms.TextForm, _action_step("return")),
    "note": Step(
        "Write a working note",
        "Keep it",
        forms.NoteForm,
        lambda c: note_write(actor=c.actor, now=c.now, audit=c.audit, **c.given),
    ),
    "conclude": Step(
        "Opinion and conclusion",
        "Save",
        forms.ConclusionForm,
        lambda c: audit_edit(actor=c.actor, now=c.now, pk=c.audit, fields=c.given),
    ),
    "issue": Step(
        "Issue the report",
        "Issue it",
        forms.StepForm,
        lambda c: report_issue(actor=c.actor, now=c.now, pk=c.audit),
    ),
    "guest": Step("Open it to an external auditor", "Open it", forms.GuestForm, _secret_link),
    "guest-end": Step(
        "End the access now",
        "End it",
        forms.StepForm,
        lambda c: access_revoke(actor=c.actor, now=c.now, pk=c.row),
    ),
}


def initial_of(slug: str, audit: Audit, row: int) -> dict[str, Any]:
    """Return what a step's form is filled with when it is opened."""
    if slug == "team":
        return {"team": list(audit.members.values_list("person_id", flat=True))}
    if slug == "conclude":
        return {"opinion": audit.opinion, "conclusion": audit.conclusion}
    if slug == "finding-edit":
        draft: dict[str, Any] = dict(audit.findings.filter(pk=row).values().first() or {})
        return {**draft, "owner": draft.get("owner_id")}
    if slug == "result":
        return dict(audit.tests.filter(pk=row).values("result", "work").first() or {})
    return {}
