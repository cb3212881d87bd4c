from opsportal.outbox.models.heartbeats import Heartbeat
from opsportal.outbox.models.messages import OutboxMessage

__all__ = ["Heartbeat", "OutboxMessage"]
