"""Putting a message into the outbox, in the transaction of what it tells of."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from opsportal.core.correlation import correlation_id
from opsportal.core.storing import insert_all
from opsportal.outbox import topics
from opsportal.outbox.models import OutboxMessage
from opsportal.outbox.services import wakeup


def outbox_put(*, now: datetime, topic: str, payload: Mapping[str, Any], key: str = "") -> None:
    """Tell everybody who hears of `topic`, once the transaction under way has been committed.

    One statement, however many handlers; none where nobody listens. `payload` is plain JSON of ids,
    states and times as text, no names or addresses; `key` names the thing that it is about
    (`CHG-1042`) for operators. Raises `RuntimeError` outside a transaction, `TypeError` for what is
    not JSON.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("outbox_put belongs into the transaction of what it tells of")
    handlers = topics.handler_names(topic)
    if not handlers:
        return
    plain = json.loads(json.dumps(payload, allow_nan=False))
    message_id = uuid.uuid4()
    insert_all(
        [
            OutboxMessage(
                message_id=message_id,
                topic=topic,
                handler=handler,
                key=key,
                payload=plain,
                correlation_id=correlation_id(),
                due_at=now,
                created_at=now,
            )
            for handler in handlers
        ]
    )
    transaction.on_commit(wakeup.ask, robust=True)
