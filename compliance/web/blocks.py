"""Blocks of a report as parts of a page: the same ones that are set on paper."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from compliance.measuring.charts import runs, scale_of
from incidents.learning.figures import bars
from opsportal.web.printing import Bars, Block, Facts, Heading, Lines, Paragraph, Table

WIDTH, HEIGHT = 640, 120


@dataclass(frozen=True, slots=True)
class Link:
    """A cell that leads somewhere; on paper it is its text."""

    text: str
    url: str

    def __str__(self) -> str:
        return self.text


def shown(blocks: Iterable[Block]) -> list[dict[str, Any]]:
    """Return what the template needs of each block. Tables and charts are numbered, for their labels.

    `level` is that of a title inside a card: one below the heading that the card stands under.
    """
    found = []
    heading = ""
    for number, block in enumerate(blocks):
        part: dict[str, Any] = {"id": f"part-{number}", "under": heading, "level": 3 if heading else 2}
        match block:
            case Heading():
                heading = block.text
                part |= {"kind": "heading", "text": block.text}
            case Paragraph():
                part |= {"kind": "paragraph", "text": block.text, "small": block.small}
            case Facts():
                part |= {"kind": "facts", "rows": block.rows}
            case Table():
                part |= {
                    "kind": "table",
                    "header": block.header,
                    "rows": [_cells(block, row) for row in block.rows],
                }
            case Bars():
                part |= _bars(block)
            case Lines():
                part |= _lines(block)
            case _:
                continue
        found.append(part)
    return found


def sections(parts: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return parts as sections that can be folded, each with its heading, `""` before the first one."""
    found: list[dict[str, Any]] = [{"title": "", "parts": []}]
    for part in parts:
        if part["kind"] == "heading":
            found.append({"title": part["text"], "parts": []})
        else:
            found[-1]["parts"].append(part)
    return [one for one in found if one["parts"]]


def _cells(table: Table, row: Sequence[object]) -> list[dict[str, Any]]:
    return [
        {"label": label, "text": str(cell), "url": cell.url if isinstance(cell, Link) else ""}
        for label, cell in zip(table.header, row, strict=False)
    ]


def _bars(block: Bars) -> dict[str, Any]:
    values = [max(value or 0.0, 0.0) for value in block.values]
    return {
        "kind": "bars",
        "title": block.title,
        "shapes": [
            {"x": x, "y": y, "width": width, "height": height}
            for x, y, width, height in bars(values, width=WIDTH, height=HEIGHT)
        ],
        "size": (WIDTH, HEIGHT),
        "high": _number(max(values, default=0.0), block.unit),
        "header": ("", block.title),
        "rows": [
            (label, _number(value, block.unit))
            for label, value in zip(block.labels, block.values, strict=True)
        ],
        "ends": _ends(block.labels),
    }


def _lines(block: Lines) -> dict[str, Any]:
    every = [value for _, values in block.series for value in values]
    scale = scale_of(every, from_zero=False)
    return {
        "kind": "lines",
        "title": block.title,
        "lines": [
            {
                "name": name,
                "number": number,
                "runs": [
                    " ".join(f"{x},{y}" for x, y in run) if len(run) > 1 else ""
                    for run in runs(values, scale, width=WIDTH, height=HEIGHT)
                ],
                "dots": [run[0] for run in runs(values, scale, width=WIDTH, height=HEIGHT) if len(run) == 1],
            }
            for number, (name, values) in enumerate(block.series)
        ],
        "size": (WIDTH, HEIGHT),
        "low": _number(scale.low, block.unit),
        "high": _number(scale.high, block.unit),
        "header": ("", *(name for name, _ in block.series)),
        "rows": [
            (label, *(_number(values[index], block.unit) for _, values in block.series))
            for index, label in enumerate(block.labels)
        ],
        "ends": _ends(block.labels),
    }


def _ends(labels: Sequence[str]) -> tuple[str, str]:
    return (labels[0], labels[-1]) if labels else ("", "")


def _number(value: float | None, unit: str) -> str:
    return "–" if value is None else f"{value:.6g} {unit}".strip()
