"""Standards for tests: shipped ones put in force, and packs of the test's own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import cache

from opsportal.standards.rules import Standard
from opsportal.standards.selectors import standard_by_hash
from opsportal.standards.services import standard_activate, standard_install
from tests.makers import NOW, ROOT
from tests.once import made_once

HEAD = """
[standard]
name = "own"
title = "Our own standard"
version = "{version}"
document = "own.md"
document_sha256 = "0000000000000000000000000000000000000000000000000000000000000000"
{more}
"""


def activate(name: str = "baseline", *, now: datetime = NOW) -> Standard:
    """Put the shipped pack `name` in force, its roles declared, and return it."""
    return standard_by_hash(_activation(name, now)())


def activate_anew(name: str = "baseline", *, now: datetime = NOW) -> Standard:
    """Do what `activate` does by the service each time, for tests of that: a pack takes long to read."""
    row = standard_activate(actor=ROOT, now=now, name=name).standard
    return standard_by_hash(row.content_hash)


@cache
def _activation(name: str, now: datetime) -> Callable[[], str]:
    return made_once(lambda: activate_anew(name, now=now).content_hash)


def own_pack(*parts: str, version: str = "1", extends: str = "", **more: str) -> str:
    """Return the TOML of a pack named `own` that consists of `parts`; `more` joins its head."""
    lines = ([f'extends = "{extends}"'] if extends else []) + [
        f'{key} = "{value}"' for key, value in more.items()
    ]
    return HEAD.format(version=version, more="\n".join(lines)) + "\n".join(parts)


def install(*parts: str, now: datetime = NOW, **head: str) -> Standard:
    """Put a pack of the test's own in force, and return it. `head` as in `own_pack`."""
    source = own_pack(*parts, **head)
    row = standard_install(actor=ROOT, now=now, source=source.encode(), file="own.toml").standard
    return standard_by_hash(row.content_hash)
