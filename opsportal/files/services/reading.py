"""Reading stored bytes, and noticing that they are not what was stored."""

from __future__ import annotations

from datetime import datetime
from typing import BinaryIO

from opsportal.audit.services import audit_record
from opsportal.core.actor import Actor
from opsportal.core.errors import Gone
from opsportal.core.writes import write
from opsportal.files import store
from opsportal.files.models import Attachment, StoredFile
from opsportal.files.states import STORED_FILE

WATCH = Actor.system("files.integrity")


def file_opened(*, now: datetime, attachment: Attachment) -> BinaryIO:
    """Return the bytes of an attachment, open for reading, after they were found to be those of their hash.

    Raises `Gone` where it was removed, and where the bytes are missing or changed: that is written to the
    audit trail, once until they are whole again.
    """
    if attachment.state != "attached":
        raise Gone("This file was removed.", code="removed")
    with store.intact(attachment.file_id) as file:
        if file is not None:
            return file
    _found_damaged(now=now, sha256=attachment.file_id)
    raise Gone(
        "The bytes of this file are missing or are not those that were uploaded. It is not handed out;"
        " an administrator can bring it back from a backup, or somebody attaches it again.",
        code="damaged",
    )


def _found_damaged(*, now: datetime, sha256: str) -> None:
    with write(actor=WATCH, now=now):
        stored = StoredFile.objects.select_for_update().get(pk=sha256)
        if not STORED_FILE.can(stored.state, "miss"):
            return
        stored.state = STORED_FILE.move(stored.state, "miss")
        stored.save()
        audit_record(
            actor=WATCH,
            now=now,
            action="file.damaged",
            object_kind="file",
            object_key=sha256,
            data={"size": stored.size},
        )
