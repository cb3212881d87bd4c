"""Assets, backups, restore tests and exercises by API, as machines send them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from compliance.models import Backup
from opsportal.core.clock import edge_now
from tests.makers import make_token
from tests.recovering import Cast, make_cast
from tests.untouched import nothing_written

pytestmark = pytest.mark.django_db
API = "/api/v1"


@pytest.fixture
def cast() -> Cast:
    return make_cast()


class Machine:
    """A machine with a token."""

    def __init__(self, client: Any, *scopes: str) -> None:
        _, secret = make_token(scopes, now=edge_now())
        self._client, self._header = client, f"Bearer {secret}"

    def get(self, path: str) -> Any:
        return self._client.get(f"{API}{path}", HTTP_AUTHORIZATION=self._header)

    def post(self, path: str, body: dict[str, Any], **headers: str) -> Any:
        return self._client.post(
            f"{API}{path}", body, content_type="application/json", HTTP_AUTHORIZATION=self._header, **headers
        )


@pytest.fixture
def machine(client: Any, cast: Cast) -> Machine:
    return Machine(client, "compliance:read", "compliance:write")


def backup(**fields: Any) -> dict[str, Any]:
    now = edge_now()
    return {
        "asset": "payments-db",
        "kind": "full",
        "result": "succeeded",
        "started_at": (now - timedelta(hours=1)).isoformat(),
        "finished_at": now.isoformat(),
        **fields,
    }


def test_a_backup_program_reports_once_whatever_it_repeats(machine: Machine) -> None:
    body = backup(external_id="run-7", size_bytes=4096, checksum="sha256:" + "b" * 64)
    first = machine.post("/backups/", body)
    assert first.status_code == 201, first.content
    again = machine.post("/backups/", body)
    assert (again.status_code, again.json()["id"]) == (201, first.json()["id"])
    other = machine.post("/backups/", {**body, "size_bytes": 1})
    assert (other.status_code, other.json()["type"].rsplit(":", 1)[-1]) == (409, "told_otherwise")
    assert Backup.objects.count() == 1
    listed = machine.get("/backups/?asset=payments-db&result=succeeded").json()["results"]
    assert [row["external_id"] for row in listed] == ["run-7"]
    assert machine.get(f"/backups/{listed[0]['id']}/").json()["size_bytes"] == 4096


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"size_bytes": -1}, "/size_bytes"),
        ({"size_bytes": 1.5}, "/size_bytes"),
        ({"checksum": "abc"}, "/checksum"),
        ({"finished_at": "2100-01-01T00:00:00Z"}, "/finished_at"),
        ({"finished_at": "2026-01-01T00:00:00"}, "/finished_at"),
        ({"asset": "no-such"}, "/asset"),
        ({"kind": "lucky"}, "/kind"),
        ({"colour": "red"}, "/colour"),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(
    machine: Machine, fields: dict[str, Any], pointer: str
) -> None:
    with nothing_written():
        answer = machine.post("/backups/", backup(**fields))
    assert answer.status_code == 400
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]


def test_a_token_that_may_only_read_reports_nothing(client: Any, cast: Cast) -> None:
    reader = Machine(client, "compliance:read")
    assert reader.post("/backups/", backup()).status_code == 403
    assert reader.get("/backups/?colour=red").status_code == 400
    assert Machine(client, "changes:read").get("/assets/").status_code == 403


def test_a_restore_test_by_a_pipeline_and_the_report(machine: Machine) -> None:
    missing = machine.post(
        "/restore-tests/", {"asset": "payments-db", "result": {"level": "restored", "outcome": "passed"}}
    )
    assert (missing.status_code, missing.json()["errors"][0]["code"]) == (400, "no_backup")
    machine.post("/backups/", backup())
    decided = (edge_now() - timedelta(minutes=5)).isoformat()
    result = {"level": "integrity_verified", "outcome": "passed", "decided_at": decided}
    made = machine.post("/restore-tests/", {"asset": "payments-db", "result": result})
    assert (made.status_code, made.json()["state"]) == (201, "finished")
    assert 300 <= made.json()["rto_seconds"] < 400
    (row,) = machine.get("/reports/backups/").json()["assets"]
    assert (row["restore_test"], row["succeeded"], row["rpo_rule"]) == (made.json()["key"], 1, "db-recovery")
    assert (
        machine.get("/reports/backups/?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z").status_code == 400
    )


def test_a_restore_test_step_by_step(machine: Machine) -> None:
    machine.post("/backups/", backup())
    made = machine.post("/restore-tests/", {"asset": "payments-db", "procedure": "database-restore"})
    key = made.json()["key"]
    path = f"/restore-tests/{key}"
    assert [step["state"] for step in made.json()["steps"]] == ["open"] * 4
    assert machine.post(f"{path}/finish/", {"level": "restored", "outcome": "passed"}).status_code == 409
    assert machine.post(f"{path}/start/", {}, HTTP_IF_MATCH='"9"').status_code == 409
    assert machine.post(f"{path}/start/", {}).json()["state"] == "running"
    for number in range(1, 5):
        assert machine.post(f"{path}/steps/{number}/do/", {}).status_code == 200
    assert machine.post(f"{path}/steps/1/dance/", {}).status_code == 400
    over = machine.post(f"{path}/finish/", {"level": "restored", "outcome": "passed"})
    assert (over.status_code, over.json()["state"]) == (200, "finished")
    assert machine.post(f"{path}/witness/", {}).status_code == 403
    assert machine.get("/restore-tests/?level=restored&state=finished").json()["results"][0]["key"] == key


def test_an_exercise_and_an_asset(machine: Machine, cast: Cast) -> None:
    asset = {"slug": "files", "name": "Files", "kind": "files", "data_type": "user_data", "team": "payments"}
    assert machine.post("/assets/", asset).status_code == 400
    made = machine.post("/assets/", {**asset, "tier": "core", "owner": cast.owner.email})
    assert (made.status_code, made.json()["owner"]["name"]) == (201, "Olga")
    assert machine.post("/assets/files/retire/", {"reason": "Moved."}).json()["state"] == "retired"
    plan = {"kind": "game_day", "title": "Night", "planned_for": edge_now().isoformat(), "steps": ["Wake up"]}
    path = f"/exercises/{machine.post('/exercises/', plan).json()['key']}"
    assert machine.post(f"{path}/start/", {}).status_code == 200
    assert machine.post(f"{path}/steps/1/do/", {}).status_code == 200
    over = machine.post(f"{path}/complete/", {"outcome": "passed"})
    assert (over.json()["state"], over.json()["outcome"]) == ("completed", "passed")
    assert machine.get("/exercises/?kind=game_day").json()["results"][0]["key"] == over.json()["key"]
    assert machine.post("/legal-holds/", {"reason": "x"}).status_code == 403
