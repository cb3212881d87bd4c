"""Who is who in the demo organisation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.contrib.auth.hashers import make_password

from opsportal.accounts.models import User
from opsportal.accounts.services import role_declare, role_grant, team_create, team_join, user_create
from opsportal.core.actor import Actor

PASSWORD = "demo-portal-2026"  # noqa: S105 - printed on the sign-in page of the demo, and good for nothing else


@dataclass(frozen=True, slots=True)
class Holding:
    role: str
    scope_kind: str = ""
    scope_key: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """One of the demo's people. `about` is what the sign-in page says of them."""

    handle: str
    name: str
    about: str
    time_zone: str
    teams: tuple[str, ...] = ()
    holdings: tuple[Holding, ...] = ()
    is_staff: bool = False
    is_auditor: bool = False

    @property
    def email(self) -> str:
        return f"{self.handle}@demo.example"


BOARD = Holding("change-advisory-board")
TEAMS = {
    "payments": "Payments",
    "platform": "Platform",
    "data": "Data",
    "shop": "Shop",
    "mobile": "Mobile",
    "operations": "Operations",
    "security": "Security",
}
BOARDS = {"data-protection-board": "Data Protection Board"}
"""Boards that the organisation has beside those of the standard."""

PEOPLE = (
    Person(
        "elena",
        "Elena Rossi",
        "Engineer in the Payments team; raises changes",
        "Europe/Rome",
        teams=("payments", "shop"),
    ),
    Person(
        "jonas",
        "Jonas Weber",
        "Engineer in the Payments team; reviews its changes technically",
        "Europe/Berlin",
        teams=("payments",),
        holdings=(Holding("technical-reviewer", "team", "payments"), Holding("operations-team")),
    ),
    Person(
        "priya",
        "Priya Nair",
        "Leads the Platform team; sits on the Change Advisory Board; technical reviewer",
        "Asia/Kolkata",
        teams=("platform",),
        holdings=(BOARD, Holding("technical-reviewer"), Holding("technical-council")),
    ),
    Person(
        "tomas",
        "Tomás Herrera",
        "Engineering manager; sits on the Change Advisory Board",
        "Europe/Madrid",
        holdings=(BOARD, Holding("engineering-manager")),
    ),
    Person(
        "ingrid",
        "Ingrid Larsen",
        "Head of operations; sits on the Change Advisory Board and the Operations Team",
        "Europe/Oslo",
        teams=("operations",),
        holdings=(BOARD, Holding("operations-team")),
    ),
    Person(
        "kwame",
        "Kwame Mensah",
        "Security engineer; reviews changes for security; on the Operations Team",
        "Africa/Accra",
        teams=("security", "platform"),
        holdings=(
            Holding("security-reviewer"),
            Holding("security-board"),
            Holding("technical-reviewer", "team", "platform"),
            Holding("operations-team"),
        ),
    ),
    Person(
        "yuki",
        "Yuki Tanaka",
        "Data engineer; raises changes of the Data team",
        "Asia/Tokyo",
        teams=("data",),
    ),
    Person(
        "sam",
        "Sam Whitfield",
        "Administrator: people, roles, services, the admin",
        "Europe/London",
        is_staff=True,
    ),
    Person(
        "ines",
        "Ines Duarte",
        "Auditor: plans and leads audits in the admin, reads everything",
        "Europe/Lisbon",
        is_auditor=True,
    ),
    Person(
        "lucia",
        "Lucía Fernández",
        "Leads the Shop team; reviews its changes technically; on the Technical Council",
        "Europe/Madrid",
        teams=("shop",),
        holdings=(
            Holding("technical-reviewer", "team", "shop"),
            Holding("technical-council"),
            Holding("team-lead", "team", "shop"),
        ),
    ),
    Person("noah", "Noah Dubois", "Engineer in the Shop team", "Europe/Paris", teams=("shop",)),
    Person(
        "mei",
        "Mei Chen",
        "Engineer in the Shop team: search and customers",
        "Asia/Singapore",
        teams=("shop",),
    ),
    Person(
        "sofia", "Sofia Marchetti", "Engineer in the Mobile team", "Europe/Rome", teams=("mobile", "data")
    ),
    Person(
        "daniel",
        "Daniel Osei",
        "Leads the Mobile team; reviews its changes technically",
        "Africa/Accra",
        teams=("mobile",),
        holdings=(Holding("technical-reviewer", "team", "mobile"), Holding("team-lead", "team", "mobile")),
    ),
    Person("arjun", "Arjun Patel", "Engineer in the Platform team", "Asia/Kolkata", teams=("platform",)),
    Person(
        "omar",
        "Omar Haddad",
        "Site reliability engineer; on call",
        "Africa/Cairo",
        teams=("operations",),
        holdings=(
            Holding("on-call-engineer"),
            Holding("operations-team"),
            Holding("technical-reviewer", "team", "operations"),
        ),
    ),
    Person(
        "freya",
        "Freya Nilsson",
        "Site reliability engineer; on call",
        "Europe/Stockholm",
        teams=("operations",),
        holdings=(Holding("on-call-engineer"), Holding("operations-team")),
    ),
    Person(
        "hana",
        "Hana Nováková",
        "Leads the Security team; on the Security Board and the Data Protection Board",
        "Europe/Prague",
        teams=("security",),
        holdings=(Holding("security-reviewer"), Holding("security-board"), Holding("data-protection-board")),
    ),
    Person(
        "grace",
        "Grace Kim",
        "Data protection officer; on the Data Protection Board",
        "Europe/Dublin",
        teams=("security",),
        holdings=(Holding("data-protection-board"),),
    ),
    Person(
        "amara",
        "Amara Okafor",
        "VP Engineering; on the Executive Team and the Security Board",
        "Africa/Lagos",
        holdings=(Holding("vp-engineering"), Holding("executive-team"), Holding("security-board")),
    ),
    Person(
        "henrik",
        "Henrik Dahl",
        "CTO; on the Executive Team and the Technical Council",
        "Europe/Copenhagen",
        holdings=(Holding("cto"), Holding("executive-team"), Holding("technical-council")),
    ),
)


def load_people(*, actor: Actor, now: datetime) -> Mapping[str, User]:
    """Make teams, boards, people and what they hold (for a year already), and return people by handle.

    The active standard must have declared the roles that it knows.
    """
    since: date = (now - timedelta(days=365)).date()
    for slug, name in TEAMS.items():
        team_create(actor=actor, now=now, slug=slug, name=name)
    for slug, title in BOARDS.items():
        role_declare(actor=actor, now=now, slug=slug, title=title, kind="board")
    users: dict[str, User] = {}
    hashed = make_password(PASSWORD)  # once for all: each takes a quarter of a second
    for person in PEOPLE:
        user = user_create(
            actor=actor,
            now=now,
            email=person.email,
            full_name=person.name,
            time_zone=person.time_zone,
            hashed_password=hashed,
            is_staff=person.is_staff,
            is_auditor=person.is_auditor,
        )
        for team in person.teams:
            team_join(actor=actor, now=now, team=team, user_id=user.pk, valid_from=since)
        users[person.handle] = user
    return users


def grant_roles(users: Mapping[str, User], *, actor: Actor, now: datetime) -> None:
    """Let everybody hold their roles; services and teams that limit a role must exist."""
    since = (now - timedelta(days=365)).date()
    for person in PEOPLE:
        for holding in person.holdings:
            role_grant(
                actor=actor,
                now=now,
                role=holding.role,
                user_id=users[person.handle].pk,
                valid_from=since,
                scope_kind=holding.scope_kind,
                scope_key=holding.scope_key,
            )
