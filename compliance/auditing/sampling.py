"""Frozen populations and samples that anybody can draw again. Pure.

A population is its list of keys in a fixed order. Its hash is the SHA-256 of the keys, each followed by a
line feed, in UTF-8. A sample of `size` from `count` keys under a `seed` is drawn so (`METHOD`):

    for n = 0, 1, 2, …:  number = SHA-256(f"{seed}:{n}") read as one unsigned big-endian integer
                         if number >= count * (2**256 // count): next n      (no place is likelier)
                         place = number % count                              (0 is the first key)
                         take it unless it was taken before; stop at `size`

Nothing of it depends on a library's generator, so it gives the same places in every version of Python, and
with `sha256sum` and a calculator. The sample keeps the order in which it was drawn.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Iterable, Sequence

METHOD = "sha256-counter-1"
MOST_ITEMS = 5_000
_SPACE = 2**256
_SEED = re.compile(r"[A-Za-z0-9._-]{8,64}")


def population_hash(keys: Iterable[str]) -> str:
    """Return the SHA-256 (hex) of the keys in their order."""
    return hashlib.sha256(_text(keys)).hexdigest()


def packed(keys: Sequence[str]) -> tuple[bytes, str]:
    """Return the list as it is stored (zlib of the hashed text), and its hash."""
    text = _text(keys)
    return zlib.compress(text, 6), hashlib.sha256(text).hexdigest()


def unpacked(content: bytes) -> tuple[list[str], str]:
    """Return the keys of a stored list, and the hash of what is stored."""
    text = zlib.decompress(content)
    return text.decode().split("\n")[:-1], hashlib.sha256(text).hexdigest()


def is_seed(text: str) -> bool:
    """Return whether `text` may be a seed: 8 to 64 letters, digits, `.`, `_`, `-`."""
    return _SEED.fullmatch(text) is not None


def places(seed: str, count: int, size: int) -> list[int]:
    """Return `size` different places in a list of `count` keys, all of them where `size` is not less.

    Raises `ValueError` for a negative number.
    """
    if count < 0 or size < 0:
        raise ValueError("a population and a sample have no negative size")
    wanted = min(size, count)
    if not wanted:
        return []
    fair = count * (_SPACE // count)
    taken: dict[int, None] = {}
    number = 0
    while len(taken) < wanted:
        drawn = int.from_bytes(hashlib.sha256(f"{seed}:{number}".encode()).digest(), "big")
        number += 1
        if drawn < fair:
            taken.setdefault(drawn % count)
    return list(taken)


def drawn(keys: Sequence[str], *, seed: str, size: int) -> list[str]:
    """Return the sample of `keys` under `seed`, in the order in which it was drawn."""
    return [keys[place] for place in places(seed, len(keys), size)]


def _text(keys: Iterable[str]) -> bytes:
    listed = "\n".join(keys)
    return f"{listed}\n".encode() if listed else b""
