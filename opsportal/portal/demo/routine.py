"""What the demo's pipelines do from day to day: small releases by template, and tries that the gate stops.

Pure: times are hours before the load.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from opsportal.portal.demo.story import DAY


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a pipeline that names no change. `closes` is who closes the change that it opened."""

    ago: float
    service: str
    version: str
    environment: str = "production"
    checks: dict[str, str] = field(default_factory=lambda: {"code_review": "passed", "tests": "passed"})
    reports: tuple[tuple[str, int | None], ...] = ()
    closes: str = ""


_SMALL = (
    ("recommendations", "0.17.{}", "sofia"),
    ("back-office", "3.2.{}", "noah"),
    ("build-runners", "88.{}", "omar"),
)
_DONE = (("started", None), ("verified", None), ("succeeded", None))
_FAILED = (("started", None), ("failed", None), ("rolled_back", None))

STOPPED = (
    Run(71 * DAY + 5, "payments-api", "2.11.9"),
    Run(58 * DAY + 9, "ledger", "7.2.1-rc1"),
    Run(44 * DAY + 2, "identity", "11.4.4", checks={"code_review": "passed", "tests": "failed"}),
    Run(33 * DAY + 16, "edge-gateway", "3.9.1-debug", checks={"tests": "passed"}),
    Run(12 * DAY + 3, "checkout-web", "5.1.9"),
    Run(20, "orders-api", "4.1.1"),
)
"""Production, no approved change: each is recorded and goes no further."""


def routine_runs() -> Iterator[Run]:
    """Yield every run, in no order: a small release every third day in turn, every ninth of them fails."""
    for number in range(27):
        service, version, closes = _SMALL[number % len(_SMALL)]
        failed = number % 9 == 4
        yield Run(
            ago=(80 - 2.95 * number) * DAY + number * 5 % 7,
            service=service,
            version=version.format(number // len(_SMALL) + 1),
            reports=_FAILED if failed else _DONE,
            closes="" if failed else closes,
        )
    yield from STOPPED
