from django.urls import path

from incidents.web import roster, roster_handovers, roster_import

urlpatterns = [
    path("my-on-call/", roster.my_on_call, name="my-on-call"),
    path("my-on-call/<int:pk>/offer/", roster.shift_offered, name="shift-offer"),
    path("swaps/<int:pk>/<slug:verb>/", roster.swap_moved, name="swap-move"),
    path("oncall/<slug:slug>/swaps/", roster.schedule_swaps, name="schedule-swaps"),
    path("oncall/<slug:slug>/shadows/<int:pk>/end/", roster.shadow_ended, name="shadow-end"),
    path("oncall/<slug:slug>/hours/", roster.schedule_hours, name="schedule-hours"),
    path("oncall/<slug:slug>/hours.csv", roster.schedule_hours_csv, name="schedule-hours-csv"),
    path("oncall/<slug:slug>/quality/", roster.schedule_quality, name="schedule-quality"),
    path("handovers/", roster_handovers.handovers, name="handovers"),
    path("handovers/<int:pk>/", roster_handovers.handover, name="handover"),
    path("handovers/<int:pk>/notes/", roster_handovers.handover_noted, name="handover-notes"),
    path("handovers/<int:pk>/steps/", roster_handovers.handover_ticked, name="handover-steps"),
    path("handovers/<int:pk>/sign/", roster_handovers.handover_signed, name="handover-sign"),
    path("oncall-import/", roster_import.oncall_imported, name="oncall-import"),
]
