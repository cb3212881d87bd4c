"""`manage.py restore FILE`: the portal from a backup, into an empty database; `--scratch` only tries it."""

from __future__ import annotations

import json
import sqlite3
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error

from compliance.recovery.ladder import TITLES
from compliance.services.recovery.archive import BadArchiveError
from compliance.services.recovery.own_portal import portal_backup_of, portal_restore_note
from compliance.services.recovery.portal_restore import portal_restore
from compliance.services.recovery.scratch import scratch_restore
from compliance.services.recovery.smoke import works
from opsportal.api.serializers import utc
from opsportal.core.actor import Actor
from opsportal.core.clock import edge_now
from opsportal.core.errors import Refusal
from opsportal.core.lengths import length_in_words

ACTOR = Actor.system("command.restore")


class Command(BaseCommand):
    """Restores into the database of this process, or into a scratch one to see whether it can be done."""

    help = "Restore a backup into an empty database, verified; or try it in a scratch one, and record that."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare file and ways."""
        parser.add_argument("file", type=Path, help="what manage.py backup has written")
        parser.add_argument(
            "--scratch",
            action="store_true",
            help="restore into a scratch database, verify, delete it, and record a restore test",
        )
        parser.add_argument(
            "--smoke", action="store_true", help="afterwards ask the restored portal whether it works"
        )
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Restore. Exit code 1 where it was not done, 2 where the backup is damaged or proved nothing."""
        path: Path = options["file"].absolute()
        try:
            told, well = self._scratch(path) if options["scratch"] else self._restore(path, options["smoke"])
        except BadArchiveError as error:
            self.stderr.write(f"CommandError: {path}: {error}")
            sys.exit(2)
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror or error}") from None
        except (Error, sqlite3.Error) as error:
            raise CommandError(f"The database refused it: {str(error).splitlines()[0]}") from None
        except Refusal as refusal:
            raise CommandError(refusal.detail) from None
        self.stdout.write(json.dumps(told) if options["json"] else told["words"])
        if not well:
            sys.exit(2)

    def _restore(self, path: Path, smoke: bool) -> tuple[dict[str, Any], bool]:
        manifest = portal_restore(path)
        told: dict[str, Any] = {
            "rows": manifest.rows,
            "tables": len(manifest.tables),
            "files": len(manifest.files),
            "made_at": utc(manifest.made_at),
            "level": "integrity_verified",
            "words": f"{path}: {manifest.rows} rows of {len(manifest.tables)} tables and"
            f" {len(manifest.files)} files are restored and verified.",
        }
        if smoke:
            wrong = works()
            told["level"] = "application_verified" if not wrong else "integrity_verified"
            told["wrong"] = wrong
        return told, True

    def _scratch(self, path: Path) -> tuple[dict[str, Any], bool]:
        backup = portal_backup_of(path)
        decided = edge_now()
        tried = scratch_restore(path)
        test = portal_restore_note(
            actor=ACTOR,
            now=edge_now(),
            backup=backup,
            level=tried.level,
            passed=tried.passed,
            decided_at=decided,
            findings=tried.findings,
        )
        words = f"{test.key}: {TITLES[test.level].lower()}, {test.outcome}"
        if test.rto is not None and test.rpo is not None:
            rto, rpo = (length_in_words(length, up=True) for length in (test.rto, test.rpo))
            words += f"; usable after {rto}, data {rpo} old"
        told = {
            "restore_test": test.key,
            "level": test.level,
            "outcome": test.outcome,
            "rto_seconds": None if test.rto is None else test.rto.total_seconds(),
            "rpo_seconds": None if test.rpo is None else test.rpo.total_seconds(),
            "findings": test.findings,
            "words": f"{words}. {test.findings}".strip(),
        }
        return told, tried.passed
