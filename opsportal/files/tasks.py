"""The tick of the files."""

from __future__ import annotations

from celery import shared_task

from opsportal.core.clock import database_now
from opsportal.files.services import files_sweep
from opsportal.outbox.services import ticking


@shared_task(name="files.sweep")
def sweep() -> None:
    """Delete bytes that nothing names any more."""
    with ticking("files.sweep"):
        files_sweep(now=database_now())
