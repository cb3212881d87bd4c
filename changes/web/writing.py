"""The form of a change put together: what it offers, and the shape that follows from what is typed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_naive, make_aware

from changes.models import Change, ChangeTemplate
from changes.outlook import outlook_of
from changes.web.forms import ChangeForm, Options
from changes.web.shape import Shape, facts_typed, shape_of
from opsportal.accounts.selectors import workers
from opsportal.calendar.places import Place
from opsportal.calendar.selectors import almanac_at
from opsportal.catalog.models import Environment, Service
from opsportal.core.errors import InvalidInput, NotFound
from opsportal.standards.selectors import active_standard, versions

STANDARDS = 100


def usable_templates(now: datetime) -> QuerySet[ChangeTemplate]:
    """Return the templates that a change may be opened from at `now`, by title."""
    today = now.astimezone(UTC).date()
    return ChangeTemplate.objects.filter(
        Q(valid_until__isnull=True) | Q(valid_until__gte=today), state="approved"
    )


def form_typed(data: QueryDict, *, now: datetime, stored: Change | None = None) -> ChangeForm:
    """Return the form as it was typed, bound, shaped by what is in it."""
    return _form(data, _typed_values(data), now=now, stored=stored)


def form_reshaped(data: QueryDict, *, now: datetime, stored: Change | None = None) -> ChangeForm:
    """Return the form with what was typed, shaped by it, but without errors: nobody has sent it yet."""
    shown: dict[str, Any] = {name: data.get(name, "") for name in data}
    shown |= {name: data.getlist(name) for name in ("services", "environments")}
    return _form(None, _typed_values(data), now=now, stored=stored, shown=shown)


def form_started(values: Mapping[str, Any], *, now: datetime, stored: Change | None = None) -> ChangeForm:
    """Return the form with these values to begin with, not bound."""
    return _form(None, values, now=now, stored=stored)


def form_stored(values: Mapping[str, Any], *, now: datetime, stored: Change) -> ChangeForm:
    """Return the form of a stored change, bound, so that it can carry errors."""
    data = QueryDict(mutable=True)
    for name, value in values.items():
        if isinstance(value, list):
            data.setlist(name, value)
        else:
            data[name] = (
                value.isoformat() if isinstance(value, datetime) else "" if value is None else str(value)
            )
    return _form(data, values, now=now, stored=stored)


def _form(
    data: QueryDict | None,
    values: Mapping[str, Any],
    *,
    now: datetime,
    stored: Change | None,
    shown: Mapping[str, Any] | None = None,
) -> ChangeForm:
    change_type = str(values.get("type") or "")
    if change_type not in Change.Type.values:
        raise InvalidInput.of("type", "unknown", f"type must be one of: {', '.join(Change.Type.values)}.")
    template = _template(str(values.get("template") or ""))
    services, environments = _catalogue(template, stored)
    chosen_services = [row for row in services if row.slug in (values.get("services") or [])]
    chosen_places = [row for row in environments if row.slug in (values.get("environments") or [])]
    shape = _shape(
        values,
        change_type=change_type,
        template=template,
        services=chosen_services,
        environments=chosen_places,
        now=now,
    )
    return ChangeForm(
        data,
        shape=shape,
        services=[(row.slug, row.name) for row in services],
        environments=[(row.slug, row.name) for row in environments],
        people=_people(),
        standards=_standards(str(values.get("activates") or "")),
        initial=shown or values,
    )


def _shape(
    values: Mapping[str, Any],
    *,
    change_type: str,
    template: ChangeTemplate | None,
    services: list[Service],
    environments: list[Environment],
    now: datetime,
) -> Shape:
    fixed = {name: getattr(template, name) for name in ("risk", "plan", "rollback_plan")} if template else {}
    standard, almanac = active_standard(), almanac_at(now)
    facts = facts_typed(
        {**values, **fixed},
        type=change_type,
        template=template,
        services=services,
        environments=environments,
        almanac=almanac,
        now=now,
    )
    outlook = outlook_of(
        standard,
        facts,
        almanac,
        [
            Place(service.slug, service.tier, environment.slug, environment.kind)
            for service in services
            for environment in environments
        ],
        window=window_of(values),
        submitted_at=None,
        now=now,
    )
    return shape_of(standard, facts, type=change_type, template=template, outlook=outlook)


def window_of(values: Mapping[str, Any]) -> tuple[datetime | None, datetime | None]:
    """Return the window that was typed: both ends in order, or none."""
    start, end = values.get("window_start") or None, values.get("window_end") or None
    return (start, end) if start and end and start < end else (None, None)


def _typed_values(data: QueryDict) -> dict[str, Any]:
    """Return what was typed as plain values; what is malformed is left to the form's own errors."""
    values: dict[str, Any] = {
        name: data.get(name, "") for name in data if name not in {"services", "environments"}
    }
    values["services"] = data.getlist("services")
    values["environments"] = data.getlist("environments")
    for name in ("window_start", "window_end"):
        values[name] = _moment(data.get(name, ""))
    if values.get("risk") not in Change.Risk.values:
        values.pop("risk", None)
    values.pop("tags", None)
    return values


def _moment(text: str) -> datetime | None:
    try:
        moment = parse_datetime(text)
        return make_aware(moment) if moment is not None and is_naive(moment) else moment
    except (ValueError, OverflowError):
        return None


def _template(slug: str) -> ChangeTemplate | None:
    if not slug:
        return None
    template = ChangeTemplate.objects.prefetch_related("targets__service", "targets__environment").filter(
        slug=slug
    )
    found = template.first()
    if found is None:
        raise NotFound("There is no such template.")
    return found


def _catalogue(
    template: ChangeTemplate | None, stored: Change | None
) -> tuple[list[Service], list[Environment]]:
    """Return what may be named: what is in use, what a stored change names, or what a template has."""
    if template is not None:
        targets = list(template.targets.all())
        return (
            sorted({target.service for target in targets}, key=lambda row: row.name),
            sorted({target.environment for target in targets}, key=lambda row: (row.rank, row.slug)),
        )
    wanted = Q(state="active")
    if stored is not None:
        wanted |= Q(change_targets__change=stored)
    return list(Service.objects.filter(wanted).distinct().order_by("name")), list(Environment.objects.all())


def _standards(chosen: str) -> Options:
    """Return the stored standards that may be put in force: those that are not, and the chosen one."""
    others = Q(content_hash=chosen) | ~Q(content_hash=active_standard().content_hash)
    return [
        (row.content_hash, f"{row.title} {row.version} ({row.content_hash[:12]})")
        for row in versions().filter(others)[:STANDARDS]
    ]


def _people() -> Options:
    rows = workers().order_by("full_name", "id").only("id", "full_name")
    return [(str(row.pk), row.full_name) for row in rows]
