"""`manage.py framework`: load frameworks as data, those that ship and own ones; say which there are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from compliance.controlling.frameworks import MAX_BYTES
from compliance.models import Framework
from compliance.services.controls.frameworks import frameworks_load, frameworks_shipped
from opsportal.core.actor import Actor
from opsportal.core.clock import edge_now
from opsportal.core.errors import InvalidInput, Refusal

ACTOR = Actor.system("command.framework")


class Command(BaseCommand):
    """Loads frameworks, again and again with the same result, and lists them."""

    help = "Load frameworks (SOC 2, ISO 27001, GDPR, HIPAA, PCI DSS, own files), or list them."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the verbs."""
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="load | list")
        load = verbs.add_parser("load", help="load or refresh frameworks; what is the same stays as it is")
        load.add_argument(
            "names",
            nargs="*",
            metavar="NAME",
            help="a shipped framework, or a TOML file of your own; without one, all that ship",
        )
        listing = verbs.add_parser("list", help="list what ships and what is loaded")
        for verb in (load, listing):
            verb.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Do what the verb says; a refusal goes to standard error, exit code 1, nothing loaded."""
        try:
            rows = self._load(options["names"]) if options["verb"] == "load" else self._list()
        except InvalidInput as refusal:
            raise CommandError("\n".join(error.detail for error in refusal.errors)) from None
        except Refusal as refusal:
            raise CommandError(refusal.detail) from None
        if options["json"]:
            self.stdout.write(json.dumps(rows))
            return
        for row in rows:
            self.stdout.write(f"{row['slug']}: {row['title']} {row['version']}, {row['words']}")

    def _load(self, names: list[str]) -> list[dict[str, Any]]:
        sources = [_read(Path(name)) for name in names if name.endswith(".toml")]
        slugs = [name for name in names if not name.endswith(".toml")]
        found = frameworks_load(actor=ACTOR, now=edge_now(), slugs=slugs, sources=sources)
        return [_told(row, "loaded" if is_different else "unchanged") for row, is_different in found]

    def _list(self) -> list[dict[str, Any]]:
        loaded = {row.slug: row for row in Framework.objects.order_by("slug")}
        rows = [_told(row, "loaded") for row in loaded.values()]
        for one in frameworks_shipped():
            known = loaded.get(one.slug)
            if known is None:
                told = {"slug": one.slug, "title": one.title, "version": one.version, "edition": None}
                rows.append({**told, "state": "not loaded", "words": "ships, not loaded yet"})
            elif known.content_hash != one.content_hash:
                rows = [
                    {**row, "state": "outdated", "words": "another content ships: load it"}
                    if row["slug"] == one.slug
                    else row
                    for row in rows
                ]
        return sorted(rows, key=lambda row: str(row["slug"]))


def _told(row: Framework, state: str) -> dict[str, Any]:
    count = row.requirements.filter(state="current").count()
    return {
        "slug": row.slug,
        "title": row.title,
        "version": row.published_version,
        "edition": row.edition,
        "state": state,
        "words": f"edition {row.edition}, {count} requirements, {state}",
    }


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as source:
            return source.read(MAX_BYTES + 1)
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.") from None
