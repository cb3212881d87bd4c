"""Ticks of controls and exceptions."""

from __future__ import annotations

from celery import shared_task

from compliance.services.controls.exceptions import exceptions_expire
from opsportal.core.clock import database_now
from opsportal.outbox.services import ticking


@shared_task(name="compliance.exceptions")
def exceptions() -> None:
    """End the exceptions whose time is over."""
    with ticking("compliance.exceptions"):
        exceptions_expire(now=database_now())
