"""What a backup of the portal says of itself, so that a restore can be held against it. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

FORMAT = "opsportal-backup/1"
MAX_BYTES = 16_000_000
VENDORS = ("sqlite", "postgresql")
_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class TableSum:
    """How many rows a table had, and the SHA-256 (hex) of them in the order of their keys."""

    rows: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """All that must be the same after a restore.

    `made_at` is when the backup began (aware UTC): its data reaches up to then. `migrations` are (app, name)
    of all that were applied. `files` are sizes in bytes by SHA-256; `missing` are those whose bytes were not
    there, or were not what was stored.
    """

    vendor: str
    made_at: datetime
    migrations: tuple[tuple[str, str], ...]
    tables: Mapping[str, TableSum]
    sequences: Mapping[str, int]
    files: Mapping[str, int]
    missing: tuple[str, ...]

    @property
    def rows(self) -> int:
        return sum(table.rows for table in self.tables.values())

    def as_json(self) -> str:
        """Return it as it stands in the archive."""
        return json.dumps(
            {
                "format": FORMAT,
                "vendor": self.vendor,
                "made_at": self.made_at.isoformat(),
                "migrations": [list(one) for one in self.migrations],
                "tables": {name: [one.rows, one.sha256] for name, one in sorted(self.tables.items())},
                "sequences": dict(sorted(self.sequences.items())),
                "files": dict(sorted(self.files.items())),
                "missing": list(self.missing),
            },
            indent=1,
        )


def read_manifest(content: bytes) -> Manifest:
    """Return the manifest of an archive. Raises `ValueError` in one line for anything that is none."""
    if len(content) > MAX_BYTES:
        raise ValueError("its manifest is too large")
    try:
        given: Any = json.loads(content)
        if given["format"] != FORMAT:
            raise ValueError(f"it is of the format {str(given['format'])[:40]}, this portal reads {FORMAT}")
        if given["vendor"] not in VENDORS:
            raise ValueError("it is of a database that this portal does not know")
        made_at = datetime.fromisoformat(given["made_at"])
        if made_at.tzinfo is None:
            raise ValueError("its time has no zone")
        return Manifest(
            vendor=given["vendor"],
            made_at=made_at,
            migrations=tuple((str(app), str(name)) for app, name in given["migrations"]),
            tables={
                str(name): TableSum(_count(rows), _hash(sha256))
                for name, (rows, sha256) in given["tables"].items()
            },
            sequences={str(name): _count(value) for name, value in given["sequences"].items()},
            files={_hash(sha256): _count(size) for sha256, size in given["files"].items()},
            missing=tuple(_hash(one) for one in given["missing"]),
        )
    except (KeyError, TypeError, AttributeError, json.JSONDecodeError, UnicodeDecodeError):
        raise ValueError("its manifest is damaged") from None


def differences(said: Mapping[str, TableSum], found: Mapping[str, TableSum]) -> list[str]:
    """Return in words where tables differ from what the manifest says, by table."""
    lines = []
    for name in sorted({*said, *found}):
        expected, there = said.get(name), found.get(name)
        if expected is None:
            lines.append(f"{name} is not in the backup")
        elif there is None:
            lines.append(f"{name} is missing")
        elif expected.rows != there.rows:
            lines.append(f"{name} has {there.rows} rows, not {expected.rows}")
        elif expected.sha256 != there.sha256:
            lines.append(f"{name} has other content")
    return lines


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise TypeError("not a count")
    return value


def _hash(value: object) -> str:
    if not isinstance(value, str) or not _HASH.fullmatch(value):
        raise TypeError("not a hash")
    return value
