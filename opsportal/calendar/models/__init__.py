from opsportal.calendar.models.feeds import CalendarFeed
from opsportal.calendar.models.freezes import Freeze
from opsportal.calendar.models.windows import MaintenanceWindow
from opsportal.calendar.models.working import WorkingCalendar

__all__ = ["CalendarFeed", "Freeze", "MaintenanceWindow", "WorkingCalendar"]
