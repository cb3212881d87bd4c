"""A small standard of the tests' own, a cast of people, and short ways to move a change."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from changes.models import Change, ChangeTemplate, TemplateTarget
from changes.services.closing import change_attest, change_review
from changes.services.drafts import change_create
from changes.services.implementation import change_complete, change_fail, change_start
from changes.services.schedule import change_schedule
from changes.services.submission import change_submit
from changes.services.votes import change_vote
from opsportal.accounts.models import Team, User
from opsportal.approvals.outcome import Decision
from opsportal.audit.models import AuditEntry
from opsportal.audit.selectors import entries_about
from opsportal.catalog.models import Environment, Service
from opsportal.core.errors import Refusal
from opsportal.obligations.models import Obligation
from opsportal.outbox.models import OutboxMessage
from opsportal.standards.models import Activation
from opsportal.standards.services import standard_install
from tests.makers import NOW, ROOT, grant, make_environment, make_role, make_service, make_team, make_user
from tests.once import made_once
from tests.untouched import refused

HOUR = timedelta(hours=1)

HEAD = """
[standard]
name = "{name}"
title = "A standard for tests of changes"
version = "{version}"
document = "test.md"
document_sha256 = "0000000000000000000000000000000000000000000000000000000000000000"
"""
ROLES = """
[[role]]
id = "board"
title = "Board"
kind = "board"

[[role]]
id = "lead"
title = "Team Lead"
kind = "job"

[[role]]
id = "security"
title = "Security"
kind = "job"

[[role]]
id = "manager"
title = "Manager"
kind = "job"
"""


def rule(
    identifier: str, place: str, demand: str, *, kind: str = "gate", when: str = "", more: str = ""
) -> str:
    """Return one rule as TOML; its quote is "The words of <id>."."""
    condition = f"when = '''{when}'''\n" if when else ""
    return f"""
