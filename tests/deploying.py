"""A standard for deployments on top of that of changes, and short ways to register and report."""

from __future__ import annotations

from typing import Any

from changes.models import Change, ChangeTemplate, Deployment, DeploymentEvent
from changes.services.deployment_events import Told, deployment_report
from changes.services.deployments import Decided, deployment_register
from changes.services.templates import template_create, template_submit, template_vote
from opsportal.approvals.outcome import Decision
from opsportal.core.actor import Actor
from opsportal.standards.models import Activation
from opsportal.standards.services import standard_install
from tests import changing, gatepack
from tests.changing import Cast, make_cast
from tests.gatepack import POLICY_HASH
from tests.makers import NOW, ROOT, make_token
from tests.once import made_once

CHECKS_AND_METRICS = gatepack.HEAD[gatepack.HEAD.index("[[check]]") :]
TEMPLATE_BOARD = changing.rule(
    "template-board",
    "template.submit",
    '{ stage = { id = "board", title = "Board", order = 1, role = "board", quorum = "majority" } }',
)
TEMPLATE_IN_TIME = changing.rule(
    "template-in-time",
    "template.submitted",
    '{ owe = { what = "Decide on the template", owner = "role:board", within = "10d",'
    ' met_by = ["template.approved", "template.rejected"] } }',
    kind="obligation",
)
GATE_RULES = (
    gatepack.CHANGE_NEEDED,
    gatepack.TESTS_PASS,
    gatepack.SCAN_PASSES,
    gatepack.HASH_NEEDED,
    gatepack.LADDER,
    gatepack.ERRORS,
    gatepack.FAILURE,
    TEMPLATE_BOARD,
    TEMPLATE_IN_TIME,
)
SCOPES = ("deployments:read", "deployments:write", "gate:read")


def activate(*rules: str, version: str = "1", policy_hash: str = POLICY_HASH) -> Activation:
    """Put in force the rules of changes and these; all of the above where none is given."""
    head = changing.HEAD.format(name="deploy-test", version=version) + f'policy_hash = "{policy_hash}"\n'
    text = head + changing.ROLES + CHECKS_AND_METRICS + "".join(changing.RULES) + "".join(rules or GATE_RULES)
    return standard_install(actor=ROOT, now=NOW, source=text.encode(), file="test.toml")


@made_once
def make_stage() -> Cast:
    """Return the cast of changes, with the standard for deployments in force."""
    cast = make_cast()
    activate()
    return cast


def pipeline(*scopes: str) -> Actor:
    """Return a pipeline with a token of its own."""
    token, _ = make_token(scopes or SCOPES)
    return token.actor


def body(**more: Any) -> dict[str, Any]:
    """Return a registration for production that meets every rule; None takes a field out."""
    fields = {
        "service": "payments-api",
        "environment": "production",
        "version": "2.14.0",
        "commit": "9fceb02d0ae598e95dc970b74767f19372d61af8",
        "checks": {"tests": "passed", "security_scan": "passed"},
        "policy_hash": POLICY_HASH,
        **more,
    }
    return {name: value for name, value in fields.items() if value is not None}


def register(actor: Actor, *, now: Any = NOW, **more: Any) -> Decided:
    """Register what `body` says."""
    return deployment_register(actor=actor, now=now, body=body(**more))


def report(
    actor: Actor, deployment: Deployment | Decided, event: str, percent: int | None = None, **more: Any
) -> Told:
    """Report an event; further keywords are `id`, `at`, `now`, and metrics by name."""
    row = deployment.deployment if isinstance(deployment, Decided) else deployment
    now = more.pop("now", NOW)
    sent: dict[str, Any] = {"event": event, "percent": percent}
    sent |= {name: more.pop(name) for name in ("id", "at") if name in more}
    if more:
        sent["metrics"] = more
    return deployment_report(actor=actor, now=now, number=row.pk, body=sent)


def rolled_out(actor: Actor, deployment: Deployment | Decided) -> Told:
    """Report a whole rollout that goes well, and return what is said to its last report."""
    report(actor, deployment, "started")
    for percent in (10, 50, 100):
        report(actor, deployment, "rollout", percent, error_rate=0.001)
    report(actor, deployment, "verified")
    return report(actor, deployment, "succeeded")


def make_approved_template(cast: Cast, slug: str = "routine-release", **more: Any) -> ChangeTemplate:
    """Return a template for payments in production that the board has approved."""
    fields = {
        "title": "Routine release",
        "description": "What the pipeline built from main.",
        "risk": "low",
        "plan": "Roll out step by step.",
        "rollback_plan": "Roll back to the version before.",
        "services": ["payments-api"],
        "environments": ["production"],
        **more,
    }
    template_create(actor=cast.lead.actor, now=NOW, slug=slug, fields=fields)
    template = template_submit(actor=cast.lead.actor, now=NOW, slug=slug)
    for voter in cast.board[:2]:
        template = template_vote(
            actor=voter.actor,
            now=NOW,
            slug=slug,
            decision=Decision.APPROVE,
            content_hash=template.content_hash,
        )
    assert template.state == "approved"
    return template


def fresh(row: Deployment | Decided) -> Deployment:
    """Return the deployment as it stands in the database."""
    pk = row.deployment.pk if isinstance(row, Decided) else row.pk
    return Deployment.objects.get(pk=pk)


def state_of(change: Change) -> str:
    """Return the state of a change in the database."""
    return Change.objects.get(pk=change.pk).state


def codes(row: Deployment | Decided | Told) -> list[str]:
    """Return the codes of the reasons, in order."""
    if isinstance(row, Told):
        return [reason["code"] for reason in row.reasons]
    return [reason["code"] for reason in fresh(row).reasons]


def effects(row: Deployment | Decided) -> list[tuple[str, str]]:
    """Return (event, effect) of every report on a deployment, in order."""
    rows = DeploymentEvent.objects.filter(deployment=fresh(row)).order_by("id")
    return list(rows.values_list("event", "effect"))
