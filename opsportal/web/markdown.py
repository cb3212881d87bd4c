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

_MENTION = re.compile(r"@\{([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?:team|board):[a-z0-9_-]{1,60})\}")
_TAGS = {"p", "br", "strong", "em", "code", "pre", "ul", "ol", "li", "blockquote", "a", "hr", "span", "s"}
_ATTRIBUTES: dict[str, set[str]] = {"*": set(), "a": {"href", "class"}, "span": {"class"}, "ol": {"start"}}
_SCHEMES = {"http", "https", "mailto"}


def _nowhere(_identifier: str) -> str:
    return ""


def rendered(
    text: str, name_of: Callable[[str], str], path_of: Callable[[str], str] = _nowhere
) -> SafeString:
    """Return Markdown as HTML. A mention `@{id}` shows what `name_of` the id (or `team:<slug>`) gives.

    It is a link where `path_of` gives a path.

    Twice safe: the parser takes no HTML, and what it makes passes a list of harmless elements. Headings would
    break the outline of the page (but see `rendered_document`), pictures would be fetched from elsewhere.
    """
    return _cleaned(_PARSER.render(text, {"name_of": name_of, "path_of": path_of}), _TAGS)


def rendered_document(
    text: str, name_of: Callable[[str], str], path_of: Callable[[str], str] = _nowhere
) -> SafeString:
    """Return Markdown as `rendered` does, with its headings, as the text of a card with a heading h2.

    The outline stays whole, whatever levels its author took: headings begin at h3, and each is at most one
    level below the one under which it stands.
    """
    tokens = _DOCUMENT_PARSER.parse(text, env := {"name_of": name_of, "path_of": path_of})
    over: list[int] = []
    for token in tokens:
        if token.type == "heading_open":
            level = int(token.tag[1])
            over = [one for one in over if one < level] + [level]
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(_FIRST - 1 + len(over), 6)}"
    html: str = _DOCUMENT_PARSER.renderer.render(tokens, _DOCUMENT_PARSER.options, env)
    return _cleaned(html, _TAGS | _HEADINGS)


def _cleaned(html: str, tags: set[str]) -> SafeString:
    return mark_safe(  # noqa: S308 - sanitised
        nh3.clean(html, tags=tags, attributes=_ATTRIBUTES, url_schemes=_SCHEMES, link_rel=_REL)
    )


_FIRST = 3
_HEADINGS = {"h3", "h4", "h5", "h6"}
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
    identifier = tokens[index].content
    name, path = escape(env["name_of"](identifier)), env["path_of"](identifier)
    if path:
        return f'<a class="op-mention" href="{escape(path)}">@{name}</a>'
    return f'<span class="op-mention">@{name}</span>'


def _parser(*refused: str) -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "breaks": True, "maxNesting": 20})
    parser.enable("strikethrough")
    parser.disable(["image", "reference", *refused])
    parser.inline.ruler.before("text", "mention", _take_mention)
    parser.add_render_rule("mention", _show_mention)
    return parser


_PARSER = _parser("heading", "lheading")
_DOCUMENT_PARSER = _parser()
