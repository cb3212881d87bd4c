"""Governance of the demo organisation: reviews, decisions, checklists, training, scans, a request, a plan."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from compliance.models import (
    AccessHolding,
    AccessReview,
    Checklist,
    ImprovementItem,
    Training,
    Vulnerability,
)
from compliance.services.controls.evidence import Upload
from compliance.services.governance.access import (
    access_holding_decide,
    access_review_end,
    access_review_open,
)
from compliance.services.governance.boards import decision_record
from compliance.services.governance.checklists import (
    checklist_adopt,
    checklist_sign,
    checklist_start,
)
from compliance.services.governance.improvement import (
    improvement_move,
    improvement_open,
    maturity_assess,
    phase_plan,
)
from compliance.services.governance.requests import person_request_move, person_request_receive
from compliance.services.governance.scans import scan_record
from compliance.services.governance.statements import declaration_make, readiness_state
from compliance.services.governance.training import topic_define, training_hold, training_plan
from compliance.services.governance.vulnerabilities import vulnerability_move
from opsportal.core.actor import Actor
from opsportal.portal.demo.stage import Stage

DAY = timedelta(days=1)
PORTAL = Actor.system("demo")
Act = Callable[[datetime], Any]
FINDINGS = (
    {"id": "CVE-2026-21003", "component": "urllib3@1.26.4", "severity": "high", "title": "Old urllib3"},
    {
        "id": "CVE-2026-10177",
        "component": "pkg:deb/openssl@3.0.2",
        "severity": "critical",
        "title": "OpenSSL",
    },
    {"id": "CVE-2025-48811", "component": "pkg:npm/ws@7.4.6", "severity": "medium", "title": "ws"},
)


def moments(stage: Stage, now: datetime) -> Iterator[tuple[datetime, Act]]:
    """Yield what governance did in the last quarter."""
    yield now - 91 * DAY, partial(_found, stage)
    yield now - 80 * DAY, partial(_first_review, stage)
    for ago in (70, 35, 6):
        yield now - ago * DAY, partial(_decide, stage, ago)
    for weeks in range(6, 0, -1):
        yield now - (7 * weeks) * DAY, partial(_sign, stage, "weekly-operations")
    for days in (5, 4, 3, 2, 1):
        yield now - days * DAY, partial(_sign, stage, "daily-operations")
    yield now - 60 * DAY, partial(_train, stage, "incidents", ("jonas", "priya", "elena"))
    yield now - 20 * DAY, partial(_train, stage, "security", ("jonas", "tomas", "priya"))
    yield now - 30 * DAY, partial(_scan, FINDINGS)
    yield now - 26 * DAY, partial(_fix, stage)
    yield now - 9 * DAY, partial(_scan, FINDINGS[:1] + FINDINGS[2:])
    yield now - 8 * DAY, partial(_request, stage)
    yield now - 64 * DAY, partial(_deletion, stage)
    yield now - 90 * DAY, partial(_assess, stage, 2, "Everybody answers pages", "Changes, figures, restores")
    yield now - 45 * DAY, partial(_plan, stage)
    yield now - 14 * DAY, partial(_declare, stage)
    yield now - 3 * DAY, partial(_second_review, stage)


def _found(stage: Stage, at: datetime) -> None:
    for slug in ("daily-operations", "weekly-operations", "monthly-operations"):
        checklist_adopt(actor=PORTAL, now=at, slug=slug)
    for slug, title in (("incidents", "Incident response"), ("security", "Security basics")):
        topic_define(actor=PORTAL, now=at, fields={"slug": slug, "title": title})


def _chief(stage: Stage) -> Actor:
    return stage.person("sam")


def _first_review(stage: Stage, at: datetime) -> None:
    review = access_review_open(actor=_chief(stage), now=at, note="Half-yearly review")
    for holding in review.holdings.order_by("number"):
        _confirm(review, holding, at + DAY)
    access_review_end(actor=_chief(stage), now=at + DAY, pk=review.pk, verb="complete")


def _confirm(review: AccessReview, holding: AccessHolding, at: datetime) -> None:
    access_holding_decide(
        actor=Actor.user(holding.reviewer_id),
        now=at,
        review=review.pk,
        number=holding.number,
        verdict="confirm",
        reason="Still needed",
    )


def _second_review(stage: Stage, at: datetime) -> None:
    review = access_review_open(actor=_chief(stage), now=at, note="After the move of two teams")
    for holding in review.holdings.order_by("number")[:4]:
        _confirm(review, holding, at)


_DECISIONS = {
    70: ("Where do backups of payments go?", "To a second region, encrypted.", "One region fails whole."),
    35: ("May we deploy on Friday afternoon?", "Only standard changes.", "Nobody wants to mend at night."),
    6: ("Do we keep the old reports?", "No; they go in two months.", "Three readers a month."),
}


def _decide(stage: Stage, which: int, at: datetime) -> None:
    question, outcome, reasons = _DECISIONS[which]
    member = stage.person("priya")
    fields = {
        "board": "change-advisory-board",
        "question": question,
        "outcome": outcome,
        "reasons": reasons,
        "participants": [member.id],
    }
    decision_record(actor=member, now=at, fields=fields)


def _sign(stage: Stage, slug: str, at: datetime) -> None:
    actor = stage.person("jonas")
    run = checklist_start(actor=actor, now=at, slug=slug)
    if run.state != "open":
        return
    items = Checklist.objects.get(slug=slug).editions.latest("number").listed
    answers: list[dict[str, str]] = [{"item": item.id, "answer": "ticked", "note": ""} for item in items]
    answers[-1] = {"item": items[-1].id, "answer": "noted", "note": "One runbook was brought up to date"}
    checklist_sign(actor=actor, now=at, run=run.pk, answers=answers)


def _train(stage: Stage, topic: str, handles: tuple[str, ...], at: datetime) -> None:
    actor = _chief(stage)
    fields = {"at": at, "trainer_person": stage.person("priya").id, "material_version": "3"}
    training: Training = training_plan(actor=actor, now=at, topic=topic, fields=fields)
    people = [stage.person(handle).id for handle in handles]
    training_hold(actor=actor, now=at + timedelta(hours=2), pk=training.pk, attended=people)


def _scan(found: tuple[dict[str, str], ...], at: datetime) -> None:
    fields = {
        "kind": "dependency",
        "service": "payments-api",
        "tool": "trivy",
        "scope": "image and lock files",
        "whole": True,
        "performed_at": at,
    }
    scan_record(actor=PORTAL, now=at, fields=fields, results=[dict(one) for one in found])


def _fix(stage: Stage, at: datetime) -> None:
    row = Vulnerability.objects.get(reference="CVE-2026-10177")
    vulnerability_move(
        actor=stage.person("elena"), now=at, pk=row.pk, verb="fix", text="Image rebuilt on 3.0.15"
    )


def _request(stage: Stage, at: datetime) -> None:
    actor = stage.person("tomas")
    fields = {"kind": "access", "reference": "customer 48-2211", "systems": "payments, shop"}
    row = person_request_receive(actor=actor, now=at, fields=fields)
    person_request_move(
        actor=actor, now=at + DAY, pk=row.pk, verb="identify", text="Answered the letter to the known address"
    )


def _deletion(stage: Stage, at: datetime) -> None:
    actor = stage.person("grace")
    fields = {"kind": "deletion", "reference": "customer 51-0930", "systems": "shop, warehouse"}
    row = person_request_receive(actor=actor, now=at, fields=fields)
    for days, verb, text in (
        (1, "identify", "Called back under the number on file"),
        (12, "answer", "Deleted in both; the ledger keeps invoices for ten years, and the letter says so"),
    ):
        person_request_move(actor=actor, now=at + days * DAY, pk=row.pk, verb=verb, text=text)


def _plan(stage: Stage, at: datetime) -> None:
    actor = _chief(stage)
    for number, title, start, end in ((1, "Foundation", -30, 0), (2, "Enhancement", 1, 60)):
        days = {"first_day": (at + start * DAY).date(), "last_day": (at + end * DAY).date()}
        phase_plan(actor=actor, now=at, fields={"number": number, "title": title, **days})
    for phase, title, owner, done in (
        (1, "Every service has an escalation policy", "tomas", True),
        (1, "Restore tests run each month by themselves", "jonas", True),
        (2, "Alerts on symptoms, not on causes", "priya", False),
        (2, "Capacity is projected for the year", "jonas", False),
    ):
        fields = {"phase": phase, "title": title, "owner": stage.person(owner).id}
        item: ImprovementItem = improvement_open(actor=actor, now=at, fields=fields)
        if done:
            improvement_move(
                actor=stage.person(owner), now=at + 9 * DAY, pk=item.pk, verb="finish", text="In place"
            )
    _assess(stage, 3, "Changes and incidents", "Figures", at)
    for service, handle, shown, text in (
        ("payments-api", "jonas", "traces", "Sampled at one percent, kept for a week"),
        ("identity", "arjun", "metrics", "Scraped every 15 seconds; the board is called Identity"),
    ):
        stated = {"item": shown, "status": "met", "text": text}
        readiness_state(actor=stage.person(handle), now=at, service=service, fields=stated)


def _assess(stage: Stage, level: int, strengths: str, gaps: str, at: datetime) -> None:
    fields = {"level": level, "target": level + 1, "strengths": strengths, "gaps": gaps}
    maturity_assess(actor=_chief(stage), now=at, fields=fields)


_DECLARED = {
    "encryption": "All disks, buckets and backups are encrypted; nothing listens without TLS.",
    "secrets": "Secrets are in the vault; the scan of all repositories of this month found none.",
}


def _declare(stage: Stage, at: datetime) -> None:
    """State two of the three things that the standard asks for; the third one waits."""
    for rule, text in _DECLARED.items():
        listed = f"what,how\n{rule},looked at on {at:%Y-%m-%d}\n".encode()
        declaration_make(
            actor=stage.person("kwame"),
            now=at,
            fields={"rule": rule, "text": text},
            upload=Upload(f"{rule}.csv", [listed]),
        )
