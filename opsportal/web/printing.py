"""Reports as PDF, from plain blocks. Nothing that a person typed is markup; equal blocks give equal bytes.

pdf_of("Report of AUD-3", [Heading("Findings"), Table(("Key", "Title"), rows)], footer="Internal")
"""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from django.http import HttpResponse
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, SimpleDocTemplate, Spacer
from reportlab.platypus import PageBreak as NewPage
from reportlab.platypus import Paragraph as Set
from reportlab.platypus import Table as Grid

from opsportal.web.printing_charts import bars_drawing, lines_drawing

MOST_ROWS = 5_000
LONGEST = 50_000
LONGEST_CELL = 4_000
MOST_MARKS = 8
"""How many combining marks may sit on one letter: more is no language, and draws over other lines."""
_FONTS = Path(__file__).parent / "static" / "vendor" / "dejavu"
_REGULAR, _BOLD = "Portal", "Portal-Bold"
_INK = colors.HexColor("#1d273b")
_LINE = colors.HexColor("#c8ced6")
_SHADE = colors.HexColor("#f1f4f8")


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of level 1 to 3."""

    text: str
    level: int = 1


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A text; its line breaks are kept. `small` is for notes."""

    text: str
    small: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """Pairs of a name and a value."""

    rows: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under a header that every page repeats. `widths` are shares of the page's width."""

    header: Sequence[str]
    rows: Sequence[Sequence[object]]
    widths: Sequence[float] = ()


@dataclass(frozen=True, slots=True)
class Bars:
    """One bar for each label. `unit` stands behind each value."""

    title: str
    labels: Sequence[str]
    values: Sequence[float | None]
    unit: str = ""

    @property
    def pairs(self) -> list[tuple[str, float | None]]:
        """Label and value of each bar."""
        return list(zip(self.labels, self.values, strict=True))


@dataclass(frozen=True, slots=True)
class Lines:
    """A line for each series (name, values) over the same labels; None is a gap."""

    title: str
    labels: Sequence[str]
    series: Sequence[tuple[str, Sequence[float | None]]]
    unit: str = ""


@dataclass(frozen=True, slots=True)
class PageBreak:
    """What follows begins a page."""


Block = Heading | Paragraph | Facts | Table | Bars | Lines | PageBreak


def pdf_of(title: str, blocks: Iterable[Block], *, subtitle: str = "", footer: str = "") -> bytes:
    """Return the PDF (A4, upright) of `blocks` under `title`; `footer` stands on every page with its number.

    Text may be anything: markup, control characters, letters that the font has not are shown as what they
    are, or as a box. Tables beyond 5,000 rows and texts beyond 50,000 characters are cut, and say so.
    """
    _fonts()
    target = io.BytesIO()
    document = SimpleDocTemplate(
        target,
        pagesize=A4,
        leftMargin=18 * mm,
        rightMargin=18 * mm,
        topMargin=16 * mm,
        bottomMargin=20 * mm,
        title=_shown(title, 300),
        author="opsportal",
        lang="en",
        invariant=1,  # no clock and no random identifier in the file
    )
    story: list[Flowable] = [Set(_text(title, 300), _style("title"))]
    if subtitle:
        story.append(Set(_text(subtitle, 1_000), _style("small")))
    story.append(Spacer(1, 4 * mm))
    for block in blocks:
        story.extend(_set(block, document.width))
    line = _shown(footer, 120)
    document.build(story, canvasmaker=lambda *args, **kwargs: _Numbered(line, *args, **kwargs))
    return target.getvalue()


def pdf_response(name: str, content: bytes) -> HttpResponse:
    """Return a download of `content` as `name`.pdf. `name` is the portal's own: letters, digits, hyphens."""
    if not name.replace("-", "").isalnum() or not name.isascii():
        raise ValueError("the name of a file is ours: letters, digits and hyphens")
    return HttpResponse(
        content,
        content_type="application/pdf",
        headers={
            "Content-Disposition": f'attachment; filename="{name}.pdf"',
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        },
    )


def _set(block: Block, width: float) -> list[Flowable]:
    match block:
        case Heading(text, level):
            return [Set(_text(text, 500), _style(f"h{min(max(level, 1), 3)}"))]
        case Paragraph(text, small):
            style = _style("small" if small else "body")
            return [Set(_text(part, LONGEST), style) for part in _parts(text)]
        case Facts(rows):
            return [_facts(rows, width), Spacer(1, 3 * mm)]
        case Table():
            return [*_table(block, width), Spacer(1, 3 * mm)]
        case Bars(title, labels, values, unit):
            shown = [_shown(label, 40) for label in labels]
            return [
                Set(_text(title, 300), _style("h3")),
                bars_drawing(shown, values, unit, width, _REGULAR),
                Spacer(1, 3 * mm),
            ]
        case Lines(title, labels, series, unit):
            named = [(_shown(name, 40), values) for name, values in series]
            shown = [_shown(label, 40) for label in labels]
            return [
                Set(_text(title, 300), _style("h3")),
                lines_drawing(shown, named, unit, width, _REGULAR),
                Spacer(1, 3 * mm),
            ]
        case PageBreak():
            return [NewPage()]


