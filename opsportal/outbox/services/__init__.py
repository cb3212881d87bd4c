from opsportal.outbox.services.handling import messages_handle
from opsportal.outbox.services.heartbeats import silence_excuse, ticking
from opsportal.outbox.services.prune import messages_prune
from opsportal.outbox.services.put import outbox_put
from opsportal.outbox.services.repair import message_dismiss, message_retry
from opsportal.outbox.services.settle import messages_settle

__all__ = [
    "message_dismiss",
    "message_retry",
    "messages_handle",
    "messages_prune",
    "messages_settle",
    "outbox_put",
    "silence_excuse",
    "ticking",
]
