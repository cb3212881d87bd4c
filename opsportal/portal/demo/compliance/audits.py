"""Audits of the demo organisation: an annual one, closed with its findings, and one in fieldwork."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from compliance.models import Audit, Control, ControlTest, Finding, Framework
from compliance.services.audits.actions import action_move, action_open
from compliance.services.audits.findings import finding_move, finding_raise
from compliance.services.audits.planning import audit_edit, audit_move, audit_plan, programme_save
from compliance.services.audits.reports import report_issue
from compliance.services.audits.requests import request_answer, request_move, request_open
from compliance.services.audits.sampling import item_record, population_freeze, sample_draw
from compliance.services.audits.testing import control_test_plan, control_test_record, note_write
from opsportal.accounts.models import User
from opsportal.core.actor import Actor
from opsportal.portal.demo.stage import Stage

LEAD = "ines"
ANNUAL = "Annual compliance audit"
QUARTERLY = "Quarterly security audit"
PROGRAMME = (
    (ANNUAL, "compliance", "year", "soc2"),
    (QUARTERLY, "security", "quarter", "soc2"),
    ("Monthly review of operations", "review", "month", ""),
)
# what it is called, what it demands, the title of the control of the catalogue ("": it has none yet)
CONTROLS = (
    ("CC8.1", "Changes are asked for, approved, tested and recorded", "Changes are approved by others"),
    ("CC6.1", "Access is held by those who need it", ""),
    ("CC7.5", "What was lost can be brought back", "Backups are restored to prove them"),
)
SEED = "demo-2026-q4"


def moments(stage: Stage, now: datetime) -> Iterator[tuple[datetime, Callable[[datetime], None]]]:
    """Yield what the auditors did and were answered."""
    yield now - timedelta(days=80), lambda at: _programme(stage, at)
    yield now - timedelta(days=75), lambda at: _annual_fieldwork(stage, at)
    yield now - timedelta(days=60), lambda at: _annual_answers(stage, at)
    yield now - timedelta(days=40), lambda at: _annual_end(stage, at)
    yield now - timedelta(days=6), lambda at: _quarterly(stage, at)
    yield now - timedelta(days=2), lambda at: _quarterly_work(stage, at)


def _programme(stage: Stage, at: datetime) -> None:
    for title, kind, every, framework in PROGRAMME:
        fields = {"title": title, "kind": kind, "every": every, "framework": framework}
        programme_save(actor=stage.person(LEAD), now=at, fields=fields)


def _plan(stage: Stage, at: datetime, title: str, days: int) -> Audit:
    lead = stage.person(LEAD)
    kind, framework = next((kind, frame) for name, kind, _, frame in PROGRAMME if name == title)
    audit = audit_plan(
        actor=lead,
        now=at,
        fields={
            "title": title,
            "kind": kind,
            "framework": framework,
            "frameworks": list(Framework.objects.filter(slug=framework).values_list("slug", flat=True)),
            "controls": [key for *_, title in CONTROLS for key in _keys(title)],
            "objective": "Find out whether the controls are well designed, and followed.",
            "criteria": "The active standard, and the framework's criteria.",
            "period_from": (at - timedelta(days=days)).date(),
            "period_until": at.date(),
        },
    )
    audit_move(actor=lead, now=at, pk=audit.pk, verb="begin")
    for control, demands, ours in CONTROLS:
        for what in ("design", "operating"):
            fields = {"controls": _keys(ours), "control": control, "title": demands, "kind": what}
            control_test_plan(actor=lead, now=at, audit=audit.pk, fields=fields)
    return audit


def _annual_fieldwork(stage: Stage, at: datetime) -> None:
    lead = stage.person(LEAD)
    audit = _plan(stage, at, ANNUAL, 300)
    population = population_freeze(actor=lead, now=at, audit=audit.pk, kind="holdings")
    sample = sample_draw(actor=lead, now=at, population=population.pk, size=5, seed="demo-2026-annual")
    for item in sample.items.all():
        odd = item.position == 2
        said = {"result": "exception", "note": "No review of this holding is on record."}
        fields = said if odd else {"result": "pass"}
        item_record(actor=lead, now=at, pk=item.pk, fields=fields)
    for title, severity, condition, owner in (
        ("Holdings of roles are not reviewed", "high", "1 of 5 holdings was never reviewed.", "hana"),
        ("The rollback plan is a copy", "low", "Two plans are the same, word for word.", "lucia"),
    ):
        row = finding_raise(
            actor=lead,
            now=at,
            audit=audit.pk,
            fields={
                "title": title,
                "severity": severity,
                "condition": condition,
                "criteria": "The standard asks for it of every change and every holding.",
                "cause": "Nobody is reminded of it.",
                "effect": "Somebody may keep rights that they need no more.",
                "recommendation": "Let the portal ask for it each quarter.",
                "owner": _id_of(stage, owner),
            },
        )
        finding_move(actor=lead, now=at, pk=row.pk, verb="report")


def _annual_answers(stage: Stage, at: datetime) -> None:
    for title, owner in (
        ("Holdings of roles are not reviewed", "hana"),
        ("The rollback plan is a copy", "lucia"),
    ):
        row = Finding.objects.get(title=title)
        person = stage.person(owner)
        finding_move(actor=person, now=at, pk=row.pk, verb="accept", text="We agree, and begin at once.")
        action = action_open(
            actor=person,
            now=at,
            finding=row.pk,
            fields={"title": "Make it part of the quarter's routine", "owner": _id_of(stage, owner)},
        )
        if owner == "hana":
            done = "It stands in the routine since Monday."
            action_move(actor=person, now=at, pk=action.pk, verb="finish", text=done)


def _annual_end(stage: Stage, at: datetime) -> None:
    lead = stage.person(LEAD)
    audit = Audit.objects.get(title=ANNUAL)
    done = Finding.objects.get(title="Holdings of roles are not reviewed")
    action = done.actions.get()
    action_move(actor=lead, now=at, pk=action.pk, verb="verify", text="Five of five holdings were reviewed.")
    finding_move(actor=lead, now=at, pk=done.pk, verb="verify", text="Re-tested: five of five.")
    finding_move(actor=lead, now=at, pk=done.pk, verb="close")
    for test in ControlTest.objects.filter(audit=audit):
        lacks = test.title == CONTROLS[1][1] and test.kind == "operating"
        fields = {"result": "not_met" if lacks else "met", "work": "Read, asked, and looked at a sample."}
        control_test_record(actor=lead, now=at, pk=test.pk, fields=fields)
    audit_move(actor=lead, now=at, pk=audit.pk, verb="report")
    fields = {
        "opinion": "effective_with_exceptions",
        "conclusion": "The controls are well designed. One was not followed in the period; it is since.",
    }
    audit_edit(actor=lead, now=at, pk=audit.pk, fields=fields)
    report_issue(actor=lead, now=at, pk=audit.pk)
    audit_move(actor=lead, now=at, pk=audit.pk, verb="close")


def _quarterly(stage: Stage, at: datetime) -> None:
    lead = stage.person(LEAD)
    audit = _plan(stage, at, QUARTERLY, 80)
    for title, owner, days in (
        ("List of people who left in the quarter", "ingrid", 9),
        ("Approval of the firewall rules", "kwame", 4),
        ("Screenshots of the alert that was tested", "omar", 12),
    ):
        fields = {"title": title, "owner": _id_of(stage, owner), "due_at": at + timedelta(days=days)}
        request_open(actor=lead, now=at, audit=audit.pk, fields=fields)
    note_write(actor=lead, now=at, audit=audit.pk, text="Ask Omar how the alert was silenced in spring.")


def _quarterly_work(stage: Stage, at: datetime) -> None:
    lead = stage.person(LEAD)
    audit = Audit.objects.get(title=QUARTERLY)
    population = population_freeze(actor=lead, now=at, audit=audit.pk, kind="changes")
    test = ControlTest.objects.get(audit=audit, title=CONTROLS[0][1], kind="operating")
    size = max(min(10, population.count), 1)
    sample = sample_draw(actor=lead, now=at, population=population.pk, size=size, seed=SEED, test=test.pk)
    for item in list(sample.items.all())[:3]:
        item_record(
            actor=lead, now=at, pk=item.pk, fields={"result": "pass", "note": "The file is complete."}
        )
    answered, settled, _ = audit.requests.order_by("id")
    request_answer(actor=stage.person("ingrid"), now=at, pk=answered.pk, answer="Nobody left in the quarter.")
    request_answer(
        actor=stage.person("kwame"), now=at, pk=settled.pk, answer="See CHG-1: the board approved it."
    )
    request_move(actor=lead, now=at, pk=settled.pk, verb="accept")
    finding_raise(
        actor=lead,
        now=at,
        audit=audit.pk,
        fields={
            "title": "A token has more scopes than it uses",
            "severity": "medium",
            "condition": "A token may write what its pipeline only reads.",
            "criteria": "CC6.1: least privilege.",
            "owner": _id_of(stage, "kwame"),
        },
    )


def _keys(title: str) -> list[str]:
    return [control.key for control in Control.objects.filter(title=title)] if title else []


def _id_of(stage: Stage, handle: str) -> str:
    actor: Actor = stage.person(handle)
    return str(User.objects.only("pk").get(pk=actor.id).pk)
