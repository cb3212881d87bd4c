"""A small organisation for tests of governance, and a standard that asks for what governance keeps."""

from __future__ import annotations

from dataclasses import dataclass

from compliance.models import Declaration
from compliance.services.governance.access import access_review_end, access_review_open
from compliance.services.governance.boards import decision_record
from compliance.services.governance.checklists import checklist_answer, checklist_define, checklist_start
from compliance.services.governance.improvement import improvement_open, maturity_assess, phase_plan
from compliance.services.governance.requests import person_request_receive
from compliance.services.governance.scans import scan_record
from compliance.services.governance.statements import readiness_state
from compliance.services.governance.training import topic_define, training_hold, training_plan
from opsportal.accounts.models import ApiToken, Team, User
from opsportal.catalog.models import Service
from opsportal.standards.rules import Standard
from tests.changing import rule
from tests.makers import NOW, TODAY, grant, make_role, make_service, make_team, make_token, make_user
from tests.once import made_once
from tests.packs import install


@dataclass(frozen=True)
class Organisation:
    """Two administrators, a member of the board, two members of the team of one service, a machine."""

    chief: User
    deputy: User
    member: User
    engineer: User
    newcomer: User
    team: Team
    service: Service
    token: ApiToken


@made_once
def make_organisation() -> Organisation:
    chief = make_user("chief@example.org", name="Chief", staff=True)
    deputy = make_user("deputy@example.org", name="Deputy", staff=True)
    member, engineer, newcomer = (
        make_user(f"{name}@example.org", name=name.title()) for name in ("member", "engineer", "newcomer")
    )
    team = make_team("payments", engineer, newcomer)
    make_role("board")
    grant("board", member)
    make_role("lead", kind="job")
    grant("lead", engineer, scope_kind="team", scope_key="payments")
    service = make_service("pay", team=team, links=[{"title": "Logs", "url": "https://logs.example/pay"}])
    token, _ = make_token(["compliance:write"], account="scanner")
    return Organisation(chief, deputy, member, engineer, newcomer, team, service, token)


ROLES = """
[[role]]
id = "board"
title = "The board"
kind = "board"
"""


def govern_under(*rules: str) -> Standard:
    """Put a standard in force that consists of these rules and knows the board."""
    return install(ROLES, *rules)


def declares(identifier: str, *, per: str = "organisation", every: str = "year") -> str:
    """Return a rule that lets the board declare something."""
    demand = f'{{ declare = {{ id = "{identifier}", title = "Declare {identifier}", owner = "role:board",'
    demand += f' every = "{every}", per = "{per}" }} }}'
    return rule(identifier, "duties.declare", demand, kind="duty")


def ready(identifier: str, item: str, when: str = "") -> str:
    """Return a rule that asks each service for an item of readiness."""
    return rule(
        identifier, "services.readiness", f'{{ ready = {{ item = "{item}" }} }}', kind="duty", when=when
    )


def remediates(severity: str, within: str) -> str:
    """Return a rule that gives vulnerabilities of a severity a deadline."""
    demand = (
        f'{{ owe = {{ what = "Fix it", owner = "owner", within = "{within}",'
        ' met_by = ["vulnerability.fixed", "vulnerability.accepted"],'
        ' void_by = ["vulnerability.dismissed"] } }'
    )
    when = f'vulnerability.severity == "{severity}"'
    return rule(f"fix-{severity}", "vulnerability.found", demand, kind="obligation", when=when)


def recurs(identifier: str, event: str, *, counts: str = "") -> str:
    """Return a rule by which the board owes `event` every year."""
    which = f", counts = '{counts}'" if counts else ""
    demand = f'{{ recur = {{ what = "Do it", owner = "role:board", every = "year"{which} }} }}'
    return rule(identifier, event, demand, kind="obligation")


def governance_of(person: User, number: int, *, service: str) -> None:
    """Make one of each thing that governance keeps; `person` is of the team of the service."""
    admin, who = make_user(staff=True).actor, str(person.pk)
    review = access_review_open(actor=admin, now=NOW)
    access_review_end(actor=admin, now=NOW, pk=review.pk, verb="cancel", reason="A test.")
    board = make_role(f"board-{number}").slug
    decision = {"board": board, "question": "Which?", "outcome": "This.", "participants": [who]}
    decision_record(actor=admin, now=NOW, fields=decision)
    items = [{"id": "look", "text": "Look"}, {"id": "act", "text": "Act"}]
    slug = f"list-{number}"
    checklist_define(
        actor=admin, now=NOW, fields={"slug": slug, "title": "List", "period": "day", "items": items}
    )
    run = checklist_start(actor=person.actor, now=NOW, slug=slug)
    answers = [{"item": "look", "answer": "ticked"}]
    checklist_answer(actor=person.actor, now=NOW, run=run.pk, answers=answers)
    topic = topic_define(actor=admin, now=NOW, fields={"slug": f"topic-{number}", "title": "Topic"})
    fields = {"at": NOW, "trainer_person": who}
    training = training_plan(actor=admin, now=NOW, topic=topic.slug, fields=fields)
    training_hold(actor=admin, now=NOW, pk=training.pk, attended=[who])
    scan = {"kind": "vulnerability", "tool": "scanner", "service": service, "performed_at": NOW}
    found = [{"id": f"CVE-{number}", "severity": "high", "title": "Old"}]
    scan_record(actor=person.actor, now=NOW, fields=scan, results=found)
    person_request_receive(actor=person.actor, now=NOW, fields={"kind": "access", "reference": "C-1"})
    days = {"first_day": TODAY, "last_day": TODAY}
    phase_plan(actor=admin, now=NOW, fields={"number": number + 1, "title": "Phase", "owner": who, **days})
    improvement = {"phase": number + 1, "title": "Better", "owner": who}
    improvement_open(actor=person.actor, now=NOW, fields=improvement)
    maturity_assess(actor=admin, now=NOW, fields={"level": 3, "target": 4})
    stated = {"item": "traces", "status": "met", "text": "Sampled."}
    readiness_state(actor=person.actor, now=NOW, service=service, fields=stated)
    # What the standard asks nobody for here.
    Declaration.objects.create(
        rule_id="encryption",
        name="encryption",
        standard_hash="",
        subject_kind="organisation",
        subject_key="organisation",
        text="So it is.",
        declared_by=person,
        declared_at=NOW,
    )
