"""Which tests run in one process, and which begin first."""

from __future__ import annotations

import pytest

from tests.processes import ROOT
from tests.spread import LONG, longest_first, scope_of


@pytest.mark.parametrize(
    ("nodeid", "scope"),
    [
        ("tests/browser/test_pages.py::test_a[chromium]", "tests/browser/"),
        ("tests/kills/test_tick_kills.py::test_a[x::y]", "tests/kills/test_tick_kills.py"),
        ("tests/faces/test_demo.py::TestLoaded::test_a", "tests/faces/test_demo.py::TestLoaded"),
        ("tests/pure/test_spread.py::test_a[a/b::c]", "tests/pure/test_spread.py::test_a[a/b::c]"),
    ],
)
def test_tests_that_share_something_have_one_scope(nodeid: str, scope: str) -> None:
    assert scope_of(nodeid) == scope


def test_long_tests_come_first_and_all_others_stay_in_their_order() -> None:
    given = [
        "tests/faces/b",
        "tests/faces/a",
        "tests/kills/b",
        "tests/pure/c",
        "tests/kills/a",
        "tests/fuzz/a",
    ]
    first = ["tests/kills/b", "tests/kills/a", "tests/fuzz/a"]
    assert sorted(given, key=longest_first) == [*first, "tests/faces/b", "tests/faces/a", "tests/pure/c"]


@pytest.mark.parametrize("begins", LONG)
def test_what_is_called_long_is_there(begins: str) -> None:
    path, _, name = begins.partition("::")
    assert (ROOT / path).exists()
    assert not name or f"def {name}" in (ROOT / path).read_text(encoding="utf-8")