[[rule]]
id = "{identifier}"
kind = "{kind}"
title = "Rule {identifier}"
applies_to = "{place}"
{condition}{more}
source = {{ section = "1", line = 1, quote = "The words of {identifier}." }}
demand = {demand}
"""


def stage(
    identifier: str, role: str, quorum: str = '"any"', *, order: int = 1, when: str = "", more: str = ""
) -> str:
    """Return a rule that asks for a stage of approval."""
    extra = f", {more}" if more else ""
    demand = f'{{ stage = {{ id = "{identifier}", title = "{identifier.title()}", order = {order},'
    demand += f' role = "{role}", quorum = {quorum}{extra} }} }}'
    return rule(f"stage-{identifier}", "change.submit", demand, when=when)


DESCRIBED = rule("described", "change.submit", '{ field = "description" }')
WAY_BACK = rule("way-back", "change.submit", '{ field = "rollback_plan" }', when='change.type != "standard"')
TEMPLATED = rule("templated", "change.submit", '{ field = "template" }', when='change.type == "standard"')
RISKY = rule(
    "risky",
    "change.submit",
    """{ require = 'change.has_window' }""",
    when='change.risk == "high"',
    more='code = "window_needed"\nmessage = "Give a change of high risk a window."',
)
LEAD = stage("lead", "lead", when='change.type == "normal"', more="for_service = true")
BOARD = stage("board", "board", '"majority"', order=2, when='change.type == "normal"')
SECURITY = stage("security", "security", order=2, when='change.type == "normal" and change.risk == "high"')
URGENT = stage("urgent", "board", when='change.type == "emergency"')
AHEAD = rule(
    "ahead", "change.start", '{ permit = "start_before_approval" }', when='change.type == "emergency"'
)
SHORT = rule(
    "short",
    "change.schedule",
    "{ require = 'change.window_length <= 4h' }",
    more='message = "A window has four hours at most."',
)
REVIEWED = rule("reviewed", "change.close", '{ field = "review" }', when='change.type != "standard"')
LEARNED = rule("learned", "change.close", '{ field = "lessons_learned" }', when='change.type != "standard"')
DOCUMENTED = rule(
    "documented",
    "change.close",
    '{ attest = { id = "documentation", title = "The documentation is up to date" } }',
    kind="duty",
    when='change.type != "standard" and change.outcome == "implemented"',
)
DECIDE = rule(
    "decide",
    "change.stage_opened",
    '{ owe = { what = "Decide on the change", owner = "stage", within = "24h",'
    ' met_by = ["change.stage_decided"], remind = ["4h"], climb = [{ after = "0h", role = "manager" }] } }',
    kind="obligation",
)
IN_RETROSPECT = rule(
    "in-retrospect",
    "change.started",
    '{ owe = { what = "Decide in retrospect", owner = "role:board", within = "48h",'
    ' met_by = ["change.retrospective_approved", "change.retrospective_rejected"],'
    ' blocks = ["change.close"] } }',
    kind="obligation",
    when="change.retrospective",
)
WRITE_REVIEW = rule(
    "write-review",
    "change.implemented",
    '{ owe = { what = "Write the review", owner = "implementer", within = "48h",'
    ' met_by = ["change.reviewed"], blocks = ["change.close"] } }',
    kind="obligation",
    when='change.type == "emergency"',
)
RULES = (
    DESCRIBED,
    WAY_BACK,
    TEMPLATED,
    RISKY,
    LEAD,
    BOARD,
    SECURITY,
    URGENT,
    AHEAD,
    SHORT,
    REVIEWED,
    LEARNED,
    DOCUMENTED,
    DECIDE,
    IN_RETROSPECT,
    WRITE_REVIEW,
)


def activate(*rules: str, version: str = "1", now: datetime = NOW) -> Activation:
    """Put the standard of these rules in force; of all the above where none is given."""
    text = HEAD.format(name="change-test", version=version) + ROLES + "".join(rules or RULES)
    return standard_install(actor=ROOT, now=now, source=text.encode(), file="test.toml")


@dataclass
class Cast:
    """Who is who: one requester, a lead, a board of three, security, a bystander; two services."""

    team: Team
    requester: User
    lead: User
    board: list[User]
    security: User
    bystander: User
    manager: User
    payments: Service
    ledger: Service
    production: Environment
    staging: Environment


@made_once
def make_cast() -> Cast:
    """Return the cast, with the test standard in force."""
    activate()
    requester, lead, security = make_user(name="Rita"), make_user(name="Leo"), make_user(name="Sam")
    board = [make_user(name=name) for name in ("Ada", "Bea", "Cem")]
    bystander, manager = make_user(name="Bob"), make_user(name="Mia")
    team = make_team("payments", requester)
    for slug, kind, people in (
        ("board", "board", board),
        ("lead", "job", [lead]),
        ("security", "job", [security]),
        ("manager", "job", [manager]),
    ):
        make_role(slug, kind)
        for person in people:
            grant(slug, person)
    return Cast(
        team=team,
        requester=requester,
        lead=lead,
        board=board,
        security=security,
        bystander=bystander,
        manager=manager,
        payments=make_service("payments-api", team=team),
        ledger=make_service("ledger", team=team),
        production=make_environment("production"),
        staging=make_environment("staging", kind="staging"),
    )


def fields(**more: Any) -> dict[str, Any]:
    """Return what a normal change needs under the test standard, with these differences."""
    return {
        "type": "normal",
        "title": "Upgrade the database",
        "description": "From 15 to 16.",
        "rollback_plan": "Restore the snapshot.",
        "services": ["payments-api"],
        "environments": ["production"],
        **more,
    }


def window(start: timedelta = -HOUR, length: timedelta = 2 * HOUR, *, now: datetime = NOW) -> dict[str, Any]:
    """Return a window as fields: open now, unless said otherwise."""
    return {"window_start": now + start, "window_end": now + start + length}


def draft(cast: Cast, *, by: User | None = None, now: datetime = NOW, **more: Any) -> Change:
    """Return a draft of the requester's."""
    return change_create(actor=(by or cast.requester).actor, now=now, fields=fields(**more))


def submitted(cast: Cast, *, now: datetime = NOW, **more: Any) -> Change:
    """Return a change in review."""
    return change_submit(actor=cast.requester.actor, now=now, pk=draft(cast, now=now, **more).pk)


def vote(
    change: Change, voter: User, decision: str = "approve", *, now: datetime = NOW, **more: Any
) -> Change:
    """Cast a vote on the present content."""
    seen = more.pop("content_hash", None) or fresh(change).content_hash
    if decision == Decision.REJECT:
        more.setdefault("comment", "It is too risky.")
    return change_vote(
        actor=voter.actor, now=now, pk=change.pk, decision=Decision(decision), content_hash=seen, **more
    )


