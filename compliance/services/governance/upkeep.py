"""What time alone brings: accepted risks that lapse, and people's addresses that are forgotten."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from compliance.services.governance.requests import contacts_forget
from compliance.services.governance.vulnerabilities import vulnerabilities_lapse
from opsportal.core.actor import Actor
from opsportal.core.due import each_step

TICK = Actor.system("compliance.governance")


def governance_upkeep(*, clock: Callable[[], datetime]) -> int:
    """Do what is due by `clock` (aware UTC), in batches, and return how much that was.

    One of the two that fails does not hold up the other; the first failure is raised at the end.
    """
    now = clock()
    return each_step(
        lambda: vulnerabilities_lapse(actor=TICK, now=now), lambda: contacts_forget(actor=TICK, now=now)
    )
