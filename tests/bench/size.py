"""How the portal bears size: the list of changes, the tick of obligations, and what is due all at once.

Rows are copied by SQL from a few that the services have made. Every figure stands beside its bound.
"""

from __future__ import annotations

import io
import json
import multiprocessing
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

from django.db import connection, connections
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from changes.gate import decide
from changes.models import Change
from changes.selectors import ChangeFilter, change_list
from opsportal.core.clock import database_now
from opsportal.obligations.models import Obligation
from opsportal.obligations.services import obligations_advance
from opsportal.obligations.terms import Owner
from opsportal.outbox.models import OutboxMessage
from opsportal.wsgi import application
from tests.bench import escalations
from tests.gatepack import CHANGE_NEEDED, HASH_NEEDED, SCAN_PASSES, TESTS_PASS, asked, candidate, standard
from tests.gatepack import rule as gate_rule
from tests.makers import make_token
from tests.owing import HOUR, owe

Figure = dict[str, Any]


def figure(name: str, value: float, bound: float, unit: str = "ms") -> Figure:
    """Return one figure; `bound` is the most that it may be."""
    fields = {"name": name, "value": round(value, 3), "bound": bound, "unit": unit}
    return {**fields, "least": False, "holds": value <= bound}


def at_least(name: str, value: float, bound: float, unit: str) -> Figure:
    """Return one figure; `bound` is the least that it may be."""
    fields = {"name": name, "value": round(value, 3), "bound": bound, "unit": unit}
    return {**fields, "least": True, "holds": value >= bound}


def measure(*, changes: int, history: int, owed: int, due: int) -> Iterator[Figure]:
    """Yield all figures; the tables grow on the way."""
    _, reader = make_token(["changes:read"], now=database_now())
    few = _list_queries(reader)
    _copy("changes_change", changes, fresh=("updated_at", "created_at"))
    _copy("changes_historicalchange", history)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO changes_changetarget (change_id, service_id, environment_id)"
            " SELECT c.id, t.service_id, t.environment_id FROM changes_change c,"
            " (SELECT service_id, environment_id FROM changes_changetarget ORDER BY id LIMIT 1) t"
            " ON CONFLICT DO NOTHING"
        )
        cursor.execute("ANALYZE")
    yield from _lists(reader, few)
    yield from _tick(owed, due)
    yield from escalations.measure(owed // 10, figure, _times)


def _decision() -> Iterator[Figure]:
    more = [
        gate_rule(
            f"more-{number}",
            "deployment.gate",
            """{ require = 'environment.kind == "production"' }""",
            message="Only there.",
        )
        for number in range(8)
    ]
    question = asked(
        candidate(), standard=standard(CHANGE_NEEDED, TESTS_PASS, SCAN_PASSES, HASH_NEEDED, *more)
    )
    took = _times(lambda: decide(question), 3_000)
    yield figure("decision alone, 12 rules, p99", _at(took, 0.99), 1.0)


def in_process(token: str, question: str) -> Iterator[Figure]:
    """Yield what the gate takes without what serves it: the decision alone, and the whole request."""
    yield from _decision()
    yield from _gate_in_process(token, question)


def _gate_in_process(token: str, question: str) -> Iterator[Figure]:
    """What a request takes inside the process: the WSGI application as gunicorn calls it."""
    environ = RequestFactory(headers={"authorization": f"Bearer {token}", "host": "localhost"}).get(
        f"/api/v1/gate/?{question}"
    )
    known = {name: value for name, value in environ.META.items() if not name.startswith("wsgi.input")}

    def ask() -> None:
        answer: Any = application({**known, "wsgi.input": io.BytesIO()}, lambda *_: lambda _: None)
        b"".join(answer)
        answer.close()  # which ends the request

    took = _times(ask, 3_000)
    yield figure("gate, one client in the process, p50", _at(took, 0.5), 5.0)
    yield figure("gate, one client in the process, p99", _at(took, 0.99), 5.0)


def _list_queries(token: str) -> int:
    client = Client(headers={"authorization": f"Bearer {token}"})
    client.get("/api/v1/changes/?page_size=25")
    with CaptureQueriesContext(connection) as seen:
        assert client.get("/api/v1/changes/?page_size=25").status_code == 200
    return len(seen)


def _lists(token: str, few: int) -> Iterator[Figure]:
    client = Client(headers={"authorization": f"Bearer {token}"})
    yield figure("list of changes: statements, large less small", _list_queries(token) - few, 0, "statements")
    for name, query in {
        "newest first": "",
        "one state": "&state=approved",
        "one service": "&service=service-0",
        "text": "&search=database",
    }.items():
        if client.get(f"/api/v1/changes/?page_size=25{query}").status_code != 200:
            raise RuntimeError(f"the list refuses {query}")
        took = _times(lambda query=query: client.get(f"/api/v1/changes/?page_size=25{query}"), 20)  # type: ignore[misc]
        yield figure(f"list of changes, {name}, p50", _at(took, 0.5), 100.0)
    for name, wanted in {
        "newest first": ChangeFilter(),
        "one state": ChangeFilter(states=("approved",)),
        "one service": ChangeFilter(service="service-0"),
    }.items():
        rows = change_list(wanted).order_by("-updated_at", "-id")[:26]
        scans = _sequential(rows.explain(format="JSON"), Change._meta.db_table)
        yield figure(f"list of changes, {name}: sequential scans of changes", scans, 0, "scans")


def _messages() -> int:
    """Return how many messages there are of obligations: each has a row for each of its hearers."""
    rows = OutboxMessage.objects.filter(topic__startswith="obligations.")
    return rows.values("message_id").distinct().count()


def _tick(owed: int, due: int) -> Iterator[Figure]:
    now = database_now()
    row = owe(Owner.role("board"), now=now, due=100 * HOUR)
    _copy("obligations_obligation", owed, unique="occurrence", row=row.pk)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE obligations_obligation")
    took = _times(lambda: obligations_advance(clock=database_now), 30)
    yield figure(f"obligations tick, {owed:,} open and nothing due, p50", _at(took, 0.5), 5.0)
    rows = Obligation.objects.filter(next_at__lte=now).order_by("next_at", "id")[:100]
    scans = _sequential(rows.explain(format="JSON"), Obligation._meta.db_table)
    yield figure("obligations tick: sequential scans of obligations", scans, 0, "scans")
    told = _messages()
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE obligations_obligation SET next_at = now() - interval '1 second',"
            " due_at = now() - interval '1 second',"
            " steps = jsonb_set(steps, '{0,at}', to_jsonb((now() - interval '1 second')::text))"
            " WHERE id IN (SELECT id FROM obligations_obligation"
            " WHERE occurrence LIKE 'copy %%' ORDER BY id LIMIT %s)",
            [due],
        )
    began = time.perf_counter()
    advanced = _two_workers()
    seconds = time.perf_counter() - began
    messages = _messages() - told
    yield figure(
        f"{due:,} due, two workers: claimed more or less than once", abs(sum(advanced) - due), 0, "rows"
    )
    yield figure(f"{due:,} due, two workers: messages that are not one a row", abs(messages - due), 0, "rows")
    yield figure(f"{due:,} due, two workers ({advanced[0]:,} and {advanced[1]:,})", seconds, 120.0, "s")


