"""Whether what people declare is declared, and whether services are ready to be run."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import cast

from compliance.governing.kinds import READINESS
from compliance.governing.of_service import service_facts
from compliance.governing.readiness import Standing
from compliance.judging import Judgement, Status
from compliance.selectors.declarations import Asked, asked_by
from compliance.selectors.readiness import services_to_judge, signs_of_all
from opsportal.standards.rules import Rule, Standard
from opsportal.standards.selectors import in_force_or_none
from opsportal.standards.standing import Ready

ALIASES = {"tested_alert": "alert", "tested_rollback": "rollback"}
"""Other words of packs for an item."""


def judge_declared(rules: Sequence[Rule], standard: Standard, now: datetime) -> dict[str, list[Judgement]]:
    """Say of each declaration whether one holds, and by when whoever the rule names makes the next one."""
    found = in_force_or_none()
    since = found.since if found and found.standard.content_hash == standard.content_hash else now
    judged: dict[str, list[Judgement]] = {rule.id: [] for rule in rules}
    for one in asked_by(standard, since, now):
        if one.rule in judged:
            judged[one.rule].append(_declared(one))
    return judged


def _declared(one: Asked) -> Judgement:
    is_whole = one.per == "organisation"
    return Judgement(
        cast(Status, one.due.status),
        subject=("", "") if is_whole else (one.subject.kind, one.subject.key),
        title="" if is_whole else one.subject.title,
        value=one.last.declared_at.date().isoformat() if one.last else "",
        target=f"once every {one.every}",
        because=one.due.because,
        deliverer=one.deliverer if one.due.status != "met" else "",
        records=(("declaration", one.last.key),) if one.last else (),
    )


def judge_ready(rules: Sequence[Rule], standard: Standard, now: datetime) -> dict[str, list[Judgement]]:
    """Say of each service that a rule is about whether it has the item; what nobody knows has no data."""
    services = list(services_to_judge())
    standings = signs_of_all(services, now)
    judged: dict[str, list[Judgement]] = {}
    for rule in rules:
        demand = rule.demand
        assert isinstance(demand, Ready)  # noqa: S101 - the form of these rules
        item = ALIASES.get(demand.item, demand.item)
        lines: list[Judgement] = []
        for service in services:
            facts = service_facts(service.slug, service.tier, service.data_classification)
            if rule.when is None or rule.when.evaluate(facts) is not False:
                standing = standings[service.pk].get(item)
                lines.append(_ready(standing, item, service.slug, service.name, service.owner_team.name))
        judged[rule.id] = lines
    return judged


_STATUSES: dict[str, Status] = {"met": "met", "not_met": "breached", "no_data": "no_data"}


def _ready(standing: Standing | None, item: str, slug: str, name: str, team: str) -> Judgement:
    if standing is None:
        known = ", ".join(READINESS)
        because = f"The portal knows no item “{item}”; it knows: {known}."
        return Judgement("no_data", ("service", slug), name, because=because, deliverer=team)
    status = _STATUSES[standing.status]
    return Judgement(
        status,
        ("service", slug),
        name,
        target=standing.title,
        because=standing.because,
        deliverer=team if status != "met" else "",
        records=(standing.record,) if standing.record else (),
    )
