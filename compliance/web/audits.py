"""Pages of those who are audited: what they are asked for, what was found, what they do about it."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.datastructures import MultiValueDict
from django.views.decorators.http import require_POST, require_safe

from compliance.auditing.states import ACTION, FINDING, OPEN_FINDINGS, REQUEST
from compliance.models import CorrectiveAction, EvidenceRequest, Finding
from compliance.models.audits.findings import ACTION_PREFIX, FINDING_PREFIX, REQUEST_PREFIX
from compliance.selectors.audits.seen import (
    action_seen,
    actions_seen,
    finding_seen,
    findings_seen,
    request_seen,
    requests_seen,
)
from compliance.services.audits.actions import action_move, action_open
from compliance.services.audits.findings import finding_move
from compliance.services.audits.requests import KIND, request_answer, request_attach
from compliance.services.audits.scene import case_of
from compliance.web.audits_forms import ActionForm, AnswerForm, FileForm, WordsForm
from opsportal.core.access import may
from opsportal.core.errors import NotFound, Refusal, TooLarge
from opsportal.core.keys import number_of
from opsportal.core.uploads import FileTooLarge, too_large
from opsportal.files.selectors import attachment_of, attachments_of
from opsportal.files.web.serving import attachment_response
from opsportal.web import refusals
from opsportal.web.forms import PortalForm
from opsportal.web.people import remember_people
from opsportal.web.requests import actor_of, now_of
from opsportal.web.uploads import answers_too_large

SHOWN = 200
_ACTION_STEPS = (("finish", "It is done", "btn-primary"), ("drop", "Drop it", "btn-outline-danger"))
_FINDING_STEPS = (("accept", "Accept it", "btn-primary"), ("dispute", "Dispute it", ""))


@require_safe
def audits_mine(request: HttpRequest) -> HttpResponse:
    """Show what audits want of the reader: requests, findings and corrective actions, the first due first."""
    actor = actor_of(request)
    mine = UUID(actor.id)
    context = {
        "requests": requests_seen(actor).filter(owner=mine, state="open").order_by("due_at", "id")[:SHOWN],
        "findings": findings_seen(actor)
        .filter(owner=mine, state__in=OPEN_FINDINGS)
        .order_by("due_at", "id")[:SHOWN],
        "actions": actions_seen(actor).filter(owner=mine, state="open").order_by("due_at", "id")[:SHOWN],
        "now": now_of(request),
    }
    return render(request, "compliance/audits/mine.html", context)


@require_safe
def request_page(request: HttpRequest, key: str) -> HttpResponse:
    """Show an evidence request, and the form of its answer."""
    return _request_page(request, request_seen(actor_of(request), _number(key, REQUEST_PREFIX)))


@require_POST
def request_answered(request: HttpRequest, key: str) -> HttpResponse:
    """Hand in the answer."""
    row = request_seen(actor_of(request), _number(key, REQUEST_PREFIX))
    form = AnswerForm(request.POST)

    def step() -> object:
        return request_answer(actor=actor_of(request), now=now_of(request), pk=row.pk, **form.cleaned_data)

    if status := _taken(request, form, step):
        return _request_page(request, row, answer_form=form, status=status)
    messages.success(request, "The answer is handed in.")
    return redirect("compliance:audit-request", row.key)


def _file_too_large(request: HttpRequest, key: str) -> HttpResponse:
    row = request_seen(actor_of(request), _number(key, REQUEST_PREFIX))
    form = FileForm({}, MultiValueDict(), empty_permitted=True, use_required_attribute=False)
    form.add_refusal(too_large(FileTooLarge()))
    return _request_page(request, row, file_form=form, status=413)


@answers_too_large(_file_too_large)
@require_POST
def request_file_added(request: HttpRequest, key: str) -> HttpResponse:
    """Add a file to the answer."""
    row = request_seen(actor_of(request), _number(key, REQUEST_PREFIX))
    form = FileForm(request.POST, request.FILES)

    def step() -> object:
        upload = form.cleaned_data["file"]
        return request_attach(
            actor=actor_of(request),
            now=now_of(request),
            pk=row.pk,
            name=upload.name,
            chunks=upload.chunks(),
            note=form.cleaned_data["note"],
        )

    if status := _taken(request, form, step):
        return _request_page(request, row, file_form=form, status=status)
    messages.success(request, "The file is added.")
    return redirect("compliance:audit-request", row.key)


@require_safe
def request_file(request: HttpRequest, key: str, identifier: UUID) -> FileResponse:
    """Give out a file of an answer to whoever may see the request."""
    row = request_seen(actor_of(request), _number(key, REQUEST_PREFIX))
    return attachment_response(attachment_of(KIND, row.key, identifier), now=now_of(request))


@require_safe
def finding_page(request: HttpRequest, key: str) -> HttpResponse:
    """Show a finding, what its owner may say to it, and what is done about it."""
    return _finding_page(request, finding_seen(actor_of(request), _number(key, FINDING_PREFIX)))


@require_POST
def finding_step(request: HttpRequest, key: str, verb: str) -> HttpResponse:
    """Accept a finding with the management response, or dispute it with reasons."""
    row = finding_seen(actor_of(request), _number(key, FINDING_PREFIX))
    form = WordsForm(request.POST)

    def step() -> object:
        given = form.cleaned_data
        return finding_move(
            actor=actor_of(request),
            now=now_of(request),
            pk=row.pk,
            verb=verb,
            text=given["text"],
            version=given["version"],
        )

    if status := _taken(request, form, step):
        return _finding_page(request, row, words=form, status=status)
    return redirect("compliance:audit-finding", row.key)


@require_POST
def action_added(request: HttpRequest, key: str) -> HttpResponse:
    """Open a corrective action for a finding."""
    row = finding_seen(actor_of(request), _number(key, FINDING_PREFIX))
    form = ActionForm(request.POST)

    def step() -> object:
        fields = {**form.cleaned_data, "owner": str(form.cleaned_data["owner"].pk)}
        return action_open(actor=actor_of(request), now=now_of(request), finding=row.pk, fields=fields)

    if status := _taken(request, form, step):
        return _finding_page(request, row, action_form=form, status=status)
    return redirect("compliance:audit-finding", row.key)


@require_safe
def action_page(request: HttpRequest, key: str) -> HttpResponse:
    """Show a corrective action and its steps."""
    return _action_page(request, action_seen(actor_of(request), _number(key, ACTION_PREFIX)))


@require_POST
def action_step(request: HttpRequest, key: str, verb: str) -> HttpResponse:
    """Report a corrective action as done, or drop it."""
    row = action_seen(actor_of(request), _number(key, ACTION_PREFIX))
    form = WordsForm(request.POST)

    def step() -> object:
        given = form.cleaned_data
        return action_move(
            actor=actor_of(request),
            now=now_of(request),
            pk=row.pk,
            verb=verb,
            text=given["text"],
            version=given["version"],
        )

    if status := _taken(request, form, step):
        return _action_page(request, row, words=form, status=status)
    return redirect("compliance:audit-action", row.key)


def _taken(request: HttpRequest, form: PortalForm, step: Callable[[], object]) -> int:
    """Take a step of a form and return 0; where it is refused, put that into the form, return the status."""
    if not form.is_valid():
        return 400
    try:
        step()
    except NotFound:
        raise
    except (Refusal, TooLarge) as refusal:
        form.add_refusal(refusal)
        refusals.keep(request, refusal)
        return refusal.status
    return 0


def _request_page(
    request: HttpRequest,
    row: EvidenceRequest,
    *,
    answer_form: AnswerForm | None = None,
    file_form: FileForm | None = None,
    status: int = 200,
) -> HttpResponse:
    owns = may(actor_of(request), "evidence_request.answer", case_of(row.audit, owners=(row.owner_id,)))
    may_answer = owns and REQUEST.can(row.state, "answer")
    _remember(request, row.owner_id, row.asked_by_id)
    context = {
        "row": row,
        "files": attachments_of(KIND, row.key),
        "may_answer": may_answer,
        "form": answer_form
        or AnswerForm(initial={"answer": row.answer, "links": row.links, "version": row.version}),
        "file_form": file_form or FileForm(),
        "is_overdue": row.state == "open" and row.due_at <= now_of(request),
    }
    return render(request, "compliance/audits/request.html", context, status=status)


def _finding_page(
    request: HttpRequest,
    row: Finding,
    *,
    words: WordsForm | None = None,
    action_form: ActionForm | None = None,
    status: int = 200,
) -> HttpResponse:
    actor = actor_of(request)
    case = case_of(row.audit, owners=(row.owner_id,))
    responds = may(actor, "finding.respond", case)
    actions = list(row.actions.order_by("id"))
    _remember(request, row.owner_id, *(action.owner_id for action in actions))
    context = {
        "row": row,
        "actions": actions,
        "controls": [one.control for one in row.test.tested.select_related("control")] if row.test else [],
        "steps": [one for one in _FINDING_STEPS if responds and FINDING.can(row.state, one[0])],
        "may_act": FINDING.can(row.state, "remediate") and may(actor, "corrective_action.open", case),
        "words": words or WordsForm(initial={"version": row.version}),
        "form": action_form or ActionForm(),
        "is_overdue": bool(row.state in OPEN_FINDINGS and row.due_at and row.due_at <= now_of(request)),
        "parts": [
            ("Condition", row.condition),
            ("Criteria", row.criteria),
            ("Cause", row.cause),
            ("Effect", row.effect),
            ("Recommendation", row.recommendation),
        ],
    }
    return render(request, "compliance/audits/finding.html", context, status=status)


def _action_page(
    request: HttpRequest, row: CorrectiveAction, *, words: WordsForm | None = None, status: int = 200
) -> HttpResponse:
    case = case_of(row.finding.audit, owners=(row.owner_id, row.finding.owner_id))
    does = may(actor_of(request), "corrective_action.do", case)
    _remember(request, row.owner_id, row.done_by_id, row.verified_by_id)
    context = {
        "row": row,
        "finding_seen": findings_seen(actor_of(request)).filter(pk=row.finding_id).exists(),
        "steps": [one for one in _ACTION_STEPS if does and ACTION.can(row.state, one[0])],
        "words": words or WordsForm(initial={"version": row.version}),
        "is_overdue": row.state == "open" and row.due_at <= now_of(request),
    }
    return render(request, "compliance/audits/action.html", context, status=status)


def _remember(request: HttpRequest, *people: UUID | None) -> None:
    remember_people(request, [("user", str(person)) for person in people if person is not None])


def _number(key: str, prefix: str) -> int:
    number = number_of(key, prefix)
    if number is None:
        raise NotFound("There is nothing of this key.")
    return number
