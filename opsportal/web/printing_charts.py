"""Charts of printed reports: drawn from numbers, every value also as text."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from reportlab.graphics.shapes import Drawing, Line, PolyLine, Rect, String
from reportlab.lib import colors
from reportlab.pdfbase.pdfmetrics import stringWidth

_INK = colors.HexColor("#1d273b")
_LINE = colors.HexColor("#c8ced6")
# Told apart in grey as well: dark, light, between.
_SERIES = [colors.HexColor(code) for code in ("#1f5fa8", "#d9822b", "#5b8c5a", "#8a4f9e")]
_DASHES: list[Any] = [None, [4, 2], [1, 2], [6, 2, 1, 2]]
_SIZE = 7
_LARGEST = 1e15
"""Beyond it a value is written, not drawn: the scale itself would overflow."""


def bars_drawing(
    labels: Sequence[str], values: Sequence[float | None], unit: str, width: float, font: str
) -> Drawing:
    """Return horizontal bars, one a line, with label and value; "no data" where there is none."""
    row, name, number = 13.0, width * 0.3, width * 0.16
    drawing = Drawing(width, max(len(labels), 1) * row + 4)
    top = max([value for value in values if value is not None and _real(value)], default=0) or 1
    for index, (label, value) in enumerate(zip(labels, values, strict=True)):
        y = drawing.height - (index + 1) * row
        drawing.add(_string(0, y + 3, _fitting(label, name - 4, font), font))
        long = (width - name - number) * max(value, 0) / top if _real(value) and value is not None else 0
        bar = Rect(name, y + 1, long, row - 4)
        bar.fillColor, bar.strokeColor = _SERIES[0], None
        drawing.add(bar)
        drawing.add(_string(name + long + 4, y + 3, _value(value, unit), font))
    return drawing


def lines_drawing(
    labels: Sequence[str],
    series: Sequence[tuple[str, Sequence[float | None]]],
    unit: str,
    width: float,
    font: str,
) -> Drawing:
    """Return one line for each series over `labels`, with its name, and gaps where there is no value."""
    height, left, bottom, legend = 150.0, 46.0, 18.0, 14.0
    drawing = Drawing(width, height + legend * len(series))
    real = [value for _, values in series for value in values if _real(value) and value is not None]
    low, high = min([0.0, *real]), max([*real, 0.0])
    high = high if high > low else low + 1
    base = legend * len(series) + bottom
    step = (width - left - 8) / max(len(labels) - 1, 1)

    def place(index: int, value: float) -> tuple[float, float]:
        return left + index * step, base + (value - low) / (high - low) * (height - bottom - 10)

    for part in range(5):
        value = low + (high - low) * part / 4
        _, y = place(0, value)
        drawing.add(Line(left, y, width - 8, y, strokeColor=_LINE, strokeWidth=0.4))
        drawing.add(_string(0, y - 2, _fitting(_value(value, unit), left - 4, font), font))
    every = max(1, math.ceil(len(labels) / 8))
    for index in range(0, len(labels), every):
        drawing.add(
            _string(left + index * step, base - 10, _fitting(labels[index], step * every, font), font)
        )
    for number, (name, values) in enumerate(series):
        for run in _runs(values):
            points = [axis for index, value in run for axis in place(index, value)]
            points = points if len(run) > 1 else [*points, points[0] + 2, points[1]]
            drawing.add(_line(points, number))
        y = legend * (len(series) - number - 1)
        drawing.add(_line([left, y + 5, left + 20, y + 5], number))
        last = next((value for value in reversed(values) if _real(value)), None)
        drawing.add(_string(left + 26, y + 3, f"{name}: last {_value(last, unit)}", font))
    return drawing


def _line(points: list[float], number: int) -> PolyLine:
    """Return the line of a series, told from others by colour and by its dashes."""
    line = PolyLine(points)
    line.strokeColor, line.strokeWidth = _SERIES[number % len(_SERIES)], 1.4
    line.strokeDashArray = _DASHES[number % len(_DASHES)]
    return line


def _runs(values: Sequence[float | None]) -> list[list[tuple[int, float]]]:
    """Return the stretches of values without a gap, each value with its place."""
    runs: list[list[tuple[int, float]]] = [[]]
    for index, value in enumerate(values):
        if value is not None and _real(value):
            runs[-1].append((index, value))
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if run]


def _real(value: float | None) -> bool:
    return value is not None and abs(value) <= _LARGEST  # False for what is no number


def _value(value: float | None, unit: str) -> str:
    if value is None or not math.isfinite(value):
        return "no data"
    return f"{value:,.6g} {unit}".strip()


def _string(x: float, y: float, text: str, font: str) -> String:
    return String(x, y, text, fontName=font, fontSize=_SIZE, fillColor=_INK)


def _fitting(text: str, width: float, font: str) -> str:
    """Return as much of `text` as fits `width` (points)."""
    if stringWidth(text, font, _SIZE) <= width:
        return text
    shown = text
    while shown and stringWidth(shown + "…", font, _SIZE) > width:
        shown = shown[:-1]
    return shown + "…"
