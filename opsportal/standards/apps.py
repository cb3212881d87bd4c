from django.apps import AppConfig

from opsportal.audit.actions import register_all


class StandardsConfig(AppConfig):
    name = "opsportal.standards"
    label = "standards"

    def ready(self) -> None:
        from opsportal.core.ports import readiness_checks
        from opsportal.standards import panels, permissions
        from opsportal.standards.selectors import readiness

        permissions.register()
        panels.register()
        readiness_checks.add("standard", readiness)
        register_all(
            {
                "standard.stored": "stored a version of the standard",
                "standard.reviewed": "recorded a review of the standard",
                "standard.activated": "put the standard in force",
            }
        )
