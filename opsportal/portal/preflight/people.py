"""The standard in force, and who may sign in."""

from __future__ import annotations

from datetime import UTC, date

from opsportal.accounts.models import RoleHolding, User
from opsportal.accounts.selectors import colleagues, workers
from opsportal.accounts.selectors import in_force as in_force_on
from opsportal.catalog.models import Environment
from opsportal.core.clock import edge_now
from opsportal.core.errors import Refusal
from opsportal.portal.demo.people import PEOPLE
from opsportal.portal.preflight.finding import Finding, fail, ok, warn
from opsportal.standards.rules import Stage
from opsportal.standards.selectors import in_force


def standard_finding() -> Finding:
    """Whether a standard is in force and can be read."""
    try:
        standard = in_force().standard
    except Refusal as refusal:
        return fail("standard", refusal.detail)
    return ok("standard", f"{standard.name} {standard.version} is in force")


def administrator_finding() -> Finding:
    """Whether somebody can administer the portal."""
    people = User.objects.filter(is_staff=True, is_active=True).count()
    if not people:
        return fail("administrator", "nobody is an administrator; run manage.py start")
    return ok("administrator", f"{people} can administer the portal")


def environments_finding() -> Finding:
    """Whether there is anything to deploy to."""
    kinds = list(Environment.objects.values_list("kind", flat=True))
    if not kinds:
        return warn(
            "environments",
            "there are none, so no change can name one and no pipeline can register; run manage.py start, "
            "or make them at /environments/",
        )
    if Environment.Kind.PRODUCTION not in kinds:
        return warn("environments", "none is of the kind production, which most rules speak of")
    return ok("environments", f"{len(kinds)}, {kinds.count(Environment.Kind.PRODUCTION)} of them production")


def vacant_seats(today: date) -> list[str]:
    """Return the roles whose votes the standard in force asks for and that nobody holds, as it names them.

    Of a stage in which several roles may vote, all of them, joined by "or". Raises `Refusal`.
    """
    stages = [rule.demand for rule in in_force().standard.rules if isinstance(rule.demand, Stage)]
    current = RoleHolding.objects.filter(in_force_on(today), user__in=workers().order_by())
    held = set(current.values_list("role__slug", flat=True))
    return list(dict.fromkeys(" or ".join(one.roles) for one in stages if held.isdisjoint(one.roles)))


def voters_finding() -> Finding:
    """Whether somebody sits in each seat that the standard in force lets decide."""
    try:
        vacant = vacant_seats(edge_now().astimezone(UTC).date())
    except Refusal as refusal:
        return warn("voters", refusal.detail)
    if vacant:
        return warn(
            "voters",
            f"nobody holds {', '.join(vacant)}: what they decide cannot be submitted; grant the roles, "
            "e.g. by manage.py start --board ROLE=EMAIL,EMAIL",
        )
    return ok("voters", "somebody holds each role that the standard asks for a vote")


def demo_finding() -> Finding:
    """Whether people of the demo, whose password everybody knows, stand beside real ones."""
    demo = {person.email for person in PEOPLE}
    there = User.objects.filter(email__in=demo, is_active=True).count()
    real = colleagues().exclude(email__in=demo).count()
    if there and real:
        return fail(
            "demo",
            f"{there} logins of the demo stand beside {real} real ones; their password is public, "
            "deactivate them",
        )
    if there:
        return ok("demo", "this is the demo organisation, and nobody else is here")
    return ok("demo", "no logins of the demo")
