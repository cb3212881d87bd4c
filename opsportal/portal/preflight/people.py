"""The standard in force, and who may sign in."""

from __future__ import annotations

from opsportal.accounts.models import User
from opsportal.accounts.selectors import colleagues
from opsportal.core.errors import Refusal
from opsportal.portal.demo.people import PEOPLE
from opsportal.portal.preflight.finding import Finding, fail, ok
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
