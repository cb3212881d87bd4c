from django.apps import AppConfig


class ApprovalsConfig(AppConfig):
    name = "opsportal.approvals"
    label = "approvals"

    def ready(self) -> None:
        from opsportal.audit.actions import register

        register("approval.voted", "voted")
        register("approval.recused", "stated a conflict of interest")
        register("condition.done", "met a condition of the approval")
        register("condition.confirmed", "confirmed a condition of the approval")
        register("condition.returned", "sent a condition of the approval back")
        register("condition.withdrawn", "withdrew a condition of the approval")
        register("approval.recounted", "counted the votes anew: who may vote has changed")
