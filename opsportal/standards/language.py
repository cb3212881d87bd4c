"""The rule language, second half: types, and three-valued evaluation. Pure.

A fact that is not known makes a condition "not known", by Kleene's rules: `false and unknown` is
false, `true or unknown` is true, everything else with an unknown in it is unknown. What is not
known never becomes a yes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from opsportal.standards.syntax import (
    Both,
    Comparison,
    Either,
    FactName,
    Filled,
    LanguageError,
    ListLiteral,
    Literal,
    Node,
    Not,
    parse,
)
from opsportal.standards.vocabulary import (
    BOOLEAN,
    DURATION,
    NUMBER,
    TEXT,
    Fact,
    Facts,
    Kind,
    Scalar,
    Type,
    Value,
    many,
)

__all__ = ["Expression", "LanguageError", "compile_expression", "known"]

_ORDERED = (Kind.NUMBER, Kind.DURATION, Kind.TIME)


@dataclass(frozen=True)
class Expression:
    """A condition whose types fit. Equal where its text is."""

    text: str
    tree: Node
    facts: Mapping[str, Fact]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Expression) and other.text == self.text

    def __hash__(self) -> int:
        return hash(self.text)

    def evaluate(self, facts: Facts) -> bool | None:
        """Return what the condition is under `facts`; None where that is not known."""
        return _truth(self.tree, self, facts)

    def least(self, fact: str) -> Scalar | None:
        """Return the least value of a fact with which the condition can hold, None where it sets none.

        Only what is demanded whatever else is so: `a >= 24h and b`, not `a >= 24h or b`.
        """
        found = [
            bound
            for node in (self.tree.operands if isinstance(self.tree, Both) else (self.tree,))
            if (bound := _lower_bound(node, fact)) is not None
        ]
        return max(found, default=None)

    def missing(self, facts: Facts) -> tuple[Fact, ...]:
        """Return the facts for want of which the condition is not known, in the order of the text."""
        names: dict[str, None] = {}
        if self.evaluate(facts) is None:
            _collect_missing(self.tree, self, facts, names)
        return tuple(self.facts[name] for name in names)


def known(fact: Fact, facts: Facts) -> Value:
    """Return the value of `fact`, or None where it is missing or not of its type.

    A fact's declared default (a metric's) stands in for a missing value.
    """
    value = facts.get(fact.name)
    if value is None:
        value = fact.default
    return value if value is not None and fact.type.accepts(value) else None


def compile_expression(text: str, facts: Mapping[str, Fact], *, elsewhere: Mapping[str, Fact]) -> Expression:
    """Return the condition `text`, fit to be evaluated wherever `facts` are known.

    `elsewhere` are all facts of the vocabulary: one that is known only there gets a better message.
    Raises `LanguageError` for whatever could not be evaluated: syntax, unknown fact, wrong type, a
    comparison with a value that a choice cannot have.
    """
    tree = parse(text)
    checker = _Checker(facts, elsewhere)
    found = checker.type_of(tree)
    if found.kind is not Kind.BOOLEAN:
        raise LanguageError(f"the whole must be true or false, but this is {_phrase(found)}")
    return Expression(text, tree, checker.used)


class _Checker:
    def __init__(self, facts: Mapping[str, Fact], elsewhere: Mapping[str, Fact]) -> None:
        self._facts = facts
        self._elsewhere = elsewhere
        self.used: dict[str, Fact] = {}

    def type_of(self, node: Node) -> Type:
        match node:
            case Literal():
                return _literal_type(node.value)
            case ListLiteral():
                return self._list_type(node)
            case FactName():
                return self._fact_type(node)
            case Filled():
                self._fact_type(node.fact)
                return BOOLEAN
            case Not():
                self._must_be_boolean(node.operand, "not")
                return BOOLEAN
            case Both() | Either():
                word = "and" if isinstance(node, Both) else "or"
                for operand in node.operands:
                    self._must_be_boolean(operand, word)
                return BOOLEAN
            case Comparison():
                self._check_comparison(node)
                return BOOLEAN

    def _fact_type(self, node: FactName) -> Type:
        fact = self._facts.get(node.name)
        if fact is None:
            reason = (
                "is not known here" if node.name in self._elsewhere else "is not a fact that rules may ask"
            )
            near = ", ".join(
                sorted(name for name in self._facts if name.split(".")[0] == node.name.split(".")[0])
            )
            hint = f"; there are: {near}" if near else ""
            raise LanguageError(f"'{node.name}' {reason}{hint}", node.position)
        self.used[node.name] = fact
        return fact.type

    def _list_type(self, node: ListLiteral) -> Type:
        types = [_literal_type(item.value) for item in node.items]
        if len({one.kind for one in types}) > 1:
            raise LanguageError("the items of a list must be of one type", node.position)
        return many(types[0])

    def _must_be_boolean(self, node: Node, word: str) -> None:
        found = self.type_of(node)
        if found.kind is not Kind.BOOLEAN:
            raise LanguageError(
                f"'{word}' joins what is true or false, but this is {_phrase(found)}", node.position
            )

    def _check_comparison(self, node: Comparison) -> None:
        left, right = self.type_of(node.left), self.type_of(node.right)
        if node.operator in ("in", "not in"):
            self._check_membership(node, left, right, node.left, node.right)
        elif node.operator == "contains":
            self._check_membership(node, right, left, node.right, node.left)
        else:
            if Kind.LIST in (left.kind, right.kind):
                raise LanguageError(
                    f"a list cannot stand at '{node.operator}'; use 'in' or 'contains'", node.position
                )
            if node.operator not in ("==", "!=") and left.kind not in _ORDERED:
                raise LanguageError(
                    f"'{node.operator}' needs an order, but this is {_phrase(left)}", node.position
                )
            self._check_same(node, left, right)
            self._check_values(left, node.right)
            self._check_values(right, node.left)

    def _check_membership(
        self, node: Comparison, one: Type, group: Type, one_node: Node, group_node: Node
    ) -> None:
        if group.item is None or one.kind is Kind.LIST:
            raise LanguageError(f"'{node.operator}' needs one value and one list", node.position)
        self._check_same(node, one, group.item)
        self._check_values(one, group_node)
        self._check_values(group.item, one_node)

    @staticmethod
    def _check_same(node: Comparison, left: Type, right: Type) -> None:
        if left.kind is not right.kind:
            raise LanguageError(f"{_phrase(left)} is never {_phrase(right)}", node.position)
        if left.choices and right.choices and not set(left.choices) & set(right.choices):
            raise LanguageError(f"{_phrase(left)} is never {_phrase(right)}", node.position)

    @staticmethod
    def _check_values(type_: Type, node: Node) -> None:
        """Refuse a text beside a choice that the choice can never be."""
        if not type_.choices:
            return
        literals = node.items if isinstance(node, ListLiteral) else (node,)
        for literal in literals:
            if isinstance(literal, Literal) and literal.value not in type_.choices:
                raise LanguageError(f"'{literal.value}' is never {_phrase(type_)}", literal.position)


def _phrase(type_: Type) -> str:
    return str(type_) if type_.choices else f"a {type_}"


def _literal_type(value: Scalar) -> Type:
    if isinstance(value, bool):
        return BOOLEAN
    if isinstance(value, str):
        return TEXT
    return DURATION if isinstance(value, timedelta) else NUMBER


def _truth(node: Node, expression: Expression, facts: Facts) -> bool | None:
    match node:
        case Not():
            inner = _truth(node.operand, expression, facts)
            return None if inner is None else not inner
        case Both():
            return _all_of([_truth(operand, expression, facts) for operand in node.operands])
        case Either():
            return _any_of([_truth(operand, expression, facts) for operand in node.operands])
        case Filled():
            value = known(expression.facts[node.fact.name], facts)
            return None if value is None else is_filled(value)
        case Comparison():
            return _compare(node, expression, facts)
    value = _value(node, expression, facts)
    return value if isinstance(value, bool) else None


def is_filled(value: Value) -> bool:
    """Return whether a known value says anything: a text that is not blank, a list with items."""
    if isinstance(value, str):
        return bool(value.strip())
    return len(value) > 0 if isinstance(value, tuple) else value is not None


def _all_of(values: list[bool | None]) -> bool | None:
    if False in values:
        return False
    return None if None in values else True


def _any_of(values: list[bool | None]) -> bool | None:
    if True in values:
        return True
    return None if None in values else False


def _value(node: Node, expression: Expression, facts: Facts) -> Value:
    match node:
        case Literal():
            return node.value
        case ListLiteral():
            return tuple(item.value for item in node.items)
        case FactName():
            return known(expression.facts[node.name], facts)
    return _truth(node, expression, facts)


def _compare(node: Comparison, expression: Expression, facts: Facts) -> bool | None:
    left, right = _value(node.left, expression, facts), _value(node.right, expression, facts)
    if left is None or right is None:
        return None
    match node.operator:
        case "==":
            return left == right
        case "!=":
            return left != right
        case "in":
            return isinstance(right, tuple) and left in right
        case "not in":
            return isinstance(right, tuple) and left not in right
        case "contains":
            return isinstance(left, tuple) and right in left
    return _ordered(node.operator, left, right)


def _ordered(operator: str, left: Value, right: Value) -> bool:
    # The checker has seen that both are of one ordered type, and `known` that the values are too.
    less = left < right  # type: ignore[operator]
    match operator:
        case "<":
            return bool(less)
        case "<=":
            return bool(less or left == right)
        case ">":
            return not less and left != right
    return not less


def _lower_bound(node: Node, fact: str) -> Scalar | None:
    match node:
        case Comparison(">=" | ">", FactName(name), Literal(value)) if name == fact:
            return value
        case Comparison("<=" | "<", Literal(value), FactName(name)) if name == fact:
            return value
    return None


def _collect_missing(node: Node, expression: Expression, facts: Facts, names: dict[str, None]) -> None:
    """Put the unknown facts of those branches into `names` that are themselves not known."""
    match node:
        case FactName():
            if known(expression.facts[node.name], facts) is None:
                names.setdefault(node.name)
        case Filled():
            _collect_missing(node.fact, expression, facts, names)
        case Not():
            _collect_missing(node.operand, expression, facts, names)
        case Both() | Either():
            for operand in node.operands:
                if _truth(operand, expression, facts) is None:
                    _collect_missing(operand, expression, facts, names)
        case Comparison():
            _collect_missing(node.left, expression, facts, names)
            _collect_missing(node.right, expression, facts, names)
