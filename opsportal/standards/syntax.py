"""The rule language, first half: text to tokens to tree. Pure.

    change.type == "normal" and not (change.risk in ["low"] or filled(change.rollback_plan))

A tree says nothing yet of types; `language.compile_expression` refuses what could not be evaluated.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import NoReturn

MAX_LENGTH = 1000
MAX_DEPTH = 20
MAX_DURATION = timedelta(days=3660)

COMPARISONS = ("==", "!=", "<", "<=", ">", ">=", "in", "not in", "contains")
_WORDS = frozenset({"and", "or", "not", "in", "contains", "true", "false", "filled"})
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


class LanguageError(Exception):
    """The expression cannot be used. The message says why, and where (counted from 1)."""

    def __init__(self, reason: str, position: int | None = None) -> None:
        super().__init__(reason if position is None else f"{reason} (at character {position + 1})")


@dataclass(frozen=True, slots=True)
class Literal:
    value: str | int | float | bool | timedelta
    position: int


@dataclass(frozen=True, slots=True)
class ListLiteral:
    items: tuple[Literal, ...]
    position: int


@dataclass(frozen=True, slots=True)
class FactName:
    name: str
    position: int


@dataclass(frozen=True, slots=True)
class Filled:
    fact: FactName
    position: int


@dataclass(frozen=True, slots=True)
class Not:
    operand: Node
    position: int


@dataclass(frozen=True, slots=True)
class Both:
    """`and` of two or more; kept flat, so that a long chain is no deep tree."""

    operands: tuple[Node, ...]
    position: int


@dataclass(frozen=True, slots=True)
class Either:
    """`or` of two or more, flat."""

    operands: tuple[Node, ...]
    position: int


@dataclass(frozen=True, slots=True)
class Comparison:
    operator: str
    left: Node
    right: Node
    position: int


Node = Literal | ListLiteral | FactName | Filled | Not | Both | Either | Comparison


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str  # text, number, duration, word, fact, symbol, end
    text: str
    position: int


_TOKEN = re.compile(
    r"""
      (?P<space>[ \t\r\n]+)
    | (?P<text>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
    | (?P<duration>[0-9]{1,9}[smhdw](?![A-Za-z0-9_.]))
    | (?P<number>[0-9]{1,15}(?:\.[0-9]{1,15})?(?![A-Za-z0-9_.]))
    | (?P<fact>[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)+)
    | (?P<word>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<symbol>==|!=|<=|>=|<|>|\(|\)|\[|\]|,)
    """,
    re.VERBOSE | re.ASCII,
)
_ESCAPE = re.compile(r"\\(.)")


def parse_duration(text: str) -> timedelta:
    """Return the duration that `15m`, `24h`, `2d`, `1w` or `30s` says. Raises `LanguageError`."""
    if not re.fullmatch(r"[0-9]{1,9}[smhdw]", text, re.ASCII):
        raise LanguageError(f"'{text[:40]}' is no duration; write it like 15m, 24h, 2d or 1w")
    seconds = int(text[:-1]) * _SECONDS[text[-1]]
    if seconds > MAX_DURATION.total_seconds():
        raise LanguageError(f"{text} is longer than {MAX_DURATION.days} days")
    return timedelta(seconds=seconds)


def format_duration(value: timedelta) -> str:
    """Return `value` (whole seconds) in the largest unit that says it exactly."""
    seconds = round(value.total_seconds())
    for unit in ("w", "d", "h", "m"):
        if seconds and seconds % _SECONDS[unit] == 0:
            return f"{seconds // _SECONDS[unit]}{unit}"
    return f"{seconds}s"


def _tokens(text: str) -> Iterator[_Token]:
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            if text[position] in "\"'":
                raise LanguageError("the text that starts here does not end", position)
            if text[position].isdigit():
                raise LanguageError("this is neither a number (0.05) nor a duration (24h)", position)
            raise LanguageError(f"'{text[position]}' means nothing here", position)
        kind = str(match.lastgroup)
        if kind != "space":
            yield _Token(kind, match.group(), position)
        position = match.end()
    yield _Token("end", "", len(text))


class _Parser:
    """A Pratt parser: `or` binds loosest, then `and`, `not`, comparison."""

    _OR, _AND, _NOT, _COMPARISON = 10, 20, 30, 40

    def __init__(self, text: str) -> None:
        self._all = list(_tokens(text))
        self._next = 0
        self._depth = 0

    def whole(self) -> Node:
        node = self._expression(0)
        if self._token.kind != "end":
            self._refuse(f"'{self._token.text}' does not belong here")
        return node

    @property
    def _token(self) -> _Token:
        return self._all[self._next]

    def _take(self) -> _Token:
        token = self._token
        self._next += 1
        return token

    def _is(self, *texts: str) -> bool:
        return self._token.kind in ("word", "symbol") and self._token.text in texts

    def _expect(self, text: str) -> None:
        if not self._is(text):
            self._refuse(f"'{text}' is missing")
        self._take()

    def _refuse(self, reason: str) -> NoReturn:
        raise LanguageError(reason, self._token.position)

    def _expression(self, loosest: int) -> Node:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            self._refuse(f"this nests deeper than {MAX_DEPTH} levels")
        node = self._prefix()
        while True:
            binding = self._binding()
            if binding <= loosest:
                break
            node = self._infix(node, binding)
        self._depth -= 1
        return node

    def _binding(self) -> int:
        if self._is("or"):
            return self._OR
        if self._is("and"):
            return self._AND
        if self._is(*COMPARISONS, "not"):
            return self._COMPARISON
        return 0

    def _infix(self, left: Node, binding: int) -> Node:
        token = self._take()
        if binding == self._COMPARISON:
            operator = token.text
            if operator == "not":
                self._expect("in")
                operator = "not in"
            right = self._expression(binding)
            if self._binding() == self._COMPARISON:
                self._refuse("comparisons do not chain; join two with 'and'")
            return Comparison(operator, left, right, token.position)
        right = self._expression(binding)
        if binding == self._AND:
            return Both((*_parts(left, Both), right), token.position)
        return Either((*_parts(left, Either), right), token.position)

    def _prefix(self) -> Node:
        token = self._take()
        if token.kind == "word" and token.text not in _WORDS:
            raise LanguageError(
                f"'{token.text}' is not known; facts have a dot, texts have quotes", token.position
            )
        match token.kind, token.text:
            case "fact", name:
                return FactName(name, token.position)
            case "word", "not":
                return Not(self._expression(self._NOT), token.position)
            case "word", "filled":
                return self._filled(token)
            case "symbol", "(":
                node = self._expression(0)
                self._expect(")")
                return node
            case "symbol", "[":
                return self._list(token)
        return self._literal(token)

    def _filled(self, start: _Token) -> Filled:
        self._expect("(")
        token = self._take()
        if token.kind != "fact":
            raise LanguageError("'filled' takes the name of a fact", token.position)
        self._expect(")")
        return Filled(FactName(token.text, token.position), start.position)

    def _list(self, start: _Token) -> ListLiteral:
        items: list[Literal] = []
        while not self._is("]"):
            items.append(self._literal(self._take()))
            if not self._is("]"):
                self._expect(",")
        self._take()
        if not items:
            raise LanguageError("the list is empty", start.position)
        return ListLiteral(tuple(items), start.position)

    @staticmethod
    def _literal(token: _Token) -> Literal:
        match token.kind, token.text:
            case "text", quoted:
                return Literal(_ESCAPE.sub(r"\1", quoted[1:-1]), token.position)
            case "number", digits:
                return Literal(float(digits) if "." in digits else int(digits), token.position)
            case "duration", written:
                try:
                    return Literal(parse_duration(written), token.position)
                except LanguageError as error:
                    raise LanguageError(str(error), token.position) from None
            case "word", ("true" | "false") as word:
                return Literal(word == "true", token.position)
            case "end", _:
                raise LanguageError("something is missing at the end", token.position)
        raise LanguageError(f"'{token.text}' is not a value", token.position)


def _parts(node: Node, kind: type[Both] | type[Either]) -> tuple[Node, ...]:
    return node.operands if isinstance(node, kind) else (node,)


def parse(text: str) -> Node:
    """Return the tree of `text`. Raises `LanguageError`, and nothing else, for whatever is not one."""
    if len(text) > MAX_LENGTH:
        raise LanguageError(f"this has {len(text)} characters; at most {MAX_LENGTH} are read")
    if not text.strip():
        raise LanguageError("the expression is empty")
    return _Parser(text).whole()
