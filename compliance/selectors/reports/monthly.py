"""The management dashboard, and what the report on a month keeps of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from compliance.judging import STATUS_WORDS
from compliance.measuring.dora import dora_of
from compliance.measuring.figures import OWN
from compliance.measuring.units import text_of
from compliance.measuring.windows import Span, month_span, span_before, window_of
from compliance.selectors.conformance import Wanted, lines_of, tally
from compliance.selectors.measures.deployed import deployed_rows
from compliance.selectors.measures.objectives import as_of, promised_by, standings
from compliance.selectors.measures.own import ACTOR, ANYBODY, OwnFigures
from compliance.selectors.measures.spending import month_of, plans, spendings
from compliance.selectors.reports import changes, delivery, oncall
from compliance.selectors.reports.report import weeks_between
from incidents.selectors.figures import incident_report
from opsportal.core.actor import Actor
from opsportal.standards.selectors import active_standard_or_none
from opsportal.web.printing import Bars, Block, Facts, Heading, Paragraph, Table

KEY_FIGURES = (
    "change_success_rate",
    "change_fail_rate",
    "change_lead_time",
    "deployment_frequency",
    "time_to_detect",
    "time_to_acknowledge",
    "time_to_resolve",
    "incident_recurrence",
    "incident_growth",
    "obligations_met_in_time",
    "action_completion",
    "audit_trail_completeness",
    "gate_compliance",
    "page_delivery",
)
MOST_OBJECTIVES = 100
MOST_BREACHES = 50
MOST_BARS = 12
WEEKS = 12
_NAMES: Mapping[type, str] = {
    Heading: "heading",
    Paragraph: "paragraph",
    Facts: "facts",
    Table: "table",
    Bars: "bars",
}


def dashboard(actor: Actor, now: datetime) -> list[Block]:
    """Return how the organisation stands at `now` (aware UTC), as `actor` may see it."""
    month = month_of(now)
    before = span_before(window_of("month"), month)
    return [*_blocks(Span(month.start, now, month.until), before, now), *_weeks(actor, now)]


def _weeks(actor: Actor, now: datetime) -> list[Block]:
    """Return what happened in each of the last twelve weeks."""
    start = now - timedelta(days=7 * WEEKS)
    incidents = incident_report(actor, now, start, now).weeks[:WEEKS]
    weeks = weeks_between(start, now)[:WEEKS]
    deployed = deployed_rows(start, now)
    counts = [float(dora_of(deployed, begin, end).deployments) for begin, end in weeks]
    return [
        Heading("The last twelve weeks", 2),
        Bars("Incidents each week", [f"{at:%d %b}" for at, _ in incidents], [float(n) for _, n in incidents]),
        Bars("Deployments to production each week", [f"{begin:%d %b}" for begin, _ in weeks], counts),
    ]


def month_blocks(month: Span, now: datetime) -> list[Block]:
    """Return what the report on a whole month says, made at `now`."""
    before = span_before(window_of("month"), month)
    made = [
        delivery.report(ACTOR, now, month.start, month.end),
        changes.report(ACTOR, now, month.start, month.end),
        oncall.report(ACTOR, now, month.start, month.end),
    ]
    blocks = _blocks(month, before, now)
    incidents = incident_report(ANYBODY, now, month.start, month.end)
    blocks += [
        Heading("Incidents that everybody may see", 2),
        Facts(
            [
                ("Declared", str(incidents.count)),
                ("The month before", str(incidents.before)),
                *((f"Severity {name[-1]}", str(incidents.counts[name])) for name in incidents.severities),
            ]
        ),
    ]
    for report in made:
        blocks += [Heading(report.title, 2), Paragraph(report.lead)]
        blocks += [block for block in report.blocks if isinstance(block, Facts)]
    return blocks


def _blocks(month: Span, before: Span, now: datetime) -> list[Block]:
    return [
        Heading("Key figures", 2),
        _key_figures(month, before, now),
        Heading("The standard", 2),
        *_conformance(now),
        Heading("Objectives", 2),
        *_objectives(as_of(month.end, now)),
        Heading("Costs", 2),
        _costs(month, now),
        Heading("Capacity", 2),
        _capacity(now),
    ]


def _key_figures(month: Span, before: Span, now: datetime) -> Table:
    mine, earlier = OwnFigures(month, now), OwnFigures(before, now)
    rows = []
    for name in KEY_FIGURES:
        figure = OWN[name]
        value, old = mine.values(name).get(""), earlier.values(name).get("")
        rows.append((figure.title, text_of(value, figure.unit, 4), text_of(old, figure.unit, 4)))
    return Table(("Figure", f"{month.start:%B %Y}", f"{before.start:%B %Y}"), rows)


def _conformance(now: datetime) -> list[Block]:
    standard = active_standard_or_none()
    if standard is None:
        return [Paragraph("No standard is in force.")]
    lines = lines_of(standard, Wanted(), now)
    counted = tally(lines)
    breached = [
        (line.rule.title, state.subject_title or "The organisation", state.because)
        for line in lines
        for state in line.states
        if state.status == "breached"
    ]
    more = len(breached) - MOST_BREACHES
    return [
        Facts(
            [
                ("In force", f"{standard.title} {standard.version}"),
                *((f"Rules: {words.lower()}", str(counted[name])) for name, words in STATUS_WORDS.items()),
            ]
        ),
        Table(("Breached", "Of", "Because"), breached[:MOST_BREACHES]),
        *([Paragraph(f"{more} more stand under Conformance.", small=True)] if more > 0 else []),
    ]


def _objectives(at: datetime) -> list[Block]:
    """Return how objectives stood at `at` (aware UTC), each over its own window."""
    found = standings(promised_by(active_standard_or_none())[:MOST_OBJECTIVES], at)
    shown = found[:MOST_BARS]
    bars = Bars(
        "Error budget left",
        [f"{one.promised.key} {one.promised.service}".strip() for one in shown],
        [None if one.budget.left is None else max(round(100.0 * float(one.budget.left)), 0) for one in shown],
        unit="%",
    )
    table = Table(
        ("Objective", "Of", "Target", "Good", "Budget left"),
        [
            (
                one.promised.title,
                one.promised.service or "The organisation",
                text_of(one.promised.percent, "percent"),
                "no data" if one.good is None else text_of(one.good, "percent"),
                "–" if one.budget.left is None else f"{100 * one.budget.left:.0f} %",
            )
            for one in found
        ],
    )
    return [bars, table] if shown else [table]


def _costs(month: Span, now: datetime) -> Table:
    whole = month_span(month.start.year, month.start.month)
    return Table(
        ("Component", "Spent", "Budget", "Status"),
        [
            (
                one.budget.component,
                text_of(one.spent, one.unit),
                text_of(one.budget.budget, one.unit),
                one.words,
            )
            for one in spendings(whole, now)
        ],
    )


def _capacity(now: datetime) -> Table:
    return Table(
        ("Plan", "Today", "Projected", "Trigger", "Reached"),
        [
            (
                one.plan.title,
                text_of(one.actual, one.unit),
                text_of(one.projected, one.unit, 4),
                text_of(one.plan.trigger, one.unit),
                f"{one.trigger_at:%Y-%m-%d}" if one.trigger_at else "–",
            )
            for one in plans(now)
        ],
    )


def content_of(blocks: Sequence[Block]) -> dict[str, Any]:
    """Return blocks as canonical JSON can keep them: numbers that are not whole travel as text."""
    return {"blocks": [_kept(block) for block in blocks if type(block) in _NAMES]}


def _kept(block: Block) -> dict[str, Any]:
    kept: dict[str, Any] = {"kind": _NAMES[type(block)]}
    match block:
        case Heading():
            kept |= {"text": block.text, "level": block.level}
        case Paragraph():
            kept |= {"text": block.text, "small": block.small}
        case Facts():
            kept |= {"rows": [list(row) for row in block.rows]}
        case Table():
            kept |= {
                "header": list(block.header),
                "rows": [[str(cell) for cell in row] for row in block.rows],
            }
        case Bars():
            kept |= {
                "title": block.title,
                "labels": list(block.labels),
                "values": [None if value is None else f"{value:g}" for value in block.values],
                "unit": block.unit,
            }
    return kept


def blocks_of(content: Mapping[str, Any]) -> list[Block]:
    """Return the blocks that were kept."""
    found: list[Block] = []
    for kept in content.get("blocks", ()):
        match kept["kind"]:
            case "heading":
                found.append(Heading(kept["text"], kept["level"]))
            case "paragraph":
                found.append(Paragraph(kept["text"], kept["small"]))
            case "facts":
                found.append(Facts([(label, value) for label, value in kept["rows"]]))
            case "bars":
                values = [None if value is None else float(value) for value in kept["values"]]
                found.append(Bars(kept["title"], kept["labels"], values, kept["unit"]))
            case "table":
                found.append(Table(kept["header"], kept["rows"]))
    return found
