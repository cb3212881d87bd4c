from django.apps import AppConfig


class IncidentsConfig(AppConfig):
    """Each area registers what is its own: permissions, topics, ticks, audit actions, panels, facts."""

    name = "incidents"
    label = "incidents"