def _two_workers() -> list[int]:
    connections.close_all()
    context = multiprocessing.get_context("fork")
    results: Any = context.SimpleQueue()
    workers = [context.Process(target=_work, args=(results,)) for _ in range(2)]
    for worker in workers:
        worker.start()
    found = [results.get() for _ in workers]
    for worker in workers:
        worker.join()
    return found


def _work(results: Any) -> None:
    done = 0
    while advanced := obligations_advance(clock=database_now):
        done += advanced
    results.put(done)
    connections.close_all()


def _copy(table: str, count: int, *, fresh: tuple[str, ...] = (), unique: str = "", row: int = 0) -> None:
    """Copy a row of `table` (the first one, if none is given) so often.

    `fresh` columns get times of their own, `unique` a number.
    """
    with connection.cursor() as cursor:
        described = connection.introspection.get_table_description(cursor, table)
        key = connection.introspection.get_primary_key_column(cursor, table)
        names = [column.name for column in described if column.name != key]
        cursor.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attgenerated <> ''", [table]
        )
        generated = {name for (name,) in cursor.fetchall()}
        names = [name for name in names if name not in generated]
        values = [
            "now() - n * interval '1 minute'"
            if name in fresh
            else "'copy ' || n"
            if name == unique
            else f't."{name}"'
            for name in names
        ]
        columns = ", ".join(f'"{name}"' for name in names)
        cursor.execute(
            f'INSERT INTO "{table}" ({columns}) SELECT {", ".join(values)}'
            f" FROM generate_series(1, {int(count)}) n,"
            f' (SELECT * FROM "{table}" WHERE {int(row)} IN (0, "{key}") ORDER BY "{key}" LIMIT 1) t'
        )


def _sequential(plan: str, table: str) -> int:
    """Return how many sequential scans of `table` a plan has."""

    def walk(node: dict[str, Any]) -> int:
        here = node.get("Node Type") == "Seq Scan" and node.get("Relation Name") == table
        return int(here) + sum(walk(child) for child in node.get("Plans", ()))

    return sum(walk(one["Plan"]) for one in json.loads(plan))


def _times(act: Callable[[], object], count: int) -> list[float]:
    """Return what `count` calls took, in ms, after some to warm up."""
    for _ in range(max(3, count // 20)):
        act()
    took = []
    for _ in range(count):
        began = time.perf_counter()
        act()
        took.append((time.perf_counter() - began) * 1000)
    return took


def _at(took: list[float], share: float) -> float:
    return statistics.quantiles(took, n=100, method="inclusive")[round(share * 100) - 1]
