"""What a look at one thing has found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """`name` is what was looked at, `detail` what is so, and what to do where it should not be."""

    name: str
    verdict: Verdict
    detail: str


def ok(name: str, detail: str) -> Finding:
    return Finding(name, Verdict.OK, detail)


def warn(name: str, detail: str) -> Finding:
    return Finding(name, Verdict.WARN, detail)


def fail(name: str, detail: str) -> Finding:
    return Finding(name, Verdict.FAIL, detail)
