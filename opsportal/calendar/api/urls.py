from django.urls import re_path

from opsportal.calendar.api import entries, views

KEY = r"(?P<key>[A-Za-z]{2,5}-[0-9]{1,18})"

urlpatterns = [
    re_path(r"^maintenance-windows/?$", views.WindowList.as_view(), name="api-windows"),
    re_path(rf"^maintenance-windows/{KEY}/?$", views.WindowDetail.as_view(), name="api-window"),
    re_path(rf"^maintenance-windows/{KEY}/retire/?$", views.WindowRetire.as_view(), name="api-window-retire"),
    re_path(
        rf"^maintenance-windows/{KEY}/reinstate/?$",
        views.WindowReinstate.as_view(),
        name="api-window-reinstate",
    ),
    re_path(r"^freezes/?$", views.FreezeList.as_view(), name="api-freezes"),
    re_path(rf"^freezes/{KEY}/?$", views.FreezeDetail.as_view(), name="api-freeze"),
    re_path(rf"^freezes/{KEY}/lift/?$", views.FreezeLift.as_view(), name="api-freeze-lift"),
    re_path(r"^working-time/?$", views.WorkingTime.as_view(), name="api-working-time"),
    re_path(r"^calendar/?$", entries.CalendarEntries.as_view(), name="api-calendar"),
    re_path(r"^calendar\.ics$", entries.CalendarFile.as_view(), name="api-calendar-ics"),
]
