from django.apps import AppConfig


class ComplianceConfig(AppConfig):
    """Each area registers what is its own: facts, permissions, topics, ticks, audit actions, panels."""

    name = "compliance"
    label = "compliance"

    def ready(self) -> None:
        from compliance import facts, handlers, panels, permissions

        facts.register()
        permissions.register()
        handlers.register()
        panels.register()
