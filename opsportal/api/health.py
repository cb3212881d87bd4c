"""`/health`, `/ready` and `/startup`, answered before sessions, hosts and sign-in are looked at."""

from __future__ import annotations

from collections.abc import Callable

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse

from opsportal.core.ports import Check, readiness_checks, worker_checks

Handler = Callable[[HttpRequest], HttpResponse]


class HealthMiddleware:
    """Answers the three health paths itself and hands everything else on."""

    def __init__(self, get_response: Handler) -> None:
        self._get_response = get_response
        self._migrated = False

    def __call__(self, request: HttpRequest) -> HttpResponse:
        match request.path.rstrip("/"):
            case "/health":
                return _answer({}, ok=True)
            case "/startup":
                check = self._database()
                return _answer({"database": check}, ok=check[0])
            case "/ready":
                return self._ready(for_worker=request.GET.get("for") == "worker")
            case _:
                return self._get_response(request)

    def _ready(self, *, for_worker: bool) -> HttpResponse:
        database = self._database()
        checks = {"database": database}
        needed = database[0]
        if database[0]:
            own = {name: _run(check) for name, check in readiness_checks.items()}
            work = {name: _run(check) for name, check in worker_checks.items()}
            checks |= own | work
            needed = all(ok for ok, _ in own.values()) and (
                not for_worker or all(ok for ok, _ in work.values())
            )
        return _answer(checks, ok=needed)

    def _database(self) -> Check:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
            if not self._migrated:
                executor = MigrationExecutor(connection)
                waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
                if waiting:
                    return False, f"{len(waiting)} migrations are waiting; run manage.py migrate"
                self._migrated = True
        except DatabaseError:
            return False, "the database does not answer"
        return True, "answers, migrations are in place"


def _run(check: Callable[[], Check]) -> Check:
    try:
        return check()
    except DatabaseError:
        return False, "the database does not answer"


def _answer(checks: dict[str, Check], *, ok: bool) -> HttpResponse:
    response = JsonResponse(
        {
            "status": "ok" if ok else "fail",
            "checks": {
                name: {"status": "ok" if holds else "fail", "detail": detail}
                for name, (holds, detail) in checks.items()
            },
        },
        status=200 if ok else 503,
    )
    if not ok:
        response["Retry-After"] = "5"
    response["Cache-Control"] = "no-store"
    return response
