"""What there is of policies and documents, for rules that want something to be kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from compliance.governing.of_service import service_facts
from compliance.judging import Judgement
from compliance.models import Document, Policy
from compliance.policing.reviews import Artefact, judge_kept
from compliance.policing.words import DOCUMENT_KINDS, POLICY_KINDS
from compliance.selectors.core import applies
from opsportal.catalog.models import Service
from opsportal.standards.rules import Rule, Standard
from opsportal.standards.standing import Keep

MOST = 5_000


def keep_evaluate(rules: Sequence[Rule], standard: Standard, now: datetime) -> dict[str, list[Judgement]]:
    """Return whether the artefacts that these rules of the form `keep` ask for are kept at `now` (aware UTC).

    One judgement for the organisation, or one for each service in use that the rule is about. Three queries
    for all rules.
    """
    policies = _policies()
    documents = _documents()
    services = list(Service.objects.filter(state="active").order_by("slug")[:MOST])
    found: dict[str, list[Judgement]] = {}
    for rule in rules:
        demand = rule.demand
        if not isinstance(demand, Keep):
            continue
        of_kind = policies if demand.sort == "policy" else documents
        mine = [pair for pair in of_kind if demand.name in ("", pair[1])]
        if demand.per == "service":
            found[rule.id] = [
                _for_service(rule, demand, mine, service, now)
                for service in services
                if applies(rule, service_facts(service.slug, service.tier, service.data_classification))
            ]
        else:
            found[rule.id] = [_judged(demand, [one for _, _, one in mine], now, ("", ""), "")]
    return found


_Placed = tuple[str, str, Artefact]
"""Service (slug, empty for all of them), kind, artefact."""


def _policies() -> list[_Placed]:
    rows = Policy.objects.exclude(state="retired").order_by("id")[:MOST]
    return [
        (
            "",
            row.kind,
            Artefact("policy", row.key, row.title, row.published is not None, False, row.reviewed_at),
        )
        for row in rows
    ]


def _documents() -> list[_Placed]:
    rows = Document.objects.filter(state="registered").select_related("service", "link").order_by("id")
    return [
        (
            row.service.slug if row.service else "",
            row.kind,
            Artefact("document", row.key, row.title, True, is_broken(row), row.reviewed_at),
        )
        for row in rows[:MOST]
    ]


def is_broken(document: Document) -> bool:
    """Return whether the link of a document (loaded) is known not to answer."""
    link = getattr(document, "link", None)
    return link is not None and link.state == "broken"


def _for_service(
    rule: Rule, demand: Keep, artefacts: list[_Placed], service: Service, now: datetime
) -> Judgement:
    mine = [one for slug, _, one in artefacts if slug in ("", service.slug)]
    return _judged(demand, mine, now, ("service", service.slug), service.name)


def _judged(
    demand: Keep, artefacts: list[Artefact], now: datetime, subject: tuple[str, str], title: str
) -> Judgement:
    words = dict(POLICY_KINDS if demand.sort == "policy" else DOCUMENT_KINDS).get(demand.name, demand.name)
    wanted = f"{demand.sort} “{words}”"
    judged = judge_kept(artefacts, wanted=wanted, review=demand.review or "", now=now)
    return Judgement(
        status=judged.status,
        subject=subject,
        title=title,
        value=judged.key,
        target=f"{wanted}, reviewed every {demand.review}" if demand.review else wanted,
        because=judged.because,
        deliverer="the owner of the service" if subject[0] else "the administrators",
        records=((judged.kind, judged.key),) if judged.key else (),
    )
