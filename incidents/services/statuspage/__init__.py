"""Writes of the public status page."""

from incidents.services.statuspage.components import component_create, component_move, component_update
from incidents.services.statuspage.copying import status_copy_write
from incidents.services.statuspage.mails import status_mails_prune, status_mails_send
from incidents.services.statuspage.maintenance import maintenance_follow
from incidents.services.statuspage.notices import notice_open, notice_update
from incidents.services.statuspage.subscribers import (
    subscriber_ask,
    subscriber_choose,
    subscriber_confirm,
    subscriber_leave,
)

__all__ = [
    "component_create",
    "component_move",
    "component_update",
    "maintenance_follow",
    "notice_open",
    "notice_update",
    "status_copy_write",
    "status_mails_prune",
    "status_mails_send",
    "subscriber_ask",
    "subscriber_choose",
    "subscriber_confirm",
    "subscriber_leave",
]
