"""`manage.py backup FILE`: a consistent backup of the portal while it runs."""

from __future__ import annotations

import json
import sqlite3
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error

from compliance.services.recovery.archive import checksum_of
from compliance.services.recovery.own_portal import portal_backup_note
from compliance.services.recovery.portal_backup import portal_backup
from opsportal.core.actor import Actor
from opsportal.core.clock import edge_now
from opsportal.core.errors import Refusal

ACTOR = Actor.system("command.backup")


class Command(BaseCommand):
    """Writes database and stored files into one file, and reports it as a backup of the portal itself."""

    help = "Back the portal up into one file while it runs, and report that as a backup of its own."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the file."""
        parser.add_argument(
            "file", type=Path, help="where to; a file of that name is replaced when it is whole"
        )
        parser.add_argument(
            "--keep", type=int, metavar="DAYS", help="for how long you will keep it; goes into the record"
        )
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Back up; what fails goes to standard error in one line, with exit code 1."""
        path: Path = options["file"].absolute()
        if options["keep"] is not None and not 1 <= options["keep"] <= 36_525:
            raise CommandError("--keep must be 1 to 36525 days.")
        try:
            manifest = portal_backup(path, now=edge_now())
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror or error}") from None
        except (Error, sqlite3.Error) as error:
            raise CommandError(f"The database could not be read: {str(error).splitlines()[0]}") from None
        now = edge_now()
        until = now + timedelta(days=options["keep"]) if options["keep"] else None
        try:
            noted = portal_backup_note(
                actor=ACTOR, now=now, path=path, manifest=manifest, retention_until=until
            )
        except Refusal as refusal:
            raise CommandError(f"The backup stands, but was not recorded: {refusal.detail}") from None
        if manifest.missing:
            self.stderr.write(f"{len(manifest.missing)} stored files are missing or damaged on the disk.")
        if noted is None:
            self.stderr.write("It is not recorded: the portal is not in its own catalogue (manage.py start).")
        told = {
            "file": str(path),
            "rows": manifest.rows,
            "tables": len(manifest.tables),
            "files": len(manifest.files),
            "missing": len(manifest.missing),
            "bytes": path.stat().st_size,
            "checksum": checksum_of(path),
            "backup": noted.pk if noted else None,
        }
        if options["json"]:
            self.stdout.write(json.dumps(told))
        else:
            self.stdout.write(
                f"{path}: {told['rows']} rows of {told['tables']} tables, {told['files']} files,"
                f" {told['bytes']} bytes, {told['checksum']}"
            )
