"""Mentions: people write names, texts keep ids."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changes.mentions import (
    Ambiguous,
    group_names,
    groups_mentioned,
    kept,
    mentioned,
    spoken,
    token,
    typed,
    without_tokens,
)
from opsportal.web.markdown import rendered, rendered_document

PRIYA, PRI, JOSE, TWIN = (f"00000000-0000-4000-8000-00000000000{n}" for n in range(4))
NAMES = [(PRIYA, "Priya Nair"), (PRI, "Priya"), (JOSE, "José d'Arc-Łuk"), (TWIN, "Sam Lee"), (PRI, "Sam Lee")]
SHOWN = dict(NAMES[:3])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("@Priya Nair, please look", f"{token(PRIYA)}, please look"),
        ("ask @priya nair.", f"ask {token(PRIYA)}."),
        ("(@Priya)", f"({token(PRI)})"),
        ("@Priya Nairobi", f"{token(PRI)} Nairobi"),
        ("@Priyanka", "@Priyanka"),
        ("@José d'Arc-Łuk!", f"{token(JOSE)}!"),
        ("@jose@example.org and @nobody@example.org", f"{token(JOSE)} and @nobody@example.org"),
        ("mail me@example.org, a@Priya", "mail me@example.org, a@Priya"),
        ("@ Priya @@Priya @", "@ Priya @@Priya @"),
        (f"{token(JOSE)} stays", f"{token(JOSE)} stays"),
    ],
)
def test_names_and_addresses_become_tokens(text: str, expected: str) -> None:
    assert kept(text, names=NAMES, addresses={"jose@example.org": JOSE}) == expected


SLUGS = group_names([("team", "payments"), ("team", "sam"), ("board", "payments-board")], ["Sam"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("@payments, look", "@{team:payments}, look"),
        ("@Payments-Board.", "@{board:payments-board}."),
        ("@payments-api and @paymentsx", "@payments-api and @paymentsx"),
        ("@payments- and @payments_", "@{team:payments}- and @{team:payments}_"),
        ("@sam", "@sam"),
        ("@{team:payments}", "@{team:payments}"),
    ],
)
def test_slugs_of_teams_and_boards_become_tokens(text: str, expected: str) -> None:
    assert kept(text, names=[*NAMES, *SLUGS], addresses={}) == expected


def test_groups_are_found_read_aloud_searched_and_edited() -> None:
    text = f"@{{team:payments}} {token(PRI)} @{{board:payments-board}} @{{team:payments}} @{{role:x}}"
    assert groups_mentioned(text) == [("team", "payments"), ("board", "payments-board")]
    assert mentioned(text) == [PRI]
    assert spoken(text, lambda _: "…") == "@payments @… @payments-board @payments @{role:x}"
    assert without_tokens(text).split() == ["payments", "payments-board", "payments", "@{role:x}"]
    assert typed(text, names={"team:payments": "payments"}, unique={"payments"}).startswith("@payments @{")
    both = group_names([("team", "ops"), ("board", "ops")], [])
    with pytest.raises(Ambiguous):
        kept("@ops", names=both, addresses={})


def test_a_group_is_a_link_where_it_has_a_page() -> None:
    html = rendered("@{team:payments}", lambda _: "<Payments>", lambda one: f"/{one.partition(':')[2]}/")
    assert '<a class="op-mention" href="/payments/"' in html
    assert "@&lt;Payments&gt;</a>" in html


def test_a_name_that_several_bear_is_refused() -> None:
    with pytest.raises(Ambiguous):
        kept("@Sam Lee", names=NAMES, addresses={})


def test_tokens_are_read_aloud_and_edited_as_names() -> None:
    text = f"{token(PRIYA)} and {token(TWIN)} and {token(PRIYA)}"
    assert mentioned(text) == [PRIYA, TWIN]
    assert spoken(text, lambda one: SHOWN.get(one, "former member 0000")).startswith(
        "@Priya Nair and @former"
    )
    shown = typed(text, names={PRIYA: "Priya Nair", TWIN: "Sam Lee"}, unique={"Priya Nair"})
    assert shown == f"@Priya Nair and {token(TWIN)} and @Priya Nair"
    assert kept(shown, names=NAMES, addresses={}) == text


@given(st.text(alphabet="@Priya Narİß{}-. \n", max_size=60))
def test_any_text_is_kept_without_its_names(text: str) -> None:
    said = kept(text, names=NAMES[:1], addresses={})
    assert spoken(said, lambda one: "Priya Nair").casefold() == text.casefold()


HARMLESS = {
    ("blockquote", ()),
    ("hr", ()),
    ("a", (("href", "https://elsewhere.example/pixel.png"), ("rel", "nofollow noopener noreferrer"))),
    ("a", (("href", "https://a.example"), ("rel", "nofollow noopener noreferrer"))),
    ("a", (("href", ""), ("rel", "nofollow noopener noreferrer"))),
}


class Elements(HTMLParser):
    """The elements of a piece of HTML, with their attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[tuple[str, tuple[tuple[str, str | None], ...]]] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.add((tag, tuple(sorted(attrs))))


HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](data:text/html,<script>alert(1)</script>)",
    "![x](https://elsewhere.example/pixel.png)",
    "<javascript:alert(1)>",
    '[x](https://a.example "onmouseover=alert(1)")',
    "[a]: javascript:alert(1)\n\n[a]",
    f'[x](https://a.example "{token(PRIYA)}")',
    "# Heading\n\nSetext\n===",
    "<svg/onload=alert(1)>",
    "`<b>` and\n\n    <script>\n",
    "{{7*7}} {% debug %}",
    "a\u0301" * 5_000,
    "> " * 2_000 + "deep",
    "*" * 4_000,
    "[" * 4_000,
]


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_of_what_is_written_runs_or_fetches(text: str) -> None:
    html = rendered(text, lambda _: '<b onclick="x">Priya</b>')
    seen = Elements()
    seen.feed(html)
    assert seen.found <= {
        ("p", ()),
        ("br", ()),
        ("em", ()),
        ("strong", ()),
        ("code", ()),
        ("pre", ()),
        *HARMLESS,
    }


def test_markdown_is_shown_with_mentions() -> None:
    html = rendered(f"**Ask** {token(PRIYA)}:\nsee <https://a.example> `x`\n\n- one", lambda _: "Priya & Co")
    assert "<strong>Ask</strong>" in html
    assert '<span class="op-mention">@Priya &amp; Co</span>' in html
    assert 'href="https://a.example" rel="nofollow noopener noreferrer"' in html
    assert "<br>" in html
    assert "<li>one</li>" in html


@pytest.mark.parametrize(
    ("text", "outline"),
    [
        ("# Scope\n\nAll.\n\n## Devices\n\nLocked.", ["h3", "h4"]),
        ("### Scope\n\n# Devices\n\n### Screens\n\n## Doors", ["h3", "h3", "h4", "h4"]),
        ("Scope\n=====\n\nAll.\n\nDevices\n-------", ["h3", "h4"]),
        ("# 1\n\n## 2\n\n### 3\n\n#### 4\n\n##### 5", ["h3", "h4", "h5", "h6", "h6"]),
    ],
)
def test_the_headings_of_a_document_make_a_whole_outline(text: str, outline: list[str]) -> None:
    html = rendered_document(text, str)
    assert re.findall(r"<(h\d)>", html) == outline
    assert re.findall(r"</(h\d)>", html) == outline
    assert "<h" not in rendered(text, str).replace("<hr>", "")


def test_a_document_is_as_harmless_as_the_rest() -> None:
    html = rendered_document(
        '# <b onclick="x">Scope</b> ![x](https://a.example/x.png)\n\n<script>1</script>', str
    )
    assert ("<b" in html, "<script" in html, "<img" in html) == (False, False, False)
