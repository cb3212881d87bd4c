"""Links of a service."""

from __future__ import annotations

from typing import Any

import pytest

from opsportal.catalog.services.links import clean_links
from opsportal.core.errors import InvalidInput


@pytest.mark.parametrize(
    "url",
    [
        "https://wiki.example.org/a?b=c#d",
        "http://grafana:3000/d/1",
        "http://[::1]:8080/",
        "HTTPS://EXAMPLE.ORG",
        "https://example.org/🦊",
    ],
)
def test_web_addresses_pass(url: str) -> None:
    assert clean_links([{"title": " Wiki ", "url": url}]) == [{"title": "Wiki", "url": url}]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "wiki",
        "//example.org",
        "ftp://example.org",
        "javascript:alert(1)",
        "JaVaScRiPt://example.org/%0aalert(1)",
        "data:text/html,x",
        "https://",
        "https:///path",
        "https://exa mple.org",
        "https://example.org:99999/",
        "https://[::1/",
        "https://user:secret@example.org",
        "https://user@example.org",
        "https://example.org/\x00",
        "https://exam\nple.org",
        "https://example.org/\u2028x",
        "https://" + "x" * 500,
        7,
        None,
        ["https://example.org"],
    ],
)
def test_other_addresses_are_refused_at_their_place(url: Any) -> None:
    with pytest.raises(InvalidInput) as caught:
        clean_links([{"title": "Good", "url": "https://example.org"}, {"title": "Bad", "url": url}])
    assert [error.pointer for error in caught.value.errors] == ["/links/1/url"]


@pytest.mark.parametrize(
    ("value", "pointers"),
    [
        (None, ["/links"]),
        ("https://example.org", ["/links"]),
        ({"title": "x"}, ["/links"]),
        ([{"title": "x", "url": "https://example.org"}] * 21, ["/links"]),
        (["https://example.org", 7], ["/links/0", "/links/1"]),
        ([{"title": "", "url": "https://example.org"}], ["/links/0/title"]),
        ([{"url": "https://example.org"}], ["/links/0/title"]),
        ([{"title": "x" * 81, "url": "https://example.org"}], ["/links/0/title"]),
        ([{"title": "x", "url": "https://example.org", "icon": "y"}], ["/links/0/icon"]),
    ],
)
def test_a_list_of_another_shape_is_refused(value: Any, pointers: list[str]) -> None:
    with pytest.raises(InvalidInput) as caught:
        clean_links(value)
    assert [error.pointer for error in caught.value.errors] == pointers


def test_twenty_links_pass_and_none_pass() -> None:
    assert len(clean_links([{"title": "x", "url": "https://example.org"}] * 20)) == 20
    assert clean_links([]) == []
