"""Pages of policies: the list, reading and signing one, its versions, steps on it, writing it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Count, F, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from compliance.models import Policy, PolicyVersion
from compliance.permissions.controls import OwnedCase
from compliance.policing.states import POLICY
from compliance.selectors.policies import (
    audience_of,
    has_signed,
    policies_loaded,
    policies_to_vote,
    policy_by_key,
    policy_version,
    signed,
    unsigned,
)
from compliance.services.policies.approval import KIND, policy_vote, round_key
from compliance.services.policies.policies import (
    case_of,
    policy_create,
    policy_edit,
    policy_publish,
    policy_reinstate,
    policy_retire,
    policy_review,
    policy_submit,
    policy_withdraw,
)
from compliance.services.policies.signatures import policy_attest
from compliance.web.controls_forms import SaidForm
from compliance.web.parts import SHOWN, moments_of
from compliance.web.policies_forms import PolicyForm, SignForm, VoteForm, policy_values
from opsportal.approvals.outcome import Decision
from opsportal.approvals.selectors import live_requests, progress_of
from opsportal.core.access import may, require
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, Forbidden, InvalidInput, NotFound
from opsportal.web import refusals
from opsportal.web.paging import page_of
from opsportal.web.people import remember_people
from opsportal.web.requests import actor_of, now_of

MOST_NAMES = 100
_STEPS: Mapping[str, tuple[Callable[..., Policy], str, str, str, str, str]] = {
    "submit": (policy_submit, "write", "Submit for approval", "arrow-right", "btn-primary", "is in review."),
    "withdraw": (policy_withdraw, "write", "Take it back from review", "undo", "", "is a draft again."),
    "publish": (policy_publish, "publish", "Put it in force", "check", "btn-primary", "is in force."),
    "review": (policy_review, "review", "Reviewed: it still holds", "eye", "", "is reviewed."),
    "retire": (policy_retire, "retire", "Retire it", "cross", "btn-outline-danger", "is retired."),
    "reinstate": (policy_reinstate, "retire", "Make it a draft again", "undo", "", "is a draft again."),
}


@require_safe
def policy_list(request: HttpRequest) -> HttpResponse:
    """List policies by title: those in use, unless all are asked for."""
    actor, now = actor_of(request), now_of(request)
    rows = policies_loaded()
    if "all" not in request.GET:
        rows = rows.exclude(state="retired")
    in_force = Q(attestations__number=F("published"))
    page = page_of(
        rows.annotate(signatures=Count("attestations", filter=in_force)), request, order=("title", "id")
    )
    remember_people(request, [("user", str(row.owner_id)) for row in page.items])
    context = {
        "page": page,
        "rows": [
            {
                "policy": policy,
                "signatures": getattr(policy, "signatures", 0),
                "audience": audience_of(policy, now).count() if policy.is_in_force else 0,
                "is_mine": actor.is_user and policy.is_in_force and _has_to_sign(policy, actor, now),
            }
            for policy in page.items
        ],
        "now": now,
        "is_all": "all" in request.GET,
        "may_write": may(actor, "policy.write", OwnedCase("", "", now)),
    }
    return render(request, "compliance/policies/list.html", context)


@require_safe
def policy_page(request: HttpRequest, key: str) -> HttpResponse:
    """Show one policy: the text in force to read and sign, who has, and what comes next."""
    actor, now = actor_of(request), now_of(request)
    policy = policy_by_key(key)
    shown = policy_version(policy, policy.published or policy.latest)
    versions = list(PolicyVersion.objects.filter(policy=policy).order_by("-number")[:SHOWN])
    missing = list(unsigned(policy, now)[: MOST_NAMES + 1])
    signatures = list(signed(policy, policy.published)[:MOST_NAMES])
    case = case_of(policy, now)
    remember_people(
        request,
        [
            ("user", str(policy.owner_id)),
            *(("user", str(person.pk)) for person in missing),
            *(("user", str(row.person_id)) for row in signatures),
            *((row.actor_kind, row.actor_id) for row in versions),
        ],
    )
    context = {
        "policy": policy,
        "shown": shown,
        "versions": versions,
        "missing": missing[:MOST_NAMES],
        "has_more_missing": len(missing) > MOST_NAMES,
        "signatures": signatures,
        "has_to_sign": actor.is_user and policy.is_in_force and _has_to_sign(policy, actor, now),
        "may_sign": may(actor, "policy.attest"),
        "is_overdue": policy.is_in_force and policy.review_due_at is not None and policy.review_due_at <= now,
        "may_edit": POLICY.can(policy.state, "edit") and may(actor, "policy.write", case),
        "steps": [
            (verb, label, icon, look)
            for verb, (_, permission, label, icon, look, _) in _STEPS.items()
            if POLICY.can(policy.state, verb)
            and may(actor, f"policy.{permission}", case)
            and (verb != "review" or policy.published is not None)
        ],
        "moments": moments_of(request, KIND, policy.key),
        **_round(policy, actor, request),
    }
    return render(request, "compliance/policies/policy.html", context)


def _has_to_sign(policy: Policy, actor: Actor, now: Any) -> bool:
    person = UUID(actor.id)
    is_asked = audience_of(policy, now).filter(pk=person).exists()
    return is_asked and not has_signed(policy, actor.id)


def _round(policy: Policy, actor: Actor, request: HttpRequest) -> dict[str, Any]:
    """Return the round of approval of the newest version, if there is one, and whether the reader votes."""
    key, now = round_key(policy), now_of(request)
    found = live_requests(KIND, [key]).get(key)
    if found is None:
        return {"progress": []}
    votes_next = (
        actor.is_user and policy.state == "in_review" and policy in policies_to_vote(UUID(actor.id), now)
    )
    newest = policy_version(policy, policy.latest)
    return {"progress": progress_of(found, now), "may_vote": votes_next, "newest": newest}


@require_POST
def policy_step(request: HttpRequest, key: str, verb: str) -> HttpResponse:
    """Submit, withdraw, publish, review, retire or reinstate a policy."""
    if verb not in _STEPS:
        raise NotFound("There is no such step.")
    step, _, _, _, _, words = _STEPS[verb]
    form = SaidForm(request.POST)
    version = form.cleaned_data["version"] if form.is_valid() else None
    policy = step(actor=actor_of(request), now=now_of(request), key=key, version=version)
    messages.success(request, f"“{policy.title}” {words}")
    return redirect("compliance:policy", policy.key)


@require_POST
def policy_voted(request: HttpRequest, key: str) -> HttpResponse:
    """Vote on the submitted version."""
    form = VoteForm(request.POST)
    if not form.is_valid():
        raise InvalidInput.of("decision", "invalid", "Choose approve, reject or abstain.")
    wanted = form.cleaned_data
    policy = policy_vote(
        actor=actor_of(request),
        now=now_of(request),
        key=key,
        decision=Decision(wanted["decision"]),
        content_hash=wanted["content_hash"],
        comment=wanted["comment"],
    )
    messages.success(request, "Your vote is counted.")
    return redirect("compliance:policy", policy.key)


@require_POST
def policy_signed(request: HttpRequest, key: str) -> HttpResponse:
    """Sign the version in force, for oneself."""
    form = SignForm(request.POST)
    if not form.is_valid():
        raise InvalidInput.of("number", "invalid", "Read the policy again, then sign it.")
    wanted = form.cleaned_data
    row = policy_attest(
        actor=actor_of(request),
        now=now_of(request),
        key=key,
        number=wanted["number"],
        content_hash=wanted["content_hash"],
    )
    messages.success(request, f"You have signed version {row.number}.")
    return redirect("compliance:policy", key)


@require_safe
def policy_version_page(request: HttpRequest, key: str, number: int) -> HttpResponse:
    """Show one version as it was written."""
    policy = policy_by_key(key)
    version = policy_version(policy, number)
    remember_people(request, [(version.actor_kind, version.actor_id)])
    signatures = list(signed(policy, number)[:MOST_NAMES])
    remember_people(request, [("user", str(row.person_id)) for row in signatures])
    context = {"policy": policy, "shown": version, "signatures": signatures}
    return render(request, "compliance/policies/version.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def policy_write(request: HttpRequest, key: str = "") -> HttpResponse:
    """Write a new policy, or another version of one."""
    actor, now = actor_of(request), now_of(request)
    policy = policy_by_key(key) if key else None
    require(actor, "policy.write", case_of(policy, now) if policy else OwnedCase("", "", now))
    if request.method != "POST":
        initial = (
            policy_values(policy, policy_version(policy, policy.latest).text)
            if policy
            else {"owner": actor.id, "attest_within_days": 14, "review_every": "year"}
        )
        return _form_page(request, PolicyForm(policy=policy, initial=initial), policy)
    form = PolicyForm(request.POST, policy=policy)
    if not form.is_valid():
        return _form_page(request, form, policy, status=400)
    try:
        if policy is None:
            made = policy_create(actor=actor, now=now, fields=form.written())
        else:
            version = form.cleaned_data["version"]
            made = policy_edit(actor=actor, now=now, key=key, fields=form.written(), version=version)
    except (InvalidInput, Conflict, Forbidden) as refusal:
        form.add_refusal(refusal)
        refusals.keep(request, refusal)
        return _form_page(request, form, policy, status=refusal.status)
    messages.success(request, f"“{made.title}” is saved.")
    return redirect("compliance:policy", made.key)


def _form_page(
    request: HttpRequest, form: PolicyForm, policy: Policy | None, *, status: int = 200
) -> HttpResponse:
    return render(request, "compliance/policies/form.html", {"form": form, "policy": policy}, status=status)
