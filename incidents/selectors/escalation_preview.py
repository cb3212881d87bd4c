"""Who would be told now, and at each step: the preview asks what the escalation itself asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from incidents.escalating import Plan
from incidents.not_told import in_words, told_in_words
from incidents.selectors.escalation import Reached, Scope, reached_by
from opsportal.catalog.selectors import services_named


@dataclass(frozen=True, slots=True)
class Preview:
    """A step (the last one is the fallback): when it is due after the opening, and whom it would tell then.

    `at` is the instant for which the roster was asked.
    """

    number: int
    after: timedelta
    at: datetime
    everyone: bool
    is_fallback: bool
    found: Reached

    @property
    def told(self) -> list[dict[str, str]]:
        """Who would be told, with the reason in words."""
        return [{**one, "why": told_in_words(one["why"])} for one in self.found.told]

    @property
    def not_told(self) -> list[dict[str, str]]:
        """Who of it would not be told, with the reason in words."""
        return [{**one, "why": in_words(one["why"])} for one in self.found.skipped]


def preview_of(plan: Plan, *, now: datetime, service: str = "") -> list[Preview]:
    """Return whom each step would tell if an incident of `service` (a slug, or none) opened at `now`.

    Each step is asked for the instant at which it would be due, so that a change of the roster shows.
    """
    scope = scope_of_service(service)
    lines = []
    for number in range(len(plan.steps) + 1):
        after = plan.offset(number)
        at = now + after
        is_fallback = number == len(plan.steps)
        lines.append(
            Preview(
                number=number + 1,
                after=after,
                at=at,
                everyone=not is_fallback and plan.steps[number].everyone_acknowledges,
                is_fallback=is_fallback,
                found=reached_by(plan.targets_of(number), scope, at, None),
            )
        )
    return lines


def depends_on_service(plan: Plan) -> bool:
    """Return whether whom a plan tells depends on the services that an incident touches."""
    told = [target for step in range(len(plan.steps) + 1) for target in plan.targets_of(step)]
    return any(target.kind in {"on_call", "assignee", "role"} for target in told)


def scope_of_service(service: str) -> Scope:
    """Return the scope of an incident of one service; of none, where there is no such service."""
    found: Mapping[str, object] = services_named([service]) if service else {}
    row = services_named([service]).get(service) if service in found else None
    return Scope((row.slug,), (row.owner_team.slug,)) if row is not None else Scope()
