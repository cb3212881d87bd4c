"""How the demo tells of a change: who did what, how long ago. Data only.

Times are hours before the load; negative ones lie ahead.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

DAY = 24.0


@dataclass(frozen=True, slots=True)
class Step:
    """`who` did `verb` so many hours `ago`; `with_` is what else the verb takes."""

    ago: float
    who: str
    verb: str
    with_: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Story:
    """One change: who raised it and when, what it says, and what became of it."""

    who: str
    ago: float
    type: str
    title: str
    services: tuple[str, ...]
    risk: str = "medium"
    environments: tuple[str, ...] = ("production",)
    why: str = ""
    what: str = ""
    risk_text: str = ""
    impact: str = ""
    plan: str = ""
    rollback: str = ""
    evidence: str = ""
    window: tuple[float, float] | None = None
    template: str = ""
    steps: tuple[Step, ...] = ()


def approved(
    since: float, *, security: bool = False, board: float | None = None, conditions: tuple[str, ...] = ()
) -> tuple[Step, ...]:
    """Submission and all votes of a normal change, an hour apart, so that the last was `board` hours ago.

    With `security` its reviewer votes too, on `conditions`.
    """
    last = since - 30 if board is None else board
    reviewed = {"stage": "security-review", **({"conditions": conditions} if conditions else {})}
    return (
        Step(since, "", "submit"),
        Step(
            since - 2,
            "priya",
            "approve",
            {"comment": "Steps and checks are clear.", "stage": "technical-review"},
        ),
        *((Step(since - 4, "kwame", "approve", reviewed),) if security else ()),
        Step(last + 1, "tomas", "approve", {"stage": "cab"}),
        Step(last, "ingrid", "approve", {"comment": "Fine with operations.", "stage": "cab"}),
    )
