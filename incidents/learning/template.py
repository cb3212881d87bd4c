"""The parts of a postmortem, the categories of causes, and what an incident fills in by itself. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType

MAX_SECTION = 20_000


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a postmortem that people write: its heading, and the question that it answers."""

    title: str
    asks: str


SECTIONS: Mapping[str, Part] = MappingProxyType(
    {
        "summary": Part("Summary", "What happened, in three sentences, for somebody who was not there?"),
        "impact": Part("Impact", "Who noticed what, how many, for how long? What did it cost?"),
        "root_cause": Part("Root cause", "Which conditions made it possible? Ask what and how, not who."),
        "process_failures": Part(
            "Process failures", "Where did our way of working let it through or hold us up?"
        ),
        "lessons_learned": Part("Lessons learned", "What went well, what did not, where were we lucky?"),
        "documentation_updates": Part(
            "Documentation updates", "Which runbooks and documents are changed, or which is missing?"
        ),
    }
)
"""What people write. The timeline is the incident's own; action items are things of their own."""

CAUSES: Mapping[str, str] = MappingProxyType(
    {
        "change": "A change or deployment",
        "configuration": "Configuration",
        "capacity": "Capacity or load",
        "dependency": "Another service or a provider",
        "infrastructure": "Machines, network, power",
        "data": "Data",
        "defect": "A defect that was always there",
        "security": "An attack or abuse",
        "procedure": "A procedure, or none",
        "monitoring": "Monitoring or alerting",
        "unknown": "Not known",
    }
)

PRIORITIES: Mapping[str, str] = MappingProxyType({"high": "High", "medium": "Medium", "low": "Low"})


def in_words(span: timedelta) -> str:
    """Return a span as people say it: `1 h 20 min`, `45 min`, below a minute `less than a minute`."""
    minutes = int(span.total_seconds() // 60)
    if minutes < 1:
        return "less than a minute"
    hours, rest = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [f"{days} d" if days else "", f"{hours} h" if hours else "", f"{rest} min" if rest else ""]
    return " ".join(part for part in parts if part)


def impact_of(severity: str, services: Sequence[str], lasted: timedelta | None, detected_by: str) -> str:
    """Return the first lines about impact that an incident's own figures give."""
    touched = ", ".join(services) or "No service was named"
    lines = [f"- Severity: {severity}", f"- Affected: {touched}", f"- Noticed by: {detected_by}"]
    if lasted is not None:
        lines.append(f"- From detection to resolution: {in_words(lasted)}")
    return "\n".join(lines)
