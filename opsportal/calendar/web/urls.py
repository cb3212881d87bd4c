from django.urls import path

from opsportal.calendar.web import feeds, freezes, pages, windows, working

app_name = "calendar"

urlpatterns = [
    path("calendar/", pages.calendar, name="calendar"),
    path("calendar/feeds/", feeds.feeds, name="feeds"),
    path("calendar/feeds/<int:pk>/revoke/", feeds.feed_revoked, name="feed-revoke"),
    path("calendar/feeds/<str:secret>.ics", feeds.feed, name="feed"),
    path("freezes/", freezes.freezes, name="freezes"),
    path("freezes/new/", freezes.freeze_new, name="freeze-new"),
    path("freezes/<str:key>/", freezes.freeze, name="freeze"),
    path("freezes/<str:key>/edit/", freezes.freeze_edit, name="freeze-edit"),
    path("freezes/<str:key>/lift/", freezes.freeze_lifted, name="freeze-lift"),
    path("maintenance-windows/", windows.windows, name="windows"),
    path("maintenance-windows/new/", windows.window_new, name="window-new"),
    path("maintenance-windows/<str:key>/", windows.window, name="window"),
    path("maintenance-windows/<str:key>/edit/", windows.window_edit, name="window-edit"),
    path(
        "maintenance-windows/<str:key>/retire/",
        windows.window_move,
        {"verb": "retire"},
        name="window-retire",
    ),
    path(
        "maintenance-windows/<str:key>/reinstate/",
        windows.window_move,
        {"verb": "reinstate"},
        name="window-reinstate",
    ),
    path("working-time/", working.working_time, name="working-time"),
]
