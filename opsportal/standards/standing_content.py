"""What a rule demands all the time, as plain data and in plain words. Pure."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from opsportal.standards.standing import (
    Climb,
    Declare,
    Keep,
    Measure,
    Ready,
    Recover,
    Recur,
    Retain,
    Standing,
)
from opsportal.standards.syntax import format_duration

Table = dict[str, Any]


def standing_of(demand: Standing) -> Table:
    """Return a demand as a pack writes it; numbers as text, since canonical JSON has no fractions."""
    table: Table = {}
    match demand:
        case Recur():
            table = _recur(demand)
        case Measure():
            table = _measure(demand)
        case Recover():
            table = {
                "rto": "" if demand.rto is None else format_duration(demand.rto),
                "rpo": "" if demand.rpo is None else format_duration(demand.rpo),
            }
        case Retain():
            table = {"records": demand.records, "keep": str(demand.keep), "then": demand.then}
        case Declare():
            table = {
                "id": demand.id,
                "title": demand.title,
                "owner": demand.owner,
                "every": demand.every,
                "per": demand.per,
            }
        case Keep():
            table = {"artefact": demand.artefact, "per": demand.per, "review": demand.review or ""}
        case Ready():
            table = {"item": demand.item}
    return {key: value for key, value in table.items() if value not in ("", None, [])}


def climbs_of(climb: tuple[Climb, ...]) -> list[Table]:
    """Return the steps to higher roles as a pack writes them."""
    return [{"after": format_duration(one.after), "role": one.role} for one in climb]


def _recur(demand: Recur) -> Table:
    return {
        "what": demand.what,
        "owner": demand.owner,
        "every": demand.every,
        "counts": demand.counts.text if demand.counts else "",
        "grace": format_duration(demand.grace) if demand.grace else "",
        "remind": [format_duration(time) for time in demand.remind],
        "climb": climbs_of(demand.climb),
    }


def _measure(demand: Measure) -> Table:
    return {
        "figure": demand.figure,
        "is": demand.bound,
        "target": _number(demand.target),
        "acceptable": _number(demand.acceptable),
        "critical": _number(demand.critical),
        "per": demand.per,
        "component": demand.component,
        "statistic": demand.statistic,
        "window": demand.window,
        "provider": demand.provider,
    }


def _number(value: Decimal | None) -> str:
    return "" if value is None else f"{value:f}"