def _facts(rows: Sequence[tuple[str, str]], width: float) -> Flowable:
    cells = [[Set(_text(name, 200), _style("name")), _cell(value)] for name, value in rows[:MOST_ROWS]]
    if not cells:
        return Spacer(1, 0)
    grid = Grid(cells, colWidths=[width * 0.28, width * 0.72], splitInRow=1)
    grid.setStyle([("VALIGN", (0, 0), (-1, -1), "TOP"), ("LINEBELOW", (0, 0), (-1, -1), 0.3, _LINE), *_TIGHT])
    return grid


def _table(table: Table, width: float) -> list[Flowable]:
    if not table.rows:
        return [Set("None.", _style("small"))]
    shares = list(table.widths) or [1.0] * len(table.header)
    head = [Set(_text(name, 200), _style("name")) for name in table.header]
    body = [[_cell(value) for value in row] for row in table.rows[:MOST_ROWS]]
    grid = Grid(
        [head, *body],
        colWidths=[width * share / sum(shares) for share in shares],
        repeatRows=1,
        splitInRow=1,
    )
    grid.setStyle(
        [
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("BACKGROUND", (0, 0), (-1, 0), _SHADE),
            ("GRID", (0, 0), (-1, -1), 0.3, _LINE),
            *_TIGHT,
        ]
    )
    cut = len(table.rows) - MOST_ROWS
    note = [Set(f"{cut} more rows are not printed.", _style("small"))] if cut > 0 else []
    return [grid, *note]


def _cell(value: object) -> Flowable:
    return Set(_text("" if value is None else str(value), LONGEST_CELL), _style("cell"))


def _parts(text: str) -> list[str]:
    """Return the paragraphs of a text: a flowable of one paragraph each breaks over pages best."""
    return [part for part in re.split(r"\n\s*\n", text.replace("\r\n", "\n")[:LONGEST]) if part.strip()]


def _text(text: str, most: int) -> str:
    """Return `text` as the setter's markup: every character stands for itself, line breaks are kept."""
    return escape(_shown(text, most)).replace("\n", "<br/>")


def _shown(text: str, most: int) -> str:
    """Return what can be set of `text`: a box for what the font has not, no controls, few marks a letter."""
    glyphs = _glyphs()
    composed = unicodedata.normalize("NFC", str(text)[: most + 1])
    shown: list[str] = []
    marks = 0
    for letter in composed[:most]:
        if letter in "\n\t":
            shown.append(letter if letter == "\n" else "    ")
            continue
        kind = unicodedata.category(letter)
        marks = marks + 1 if kind in {"Mn", "Me"} else 0
        if kind in {"Cc", "Cf", "Cs"} or marks > MOST_MARKS:
            continue  # what turns the direction of a line, or what nobody sees
        shown.append(letter if ord(letter) in glyphs else "□")
    return "".join(shown) + ("… (shortened)" if len(composed) > most else "")


@lru_cache(maxsize=1)
def _fonts() -> TTFont:
    """Register the fonts once and return the upright one: DejaVu, else the library's own Vera."""
    folder, names = _FONTS, ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf")
    whole = all((folder / name).is_file() for name in names)
    regular, bold = (str(folder / name) for name in names) if whole else ("Vera.ttf", "VeraBd.ttf")
    upright = TTFont(_REGULAR, regular)
    pdfmetrics.registerFont(upright)
    pdfmetrics.registerFont(TTFont(_BOLD, bold))
    pdfmetrics.registerFontFamily(_REGULAR, normal=_REGULAR, bold=_BOLD, italic=_REGULAR, boldItalic=_BOLD)
    return upright


@lru_cache(maxsize=1)
def _glyphs() -> frozenset[int]:
    return frozenset(_fonts().face.charToGlyph)


@lru_cache(maxsize=16)
def _style(name: str) -> ParagraphStyle:
    size, bold, before, after = _STYLES[name]
    return ParagraphStyle(
        name,
        fontName=_BOLD if bold else _REGULAR,
        fontSize=size,
        leading=size * 1.35,
        textColor=_INK,
        spaceBefore=before * mm,
        spaceAfter=after * mm,
        keepWithNext=1 if name.startswith("h") else 0,
        splitLongWords=1,
    )


_STYLES = {
    "title": (17, True, 0, 1),
    "h1": (13, True, 5, 2),
    "h2": (11, True, 4, 1.5),
    "h3": (9.5, True, 3, 1),
    "body": (9, False, 0, 2),
    "small": (7.5, False, 0, 1.5),
    "name": (8, True, 0, 0),
    "cell": (8, False, 0, 0),
}
_TIGHT: list[tuple[Any, ...]] = [
    ("LEFTPADDING", (0, 0), (-1, -1), 4),
    ("RIGHTPADDING", (0, 0), (-1, -1), 4),
    ("TOPPADDING", (0, 0), (-1, -1), 2.5),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5),
]


class _Numbered(Canvas):
    """Draws the foot of each page last, when the number of pages is known."""

    def __init__(self, line: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._line = line
        self._kept: list[dict[str, Any]] = []

    def showPage(self) -> None:  # noqa: N802 - the library's name
        self._kept.append(dict(self.__dict__))
        self._startPage()  # type: ignore[attr-defined] # the library's stubs do not know it

    def save(self) -> None:
        draw: Callable[[], None] = super().showPage
        for number, page in enumerate(self._kept, 1):
            self.__dict__.update(page)
            self.setFont(_REGULAR, 7)
            self.setFillColor(_INK)
            self.drawString(18 * mm, 11 * mm, self._line)
            self.drawRightString(A4[0] - 18 * mm, 11 * mm, f"Page {number} of {len(self._kept)}")
            draw()
        super().save()
