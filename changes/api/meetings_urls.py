"""The paths of meetings. A meeting is named by its key (`MTG-7`) or by its number alone."""

from django.urls import re_path

from changes.api import meetings
from opsportal.api.views import ApiView

KEY = r"(?P<key>(?:[A-Za-z]{2,5}-)?[0-9]{1,18})"
STEPS: dict[str, type[ApiView]] = {
    "agenda": meetings.MeetingAgenda,
    "attendance": meetings.MeetingAttendance,
    "cancel": meetings.MeetingCancel,
    "close": meetings.MeetingClose,
    "decisions": meetings.MeetingDecisions,
}

urlpatterns = [
    re_path(r"^cab/meetings/?$", meetings.MeetingList.as_view(), name="api-meetings"),
    re_path(rf"^cab/meetings/{KEY}/?$", meetings.MeetingDetail.as_view(), name="api-meeting"),
    *(
        re_path(rf"^cab/meetings/{KEY}/{step}/?$", view.as_view(), name=f"api-meeting-{step}")
        for step, view in STEPS.items()
    ),
    re_path(
        rf"^cab/meetings/{KEY}/agenda/(?P<item>[0-9]{{1,18}})/?$",
        meetings.MeetingAgendaItem.as_view(),
        name="api-meeting-agenda-item",
    ),
]
