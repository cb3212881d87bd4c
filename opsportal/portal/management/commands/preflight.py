"""`manage.py preflight`: is this installation fit for people?"""

from __future__ import annotations

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from opsportal.portal.preflight import Verdict, findings


class Command(BaseCommand):
    help = (
        "Look at settings, database, broker, disk, port, keys, standard, triggers and logins; a line each. "
        "Exit code 0, or 1 where something fails."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *_args: Any, **options: Any) -> None:
        found = []
        for one in findings():
            found.append(one)
            if not options["json"]:
                self.stdout.write(f"{one.verdict.upper():<5} {one.name + ':':<15} {one.detail}")
        if options["json"]:
            rows = [{"name": one.name, "verdict": one.verdict, "detail": one.detail} for one in found]
            self.stdout.write(json.dumps({"findings": rows}))
        if any(one.verdict is Verdict.FAIL for one in found):
            sys.exit(1)
