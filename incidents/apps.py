from django.apps import AppConfig


class IncidentsConfig(AppConfig):
    """Each area registers what is its own: permissions, topics, ticks, audit actions, panels, facts."""

    name = "incidents"
    label = "incidents"

    def ready(self) -> None:
        from incidents.facts import DECLARATIONS
        from incidents.handlers import response as response_handlers
        from incidents.panels import response as response_panels
        from incidents.permissions import response as response_permissions
        from opsportal.standards import vocabulary

        vocabulary.declare(*DECLARATIONS)
        response_permissions.register()
        response_handlers.register()
        response_panels.register()

        from incidents.handlers import alerts as alerts_handlers
        from incidents.panels import alerts as alerts_panels
        from incidents.permissions import alerts as alerts_permissions

        alerts_permissions.register()
        alerts_handlers.register()
        alerts_panels.register()

        from incidents.handlers import statuspage as statuspage_handlers
        from incidents.permissions import statuspage as statuspage_permissions

        statuspage_permissions.register()
        statuspage_handlers.register()

        from incidents.handlers import learning as learning_handlers
        from incidents.panels import learning as learning_panels
        from incidents.permissions import learning as learning_permissions

        learning_permissions.register()
        learning_handlers.register()
        learning_panels.register()

        from incidents.handlers import runbooks as runbooks_handlers
        from incidents.panels import runbooks as runbooks_panels
        from incidents.permissions import runbooks as runbooks_permissions

        runbooks_permissions.register()
        runbooks_handlers.register()
        runbooks_panels.register()

        from incidents.handlers import oncall as oncall_handlers
        from incidents.panels import oncall as oncall_panels
        from incidents.permissions import oncall as oncall_permissions

        oncall_permissions.register()
        oncall_handlers.register()
        oncall_panels.register()

        from incidents.handlers import escalation as escalation_handlers
        from incidents.panels import escalation as escalation_panels
        from incidents.permissions import escalation as escalation_permissions

        escalation_permissions.register()
        escalation_handlers.register()
        escalation_panels.register()

        from incidents.handlers import roster as roster_handlers
        from incidents.panels import roster as roster_panels
        from incidents.permissions import roster as roster_permissions

        roster_permissions.register()
        roster_handlers.register()
        roster_panels.register()
