from django.apps import AppConfig


class CalendarConfig(AppConfig):
    name = "opsportal.calendar"
    label = "calendar"
