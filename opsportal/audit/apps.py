from datetime import datetime
from importlib import import_module

from django.apps import AppConfig
from django.core import checks
from django.db.models.signals import post_migrate

from opsportal.audit.actions import register
from opsportal.audit.triggers import check_triggers, make_triggers_after_migrate
from opsportal.core.actor import Actor
from opsportal.core.errors import Refusal
from opsportal.core.ports import record_refusal


def _record_refusal(actor: Actor, now: datetime, method: str, path: str, refusal: Refusal) -> None:
    services = import_module("opsportal.audit.services")
    services.refusal_record(actor, now, method, path, refusal)


class AuditConfig(AppConfig):
    name = "opsportal.audit"
    label = "audit"

    def ready(self) -> None:
        # A table rebuild on SQLite drops triggers silently, so they are made again after each migrate.
        post_migrate.connect(make_triggers_after_migrate, dispatch_uid="audit.triggers")
        register("request.refused", "was refused")
        record_refusal.fill(_record_refusal)
        checks.register(check_triggers, checks.Tags.database)
