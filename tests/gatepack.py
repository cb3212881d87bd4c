"""A small standard of the tests' own, and short ways to ask the gate under it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from changes.gate import Candidate, GateInput, Place, Release
from opsportal.standards import packs
from opsportal.standards.rules import Standard
from opsportal.standards.vocabulary import Vocabulary
from tests.vocabulary import DECLARATIONS

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
POLICY_HASH = "cdd01ef066bc6cf2"

HEAD = """
[standard]
name = "gate-test"
title = "A standard for tests of the gate"
version = "1"
document = "test.md"
document_sha256 = "{zeros}"
policy_hash = "{policy_hash}"

[[role]]
id = "board"
title = "Board"
kind = "board"

[[check]]
id = "tests"
title = "Tests"

[[check]]
id = "security_scan"
title = "Security scan"

[[metric]]
id = "error_rate"
title = "Error rate"
type = "number"

[[metric]]
id = "critical_failure"
title = "Critical failure"
type = "boolean"
default = false
"""
RULE = """
[[rule]]
id = "{id}"
kind = "{kind}"
title = "{title}"
applies_to = ["{point}"]
{more}
source = {{ section = "Test", line = 1, quote = "{title}" }}
demand = {demand}
"""


def rule(
    identifier: str, point: str, demand: str, *, kind: str = "gate", when: str = "", message: str = ""
) -> str:
    """Return one rule as TOML."""
    more = f"when = '''{when}'''\n" if when else ""
    more += f'message = "{message}"\n' if message else ""
    return RULE.format(
        id=identifier, kind=kind, title=f"Rule {identifier}", point=point, demand=demand, more=more
    )


IN_PRODUCTION = 'environment.kind == "production"'
CHANGE_NEEDED = rule("change", "deployment.gate", '{ change = "approved" }', when=IN_PRODUCTION)
TESTS_PASS = rule("tests", "deployment.gate", '{ check = "tests" }', when=IN_PRODUCTION)
SCAN_PASSES = rule("scan", "deployment.gate", '{ check = "security_scan" }', when=IN_PRODUCTION)
HASH_NEEDED = rule("hash", "deployment.gate", "{ policy_hash = true }", when=IN_PRODUCTION)
STAGING_FIRST = rule(
    "staging-first",
    "deployment.gate",
    """{ require = 'deployment.succeeded_in contains "staging"' }""",
    when=IN_PRODUCTION,
    message="Deploy this version to staging first.",
)
EMERGENCIES_START = rule(
    "ahead", "change.start", '{ permit = "start_before_approval" }', when='change.type == "emergency"'
)
STAGE = rule(
    "stage",
    "change.submit",
    '{ stage = { id = "board", title = "Board", order = 1, role = "board", quorum = "any" } }',
)
LADDER = rule("ladder", "deployment.rollout", "{ steps = [10, 50, 100] }", when=IN_PRODUCTION)
ERRORS = rule(
    "errors", "deployment.rollout", '{ action = "roll_back" }', kind="target", when="metric.error_rate > 0.01"
)
FAILURE = rule(
    "failure", "deployment.rollout", '{ action = "hold" }', kind="target", when="metric.critical_failure"
)
ALL = (CHANGE_NEEDED, TESTS_PASS, SCAN_PASSES, HASH_NEEDED, EMERGENCIES_START, LADDER, ERRORS, FAILURE)


def pack(*rules: str, policy_hash: str = POLICY_HASH) -> str:
    """Return a pack of these rules as TOML."""
    return HEAD.format(zeros="0" * 64, policy_hash=policy_hash) + "".join(rules)


def standard(*rules: str, policy_hash: str = POLICY_HASH) -> Standard:
    """Return the standard of these rules; all of the above where none is given."""
    vocabulary = Vocabulary.of(DECLARATIONS)
    return packs.load(pack(*(rules or ALL), policy_hash=policy_hash), parents={}, vocabulary=vocabulary)


PRODUCTION = Place("payments-api", "critical", "confidential", "production", "production")
STAGING = Place("payments-api", "critical", "confidential", "staging", "staging")
GOOD_RELEASE = Release(
    version="2.14.0",
    commit="9fceb02",
    policy_hash=POLICY_HASH,
    checks={"tests": "passed", "security_scan": "passed"},
)


def change_facts(**facts: Any) -> dict[str, Any]:
    """Return the facts of a normal change of the payments service in production."""
    known: dict[str, Any] = {
        "type": "normal",
        "risk": "medium",
        "production": True,
        "retrospective": False,
        "has_template": False,
        "state": "approved",
        "services": ("payments-api",),
        "environments": ("production",),
        **facts,
    }
    return {f"change.{name}": value for name, value in known.items()}


def candidate(number: int = 1042, **fields: Any) -> Candidate:
    """Return a change that fits production now: approved, its content the approved one, in its window."""
    given: dict[str, Any] = {
        "state": "approved",
        "window_start": NOW - HOUR,
        "window_end": NOW + HOUR,
        "content_hash": "a" * 64,
        "approved_hash": "a" * 64,
        **fields,
    }
    facts = change_facts(type=given.get("type", "normal"), state=given["state"])
    return Candidate(**{"id": number, "key": f"CHG-{number}", "facts": facts, **given})


def asked(*candidates: Candidate, named: str = "", **fields: Any) -> GateInput:
    """Return the question for production with a good release, under the test standard."""
    base = GateInput(now=NOW, place=PRODUCTION, release=GOOD_RELEASE, standard=standard())
    return replace(base, candidates=candidates, named=named, **fields)


def release(checks: Mapping[str, str] | None = None, **fields: Any) -> Release:
    """Return the good release with these differences."""
    given = dict(fields)
    if checks is not None:
        given["checks"] = checks
    return replace(GOOD_RELEASE, **given)
