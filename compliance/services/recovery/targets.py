"""What the standard in force demands of the recovery of an asset."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from compliance.facts.recovery import asset_facts
from compliance.models import Asset
from opsportal.standards import engine
from opsportal.standards.rules import Standard
from opsportal.standards.selectors import active_standard_or_none
from opsportal.standards.standing import Recover

POINT = "recovery.evaluate"


@dataclass(frozen=True, slots=True)
class Target:
    """How long something may take at most, and the rule that says so."""

    limit: timedelta
    rule: str


@dataclass(frozen=True, slots=True)
class Targets:
    """The strictest targets for one asset; None where no rule says anything."""

    rto: Target | None
    rpo: Target | None
    standard_hash: str


def targets_of(asset: Asset, standard: Standard | None = None) -> Targets:
    """Return the strictest targets for an asset, loaded with service and team, of the standard in force.

    `standard` saves reading it again where many assets are asked about.
    """
    in_force = standard or active_standard_or_none()
    if in_force is None:
        return Targets(None, None, "")
    demands = [
        (found.rule_id, found.demand)
        for found in engine.standing(in_force, POINT, asset_facts(asset))
        if isinstance(found.demand, Recover)
    ]
    rto = [Target(demand.rto, rule) for rule, demand in demands if demand.rto is not None]
    rpo = [Target(demand.rpo, rule) for rule, demand in demands if demand.rpo is not None]
    return Targets(_strictest(rto), _strictest(rpo), in_force.content_hash)


def _strictest(targets: list[Target]) -> Target | None:
    return min(targets, key=lambda target: (target.limit, target.rule), default=None)
