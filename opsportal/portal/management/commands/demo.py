"""`manage.py demo load|logins`."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from opsportal.accounts.models import User
from opsportal.core.clock import database_now
from opsportal.portal.demo.load import demo_load, is_empty
from opsportal.portal.demo.people import PASSWORD, PEOPLE


class Command(BaseCommand):
    help = "Load the demo organisation into an empty database, or list its logins."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("action", choices=["load", "logins"])
        parser.add_argument(
            "--if-empty", action="store_true", help="do nothing where somebody is there already"
        )
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["action"] == "load":
            self._load(if_empty=options["if_empty"])
        else:
            self._logins(as_json=options["json"])

    def _load(self, *, if_empty: bool) -> None:
        if not is_empty():
            if if_empty:
                self.stderr.write("The database is not empty; the demo is not loaded.")
                return
            raise CommandError("The database is not empty. The demo loads only into an empty one.")
        demo_load(now=database_now())
        self.stderr.write("The demo organisation is loaded.")

    def _logins(self, *, as_json: bool) -> None:
        here = set(User.objects.values_list("email", flat=True))
        known = [one for one in PEOPLE if one.email in here]
        if as_json:
            people = [{"email": one.email, "name": one.name, "about": one.about} for one in known]
            self.stdout.write(json.dumps({"password": PASSWORD, "people": people}))
            return
        if not known:
            self.stderr.write("The demo organisation is not in this database.")
            return
        width = max(len(one.email) for one in known)
        for one in known:
            self.stdout.write(f"  {one.email:<{width}}  {one.name}: {one.about}")
        self.stdout.write(f"  The password of all of them: {PASSWORD}")