def approved(cast: Cast, *, now: datetime = NOW, **more: Any) -> Change:
    """Return a change that lead and board have approved."""
    change = submitted(cast, now=now, **more)
    if change.state == "approved":
        return change
    if change.type == "normal":
        vote(change, cast.lead, now=now)
        if change.risk == "high":
            vote(change, cast.security, now=now)
        vote(change, cast.board[0], now=now)
        return vote(change, cast.board[1], now=now)
    return vote(change, cast.board[0], now=now)


def scheduled(cast: Cast, **more: Any) -> Change:
    """Return a scheduled change whose window is open now."""
    change = approved(cast, **{**window(), **more})
    return change_schedule(actor=cast.requester.actor, now=NOW, pk=change.pk)


def implementing(cast: Cast, **more: Any) -> Change:
    """Return a change under way."""
    return change_start(actor=cast.requester.actor, now=NOW, pk=approved(cast, **more).pk)


def running_ahead(cast: Cast, **more: Any) -> Change:
    """Return an emergency change that was started ahead of its approval."""
    change = submitted(cast, **{"type": "emergency", **more})
    return change_start(actor=cast.requester.actor, now=NOW, pk=change.pk)


def implemented(cast: Cast, **more: Any) -> Change:
    """Return a change that was carried out."""
    return change_complete(actor=cast.requester.actor, now=NOW, pk=implementing(cast, **more).pk)


def failed(cast: Cast, **more: Any) -> Change:
    """Return a change whose implementation failed."""
    return change_fail(actor=cast.requester.actor, now=NOW, pk=implementing(cast, **more).pk)


def ready_to_close(cast: Cast, **more: Any) -> Change:
    """Return an implemented change with its review, lessons and attestation."""
    change = implemented(cast, **more)
    actor = cast.requester.actor
    change_review(actor=actor, now=NOW, pk=change.pk, review="It went well.", lessons_learned="Warn earlier.")
    change_attest(actor=actor, now=NOW, pk=change.pk, duty="documentation", evidence="See the wiki.")
    return fresh(change)


IN_STATE = {
    "draft": draft,
    "in_review": submitted,
    "approved": approved,
    "scheduled": scheduled,
    "implementing": implementing,
    "implemented": implemented,
    "failed": failed,
}


def in_state(cast: Cast, state: str) -> Change:
    """Return a change in this state, reached as people reach it."""
    change: Change = IN_STATE[state](cast)
    assert change.state == state
    return change


def make_template(cast: Cast, **more: Any) -> ChangeTemplate:
    """Return an approved template for payments in production, written straight into its table."""
    values: dict[str, Any] = {
        "slug": "restart",
        "title": "Restart the service",
        "description": "One node after the other.",
        "risk": "low",
        "plan": "Restart.",
        "rollback_plan": "Restart again.",
        "author": cast.lead,
        "author_ids": [str(cast.lead.pk)],
        "state": "approved",
        "content_hash": "c" * 64,
        "created_at": NOW,
        "updated_at": NOW,
        **more,
    }
    template = ChangeTemplate.objects.create(**values)
    TemplateTarget.objects.create(template=template, service=cast.payments, environment=cast.production)
    return template


def fresh(change: Change) -> Change:
    """Return the change as it stands in the database."""
    return Change.objects.get(pk=change.pk)


def told(change: Change) -> list[str]:
    """Return the actions in the audit trail of a change, in order."""
    return [entry.action for entry in entries_about("change", change.key)]


def history_count(change: Change) -> int:
    """Return how many history rows a change has."""
    count: int = Change.history.filter(id=change.pk).count()
    return count


def outbox_topics() -> list[str]:
    """Return the topics that were told, in order."""
    return list(OutboxMessage.objects.order_by("id").values_list("topic", flat=True))


def owed(change: Change) -> list[tuple[str, str]]:
    """Return (rule, state) of every obligation about a change, in order."""
    rows = Obligation.objects.filter(subject_kind="change", subject_key=change.key).order_by("id")
    return list(rows.values_list("rule_id", "state"))


def last_entry() -> AuditEntry:
    """Return the newest audit entry."""
    entry = AuditEntry.objects.order_by("-id").first()
    assert entry is not None
    return entry


@contextmanager
def refused_as(kind: type[Refusal], *codes: str) -> Iterator[pytest.ExceptionInfo[Any]]:
    """Fail unless the block raises `kind` with exactly these reasons' codes, and writes nothing."""
    with refused(kind) as caught:
        yield caught
    assert [reason.code for reason in caught.value.reasons] == list(codes)
