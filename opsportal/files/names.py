"""Names of files as people sent them: kept to be shown and offered, never part of a path here. Pure."""

from __future__ import annotations

import re
import unicodedata

MAX_NAME = 150
_UNUSABLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_FORBIDDEN = frozenset('<>:"|?*')
# Windows opens a device under these names, whatever their ending.
_DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)


def clean_name(name: str) -> str:
    """Return the last part of `name` as any file system would take it: `../../a b.txt` becomes `a b.txt`.

    Letters of all languages stay. At most 150 characters, the ending kept; `file` where nothing is left.
    """
    last = name.replace("\\", "/").rpartition("/")[2]
    composed = unicodedata.normalize("NFC", last)
    visible = "".join(
        char for char in composed if unicodedata.category(char) not in _UNUSABLE and char not in _FORBIDDEN
    )
    text = re.sub(r"\s+", " ", visible).strip(" .")
    if _DEVICES.fullmatch(text):
        text = f"_{text}"
    stem, dot, ending = text.rpartition(".")
    if dot and len(text) > MAX_NAME:
        text = f"{stem[: MAX_NAME - len(ending[:10]) - 1].rstrip(' .')}.{ending[:10]}"
    return text[:MAX_NAME] or "file"
