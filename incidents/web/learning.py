"""Pages of postmortems."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from incidents.learning.states import POSTMORTEM
from incidents.learning.template import SECTIONS
from incidents.models import Postmortem
from incidents.models.learning import POSTMORTEM_PREFIX
from incidents.panels.response import incident_path
from incidents.selectors.learning import postmortem_seen, postmortems_seen
from incidents.selectors.response import timeline_of
from incidents.services.learning.actions import action_open
from incidents.services.learning.contents import part_in_words, participants_of
from incidents.services.learning.postmortems import (
    postmortem_correct,
    postmortem_edit,
    postmortem_lacks,
    postmortem_publish,
    postmortem_return,
    postmortem_start,
    postmortem_submit,
    postmortem_waive,
)
from incidents.web.learning_forms import ActionForm, PostmortemFilter, PostmortemForm, StepForm
from opsportal.core.access import may
from opsportal.core.errors import Conflict, Forbidden, InvalidInput, NotFound, Reason, Refusal, RuleRefused
from opsportal.core.keys import number_of
from opsportal.web import refusals
from opsportal.web.paging import page_of
from opsportal.web.people import remember_people
from opsportal.web.requests import actor_of, now_of

_STEPS: Mapping[str, tuple[Callable[..., Postmortem], str, str, str, str, str]] = {
    "submit": (
        postmortem_submit,
        "write",
        "Hand it in for review",
        "arrow-right",
        "btn-primary",
        "is in review.",
    ),
    "publish": (postmortem_publish, "review", "Publish it", "check", "btn-primary", "is published."),
    "correct": (postmortem_correct, "write", "Correct it", "edit", "", "is a draft again."),
    "write": (postmortem_correct, "write", "Write it after all", "edit", "", "is a draft again."),
}


@require_safe
def postmortem_list(request: HttpRequest) -> HttpResponse:
    """List the postmortems that the reader may see, newest first."""
    form = PostmortemFilter(request.GET)
    rows = postmortems_seen(actor_of(request), now_of(request))
    if form.is_valid():
        for name in ("state", "cause"):
            if form.cleaned_data[name]:
                rows = rows.filter(**{name: form.cleaned_data[name]})
    else:
        rows = rows.none()
    page = page_of(rows, request, order=("-id",))
    remember_people(request, (("user", str(row.author_id)) for row in page.items))
    context = {"page": page, "form": form, "is_narrowed": any(request.GET.get(name) for name in form.fields)}
    return render(
        request, "incidents/learning/postmortems.html", context, status=200 if form.is_valid() else 400
    )


@require_POST
def postmortem_begun(request: HttpRequest) -> HttpResponse:
    """Begin the postmortem of an incident, and write it."""
    made = postmortem_start(
        actor=actor_of(request), now=now_of(request), incident=request.POST.get("incident", "")
    )
    return redirect("incidents:postmortem-edit", made.key)


@require_POST
def postmortem_waived(request: HttpRequest) -> HttpResponse:
    """Let an incident go without a postmortem."""
    made = postmortem_waive(
        actor=actor_of(request),
        now=now_of(request),
        incident=request.POST.get("incident", ""),
        reason=request.POST.get("reason", ""),
    )
    messages.success(request, f"{made.key} is waived.")
    return redirect("incidents:postmortem", made.key)


@require_safe
def postmortem_page(request: HttpRequest, key: str) -> HttpResponse:
    """Show a postmortem: as it was published, or as it is being written."""
    return _page(request, _seen(request, key))


@require_POST
def postmortem_step(request: HttpRequest, key: str, verb: str) -> HttpResponse:
    """Hand in, return, publish or correct a postmortem."""
    postmortem = _seen(request, key)
    form = StepForm(request.POST)
    given: dict[str, Any] = form.cleaned_data if form.is_valid() else {}
    actor, now = actor_of(request), now_of(request)
    try:
        if verb == "return":
            postmortem_return(
                actor=actor,
                now=now,
                pk=postmortem.pk,
                reason=given.get("text", ""),
                version=given.get("version"),
            )
            words = "went back to its author."
        elif verb in _STEPS:
            move, _, _, _, _, words = _STEPS[verb]
            move(actor=actor, now=now, pk=postmortem.pk, version=given.get("version"))
        else:
            raise NotFound("There is no such step.")
    except (InvalidInput, RuleRefused) as refusal:
        refusals.keep(request, refusal)
        return _page(request, _seen(request, key), refusal=refusal)
    messages.success(request, f"{postmortem.key} {words}")
    return redirect("incidents:postmortem", postmortem.key)


@require_http_methods(["GET", "HEAD", "POST"])
def postmortem_write(request: HttpRequest, key: str) -> HttpResponse:
    """Write the parts of a draft."""
    postmortem = _seen(request, key)
    POSTMORTEM.move(postmortem.state, "edit")
    if request.method != "POST":
        initial = {**postmortem.sections, "cause": postmortem.cause, "version": postmortem.version}
        return _form_page(request, PostmortemForm(initial=initial), postmortem)
    form = PostmortemForm(request.POST)
    if not form.is_valid():
        return _form_page(request, form, postmortem, status=400)
    try:
        postmortem_edit(
            actor=actor_of(request),
            now=now_of(request),
            pk=postmortem.pk,
            fields=form.written(),
            version=form.cleaned_data["version"],
        )
    except (InvalidInput, Conflict, Forbidden) as refusal:
        form.add_refusal(refusal)
        refusals.keep(request, refusal)
        return _form_page(request, form, postmortem, status=refusal.status)
    messages.success(request, f"{postmortem.key} is saved.")
    return redirect("incidents:postmortem", postmortem.key)


@require_POST
def action_added(request: HttpRequest, key: str) -> HttpResponse:
    """Open an action item of a postmortem."""
    postmortem = _seen(request, key)
    form = ActionForm(request.POST)
    if form.is_valid():
        try:
            item = action_open(
                actor=actor_of(request), now=now_of(request), postmortem=postmortem.key, fields=form.written()
            )
        except (InvalidInput, Conflict, Forbidden) as refusal:
            form.add_refusal(refusal)
            refusals.keep(request, refusal)
        else:
            messages.success(request, f"{item.key} is opened.")
            return redirect("incidents:postmortem", postmortem.key)
    return _page(request, postmortem, action_form=form)


def _seen(request: HttpRequest, key: str) -> Postmortem:
    number = number_of(key, POSTMORTEM_PREFIX)
    if number is None:
        raise NotFound("There is no such postmortem.")
    return postmortem_seen(actor_of(request), now_of(request), number)


def _page(
    request: HttpRequest,
    postmortem: Postmortem,
    *,
    refusal: Refusal | None = None,
    action_form: ActionForm | None = None,
) -> HttpResponse:
    actor = actor_of(request)
    snapshot = postmortem.snapshots.order_by("-number").first()
    frozen = snapshot.content if snapshot and postmortem.state == "published" else None
    texts = frozen["sections"] if frozen else postmortem.sections
    moments = _frozen(frozen["timeline"]) if frozen else _live(postmortem)
    people = _people(frozen["participants"] if frozen else participants_of(postmortem.incident))
    items = list(postmortem.action_items.order_by("id"))
    remember_people(
        request,
        [
            ("user", str(postmortem.author_id)),
            *(("user", person) for person in people),
            *((one["actor_kind"], one["actor_id"]) for one in moments),
            *(("user", str(item.owner_id)) for item in items),
        ],
    )
    context = {
        "postmortem": postmortem,
        "incident": postmortem.incident,
        "incident_url": incident_path(postmortem.incident_id),
        "snapshot": snapshot if frozen else None,
        "sections": [(part.title, texts.get(name, "")) for name, part in SECTIONS.items()],
        "moments": moments,
        "people": [(person, ", ".join(parts)) for person, parts in people.items()],
        "lacks": _lacks(request, postmortem),
        "items": items,
        "action_form": action_form or ActionForm(),
        "form": action_form,
        "refusal": refusal,
        "may_edit": POSTMORTEM.can(postmortem.state, "edit") and may(actor, "postmortem.write"),
        "may_return": POSTMORTEM.can(postmortem.state, "return")
        and may(actor, "postmortem.review", postmortem),
        "may_act": postmortem.state != "waived" and may(actor, "action_item.write"),
        "steps": [
            (verb, label, icon, look)
            for verb, (_, permission, label, icon, look, _) in _STEPS.items()
            if POSTMORTEM.can(postmortem.state, verb) and may(actor, f"postmortem.{permission}", postmortem)
        ],
    }
    status = refusal.status if refusal else 400 if action_form else 200
    return render(request, "incidents/learning/postmortem.html", context, status=status)


def _people(participants: Iterable[Mapping[str, str]]) -> dict[str, list[str]]:
    """Return the participants by their id, each with what they were and did in words."""
    found: dict[str, list[str]] = {}
    for one in participants:
        found.setdefault(one["person"], []).append(part_in_words(one["role"]))
    return found


def _lacks(request: HttpRequest, postmortem: Postmortem) -> tuple[Reason, ...]:
    """Return what it still lacks before it can be published; nothing for one that is published or waived."""
    if postmortem.state not in {"draft", "in_review"}:
        return ()
    return postmortem_lacks(postmortem, actor=actor_of(request), now=now_of(request))


def _frozen(lines: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the lines as they were published, with their times as such."""
    return [{**one, "at": datetime.fromisoformat(one["at"])} for one in lines]


def _live(postmortem: Postmortem) -> list[dict[str, Any]]:
    return [
        {
            "at": line.entry.at,
            "text": line.entry.text,
            "kind": line.entry.kind,
            "actor_kind": line.entry.actor_kind,
            "actor_id": line.entry.actor_id,
            "edited": line.is_edited,
        }
        for line in timeline_of(postmortem.incident)
    ]


def _form_page(
    request: HttpRequest, form: PostmortemForm, postmortem: Postmortem, *, status: int = 200
) -> HttpResponse:
    context = {
        "form": form,
        "postmortem": postmortem,
        "parts": [form[name] for name in SECTIONS],
        "lacks": _lacks(request, postmortem),
    }
    return render(request, "incidents/learning/postmortem_form.html", context, status=status)
