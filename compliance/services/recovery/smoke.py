"""Whether the portal works on the database that it has: asked as its users would ask."""

from __future__ import annotations

import json

from django.conf import settings
from django.core import checks
from django.test import Client

from opsportal.audit.models import AuditEntry
from opsportal.standards.selectors import active_standard

LOOKED_AT = 200
"""So many of the newest audit entries are read."""


def works() -> str:
    """Return what does not work on this database, in one line, `""` for nothing.

    The guards of append-only tables stand, migrations are in place, the standard in force can be read, the
    audit trail says what its columns say, and the API answers.
    """
    problems = checks.run_checks(databases=["default"])
    if serious := [problem for problem in problems if problem.is_serious()]:
        return str(serious[0].msg)
    client = Client(HTTP_HOST=_host(), raise_request_exception=False)
    ready = client.get("/ready")
    if ready.status_code != 200:
        failed = [name for name, one in ready.json()["checks"].items() if one["status"] != "ok"]
        return f"/ready answers {ready.status_code}: {', '.join(failed)}"
    active_standard()
    for entry in AuditEntry.objects.order_by("-id")[:LOOKED_AT]:
        if json.loads(bytes(entry.canonical))["action"] != entry.action:
            return f"the audit entry {entry.pk} does not say what it said"
    answer = client.get("/api/v1/changes/", secure=True, HTTP_ACCEPT="application/json")
    if answer.status_code != 401:
        return f"the API answers {answer.status_code} to a stranger"
    return ""


def _host() -> str:
    named = [host.lstrip(".") for host in settings.ALLOWED_HOSTS if host != "*"]
    return named[0] if named else "localhost"
