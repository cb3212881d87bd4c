"""Packs: a standard's TOML to a checked `Standard`, or everything that is wrong with it at once. Pure.

`docs/standards.md` tells authors how to write one.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from typing import Literal, Protocol, TypeVar, cast

from opsportal.standards.content import hash_of
from opsportal.standards.demand_places import Names
from opsportal.standards.reading import FACT_WORD, MAX_LONG, PackError, Problem, Problems, Reader
from opsportal.standards.responding import read_escalations, read_triggers
from opsportal.standards.rule_reading import MAX_RULES, Pack, read_origin, read_rules, read_source
from opsportal.standards.rules import (
    Check,
    Listed,
    Metric,
    Role,
    Source,
    Standard,
)
from opsportal.standards.vocabulary import BY_UNIT, RANGES, Figure, Vocabulary

__all__ = ["MAX_BYTES", "PackError", "Problem", "load", "named_document", "named_parent", "restore"]

MAX_BYTES = 1_048_576
MAX_KEY_PARTS = 32
# tomllib needs memory in the square of a key's parts, so a line of `a.a.a.a…` could fill the machine.
_PART = r"""(?:[A-Za-z0-9_-]++|"[^"\n]*+"|'[^'\n]*+')"""
_LONG_KEY = re.compile(rf"(?<![A-Za-z0-9_-]){_PART}(?:[ \t]*+\.[ \t]*+{_PART}){{{MAX_KEY_PARTS}}}", re.ASCII)


class _Named(Protocol):
    @property
    def id(self) -> str: ...


N = TypeVar("N", bound=_Named)


def load(
    source: str | bytes, *, parents: Mapping[str, Standard], vocabulary: Vocabulary, file: str = ""
) -> Standard:
    """Return the standard that the TOML `source` describes, with all that it inherits from `parents`.

    Raises `PackError` with every problem found, each with file, rule id, field and reason.
    """
    problems = Problems(file)
    table = _parse(source, problems)
    problems.raise_any()
    return _read(table, parents=parents, vocabulary=vocabulary, problems=problems, resolved=False)


def restore(content: bytes, *, vocabulary: Vocabulary, content_hash: str) -> Standard:
    """Return the standard that was stored as canonical JSON.

    Raises `PackError` where the bytes are not those that the hash was made of, or where this
    version of the portal no longer knows something that the standard names.
    """
    problems = Problems(f"standard {content_hash[:12]}")
    if hashlib.sha256(content).hexdigest() != content_hash:
        problems.note(
            "", "", "the stored content does not match its hash; it was changed after it was stored"
        )
    problems.raise_any()
    return _read(json.loads(content), parents={}, vocabulary=vocabulary, problems=problems, resolved=True)


def named_parent(source: str | bytes) -> str:
    """Return the name of the pack that `source` extends, `""` where it says none or cannot be read."""
    return _named(source, "extends")


def named_document(source: str | bytes) -> str:
    """Return the file name of the document that `source` names, `""` as in `named_parent`."""
    return _named(source, "document")


def _named(source: str | bytes, key: str) -> str:
    table = _parse(source, Problems("")).get("standard")
    name = table.get(key) if isinstance(table, dict) else None
    return name if isinstance(name, str) else ""


def _parse(source: str | bytes, problems: Problems) -> dict[str, object]:
    try:
        data = source.encode() if isinstance(source, str) else source
        if len(data) > MAX_BYTES:
            problems.note("", "", f"the file has {len(data)} bytes; at most {MAX_BYTES} are read")
            return {}
        text = data.decode()
        if _LONG_KEY.search(text):
            problems.note("", "", f"the file has a key of more than {MAX_KEY_PARTS} parts")
            return {}
        return tomllib.loads(text)
    except (UnicodeDecodeError, UnicodeEncodeError) as error:
        problems.note("", "", f"the file is not UTF-8 text: {error.reason}")
    except RecursionError:
        problems.note("", "", "the file nests too deeply")
    except ValueError as error:
        problems.note("", "", f"the file is not TOML: {str(error)[:MAX_LONG]}")
    return {}


