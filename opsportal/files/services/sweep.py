"""Taking away what nobody needs: bytes of removed attachments after a while, and those that nothing names."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import islice

from django.db.models import Exists, OuterRef, Q

from opsportal.audit.services import audit_record
from opsportal.core.actor import Actor
from opsportal.core.holding import made_under_hold
from opsportal.core.writes import write
from opsportal.files import store
from opsportal.files.models import Attachment, StoredFile
from opsportal.files.states import STORED_FILE

KEEP_REMOVED = timedelta(days=30)
KEEP_UNNAMED = timedelta(hours=24)
"""Longer than any request takes between writing its bytes and committing the row that names them."""
SWEEPER = Actor.system("files.sweep")
_BATCH = 500
_MOST = 2_000


def files_sweep(*, now: datetime) -> int:
    """Purge, delete what no row names, and what uploads left behind; return how many files went.

    `now` is the database's (aware UTC). May run twice at once, and be killed anywhere: the next one goes on.
    """
    _purge(now)
    store.discard_leftovers(before=now - KEEP_UNNAMED)
    return _delete_unnamed(now)


def _purge(now: datetime) -> None:
    """Let go of the files that have been attached nowhere for 30 days; their rows and hashes stay.

    A legal hold over all records keeps what was attached in its time.
    """
    its = Attachment.objects.filter(file=OuterRef("pk"))
    needed = Q(state="attached") | Q(removed_at__gt=now - KEEP_REMOVED) | made_under_hold("added_at")
    over = StoredFile.objects.exclude(state="purged").filter(
        ~Exists(its.filter(needed)), attachments__state="removed"
    )
    for sha256 in over.distinct().values_list("pk", flat=True)[:_MOST]:
        with write(actor=SWEEPER, now=now):
            stored = StoredFile.objects.select_for_update().get(pk=sha256)
            # It may have been attached anew since, which locks the same row.
            if Attachment.objects.filter(file=stored, state="attached").exists():
                continue
            if not STORED_FILE.can(stored.state, "purge"):
                continue
            stored.state = STORED_FILE.move(stored.state, "purge")
            stored.save()
            audit_record(
                actor=SWEEPER,
                now=now,
                action="file.purged",
                object_kind="file",
                object_key=sha256,
                data={"size": stored.size},
            )


def _delete_unnamed(now: datetime) -> int:
    deleted = 0
    old = store.older_than(now - KEEP_UNNAMED)
    while batch := list(islice(old, _BATCH)):
        named = StoredFile.objects.filter(pk__in=batch).exclude(state="purged")
        for sha256 in set(batch) - set(named.values_list("pk", flat=True)):
            deleted += store.discard(sha256, before=now - KEEP_UNNAMED)
    return deleted
