"""Writes of the components that the public knows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from incidents.models import StatusComponent
from incidents.public_status import COMPONENT
from incidents.services.statuspage.telling import copy_wanted
from opsportal.audit.services import audit_record
from opsportal.catalog.models import Service
from opsportal.catalog.selectors import services_named
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import InvalidInput, NotFound
from opsportal.core.text import clean_slug, clean_text
from opsportal.core.versions import require_version
from opsportal.core.writes import write

KIND = "status_component"
MAX_POSITION = 1_000


def component_create(*, actor: Actor, now: datetime, slug: str, name: str, **fields: Any) -> StatusComponent:
    """Show a component and return it.

    `fields`: `description`, `group`, `position` (0 to 1000, lowest first), `service` (slug or empty) and
    `announces` (`itself` or `by_hand`). Raises `Forbidden` and `InvalidInput`.
    """
    with write(actor=actor, now=now):
        require(actor, "status.arrange")
        component = StatusComponent(slug=clean_slug(slug, field="slug"), created_at=now, updated_at=now)
        for field, value in clean_fields({"name": name, **fields}).items():
            setattr(component, field, value)
        try:
            with transaction.atomic():
                component.save(force_insert=True)
        except IntegrityError:
            raise InvalidInput.of("slug", "taken", "There is a component with this slug already.") from None
        _record(actor, now, "status_component.created", component)
        return component


def component_update(
    *, actor: Actor, now: datetime, slug: str, version: int | None = None, **fields: Any
) -> StatusComponent:
    """Change the given fields (`name` and those of `component_create`) and return the component.

    Raises `NotFound`, `Forbidden`, `Stale` and `InvalidInput`.
    """
    with write(actor=actor, now=now):
        component = _locked(slug)
        require(actor, "status.arrange")
        require_version(component, version)
        cleaned = clean_fields(fields)
        changed = {name for name, value in cleaned.items() if getattr(component, name) != value}
        if not changed:
            return component
        for name in changed:
            setattr(component, name, cleaned[name])
        _save(component, now)
        _record(actor, now, "status_component.updated", component)
        return component


def component_move(
    *, actor: Actor, now: datetime, slug: str, verb: str, version: int | None = None
) -> StatusComponent:
    """Retire a component, or show it again (`verb`: `retire`, `show`), and return it.

    Its past stays on record. Raises `NotFound`, `Forbidden`, `Stale` and `IllegalMove`.
    """
    with write(actor=actor, now=now):
        component = _locked(slug)
        require(actor, "status.arrange")
        require_version(component, version)
        component.state = COMPONENT.move(component.state, verb)
        _save(component, now)
        _record(actor, now, f"status_component.{component.state}", component)
        return component


def clean_fields(fields: dict[str, Any]) -> dict[str, Any]:
    """Return what is given, checked. Raises `InvalidInput`, also for a field that there is not."""
    checks = {
        "name": lambda value: clean_text(value, field="name", max_length=120, required=True, lines=False),
        "description": lambda value: clean_text(value, field="description", max_length=300, lines=False),
        "group": lambda value: clean_text(value, field="group", max_length=120, lines=False),
        "position": _clean_position,
        "service": _clean_service,
        "announces": _clean_announces,
    }
    unknown = sorted(set(fields) - set(checks))
    if unknown:
        raise InvalidInput.of(unknown[0], "unknown", "There is no such field.")
    return {name: checks[name](value) for name, value in fields.items()}


def _clean_position(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_POSITION:
        raise InvalidInput.of("position", "out_of_range", f"A whole number from 0 to {MAX_POSITION:,}.")
    return value


def _clean_service(value: object) -> Service | None:
    if value in ("", None):
        return None
    found = services_named([value]) if isinstance(value, str) else {}
    if not found:
        raise InvalidInput.of("service", "unknown", "There is no such service.")
    return found[str(value)]


def _clean_announces(value: object) -> str:
    if value not in StatusComponent.Announces.values:
        raise InvalidInput.of("announces", "unknown", "Must be one of: itself, by_hand.")
    return str(value)


def _locked(slug: str) -> StatusComponent:
    component = StatusComponent.objects.select_for_update().filter(slug=slug).first()
    if component is None:
        raise NotFound("There is no such component.")
    return component


def _save(component: StatusComponent, now: datetime) -> None:
    component.updated_at = now
    component.version += 1
    component.save()


def _record(actor: Actor, now: datetime, action: str, component: StatusComponent) -> None:
    audit_record(
        actor=actor,
        now=now,
        action=action,
        object_kind=KIND,
        object_key=component.slug,
        data={"name": component.name, "state": component.state, "version": component.version},
    )
    copy_wanted()
