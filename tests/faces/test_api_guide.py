"""Every example of the docs is one that the schema knows: path, method, parameters, and body."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.test import Client

from tests.processes import ROOT

GUIDE = (ROOT / "docs" / "api.md").read_text()
OTHERS = [
    (ROOT / "docs" / name).read_text() for name in ("escalation.md", "integrations.md", "postmortems.md")
]


@dataclass(frozen=True)
class Call:
    """One call with curl."""

    method: str
    path: str
    query: dict[str, str]
    body: Any


def calls(guide: str) -> Iterator[Call]:
    for block in re.findall(r"```sh\n(.*?)```", guide, re.DOTALL):
        for command in re.split(r"\n(?=curl )", block.replace("\\\n", " ")):
            words = shlex.split(command)
            assert words[0] == "curl", command
            address = urlsplit(
                next(word for word in words if "/api/v1/" in word).replace("$OPSPORTAL_URL", "")
            )
            method = words[words.index("-X") + 1] if "-X" in words else "GET"
            body = json.loads(words[words.index("-d") + 1]) if "-d" in words else None
            yield Call(method.lower(), address.path, dict(parse_qsl(address.query)), body)


CALLS = list(calls(GUIDE))
FURTHER = [call for guide in OTHERS for call in calls(guide)]


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    answer = Client().get("/api/v1/schema/", headers={"Accept": "application/vnd.oai.openapi+json"})
    document: dict[str, Any] = answer.json()
    return document


def operation_of(schema: dict[str, Any], call: Call) -> dict[str, Any]:
    for path, operations in schema["paths"].items():
        if re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", path.rstrip("/")) + "/?", call.path):
            found: dict[str, Any] = operations[call.method]
            return found
    raise AssertionError(f"the schema has no {call.path}")


def check(schema: dict[str, Any], shape: dict[str, Any], value: Any, where: str) -> None:
    """Fail where `value` has a name that its schema does not know, or lacks one that it needs."""
    while "$ref" in shape or "allOf" in shape:
        shape = (
            schema["components"]["schemas"][shape.get("$ref", "").rpartition("/")[2]]
            if "$ref" in shape
            else shape["allOf"][0]
        )
    if isinstance(value, dict) and "properties" in shape:
        assert set(value) <= set(shape["properties"]), where
        assert set(shape.get("required", ())) <= set(value), where
        for name, each in value.items():
            check(schema, shape["properties"][name], each, f"{where}/{name}")
    elif "enum" in shape:
        assert value in shape["enum"], where
    elif isinstance(shape.get("type"), str):
        types = {"string": str, "integer": int, "boolean": bool, "array": list, "object": dict}
        assert isinstance(value, types[shape["type"]]), where


@pytest.mark.parametrize("call", [*CALLS, *FURTHER], ids=lambda call: f"{call.method} {call.path}")
def test_an_example_is_what_the_schema_describes(schema: dict[str, Any], call: Call) -> None:
    operation = operation_of(schema, call)
    known = {one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"}
    assert set(call.query) <= known
    if call.body is not None:
        shape = operation["requestBody"]["content"]["application/json"]["schema"]
        check(schema, shape, call.body, call.path)


def test_there_is_an_example_of_each_part() -> None:
    parts = {call.path.split("/")[3] for call in CALLS}
    assert parts == {
        "absences",
        "break-glass",
        "cab",
        "change-filters",
        "changes",
        "deployments",
        "deputies",
        "gate",
    }
    assert len(CALLS) >= 14
