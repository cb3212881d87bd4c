"""What the demo organisation does for compliance: each area's own past, made through its services.

An area's module has `moments(stage, now)`: pairs of when it happened (aware UTC) and what is done then,
given that instant. Subjects that others build on (assets, policies) come first, at the founding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from opsportal.portal.demo.compliance import audits, controls, governing, measures, policies, recovery, rounds
from opsportal.portal.demo.stage import Stage

AREAS = (policies, controls, governing, recovery, audits, rounds, measures)


def compliance_moments(stage: Stage, now: datetime) -> Iterator[tuple[datetime, Callable[[datetime], None]]]:
    """Yield everything that happens for compliance, in no order."""
    for area in AREAS:
        yield from area.moments(stage, now)
