"""Pages of people: my profile, everybody, one person, teams, boards and roles."""

from __future__ import annotations

from itertools import groupby
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from opsportal.accounts import selectors
from opsportal.accounts.models import Role, Team, User
from opsportal.accounts.services import user_update
from opsportal.accounts.services.periods import utc_day
from opsportal.accounts.web.forms import PeopleFilter, ProfileForm
from opsportal.core.errors import Conflict, InvalidInput, NotFound, Stale
from opsportal.web import refusals
from opsportal.web.paging import page_of
from opsportal.web.requests import actor_of, now_of


@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    """Show and change what a person says of themselves; show which roles and teams they have today."""
    now = now_of(request)
    user = _person(UUID(actor_of(request).id))
    status = 200
    if request.method == "POST":
        form = ProfileForm(request.POST)
        status = 400
        if form.is_valid():
            try:
                user_update(actor=actor_of(request), now=now, user_id=user.pk, **form.cleaned_data)
            except (InvalidInput, Conflict) as refusal:
                form.add_refusal(refusal)
                refusals.keep(request, refusal)
                status = refusal.status
                if isinstance(refusal, Stale):
                    data = request.POST.copy()
                    data["version"] = str(user.version)
                    form.data = data
            else:
                messages.success(request, "Saved.")
                return redirect("accounts:profile")
    else:
        names = ("full_name", "time_zone", "version")
        form = ProfileForm(initial={name: getattr(user, name) for name in names})
    return render(request, "accounts/profile.html", {"form": form, **_standing(request, user)}, status=status)


@require_safe
def people(request: HttpRequest) -> HttpResponse:
    """List the people who may sign in, by name."""
    form = PeopleFilter(request.GET, auto_id="filter_%s")
    rows = selectors.colleagues()
    text = form.cleaned_data["q"] if form.is_valid() else ""
    if text:
        rows = rows.filter(full_name__icontains=text)
    page = page_of(rows if form.is_valid() else rows.none(), request, order=("full_name", "id"), size=50)
    on = utc_day(now_of(request))
    shown = [user.pk for user in page.items]
    holdings = selectors.holdings_on(on).filter(user__in=shown).order_by("user_id", "role__title")
    memberships = selectors.memberships_on(on).filter(user__in=shown).order_by("user_id", "team__name")
    roles = {user: list(found) for user, found in groupby(holdings, key=lambda holding: holding.user_id)}
    teams = {user: list(found) for user, found in groupby(memberships, key=lambda member: member.user_id)}
    lines = [
        {"user": user, "holdings": roles.get(user.pk, []), "memberships": teams.get(user.pk, [])}
        for user in page.items
    ]
    context = {"form": form, "page": page, "lines": lines, "is_narrowed": bool(text)}
    return render(request, "accounts/people.html", context, status=200 if form.is_valid() else 400)


@require_safe
def person(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show one person: who they are, which roles and teams they have today."""
    shown, now = _person(pk), now_of(request)
    deputies = [one.deputy.display_name for one in selectors.stand_ins(now, principals=[pk])]
    context = {
        **_standing(request, shown),
        "absence": shown.absences.filter(selectors.absent_at(now)).first(),
        "deputies": list(dict.fromkeys(deputies)),
    }
    return render(request, "accounts/person.html", context)


@require_safe
def teams(request: HttpRequest) -> HttpResponse:
    """List the teams, each with its members of today."""
    page = page_of(Team.objects.all(), request, order=("name", "id"), size=50)
    found = selectors.memberships_on(utc_day(now_of(request))).filter(team__in=page.items)
    found = found.order_by("team_id", "user__full_name")
    members = {team: list(rows) for team, rows in groupby(found, key=lambda member: member.team_id)}
    lines = [{"team": team, "members": members.get(team.pk, [])} for team in page.items]
    return render(request, "accounts/teams.html", {"page": page, "lines": lines})


@require_safe
def team(request: HttpRequest, slug: str) -> HttpResponse:
    """Show one team with its members of today, and what other apps show of it."""
    shown = Team.objects.filter(slug=slug).first()
    if shown is None:
        raise NotFound("There is no such team.")
    members = selectors.memberships_on(utc_day(now_of(request))).filter(team=shown)
    return render(request, "accounts/team.html", {"team": shown, "members": members})


@require_safe
def boards(request: HttpRequest) -> HttpResponse:
    """Show boards and job roles with those who hold them today."""
    found = selectors.holdings_on(utc_day(now_of(request))).order_by("role_id", "user__full_name", "id")
    holders = {role: list(rows) for role, rows in groupby(found, key=lambda holding: holding.role_id)}
    lines: dict[str, list[dict[str, object]]] = {kind: [] for kind in Role.Kind.values}
    for role in Role.objects.order_by("title"):
        lines[role.kind].append({"role": role, "holdings": holders.get(role.pk, [])})
    context = {"boards": lines[Role.Kind.BOARD], "jobs": lines[Role.Kind.JOB]}
    return render(request, "accounts/boards.html", context)


def _person(pk: UUID) -> User:
    user = User.objects.filter(pk=pk).first()
    if user is None:
        raise NotFound("There is no such person.")
    return user


def _standing(request: HttpRequest, user: User) -> dict[str, object]:
    on = utc_day(now_of(request))
    return {
        "person": user,
        "holdings": list(selectors.holdings_on(on).filter(user=user)),
        "memberships": list(selectors.memberships_on(on).filter(user=user)),
    }
