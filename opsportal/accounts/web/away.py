"""The page "While I am away": absences, and who stands in. Administrators have it for anybody."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from opsportal.accounts.models import Absence, Deputyship, Role, RoleHolding, User
from opsportal.accounts.models.absences import MAX_REASON
from opsportal.accounts.selectors import workers
from opsportal.accounts.services import (
    absence_change,
    absence_end,
    absence_record,
    deputy_change,
    deputy_end,
    deputy_name,
)
from opsportal.accounts.services.periods import utc_day
from opsportal.core.access import may, require
from opsportal.core.errors import Conflict, Forbidden, InvalidInput, NotFound, Refusal, Stale
from opsportal.core.writes import edge_transaction
from opsportal.web import refusals
from opsportal.web.forms import LocalMomentField, PortalForm
from opsportal.web.requests import actor_of, now_of


class AbsenceForm(PortalForm):
    """When somebody is away, and who stands in meanwhile."""

    always = ("ends_at",)

    starts_at = LocalMomentField(required=False, label="From", help_text="Empty is from now on.")
    ends_at = LocalMomentField(required=False, label="Until")
    deputy = forms.ChoiceField(
        required=False, label="Deputy for this absence", help_text="May vote in your place meanwhile."
    )
    reason = forms.CharField(
        required=False, max_length=MAX_REASON, help_text="Only you and administrators see it."
    )

    def __init__(self, *args: Any, people: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["deputy"].choices = [("", "Nobody, or a standing deputy"), *people]  # type: ignore[attr-defined]


class AbsenceEditForm(PortalForm):
    """What of an absence is to be different. One that has begun keeps its start."""

    always = ("starts_at", "ends_at")

    starts_at = LocalMomentField(required=False, label="From")
    ends_at = LocalMomentField(required=False, label="Until")
    reason = forms.CharField(
        required=False, max_length=MAX_REASON, help_text="Only you and administrators see it."
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, absence: Absence, now: datetime) -> None:
        given = {
            # To the minute, as the field shows it: what nobody touched is no change.
            "starts_at": absence.starts_at.replace(second=0, microsecond=0),
            "ends_at": absence.ends_at.replace(second=0, microsecond=0),
            "reason": absence.reason,
            "version": absence.version,
        }
        super().__init__(data, initial=given)
        if absence.starts_at <= now:
            del self.fields["starts_at"]

    def changed(self) -> dict[str, Any]:
        """Return the fields that were changed. Raises `InvalidInput` for a time that was emptied."""
        given = {name: self.cleaned_data[name] for name in self.changed_data if name != "version"}
        emptied = [name for name, value in given.items() if value is None]
        if emptied:
            raise InvalidInput.of_fields(dict.fromkeys(emptied, "Say when."), "required")
        return given


class DeputyForm(PortalForm):
    """Who stands in whenever somebody is away."""

    always = ("deputy",)

    deputy = forms.ChoiceField(required=False, label="Standing deputy")
    role = forms.ChoiceField(required=False, label="For")
    starts_at = LocalMomentField(required=False, label="From", help_text="Empty is from now on.")
    ends_at = LocalMomentField(required=False, label="Until", help_text="Empty is until you end it.")

    def __init__(
        self, *args: Any, people: list[tuple[str, str]], roles: list[tuple[str, str]], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["deputy"].choices = [("", "Choose somebody"), *people]  # type: ignore[attr-defined]
        self.fields["role"].choices = [("", "All boards and roles"), *roles]  # type: ignore[attr-defined]


class DeputyEditForm(PortalForm):
    """Until when a standing deputy is one; empty is without an end."""

    always = ("ends_at",)

    ends_at = LocalMomentField(required=False, label="Until", help_text="Empty is until you end it.")
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, row: Deputyship) -> None:
        # To the minute, as the field shows it: what nobody touched is no change.
        shown = row.ends_at and row.ends_at.replace(second=0, microsecond=0)
        super().__init__(data, initial={"ends_at": shown, "version": row.version})
        self._stored = row.ends_at

    def end(self) -> datetime | None:
        """Return when it is to end: what is stored, to the microsecond, where the field was not touched."""
        given: datetime | None = self.cleaned_data["ends_at"]
        return given if "ends_at" in self.changed_data else self._stored


@require_http_methods(["GET", "HEAD", "POST"])
def away(request: HttpRequest, pk: UUID | None = None) -> HttpResponse:
    """Show and change when a person is away and who stands in: the reader, or anybody for administrators."""
    person = _person(request, pk)
    require(actor_of(request), "absence.set", person)
    if request.method != "POST":
        return _page(request, person, AbsenceForm(people=_people(person)), _deputy_form(request, person))
    if "standing" in request.POST:
        form: PortalForm = _deputy_form(request, person, request.POST)
        return _save(request, person, form, lambda: _name(request, person, form), "Your deputy is named.")
    form = AbsenceForm(request.POST, people=_people(person))
    return _save(request, person, form, lambda: _record(request, person, form), "The absence is recorded.")


@require_http_methods(["GET", "HEAD", "POST"])
def away_change(request: HttpRequest, number: int, pk: UUID | None = None) -> HttpResponse:
    """Move an absence of a person, or change its reason; who stands in for it does so in its new time."""
    actor, now = actor_of(request), now_of(request)
    person = _person(request, pk)
    absence = Absence.objects.filter(pk=number, person=person).first()
    if absence is None or not may(actor, "absence.set", person):
        raise NotFound("There is no such absence.")
    form = AbsenceEditForm(request.POST if request.method == "POST" else None, absence=absence, now=now)

    def change() -> None:
        version = form.cleaned_data["version"]
        absence_change(actor=actor, now=now, absence_id=number, version=version, **form.changed())

    status = _changed(request, form, change, absence.version) if request.method == "POST" else 200
    if status == 302:
        messages.success(request, "The absence is changed.")
        return _back(pk)
    own = str(person.pk) == actor.id
    context = {"person": person, "own": own, "absence": absence, "form": form}
    return render(request, "accounts/away_change.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def deputy_until(request: HttpRequest, number: int, pk: UUID | None = None) -> HttpResponse:
    """Let a standing deputy of a person be one until another time; one of an absence ends with that."""
    actor, now = actor_of(request), now_of(request)
    person = _person(request, pk)
    rows = Deputyship.objects.filter(pk=number, principal=person, absence=None)
    row = rows.select_related("deputy", "role").first()
    if row is None or not may(actor, "absence.set", person):
        raise NotFound("There is no such standing deputy.")
    form = DeputyEditForm(request.POST if request.method == "POST" else None, row=row)

    def change() -> None:
        version = form.cleaned_data["version"]
        deputy_change(actor=actor, now=now, deputyship_id=number, ends_at=form.end(), version=version)

    status = _changed(request, form, change, row.version) if request.method == "POST" else 200
    if status == 302:
        messages.success(request, "The standing deputy is changed.")
        return _back(pk)
    own = str(person.pk) == actor.id
    context = {"person": person, "own": own, "row": row, "form": form}
    return render(request, "accounts/deputy_change.html", context, status=status)


@require_POST
def away_end(request: HttpRequest, kind: str, number: int, pk: UUID | None = None) -> HttpResponse:
    """End an absence or a deputyship now."""
    actor, now = actor_of(request), now_of(request)
    if kind == "absence":
        absence_end(actor=actor, now=now, absence_id=number)
        messages.success(request, "The absence has ended.")
    elif kind == "deputy":
        deputy_end(actor=actor, now=now, deputyship_id=number)
        messages.success(request, "They stand in no more.")
    else:
        raise NotFound("There is nothing of that kind to end.")
    return _back(pk)


def _changed(request: HttpRequest, form: PortalForm, change: Callable[[], None], version: int) -> int:
    """Do what the form asks for and return 302; where it is refused, tell it in the form, with its status.

    `version` is what is stored: whoever has read of a newer one may send what they typed again.
    """
    if not form.is_valid():
        return 400
    try:
        change()
    except (InvalidInput, Conflict) as refusal:
        form.add_refusal(refusal)
        refusals.keep(request, refusal)
        if isinstance(refusal, Stale):
            typed: Any = form.data
            form.data = {**typed.dict(), "version": str(version)}
        return refusal.status
    return 302


def _save(
    request: HttpRequest, person: User, form: PortalForm, act: Callable[[], object], said: str
) -> HttpResponse:
    status = 400
    if form.is_valid():
        try:
            act()
        except Forbidden:
            raise
        except Refusal as refusal:
            form.add_refusal(refusal)
            refusals.keep(request, refusal)
            status = refusal.status
        else:
            messages.success(request, said)
            return _back(None if str(person.pk) == actor_of(request).id else person.pk)
    absence = form if isinstance(form, AbsenceForm) else AbsenceForm(people=_people(person))
    deputy = form if isinstance(form, DeputyForm) else _deputy_form(request, person)
    return _page(request, person, absence, deputy, status=status)


def _record(request: HttpRequest, person: User, form: PortalForm) -> None:
    given, actor, now = form.cleaned_data, actor_of(request), now_of(request)
    if given["ends_at"] is None:
        raise InvalidInput.of("ends_at", "required", "Say until when.")
    with edge_transaction():
        absence = absence_record(
            actor=actor,
            now=now,
            person_id=person.pk,
            starts_at=given["starts_at"],
            ends_at=given["ends_at"],
            reason=given["reason"],
        )
        if given["deputy"]:
            deputy_name(
                actor=actor,
                now=now,
                principal_id=person.pk,
                deputy_id=given["deputy"],
                absence_id=absence.pk,
            )


def _name(request: HttpRequest, person: User, form: PortalForm) -> None:
    given = form.cleaned_data
    if not given["deputy"]:
        raise InvalidInput.of("deputy", "required", "Choose who stands in.")
    deputy_name(
        actor=actor_of(request),
        now=now_of(request),
        principal_id=person.pk,
        deputy_id=given["deputy"],
        role=given["role"],
        starts_at=given["starts_at"],
        ends_at=given["ends_at"],
    )


def _page(
    request: HttpRequest, person: User, form: PortalForm, deputy_form: PortalForm, *, status: int = 200
) -> HttpResponse:
    now = now_of(request)
    standing = Q(ends_at__isnull=True) | Q(ends_at__gt=now)
    rows = Deputyship.objects.filter(standing).select_related("principal", "deputy", "role", "absence")
    context = {
        "person": person,
        "own": str(person.pk) == actor_of(request).id,
        "form": form,
        "deputy_form": deputy_form,
        "absences": list(Absence.objects.filter(person=person, ends_at__gt=now)),
        "deputies": list(rows.filter(principal=person)),
        "principals": list(rows.filter(deputy=person)),
        "now": now,
    }
    return render(request, "accounts/away.html", context, status=status)


def _person(request: HttpRequest, pk: UUID | None) -> User:
    person = User.objects.filter(pk=pk or actor_of(request).id).first()
    if person is None:
        raise NotFound("There is no such person.")
    return person


def _people(person: User) -> list[tuple[str, str]]:
    people = workers().exclude(pk=person.pk)
    return [(str(one.pk), one.display_name) for one in people]


def _deputy_form(request: HttpRequest, person: User, data: Any = None) -> DeputyForm:
    today = utc_day(now_of(request))
    held = RoleHolding.objects.filter(
        Q(valid_until__isnull=True) | Q(valid_until__gte=today), user=person
    ).values("role")
    roles = list(Role.objects.filter(pk__in=held).values_list("slug", "title"))
    return DeputyForm(data, auto_id="standing_%s", people=_people(person), roles=roles)


def _back(pk: UUID | None) -> HttpResponse:
    return redirect("accounts:away-of", pk) if pk else redirect("accounts:away")
