"""A small organisation for tests of governance, and a standard that asks for what governance keeps."""

from __future__ import annotations

from dataclasses import dataclass

from opsportal.accounts.models import ApiToken, Team, User
from opsportal.catalog.models import Service
from opsportal.standards.rules import Standard
from tests.changing import rule
from tests.makers import grant, make_role, make_service, make_team, make_token, make_user
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
