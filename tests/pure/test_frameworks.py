"""Frameworks as data files: what is shipped is whole, and what is wrong in a file is named by its line."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

import compliance
from compliance.controlling.frameworks import MAX_BYTES, read_framework
from opsportal.core.errors import InvalidInput

FOLDER = Path(compliance.__file__).parent / "frameworks"
GOOD = """[framework]
slug = "own"
title = "Our own rules"
version = "3"

[[section]]
id = "A"
title = "First"
[section.requirements]
"A.1" = "Do this."
"A.2" = "Do that."
"""


def wrong(text: str | bytes) -> list[str]:
    with pytest.raises(InvalidInput) as refusal:
        read_framework(text.encode() if isinstance(text, str) else text)
    return [error.detail for error in refusal.value.errors]


def test_a_framework_is_read_in_the_order_of_its_file() -> None:
    framework = read_framework(GOOD.encode())
    assert (framework.slug, framework.version, framework.publisher) == ("own", "3", "")
    assert [(one.reference, one.section_title, one.text) for one in framework.requirements] == [
        ("A.1", "First", "Do this."),
        ("A.2", "First", "Do that."),
    ]
    assert framework.content_hash == hashlib.sha256(GOOD.encode()).hexdigest()


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (GOOD.replace('title = "First"', "title = First"), 8, "not TOML"),
        (GOOD.replace('slug = "own"', 'slug = "Our Own"'), 1, "slug"),
        (GOOD.replace('version = "3"\n', ""), 1, "version is needed"),
        (GOOD.replace('version = "3"', 'version = "3"\nauthor = "me"'), 5, "“author” is not known here"),
        (GOOD.replace('"Do that."', '""'), 11, "“A.2”: This is needed."),
        (GOOD.replace('"Do that."', "7"), 11, "“A.2”: Must be text."),
        (GOOD.replace('"A.2"', '"A<2>"'), 11, "A reference has"),
        (GOOD.replace('"A.2" = "Do that."', f'"A.2" = "{"x" * 401}"'), 11, "At most 400"),
        (
            GOOD + '\n[[section]]\nid = "B"\ntitle = "Second"\n[section.requirements]\n"A.1" = "Again."\n',
            17,
            "stands twice",
        ),
        (GOOD + '\n[[section]]\nid = "B"\ntitle = "Second"\n', 13, "needs a table"),
        ('[framework]\nslug = "own"\ntitle = "T"\nversion = "1"\n', 1, "[[section]]"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(text: str, line: int, words: str) -> None:
    found = wrong(text)
    assert len(found) == 1
    assert found[0].startswith(f"Line {line}: ")
    assert words in found[0]


def test_everything_that_is_wrong_is_named_at_once() -> None:
    text = GOOD.replace('slug = "own"', 'slug = "?"').replace('"Do this."', "1").replace('"Do that."', "2")
    assert [one.partition(":")[0] for one in wrong(text)] == ["Line 1", "Line 10", "Line 11"]


def test_what_is_no_text_and_what_is_too_large_is_refused() -> None:
    assert wrong(GOOD.encode() + b"\n# \xff\xfe") == ["Line 13: This is not UTF-8 text."]
    assert "larger" in wrong(b"#" * (MAX_BYTES + 1))[0]


def test_every_shipped_framework_is_the_one_that_was_released() -> None:
    lines = (FOLDER / "SHA256SUMS").read_text("ascii").splitlines()
    sums = {name: digest for digest, name in (line.split("  ") for line in lines)}
    files = {path.name: path.read_bytes() for path in FOLDER.glob("*.toml")}
    assert {name: hashlib.sha256(source).hexdigest() for name, source in files.items()} == sums
    found = {name: read_framework(source) for name, source in files.items()}
    assert {name: len(framework.requirements) for name, framework in found.items()} == {
        "gdpr.toml": 29,
        "hipaa.toml": 42,
        "iso-27001.toml": 93,
        "pci-dss.toml": 44,
        "soc2.toml": 43,
    }
    assert all(name == f"{framework.slug}.toml" for name, framework in found.items())
