"""How escalations bear size: the tick and the auditor over many open incidents with nothing due."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from django.db import connection

from incidents.models import Escalation, Incident
from incidents.selectors.escalation import standing_still
from incidents.services.escalation.advancing import escalations_advance
from incidents.services.response.declaring import incident_declare
from opsportal.core.clock import database_now
from tests.makers import ROOT

Times = Callable[[Callable[[], object], int], list[float]]


def many_open(count: int) -> None:
    """Leave so many incidents open, each with an escalation that is due in an hour."""
    now = database_now()
    first = incident_declare(actor=ROOT, now=now, title="Down", severity="sev2")
    incident = [str(one.column) for one in Incident._meta.concrete_fields if not one.primary_key]
    escalation = [str(one.column) for one in Escalation._meta.concrete_fields if not one.primary_key]
    # Written as they are to stand: an update of all rows would leave as many dead ones in the index.
    own = {"incident_id": "i.id", "planned_at": "now()", "due_at": "now() + interval '1 hour'"}
    copied = ", ".join(own.get(name, f"e.{name}") for name in escalation)
    names = ", ".join(incident)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO incidents_incident ({names}) SELECT {names} FROM incidents_incident,"
            f" generate_series(1, {int(count)}) WHERE id = %s",
            [first.pk],
        )
        cursor.execute(
            f"INSERT INTO incidents_escalation ({', '.join(escalation)}) SELECT {copied}"
            " FROM incidents_escalation e, incidents_incident i"
            " WHERE e.incident_id = %s AND i.id > %s",
            [first.pk, first.pk],
        )
        cursor.execute(
            "UPDATE incidents_escalation SET planned_at = now(), due_at = now() + interval '1 hour'"
            " WHERE incident_id = %s",
            [first.pk],
        )
        cursor.execute("ANALYZE incidents_incident")
        cursor.execute("ANALYZE incidents_escalation")


def measure(count: int, figure: Callable[..., dict[str, Any]], times: Times) -> Iterator[dict[str, Any]]:
    """Yield the figures of `count` open incidents."""
    many_open(count)
    took = sorted(times(lambda: escalations_advance(clock=database_now), 30))
    yield figure(f"escalation tick, {count:,} incidents open and nothing due, p50", took[len(took) // 2], 5.0)
    took = sorted(times(lambda: standing_still(database_now()), 5))
    yield figure(f"escalation auditor, {count:,} incidents open, p50", took[len(took) // 2], 1_000.0)
