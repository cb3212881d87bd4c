"""Ticks of policies and of the register of documents."""

from __future__ import annotations

from celery import shared_task

from compliance.services.policies.link_check import document_links_check
from compliance.services.policies.signatures import signatures_follow
from opsportal.core.clock import database_now
from opsportal.outbox.services import ticking


@shared_task(name="compliance.signatures")
def signatures() -> None:
    """Ask whoever has to sign a policy and was not asked yet."""
    with ticking("compliance.signatures"):
        signatures_follow(now=database_now())


@shared_task(name="compliance.document_links")
def document_links() -> None:
    """Look whether the links of registered documents still answer."""
    with ticking("compliance.document_links"):
        document_links_check(clock=database_now)
