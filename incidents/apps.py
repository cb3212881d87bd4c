from django.apps import AppConfig


class IncidentsConfig(AppConfig):
    """Each area registers what is its own: permissions, topics, ticks, audit actions, panels, facts."""

    name = "incidents"
    label = "incidents"

    def ready(self) -> None:
        from incidents import handlers, panels, permissions
        from incidents.facts import DECLARATIONS
        from opsportal.standards import vocabulary

        vocabulary.declare(*DECLARATIONS)
        permissions.register()
        handlers.register()
        panels.register()
