"""Markdown that people write, as HTML that can harm nobody: neither HTML of their own nor pictures."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape
from typing import Any

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_inline import StateInline

_MENTION = re.compile(r"@\{([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\}")
_TAGS = {"p", "br", "strong", "em", "code", "pre", "ul", "ol", "li", "blockquote", "a", "hr", "span", "s"}
_ATTRIBUTES: dict[str, set[str]] = {"*": set(), "a": {"href"}, "span": {"class"}, "ol": {"start"}}
_SCHEMES = {"http", "https", "mailto"}


def rendered(text: str, name_of: Callable[[str], str]) -> SafeString:
    """Return Markdown as HTML. A mention `@{id}` shows what `name_of` the id gives.

    Twice safe: the parser takes no HTML, and what it makes passes a list of harmless elements. Headings would
    break the outline of the page, pictures would be fetched from elsewhere.
    """
    html = _PARSER.render(text, {"name_of": name_of})
    return mark_safe(  # noqa: S308 - sanitised
        nh3.clean(html, tags=_TAGS, attributes=_ATTRIBUTES, url_schemes=_SCHEMES, link_rel=_REL)
    )


_REL = "nofollow noopener noreferrer"


def _take_mention(state: StateInline, silent: bool) -> bool:
    found = _MENTION.match(state.src, state.pos)
    if found is None:
        return False
    if not silent:
        state.push("mention", "", 0).content = found[1]
    state.pos = found.end()
    return True


def _show_mention(self: RendererHTML, tokens: Any, index: int, options: Any, env: Any) -> str:
    return f'<span class="op-mention">@{escape(env["name_of"](tokens[index].content))}</span>'


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "breaks": True, "maxNesting": 20})
    parser.enable("strikethrough")
    parser.disable(["heading", "lheading", "image", "reference"])
    parser.inline.ruler.before("text", "mention", _take_mention)
    parser.add_render_rule("mention", _show_mention)
    return parser


_PARSER = _parser()
