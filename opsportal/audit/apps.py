from django.apps import AppConfig
from django.core import checks
from django.db.models.signals import post_migrate

from opsportal.audit.actions import register
from opsportal.audit.triggers import check_triggers, make_triggers_after_migrate
from opsportal.core.ports import record_export, record_refusal


class AuditConfig(AppConfig):
    name = "opsportal.audit"
    label = "audit"

    def ready(self) -> None:
        from opsportal.audit.services import export_record, refusal_record

        # A table rebuild on SQLite drops triggers silently, so they are made again after each migrate.
        post_migrate.connect(make_triggers_after_migrate, dispatch_uid="audit.triggers")
        register("request.refused", "was refused")
        register("admin.exported", "exported a list of the back office")
        record_refusal.fill(refusal_record)
        record_export.fill(export_record)
        checks.register(check_triggers, checks.Tags.database)