def _read(
    table: Mapping[str, object],
    *,
    parents: Mapping[str, Standard],
    vocabulary: Vocabulary,
    problems: Problems,
    resolved: bool,
) -> Standard:
    top = Reader(table, problems, "")
    head = top.table("standard", required=True) or Reader({}, problems, "", "standard")
    pack = Pack(head.word("name"), head.file_name("document"), resolved, problems)
    parent = None if resolved else _parent(head, pack, parents)
    roles = _inherit(
        parent.roles if parent else (), [_role(one) for one in top.tables("role")], "role", problems
    )
    checks = _inherit(
        parent.checks if parent else (), [_check(one) for one in top.tables("check")], "check", problems
    )
    metrics = _inherit(
        parent.metrics if parent else (),
        [_metric(one, pack) for one in top.tables("metric")],
        "metric",
        problems,
    )
    figures = _inherit(
        parent.figures if parent else (), [_figure(one) for one in top.tables("figure")], "figure", problems
    )
    for figure in figures:
        if figure.id in vocabulary.figures:
            problems.note(
                "", f"figure.{figure.id}", "the portal computes a figure of this id; choose another"
            )
    own_facts = [*(check.fact for check in checks), *(metric.fact for metric in metrics)]
    policy_hash = head.text("policy_hash") or (parent.policy_hash if parent else "")
    names = Names(
        vocabulary.with_facts(own_facts),
        {role.id for role in roles},
        {check.id for check in checks},
        policy_hash,
        {*vocabulary.figures, *(figure.id for figure in figures)},
    )
    rules, dropped = read_rules(top, pack, names, parent)
    listed = [_listed(one, pack) for one in top.tables("listed", most=MAX_RULES)]
    review_source = head.table("review_source")
    standard = Standard(
        name=pack.name,
        title=head.text("title", required=True),
        version=head.text("version", required=True),
        document=pack.document,
        document_sha256=_sha256(head),
        status=head.text("status"),
        updated=head.day("updated"),
        next_review=head.day("next_review"),
        policy_hash=policy_hash,
        description=head.text("description", longest=MAX_LONG, lines=True),
        extends=head.text("extends"),
        roles=roles,
        checks=checks,
        metrics=metrics,
        rules=rules,
        listed=(*(parent.listed if parent else ()), *listed),
        vocabulary=names.vocabulary,
        dropped=(*(parent.dropped if parent else ()), *dropped),
        extends_hash=head.text("extends_hash") if resolved else parent.content_hash if parent else "",
        review_by=_reviewer(head, names),
        review_source=read_source(review_source, pack) if review_source else None,
        escalations=read_escalations(top, pack, names, parent.escalations if parent else ()),
        triggers=read_triggers(top, pack, names, parent.triggers if parent else ()),
        figures=figures,
    )
    head.close()
    top.close()
    problems.raise_any()
    return replace(standard, content_hash=hash_of(standard))


def _parent(head: Reader, pack: Pack, parents: Mapping[str, Standard]) -> Standard | None:
    name = head.word("extends", required=False)
    if not name:
        return None
    if name == pack.name:
        head.note("extends", "a pack cannot extend itself")
        return None
    if name not in parents:
        known = ", ".join(sorted(parents)) or "none"
        head.note("extends", f"there is no pack '{name}' to inherit from; there are: {known}")
    return parents.get(name)


def _reviewer(head: Reader, names: Names) -> str:
    role = head.word("review_by", required=False)
    if role and role not in names.roles:
        declared = ", ".join(sorted(names.roles)) or "none"
        head.note("review_by", f"'{role}' is not a role that this pack declares; declared: {declared}")
    return role


def _sha256(head: Reader) -> str:
    text = head.text("document_sha256", required=True)
    if text and (len(text) != 64 or set(text) - set("0123456789abcdef")):
        head.note("document_sha256", "must be 64 hexadecimal digits in small letters")
    return text


def _inherit(inherited: tuple[N, ...], own: list[N], what: str, problems: Problems) -> tuple[N, ...]:
    """Return inherited entries and own ones. An own one may repeat an inherited one, but not change it."""
    entries = {entry.id: entry for entry in inherited}
    seen: set[str] = set()
    for entry in own:
        if entry.id in seen:
            problems.note("", f"{what}.{entry.id}", "this id stands twice")
        elif entries.setdefault(entry.id, entry) != entry:
            problems.note(
                "", f"{what}.{entry.id}", "this id is inherited with another meaning; choose another id"
            )
        seen.add(entry.id)
    return tuple(entry for key, entry in entries.items() if key)


def _role(reader: Reader) -> Role:
    kind = cast(Literal["board", "job"], reader.one_of("kind", ("board", "job")))
    role = Role(
        reader.word("id"),
        reader.text("title", required=True, longest=120),
        kind,
        sees_restricted=reader.boolean("sees_restricted"),
    )
    reader.close()
    return role


def _check(reader: Reader) -> Check:
    check = Check(reader.word("id", FACT_WORD), reader.text("title", required=True))
    reader.close()
    return check


def _metric(reader: Reader, pack: Pack) -> Metric:
    kind = cast(Literal["number", "boolean"], reader.one_of("type", ("number", "boolean")))
    default = reader.raw("default")
    if pack.resolved and isinstance(default, str):
        default = default == "true" if kind == "boolean" else json.loads(default)
    fits = default is None or isinstance(default, bool) == (kind == "boolean")
    if (
        not fits
        or not isinstance(default, int | float | None)
        or (default is not None and not math.isfinite(default))
    ):
        reader.note("default", f"must be a {kind}")
        default = None
    metric = Metric(
        reader.word("id", FACT_WORD),
        reader.text("title", required=True),
        kind,
        reader.text("unit", longest=20),
        default,
    )
    reader.close()
    return metric


def _listed(reader: Reader, pack: Pack) -> Listed:
    source = reader.table("source", required=True)
    listed = Listed(
        read_source(source, pack) if source else Source("", "", 1, ""),
        reader.text("reason", required=True, longest=MAX_LONG),
        read_origin(reader, pack),
        tuple(read_source(one, pack) for one in reader.tables("also")),
    )
    reader.close()
    return listed


def _figure(reader: Reader) -> Figure:
    figure = Figure(
        reader.word("id", FACT_WORD),
        reader.text("title", required=True),
        reader.text("unit", required=True, longest=20),
        reader.one_of("range", RANGES, default=BY_UNIT),
    )
    reader.close()
    return figure
