from django.apps import AppConfig

from opsportal.core.registry import Panel, panels


class PortalConfig(AppConfig):
    name = "opsportal.portal"
    label = "portal"

    def ready(self) -> None:
        from opsportal.portal.panels import demo_logins

        panels.add("portal.demo_logins", Panel("sign_in.aside", 10, "portal/demo_logins.html", demo_logins))
