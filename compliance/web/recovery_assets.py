"""Pages of assets: how they stand, one of them, writing one; and of what is kept and deleted."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from compliance.models import Asset, Backup, Purge
from compliance.permissions.recovery import AssetCase
from compliance.recovery.states import ASSET
from compliance.selectors.recovery import (
    asset_by_key,
    assets_loaded,
    hold_by_key,
    holds_loaded,
    tests_loaded,
)
from compliance.services.recovery.assets import (
    asset_create,
    asset_edit,
    asset_reinstate,
    asset_retire,
    case_of,
)
from compliance.services.recovery.holds import hold_lift, hold_place
from compliance.services.recovery.purging import keeps_for, may_go
from compliance.services.recovery.record_classes import CLASSES
from compliance.services.recovery.standing import WINDOW, stands
from compliance.web.recovery_forms import (
    AssetFilter,
    AssetForm,
    LegalHoldForm,
    PlanForm,
    ReasonForm,
    asset_values,
)
from opsportal.accounts.selectors import teams_of
from opsportal.audit.actions import label
from opsportal.audit.selectors import entries_about
from opsportal.core.access import may, require
from opsportal.core.errors import Conflict, Forbidden, InvalidInput
from opsportal.web import refusals
from opsportal.web.people import remember_people
from opsportal.web.requests import actor_of, now_of

MOST = 500
SHOWN = 30


@require_safe
def asset_list(request: HttpRequest) -> HttpResponse:
    """List what must be recoverable, and how it stands over the last 30 days, the worst first."""
    form = AssetFilter(request.GET)
    now = now_of(request)
    found = []
    more = False
    if form.is_valid():
        wanted = form.cleaned_data
        rows = assets_loaded().filter(state=wanted["state"] or "active")
        if wanted["q"]:
            rows = rows.filter(Q(name__icontains=wanted["q"]) | Q(slug__icontains=wanted["q"]))
        assets = list(rows.order_by("name", "id")[: MOST + 1])
        more = len(assets) > MOST
        found = stands(assets[:MOST], begins=now - WINDOW, ends=now)
        if wanted["status"]:
            found = [stand for stand in found if stand.status == wanted["status"]]
        order = ("silent", "late", "unknown", "fine")
        found.sort(key=lambda stand: (order.index(stand.status), stand.asset.name))
    context = {
        "stands": found,
        "more": more,
        "form": form,
        "may_write": may(actor_of(request), "exercise.plan"),
        "is_narrowed": any(request.GET.get(name) for name in form.fields),
    }
    return render(request, "compliance/recovery/assets.html", context, status=200 if form.is_valid() else 400)


@require_safe
def asset_page(request: HttpRequest, key: str) -> HttpResponse:
    """Show one asset: how it stands, its backups, its restore tests."""
    return page_of_asset(request, asset_by_key(key))


def page_of_asset(
    request: HttpRequest, asset: Asset, *, plan_form: PlanForm | None = None, status: int = 200
) -> HttpResponse:
    """Render the page of an asset, with the form of a restore test that was refused."""
    actor, now = actor_of(request), now_of(request)
    case = case_of(asset, now)
    (stand,) = stands([asset], begins=now - WINDOW, ends=now)
    entries = list(entries_about("asset", asset.key).order_by("-id")[:SHOWN])
    remember_people(request, [(entry.actor_kind, entry.actor_id) for entry in entries])
    may_write = may(actor, "asset.write", case)
    context = {
        "asset": asset,
        "stand": stand,
        "gaps": stand.realised.gaps[-SHOWN:],
        "backups": list(Backup.objects.filter(asset=asset).order_by("-finished_at", "-id")[:SHOWN]),
        "tests": list(tests_loaded().filter(asset=asset).order_by("-id")[:SHOWN]),
        "plan_form": plan_form or PlanForm(),
        "form": plan_form,
        "may_edit": may_write and ASSET.can(asset.state, "edit"),
        "may_retire": may_write and ASSET.can(asset.state, "retire"),
        "may_reinstate": may_write and ASSET.can(asset.state, "reinstate"),
        "may_test": asset.state == "active" and may(actor, "restore_test.conduct", case),
        "moments": [
            {"at": one.at, "title": label(one.action), "actor_kind": one.actor_kind, "actor_id": one.actor_id}
            for one in entries
        ],
    }
    return render(request, "compliance/recovery/asset.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def asset_write(request: HttpRequest, key: str = "") -> HttpResponse:
    """Write down an asset, or change one."""
    actor, now = actor_of(request), now_of(request)
    asset = asset_by_key(key) if key else None
    if asset is not None:
        require(actor, "asset.write", case_of(asset, now))
    elif not (actor.is_user and (actor.is_staff or teams_of(actor.id, now.date()))):
        require(actor, "asset.write", AssetCase("", "", now))
    if request.method != "POST":
        begin = asset_values(asset) if asset else {"owner": actor.id, "slug": ""}
        return _form_page(request, AssetForm(asset=asset, initial=begin), asset)
    form = AssetForm(request.POST, asset=asset)
    if not form.is_valid():
        return _form_page(request, form, asset, status=400)
    try:
        if asset is None:
            slug = form.cleaned_data["slug"]
            made = asset_create(actor=actor, now=now, slug=slug, fields=form.written())
        else:
            version = form.cleaned_data["version"]
            made = asset_edit(actor=actor, now=now, pk=asset.pk, fields=form.written(), version=version)
    except (InvalidInput, Conflict, Forbidden) as refusal:
        form.add_refusal(refusal)
        refusals.keep(request, refusal)
        return _form_page(request, form, asset, status=refusal.status)
    messages.success(request, f"{made.name} is saved.")
    return redirect("compliance:asset", made.key)


def _form_page(
    request: HttpRequest, form: AssetForm, asset: Asset | None, *, status: int = 200
) -> HttpResponse:
    return render(
        request, "compliance/recovery/asset_form.html", {"form": form, "asset": asset}, status=status
    )


@require_POST
def asset_step(request: HttpRequest, key: str, verb: str) -> HttpResponse:
    """Retire or reinstate an asset."""
    form = ReasonForm(request.POST)
    given: dict[str, Any] = form.cleaned_data if form.is_valid() else {}
    actor, now, pk = actor_of(request), now_of(request), asset_by_key(key).pk
    if verb == "retire":
        reason = given.get("reason", "")
        asset_retire(actor=actor, now=now, pk=pk, reason=reason, version=given.get("version"))
        messages.success(request, "The asset is retired.")
    else:
        asset_reinstate(actor=actor, now=now, pk=pk, version=given.get("version"))
        messages.success(request, "The asset is in use again.")
    return redirect("compliance:asset", key)


@require_safe
def retention(request: HttpRequest) -> HttpResponse:
    """Show by class of records what the standard says, the oldest row, what may go, and what holds it."""
    return _retention(request)


@require_POST
def hold_placed(request: HttpRequest) -> HttpResponse:
    """Place a legal hold."""
    form = LegalHoldForm(request.POST)
    if form.is_valid():
        try:
            hold = hold_place(actor=actor_of(request), now=now_of(request), fields=form.cleaned_data)
        except InvalidInput as refusal:
            form.add_refusal(refusal)
            refusals.keep(request, refusal)
        else:
            messages.success(request, f"{hold.key} is placed: nobody deletes what it covers.")
            return redirect("compliance:retention")
    return _retention(request, form=form, status=400)


@require_POST
def hold_lifted(request: HttpRequest, key: str) -> HttpResponse:
    """Lift a legal hold, with the reason."""
    form = ReasonForm(request.POST)
    given: dict[str, Any] = form.cleaned_data if form.is_valid() else {}
    hold = hold_by_key(key)
    hold_lift(
        actor=actor_of(request),
        now=now_of(request),
        pk=hold.pk,
        reason=given.get("reason", ""),
        version=given.get("version"),
    )
    messages.success(request, f"{hold.key} is lifted.")
    return redirect("compliance:retention")


def _retention(request: HttpRequest, *, form: LegalHoldForm | None = None, status: int = 200) -> HttpResponse:
    now = now_of(request)
    context = {
        "classes": [
            {
                "records": one,
                "keeps": keeps_for(one.slug)[0],
                "oldest": one.oldest(),
                "may_go": None if one.kept_because else may_go(one.slug, now),
            }
            for one in CLASSES
        ],
        "holds": list(holds_loaded().order_by("state", "-id")[:SHOWN]),
        "purges": list(Purge.objects.order_by("-id")[:SHOWN]),
        "may_hold": may(actor_of(request), "hold.write"),
        "hold_form": form or LegalHoldForm(),
        "form": form,
    }
    return render(request, "compliance/recovery/retention.html", context, status=status)
