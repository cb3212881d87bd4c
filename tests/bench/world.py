"""The data that is measured on: services with an approved change each, and tables that are not empty."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from changes.models import Deployment
from opsportal.core.clock import edge_now
from tests import changing, deploying
from tests.changing import Cast, approved
from tests.gatepack import POLICY_HASH
from tests.makers import make_service, make_token

SERVICES = 40
OLD_DEPLOYMENTS = 50_000
CHECKS = {"tests": "passed", "security_scan": "passed", "code_review": "passed", "staging": "passed"}
_SKIPPED = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE SAVEPOINT", "ROLLBACK")


@dataclass(frozen=True)
class World:
    """A token, and what can be registered with it: (service, change) pairs."""

    token: str
    pairs: tuple[tuple[str, str], ...]

    def body(self, number: int) -> dict[str, Any]:
        """Return the registration of the `number`-th pair."""
        service, change = self.pairs[number % len(self.pairs)]
        return {
            "service": service,
            "environment": "production",
            "version": f"2.{number}.0",
            "commit": "9fceb02d0ae598e95dc970b74767f19372d61af8",
            "change": change,
            "artifact_digest": "sha256:" + "0" * 64,
            "pipeline": {
                "provider": "github",
                "run_url": f"https://ci.example.org/{number}",
                "actor": "octocat",
            },
            "checks": CHECKS,
            "policy_hash": POLICY_HASH,
        }

    def question(self, number: int) -> str:
        """Return the gate's query for the `number`-th pair."""
        service, change = self.pairs[number % len(self.pairs)]
        checks = "".join(f"&check={name}:{result}" for name, result in CHECKS.items())
        return (
            f"service={service}&environment=production&version=2.{number}.0&change={change}"
            f"&policy_hash={POLICY_HASH}{checks}"
        )


def make_world() -> World:
    """Migrate the empty database, and fill it through the portal's own services."""
    call_command("migrate", verbosity=0)
    cast = deploying.make_stage()
    now = edge_now()
    pairs = []
    for number in range(SERVICES):
        service = make_service(f"service-{number}", team=cast.team)
        change = approved(
            cast, now=now, services=[service.slug], **changing.window(length=timedelta(days=7), now=now)
        )
        pairs.append((service.slug, change.key))
    _old_deployments(cast)
    _, secret = make_token(deploying.SCOPES, now=now)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return World(secret, tuple(pairs))


def _old_deployments(cast: Cast) -> None:
    now = edge_now()
    numbers = itertools.count()
    for _ in range(OLD_DEPLOYMENTS // 5_000):
        Deployment.objects.bulk_create(
            Deployment(
                service=cast.payments,
                environment=cast.staging,
                release=f"1.{next(numbers)}.0",
                decision="allowed",
                state="succeeded",
                decided_at=now,
                standard_hash="0" * 64,
                registered_at=now,
                updated_at=now,
            )
            for _ in range(5_000)
        )


def record(world: World) -> dict[str, list[dict[str, Any]]]:
    """Return the statements and the answers of one gate query and one registration for each pair."""
    client = Client(headers={"authorization": f"Bearer {world.token}"})
    recorded: dict[str, list[dict[str, Any]]] = {"gate": [], "register": []}
    for number in range(-1, len(world.pairs)):  # the first one fills the process's caches
        for name, found in recorded.items():
            with CaptureQueriesContext(connection) as seen:
                response: Any = (
                    client.get(f"/api/v1/gate/?{world.question(number)}")
                    if name == "gate"
                    else client.post("/api/v1/deployments/", world.body(number), "application/json")
                )
            if response.json().get("decision") != "allowed":
                raise RuntimeError(f"{name} is not allowed: {response.content!r}")
            statements = [one["sql"] for one in seen.captured_queries if not one["sql"].startswith(_SKIPPED)]
            if number >= 0:
                found.append({"statements": statements, "answer": response.json()})
    return recorded
