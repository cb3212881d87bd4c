"""The steps of an audit's page: a form, and the one service that each calls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from compliance.admin.audits import forms
from compliance.models import Audit, CorrectiveAction, SampleItem
from compliance.services.audits.access import access_grant, access_revoke
from compliance.services.audits.actions import action_move, action_open
from compliance.services.audits.findings import finding_edit, finding_move, finding_raise
from compliance.services.audits.planning import audit_edit, audit_move, audit_team_set
from compliance.services.audits.reports import report_issue
from compliance.services.audits.requests import request_move, request_open
from compliance.services.audits.sampling import population_freeze, sample_draw, seed_made
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


Rows = QuerySet[Any]


def _tests(audit: Audit) -> Rows:
    return audit.tests.all()


def _populations(audit: Audit) -> Rows:
    return audit.populations.all()


def _requests(audit: Audit) -> Rows:
    return audit.requests.all()


def _findings(audit: Audit) -> Rows:
    return audit.findings.all()


def _actions(audit: Audit) -> Rows:
    return CorrectiveAction.objects.filter(finding__audit=audit)


def _items(audit: Audit) -> Rows:
    return SampleItem.objects.filter(sample__population__audit=audit)


def _accesses(audit: Audit) -> Rows:
    return audit.accesses.all()


@dataclass(frozen=True, slots=True)
class Step:
    """One step: its words, its form, what it calls. What `run` returns as text is a secret, shown once.

    `rows` are those of the audit of which one is meant; None where the step is of the audit itself. Where
    `row_is_needed` is not set, it may be of the audit or of one of them. `shows_what_is_open` stands beside
    steps that judge the whole.
    """

    title: str
    button: str
    form: type[forms.StepForm]
    run: Callable[[Call], object]
    rows: Callable[[Audit], Rows] | None = None
    row_is_needed: bool = True
    shows_what_is_open: bool = False

    def is_about(self, audit: Audit, row: int) -> bool:
        """Return whether the step can be taken in this audit on the row of this number."""
        if self.rows is None or (row == 0 and not self.row_is_needed):
            return True
        return self.rows(audit).filter(pk=row).exists()


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
    return sample_draw(actor=c.actor, now=c.now, population=c.row, **c.given)


def _request(c: Call) -> object:
    fields = {**c.given, "item": c.row or None}
    return request_open(actor=c.actor, now=c.now, audit=c.audit, fields=fields)


def _finding(c: Call) -> object:
    fields = {**c.given, "item": c.row or None}
    return finding_raise(actor=c.actor, now=c.now, audit=c.audit, fields=fields)


STEPS: dict[str, Step] = {
    "begin": Step("Begin the fieldwork", "Begin", forms.StepForm, _audit_step("begin")),
    "reporting": Step(
        "End the fieldwork",
        "Go on to the report",
        forms.StepForm,
        _audit_step("report"),
        shows_what_is_open=True,
    ),
    "resume": Step("Go back to fieldwork", "Go back", forms.StepForm, _audit_step("resume")),
    "close": Step(
        "Close the audit", "Close it", forms.StepForm, _audit_step("close"), shows_what_is_open=True
    ),
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
        rows=_tests,
    ),
    "freeze": Step(
        "Freeze a population",
        "Freeze it",
        forms.FreezeForm,
        lambda c: population_freeze(actor=c.actor, now=c.now, audit=c.audit, kind=c.given["kind"]),
    ),
    "draw": Step("Draw a sample", "Draw it", forms.DrawForm, _draw, rows=_populations),
    "request": Step("Ask for evidence", "Ask", forms.RequestForm, _request, rows=_items, row_is_needed=False),
    "request-accept": Step(
        "Accept the answer", "Accept", forms.StepForm, _request_step("accept"), rows=_requests
    ),
    "request-return": Step(
        "Send the answer back", "Send back", forms.TextForm, _request_step("return"), rows=_requests
    ),
    "request-cancel": Step(
        "Cancel the request", "Cancel it", forms.TextForm, _request_step("cancel"), rows=_requests
    ),
    "finding": Step(
        "Draft a finding", "Keep the draft", forms.FindingForm, _finding, rows=_items, row_is_needed=False
    ),
    "finding-edit": Step(
        "Change the draft",
        "Save",
        forms.FindingForm,
        lambda c: finding_edit(actor=c.actor, now=c.now, pk=c.row, fields=c.given),
        rows=_findings,
    ),
    "finding-report": Step(
        "Report the finding", "Report it", forms.StepForm, _finding_step("report"), rows=_findings
    ),
    "finding-withdraw": Step(
        "Withdraw the finding", "Withdraw it", forms.TextForm, _finding_step("withdraw"), rows=_findings
    ),
    "finding-uphold": Step(
        "Uphold the finding", "Uphold it", forms.TextForm, _finding_step("uphold"), rows=_findings
    ),
    "finding-verify": Step(
        "Verify that it is put right", "Verify", forms.TextForm, _finding_step("verify"), rows=_findings
    ),
    "finding-close": Step(
        "Close the finding", "Close it", forms.StepForm, _finding_step("close"), rows=_findings
    ),
    "finding-reopen": Step(
        "Open the finding again", "Open again", forms.TextForm, _finding_step("reopen"), rows=_findings
    ),
    "action": Step(
        "Open a corrective action",
        "Open it",
        forms.ActionForm,
        lambda c: action_open(actor=c.actor, now=c.now, finding=c.row, fields=c.given),
        rows=_findings,
    ),
    "action-verify": Step(
        "Verify by a re-test", "Verify", forms.TextForm, _action_step("verify"), rows=_actions
    ),
    "action-return": Step("Send it back", "Send back", forms.TextForm, _action_step("return"), rows=_actions),
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
        shows_what_is_open=True,
    ),
    "issue": Step(
        "Issue the report",
        "Issue it",
        forms.StepForm,
        lambda c: report_issue(actor=c.actor, now=c.now, pk=c.audit),
        shows_what_is_open=True,
    ),
    "guest": Step("Open it to an external auditor", "Open it", forms.GuestForm, _secret_link),
    "guest-end": Step(
        "End the access now",
        "End it",
        forms.StepForm,
        lambda c: access_revoke(actor=c.actor, now=c.now, pk=c.row),
        rows=_accesses,
    ),
}


def initial_of(slug: str, audit: Audit, row: int, now: datetime) -> dict[str, Any]:
    """Return what a step's form is filled with when it is opened."""
    if slug == "team":
        return {"team": list(audit.members.values_list("person_id", flat=True))}
    if slug == "draw":
        # It stands in the form: a form that is sent twice asks for the same sample, which stands once.
        return {"seed": seed_made(now)}
    if slug == "conclude":
        return {name: getattr(audit, name) for name in ("opinion", "conclusion", "opinion_reason")}
    if slug == "finding-edit":
        draft: dict[str, Any] = dict(audit.findings.filter(pk=row).values().first() or {})
        return {**draft, "owner": draft.get("owner_id"), "test": draft.get("test_id")}
    if slug in {"finding", "request"} and row:
        item = _items(audit).filter(pk=row).select_related("sample").first()
        return {"test": item.sample.test_id} if item else {}
    if slug == "result":
        return dict(audit.tests.filter(pk=row).values("result", "work").first() or {})
    return {}
