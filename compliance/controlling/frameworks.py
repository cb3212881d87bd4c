"""A framework as a data file: sections of requirements, each an id with a few words of our own. Pure.

    [framework]
    slug = "soc2"
    title = "SOC 2, trust services criteria"
    version = "2017"
    publisher = "AICPA"

    [[section]]
    id = "CC8"
    title = "Change management"
    [section.requirements]
    "CC8.1" = "Changes are authorised, tested and approved."

What is wrong is said with the line that it stands on, all of it at once.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from opsportal.core.errors import FieldError, InvalidInput
from opsportal.core.text import clean_slug, clean_text

MAX_BYTES = 500_000
MAX_REQUIREMENTS = 2_000
MAX_SECTIONS = 200
REFERENCE, SECTION_TITLE, PARAPHRASE, TITLE, SHORT = 60, 200, 400, 200, 120
MOST_ERRORS = 50
_REFERENCE = re.compile(r"[\w§.()/ :+-]+")
_AT_LINE = re.compile(r"at line (\d+)")


@dataclass(frozen=True, slots=True)
class Wrong:
    """Something that is wrong in a file, and the line (from 1) that it stands on."""

    line: int
    reason: str

    def __str__(self) -> str:
        return f"Line {self.line}: {self.reason}"


@dataclass(frozen=True, slots=True)
class RequirementText:
    """One requirement: its reference in the source, the section, and our own words for it."""

    reference: str
    section: str
    section_title: str
    text: str


@dataclass(frozen=True, slots=True)
class FrameworkText:
    """A whole framework, in the order of its file. `content_hash` is the SHA-256 of the bytes."""

    slug: str
    title: str
    version: str
    publisher: str
    requirements: tuple[RequirementText, ...]
    content_hash: str


def read_framework(source: bytes) -> FrameworkText:
    """Return the framework that a file holds.

    Raises `InvalidInput` with one error for each thing that is wrong, each with its line.
    """
    if len(source) > MAX_BYTES:
        raise _refused([Wrong(1, f"The file is larger than {MAX_BYTES // 1000} kB.")])
    try:
        text = source.decode("utf-8")
    except UnicodeDecodeError as error:
        line = source[: error.start].count(b"\n") + 1
        raise _refused([Wrong(line, "This is not UTF-8 text.")]) from None
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        found = _AT_LINE.search(str(error))
        line = int(found[1]) if found else text.count("\n") + 1
        raise _refused([Wrong(line, f"This is not TOML: {str(error)[:150]}.")]) from None
    reader = _Reader(text)
    framework = reader.framework(document, hashlib.sha256(source).hexdigest())
    if reader.wrong:
        raise _refused(reader.wrong)
    return framework


def _refused(wrong: list[Wrong]) -> InvalidInput:
    shown = sorted(wrong, key=lambda one: one.line)[:MOST_ERRORS]
    return InvalidInput(FieldError("/file", "framework", str(one)) for one in shown)


class _Reader:
    """Reads one document, and gathers what is wrong with it."""

    def __init__(self, text: str) -> None:
        self._lines = text.splitlines()
        self.wrong: list[Wrong] = []

    def framework(self, document: Mapping[str, Any], content_hash: str) -> FrameworkText:
        self._only(document, {"framework", "section"}, 1)
        head = document.get("framework")
        line = self._line("[framework]")
        if not isinstance(head, Mapping):
            self._no(line, "A table [framework] with slug, title and version is needed.")
            head = {}
        self._only(head, {"slug", "title", "version", "publisher"}, line)
        sections = document.get("section")
        if not isinstance(sections, list) or not sections or len(sections) > MAX_SECTIONS:
            self._no(1, f"1 to {MAX_SECTIONS} tables [[section]] are needed.")
            sections = []
        found: dict[str, RequirementText] = {}
        for number, section in enumerate(sections):
            self._section(section, number, found)
        if len(found) > MAX_REQUIREMENTS:
            self._no(1, f"A framework has {MAX_REQUIREMENTS} requirements at most.")
        return FrameworkText(
            slug=self._slug(head.get("slug"), line),
            title=self._text(head, "title", TITLE, line),
            version=self._text(head, "version", SHORT, line),
            publisher=self._text(head, "publisher", SHORT, line, required=False),
            requirements=tuple(found.values()),
            content_hash=content_hash,
        )

    def _section(self, section: object, number: int, found: dict[str, RequirementText]) -> None:
        line = self._line("[[section]]", nth=number)
        if not isinstance(section, Mapping):
            self._no(line, "A section is a table with id, title and requirements.")
            return
        self._only(section, {"id", "title", "requirements"}, line)
        identifier = self._text(section, "id", REFERENCE, line)
        title = self._text(section, "title", SECTION_TITLE, line)
        rows = section.get("requirements")
        if not isinstance(rows, Mapping) or not rows:
            self._no(line, "A section needs a table [section.requirements] with reference = words.")
            return
        for reference, words in rows.items():
            here = self._line(f'"{reference}"', f"{reference} ", f"{reference}=", after=line)
            if len(reference) > REFERENCE or not _REFERENCE.fullmatch(reference):
                self._no(here, "A reference has 1 to 60 letters, digits, blanks or any of .()/:+-§_")
            elif reference in found:
                self._no(here, f"“{reference}” stands twice.")
            else:
                text = self._clean(words, f"“{reference}”", PARAPHRASE, here)
                found[reference] = RequirementText(reference, identifier, title, text)

    def _text(
        self, table: Mapping[str, Any], name: str, longest: int, line: int, *, required: bool = True
    ) -> str:
        if name not in table:
            if required:
                self._no(line, f"{name} is needed.")
            return ""
        return self._clean(table[name], name, longest, line)

    def _clean(self, value: object, name: str, longest: int, line: int) -> str:
        try:
            return clean_text(value, field="", max_length=longest, required=True, lines=False)
        except InvalidInput as refusal:
            self._no(line, f"{name}: {refusal.detail}")
            return ""

    def _slug(self, value: object, line: int) -> str:
        try:
            return clean_slug(value, field="")
        except InvalidInput as refusal:
            self._no(line, f"slug: {refusal.detail}")
            return ""

    def _only(self, table: Mapping[str, Any], known: set[str], line: int) -> None:
        for name in sorted(set(table) - known):
            self._no(
                self._line(f"{name} ", f"{name}=", f"[{name}", f"[[{name}", after=line),
                f"“{name[:60]}” is not known here; known are: {', '.join(sorted(known))}.",
            )

    def _line(self, *starts: str, nth: int = 0, after: int = 1) -> int:
        """Return the line (from 1) that begins with one of `starts`, the `nth` of them, from `after` on."""
        for number, line in enumerate(self._lines[after - 1 :], after):
            if line.strip().startswith(starts):
                if nth == 0:
                    return number
                nth -= 1
        return after

    def _no(self, line: int, reason: str) -> None:
        self.wrong.append(Wrong(line, reason))
