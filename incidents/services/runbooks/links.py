"""Which addresses a published runbook names, kept for the tick that looks whether they answer."""

from __future__ import annotations

import hashlib
from datetime import datetime

from incidents.models import Runbook, RunbookLink
from incidents.runbook.text import links_of


def links_follow(runbook: Runbook, text: str, *, now: datetime) -> None:
    """Keep exactly the links that `text` names, new ones due at once. Inside the caller's write."""
    wanted = {hashlib.sha256(address.encode()).hexdigest(): address for address in links_of(text)}
    standing = RunbookLink.objects.filter(runbook=runbook)
    standing.exclude(digest__in=wanted).delete()
    known = set(standing.values_list("digest", flat=True))
    RunbookLink.objects.bulk_create(
        RunbookLink(runbook=runbook, address=address, digest=digest, next_at=now)
        for digest, address in wanted.items()
        if digest not in known
    )
