"""The text of a standard's document, line by line, as people can read it. Pure.

The bytes stay what they are: their hash is the pack's, and they are what is handed out. Only what is
shown is repaired, where text that was UTF-8 was once read as another encoding and saved like that.
"""

from __future__ import annotations

import re

MAX_BYTES = 2_000_000
# Western and Turkish: the two under which such text is usually met. Both agree where they overlap.
_MISREAD_AS = ("cp1252", "cp1254")
_TORN = re.compile(rb"[\xe2-\xf4][\x80-\xbf]{1,3}")
_FOREIGN = re.compile(r"[^\x00-\x7f]+")


def lines_of(document: bytes) -> list[str]:
    """Return the lines of a document, the first one at index 0, repaired for display.

    Bytes that are no UTF-8 show as `�`. A line ends at `\\n`, so that numbers are those of the packs.
    """
    text = document.decode("utf-8-sig", errors="replace")
    return [_FOREIGN.sub(lambda run: _repaired(run[0]), line.rstrip("\r")) for line in text.split("\n")]


def _repaired(run: str) -> str:
    for encoding in _MISREAD_AS:
        try:
            original = b"".join(_byte(char, encoding) for char in run)
        except UnicodeError:
            continue
        try:
            return original.decode("utf-8")
        except UnicodeError:
            # One character of which a byte was lost on the way: nobody can tell any more which it was.
            if _TORN.fullmatch(original):
                return "\ufffd"
    return run


def _byte(char: str, encoding: str) -> bytes:
    # Bytes that the encoding does not know came through as control characters of the same number.
    return bytes([ord(char)]) if "\x80" <= char <= "\x9f" else char.encode(encoding)
