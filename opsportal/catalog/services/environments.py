"""Writes of environments."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import IntegrityError

from opsportal.audit.canonical import JSON
from opsportal.catalog.models import Environment
from opsportal.catalog.services.records import clean_choice, clean_key, clean_name, record
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import InvalidInput, NotFound
from opsportal.core.versions import require_version
from opsportal.core.writes import write

MAX_RANK = 1_000


def environment_create(
    *,
    actor: Actor,
    now: datetime,
    slug: str,
    name: str,
    kind: str,
    rank: int = 0,
    when_unreachable: str = Environment.WhenUnreachable.STOP,
) -> Environment:
    """Store an environment and return it. `rank` orders promotion, lowest first.

    `when_unreachable` (`stop` or `proceed`) is what a pipeline does while the portal does not answer.
    Raises `Forbidden`, `InvalidInput`.
    """
    with write(actor=actor, now=now):
        require(actor, "environment.write")
        environment = Environment(
            slug=clean_key(slug),
            name=clean_name(name),
            kind=clean_choice(kind, "kind", Environment.Kind.values),
            rank=_clean_rank(rank),
            when_unreachable=_clean_when(when_unreachable),
            created_at=now,
            updated_at=now,
        )
        taken = InvalidInput.of("slug", "taken", "There is an environment with this slug already.")
        if Environment.objects.filter(slug=environment.slug).exists():
            raise taken
        try:
            environment.save()
        except IntegrityError:  # somebody else took it between the look and the save
            raise taken from None
        told: dict[str, JSON] = {"kind": environment.kind, "when_unreachable": environment.when_unreachable}
        _record(actor, now, "environment.created", environment, told)
        return environment


def environment_update(
    *,
    actor: Actor,
    now: datetime,
    slug: str,
    version: int | None = None,
    name: str | None = None,
    kind: str | None = None,
    rank: int | None = None,
    when_unreachable: str | None = None,
) -> Environment:
    """Change what is given, leave what is None, and return the environment.

    Raises `NotFound`, `Forbidden`, `Stale`, `InvalidInput`.
    """
    with write(actor=actor, now=now):
        environment = Environment.objects.select_for_update().filter(slug=slug).first()
        if environment is None:
            raise NotFound("There is no such environment.")
        require(actor, "environment.write")
        require_version(environment, version)
        wanted: dict[str, Any] = {
            "name": None if name is None else clean_name(name),
            "kind": None if kind is None else clean_choice(kind, "kind", Environment.Kind.values),
            "rank": None if rank is None else _clean_rank(rank),
            "when_unreachable": None if when_unreachable is None else _clean_when(when_unreachable),
        }
        changed = {
            f: value for f, value in wanted.items() if value is not None and value != getattr(environment, f)
        }
        if not changed:
            return environment
        for field, value in changed.items():
            setattr(environment, field, value)
        environment.updated_at = now
        environment.version += 1
        environment.save()
        data: dict[str, JSON] = {
            "fields": sorted(changed),
            **{field: changed[field] for field in ("kind", "when_unreachable") if field in changed},
        }
        _record(actor, now, "environment.updated", environment, data)
        return environment


def _clean_rank(value: int) -> int:
    if isinstance(value, bool) or not 0 <= value <= MAX_RANK:
        raise InvalidInput.of("rank", "out_of_range", f"Must be a whole number from 0 to {MAX_RANK}.")
    return value


def _clean_when(value: str) -> str:
    return clean_choice(value, "when_unreachable", Environment.WhenUnreachable.values)


def _record(
    actor: Actor, now: datetime, action: str, environment: Environment, data: dict[str, JSON]
) -> None:
    record(actor=actor, now=now, action=action, kind="environment", key=environment.slug, data=data)
