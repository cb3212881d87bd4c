from django.urls import re_path

from incidents.api import oncall, oncall_overrides

SCHEDULE = r"^oncall/schedules/(?P<slug>[a-z0-9][a-z0-9_-]{0,59})"

urlpatterns = [
    re_path(r"^oncall/schedules/?$", oncall.ScheduleList.as_view(), name="api-schedules"),
    re_path(rf"{SCHEDULE}/?$", oncall.ScheduleDetail.as_view(), name="api-schedule"),
    re_path(rf"{SCHEDULE}/retire/?$", oncall.ScheduleRetire.as_view(), name="api-schedule-retire"),
    re_path(rf"{SCHEDULE}/on-call/?$", oncall.ScheduleOnCall.as_view(), name="api-schedule-on-call"),
    re_path(rf"{SCHEDULE}/shifts/?$", oncall.ScheduleShifts.as_view(), name="api-schedule-shifts"),
    re_path(rf"{SCHEDULE}/overrides/?$", oncall_overrides.OverrideList.as_view(), name="api-overrides"),
    re_path(
        rf"{SCHEDULE}/overrides/(?P<number>[0-9]{{1,18}})/cancel/?$",
        oncall_overrides.OverrideCancel.as_view(),
        name="api-override-cancel",
    ),
]
