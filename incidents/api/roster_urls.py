from django.urls import re_path

from incidents.api import roster

SCHEDULE = r"^oncall/schedules/(?P<slug>[a-z0-9][a-z0-9_-]{0,59})"
NUMBER = r"(?P<number>[0-9]{1,18})"

urlpatterns = [
    re_path(rf"{SCHEDULE}/calendar\.ics$", roster.ScheduleCalendar.as_view(), name="api-schedule-calendar"),
    re_path(rf"{SCHEDULE}/hours/?$", roster.ScheduleHours.as_view(), name="api-schedule-hours"),
    re_path(rf"{SCHEDULE}/quality/?$", roster.ScheduleQuality.as_view(), name="api-schedule-quality"),
    re_path(rf"{SCHEDULE}/take/?$", roster.ScheduleTake.as_view(), name="api-schedule-take"),
    re_path(rf"{SCHEDULE}/shadows/?$", roster.ScheduleShadows.as_view(), name="api-shadows"),
    re_path(rf"^oncall/shadows/{NUMBER}/end/?$", roster.ShadowEnd.as_view(), name="api-shadow-end"),
    re_path(r"^oncall/swaps/?$", roster.SwapList.as_view(), name="api-swaps"),
    re_path(rf"^oncall/swaps/{NUMBER}/?$", roster.SwapDetail.as_view(), name="api-swap"),
    *(
        re_path(rf"^oncall/swaps/{NUMBER}/{verb}/?$", view.as_view(), name=f"api-swap-{verb}")
        for verb, view in roster.SWAP_VERBS.items()
    ),
    re_path(r"^oncall/handovers/?$", roster.HandoverList.as_view(), name="api-handovers"),
    re_path(rf"^oncall/handovers/{NUMBER}/?$", roster.HandoverDetail.as_view(), name="api-handover"),
    *(
        re_path(rf"^oncall/handovers/{NUMBER}/{verb}/?$", view.as_view(), name=f"api-handover-{verb}")
        for verb, view in roster.HANDOVER_VERBS.items()
    ),
]
