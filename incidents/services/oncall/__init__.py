"""Writes of on-call schedules and of the exceptions from them."""

from incidents.services.oncall.overrides import override_cancel, override_create
from incidents.services.oncall.schedules import schedule_create, schedule_retire, schedule_revise

__all__ = [
    "override_cancel",
    "override_create",
    "schedule_create",
    "schedule_retire",
    "schedule_revise",
]
