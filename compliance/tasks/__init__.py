"""The ticks of this app, by area."""

from compliance.tasks import (
    controls,
    core,
    governance,
    measures,
    policies,
    recovery,
    reports,
)

__all__ = [
    "controls",
    "core",
    "governance",
    "measures",
    "policies",
    "recovery",
    "reports",
]
