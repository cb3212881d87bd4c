"""What is looked at before the portal is opened to people: one finding for each thing."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from opsportal.portal.preflight.data import (
    broker_finding,
    database_finding,
    disk_findings,
    migrations_finding,
    triggers_finding,
)
from opsportal.portal.preflight.finding import Finding, Verdict
from opsportal.portal.preflight.people import (
    administrator_finding,
    demo_finding,
    environments_finding,
    standard_finding,
    voters_finding,
)
from opsportal.portal.preflight.setup import (
    address_finding,
    channels_finding,
    hosts_finding,
    key_finding,
    mail_finding,
    port_finding,
    settings_finding,
)

__all__ = ["Finding", "Verdict", "findings"]

_SETUP: tuple[Callable[[], Finding], ...] = (
    settings_finding,
    address_finding,
    hosts_finding,
    key_finding,
    port_finding,
    mail_finding,
    channels_finding,
)

_PEOPLE: tuple[Callable[[], Finding], ...] = (
    standard_finding,
    administrator_finding,
    environments_finding,
    voters_finding,
    demo_finding,
)


def findings() -> Iterator[Finding]:
    """Yield one finding for each thing that is looked at. Changes nothing.

    What needs the database is left out where it does not answer: that alone is the finding then.
    """
    yield from (look() for look in _SETUP)
    yield from disk_findings()
    yield broker_finding()
    database = database_finding()
    yield database
    if database.verdict is Verdict.FAIL:
        return
    migrations = migrations_finding()
    yield migrations
    if migrations.verdict is not Verdict.FAIL:
        yield from (look() for look in (triggers_finding, *_PEOPLE))
