from opsportal.calendar.services.feeds import feed_create, feed_revoke
from opsportal.calendar.services.freezes import freeze_create, freeze_lift, freeze_update
from opsportal.calendar.services.windows import (
    window_create,
    window_reinstate,
    window_retire,
    window_update,
)
from opsportal.calendar.services.working import working_calendar_set

__all__ = [
    "feed_create",
    "feed_revoke",
    "freeze_create",
    "freeze_lift",
    "freeze_update",
    "window_create",
    "window_reinstate",
    "window_retire",
    "window_update",
    "working_calendar_set",
]
