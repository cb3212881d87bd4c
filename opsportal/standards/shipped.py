"""The packs that come with the portal: `packs/<name>.toml`, their documents and their cases. Pure."""

from __future__ import annotations

from pathlib import Path

from opsportal.standards.packs import load, named_parent
from opsportal.standards.reading import PackError, Problem
from opsportal.standards.rules import Standard
from opsportal.standards.vocabulary import Vocabulary

FOLDER = Path(__file__).resolve().parent
PACKS = FOLDER / "packs"
CASES = PACKS / "cases"
DOCUMENTS = FOLDER / "documents"


def shipped_names() -> list[str]:
    """Return the names of the packs that come with the portal."""
    return sorted(path.stem for path in PACKS.glob("*.toml"))


def shipped_source(name: str) -> bytes | None:
    """Return the TOML of the shipped pack `name`, or None."""
    return (PACKS / f"{name}.toml").read_bytes() if name in shipped_names() else None


def shipped_document(name: str) -> bytes | None:
    """Return the shipped document of this file name, or None."""
    there = {path.name: path for path in DOCUMENTS.iterdir() if path.is_file()}
    return there[name].read_bytes() if name in there else None


def shipped_standard(name: str, vocabulary: Vocabulary) -> Standard:
    """Return the shipped pack `name`, loaded. Raises `PackError` where there is none or it is wrong."""
    source = shipped_source(name)
    if source is None:
        known = ", ".join(shipped_names())
        raise PackError([Problem("", "", "", f"there is no shipped pack '{name[:60]}'; there are: {known}")])
    return load(
        source, parents=shipped_parents(source, vocabulary), vocabulary=vocabulary, file=f"{name}.toml"
    )


def shipped_parents(source: str | bytes, vocabulary: Vocabulary) -> dict[str, Standard]:
    """Return what `source` may inherit from: the shipped pack that it names, else nothing."""
    parent = named_parent(source)
    return {parent: shipped_standard(parent, vocabulary)} if parent in shipped_names() else {}
