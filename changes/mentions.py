"""Mentions in comments: people write `@Priya Nair`, the text keeps `@{<id>}`, pages show the name. Pure.

So no text that histories keep forever holds the name of somebody who may be erased. A team or a board is
written by its slug, `@payments`, and kept as `@{team:payments}` or `@{board:change-advisory-board}`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping

TOKEN = re.compile(r"@\{([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\}")
GROUP = re.compile(r"@\{((?:team|board):[a-z0-9_-]{1,60})\}")
ADDRESS = re.compile(r"(?<![\w@])@([\w.+-]+@[\w-]+(?:\.[\w-]+)+)")
_AT = re.compile(r"(?<![\w@])@(?=\w)")
LONGEST_NAME = 150


class Ambiguous(Exception):  # noqa: N818 - an expected answer
    """Several people, or a team and a board, bear this name."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def token(identifier: str) -> str:
    """Return how the text keeps a mention of the person, team or board with this id."""
    return f"@{{{identifier}}}"


def mentioned(text: str) -> list[str]:
    """Return the ids of the people whom `text` mentions, each once, in order."""
    return list(dict.fromkeys(TOKEN.findall(text)))


def groups_mentioned(text: str) -> list[tuple[str, str]]:
    """Return kind (`team` or `board`) and slug of each group that `text` mentions, each once, in order."""
    found = [tuple(one.split(":", 1)) for one in dict.fromkeys(GROUP.findall(text))]
    return [(kind, slug) for kind, slug in found]


def group_names(slugs: Iterable[tuple[str, str]], people: Collection[str]) -> list[tuple[str, str]]:
    """Return what `kept` takes as names for groups (kind, slug), but those called as a person."""
    borne = {name.casefold() for name in people}
    return [(f"{kind}:{slug}", slug) for kind, slug in slugs if slug.casefold() not in borne]


def without_tokens(text: str) -> str:
    """Return `text` without what stands for people, and with the slugs of groups."""
    return GROUP.sub(lambda found: found[1].partition(":")[2], TOKEN.sub("", text))


def kept(text: str, *, names: Iterable[tuple[str, str]], addresses: Mapping[str, str]) -> str:
    """Return `text` with a token for each `@Full Name` and `@address` of these people.

    `names` are (id, full name), also (`team:<slug>`, slug), and `addresses` e-mail address in small letters
    to id. Of several names that fit the longest counts; what fits nobody stays as it is. Raises `Ambiguous`.
    """
    by_start: dict[str, list[tuple[str, str]]] = {}
    for identifier, name in names:
        folded = name.casefold()
        if folded:
            by_start.setdefault(folded.split()[0], []).append((folded, identifier))
    text = ADDRESS.sub(
        lambda found: token(addresses[found[1].lower()]) if found[1].lower() in addresses else found[0], text
    )
    pieces, here = [], 0
    for at in _AT.finditer(text):
        if at.start() < here:
            continue
        fitting = _fitting(text[at.end() : at.end() + LONGEST_NAME], by_start)
        if fitting is not None:
            length, identifier = fitting
            pieces += [text[here : at.start()], token(identifier)]
            here = at.end() + length
    return "".join([*pieces, text[here:]])


def spoken(text: str, name_of: Callable[[str], str]) -> str:
    """Return `text` as it is read aloud: each token as `@` and the name that `name_of` an id gives.

    Groups by their slug.
    """
    said = GROUP.sub(lambda found: "@" + found[1].partition(":")[2], text)
    return TOKEN.sub(lambda found: f"@{name_of(found[1])}", said)


def typed(text: str, *, names: Mapping[str, str], unique: Collection[str]) -> str:
    """Return `text` for a form to edit: names where only one person bears them, tokens elsewhere."""

    def written(found: re.Match[str]) -> str:
        return f"@{names[found[1]]}" if names.get(found[1], "") in unique else found[0]

    return GROUP.sub(written, TOKEN.sub(written, text))


def _fitting(rest: str, by_start: Mapping[str, list[tuple[str, str]]]) -> tuple[int, str] | None:
    """Return the length and the id of the longest name with which `rest` begins."""
    folded = rest.casefold()
    if len(folded) != len(rest):
        # A letter that becomes two in small letters would shift all places; it is compared as it stands.
        folded = rest.lower() if len(rest.lower()) == len(rest) else rest
    first = re.match(r"[^\s@]+", folded)
    starts = [first[0][:end] for end in range(len(first[0]), 0, -1)] if first else []
    candidates = [one for start in starts for one in by_start.get(start, ())]
    fitting = [
        one
        for one in candidates
        if folded.startswith(one[0]) and not _goes_on(folded[len(one[0]) :], is_slug=":" in one[1])
    ]
    if not fitting:
        return None
    longest = max(len(name) for name, _ in fitting)
    people = {identifier for name, identifier in fitting if len(name) == longest}
    if len(people) > 1:
        raise Ambiguous(rest[:longest])
    return longest, people.pop()


def _goes_on(rest: str, *, is_slug: bool) -> bool:
    """Return whether a name is only the beginning of a word; `@payments-api` is not the team payments."""
    return rest[:1].isalnum() or (is_slug and re.match(r"[-_]\w", rest) is not None)
