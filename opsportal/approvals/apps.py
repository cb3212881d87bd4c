from django.apps import AppConfig


class ApprovalsConfig(AppConfig):
    name = "opsportal.approvals"
    label = "approvals"

    def ready(self) -> None:
        from opsportal.audit.actions import register

        register("approval.voted", "voted")
