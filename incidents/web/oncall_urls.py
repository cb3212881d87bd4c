from django.urls import path

from incidents.web import oncall, oncall_write

urlpatterns = [
    path("oncall/", oncall.schedules, name="schedules"),
    path("oncall/new/", oncall_write.schedule_new, name="schedule-new"),
    path("oncall/<slug:slug>/", oncall.schedule, name="schedule"),
    path("oncall/<slug:slug>/edit/", oncall_write.schedule_edit, name="schedule-edit"),
    path("oncall/<slug:slug>/retire/", oncall.schedule_retired, name="schedule-retire"),
    path("oncall/<slug:slug>/exceptions/new/", oncall_write.override_new, name="override-new"),
    path("oncall/<slug:slug>/exceptions/<int:pk>/cancel/", oncall.override_cancelled, name="override-cancel"),
]
