from django.apps import AppConfig


class CalendarConfig(AppConfig):
    name = "opsportal.calendar"
    label = "calendar"

    def ready(self) -> None:
        from opsportal.audit.actions import register_all
        from opsportal.calendar import panels, permissions

        permissions.register()
        panels.register()
        register_all(
            {
                "window.created": "added the maintenance window",
                "window.updated": "changed the maintenance window",
                "window.retired": "retired the maintenance window",
                "window.reinstated": "put the maintenance window back into use",
                "freeze.set": "set the freeze",
                "freeze.updated": "changed the freeze",
                "freeze.lifted": "lifted the freeze",
                "working_time.set": "said when the organisation works",
                "feed.created": "made a calendar feed",
                "feed.revoked": "revoked a calendar feed",
            }
        )
