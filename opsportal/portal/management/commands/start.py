"""`manage.py start`: the first steps of a real installation, in one transaction, as often as one likes."""

from __future__ import annotations

import getpass
import json
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC
from pathlib import Path
from typing import Any, TypeVar

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from compliance.services.recovery.own_portal import portal_register
from opsportal.accounts.models import User
from opsportal.accounts.services import (
    first_password_link,
    people_import,
    people_rows,
    roles_import,
    time_zones,
    user_create,
)
from opsportal.accounts.services.imports import PersonRow
from opsportal.catalog.models import Environment
from opsportal.catalog.services import catalog_import, environment_create
from opsportal.catalog.services.imports import CHANGED, NEW
from opsportal.catalog.sheet import read
from opsportal.core.actor import Actor
from opsportal.core.clock import edge_now
from opsportal.core.errors import FieldError, InvalidInput, Refusal
from opsportal.core.faults import Faults
from opsportal.core.sheets import place_of
from opsportal.portal.preflight.data import waiting_migrations
from opsportal.portal.preflight.people import vacant_seats
from opsportal.standards.selectors import active_standard_or_none
from opsportal.standards.services import standard_bootstrap
from opsportal.standards.shipped import shipped_names

Row = TypeVar("Row")
ACTOR = Actor.system("command.start")
DEFAULT_STANDARD = "baseline"
USUAL_ENVIRONMENTS = ("testing", "staging", "production")
NONE = "none"


class Command(BaseCommand):
    help = (
        "First steps of a real installation: the standard, an administrator, people and services from CSV "
        "files, environments, the first boards. What is there already stays as it is; on a terminal it asks."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--standard", metavar="NAME", help=f"one of: {', '.join(shipped_names())}")
        parser.add_argument("--administrator", metavar="EMAIL", help="address of the first administrator")
        parser.add_argument("--name", default="", help="full name of the administrator")
        parser.add_argument("--time-zone", default="UTC", metavar="ZONE", help="zone of the administrator")
        parser.add_argument(
            "--password-file",
            type=Path,
            metavar="FILE",
            help="first line: the administrator's password; without it a link to choose one is printed",
        )
        parser.add_argument(
            "--people",
            type=Path,
            metavar="FILE",
            help="CSV: email, full_name, time_zone, teams, roles, administrator",
        )
        parser.add_argument(
            "--services", type=Path, metavar="FILE", help="CSV or JSON, as an export writes it"
        )
        parser.add_argument(
            "--board",
            action="append",
            default=[],
            metavar="ROLE=EMAIL,EMAIL",
            help="who sits on a board, e.g. change-advisory-board=a@example.org,b@example.org",
        )
        parser.add_argument(
            "--environment",
            action="append",
            metavar="SLUG[=KIND]",
            help="a place to deploy to, in the order of promotion, e.g. live=production; the kind is one of: "
            f"{', '.join(Environment.Kind.values)}. Where there are none yet and none is given: "
            f"{', '.join(USUAL_ENVIRONMENTS)}; '{NONE}' makes none",
        )
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *_args: Any, **options: Any) -> None:
        if waiting_migrations():
            raise CommandError("The database has not been set up yet: run manage.py migrate first.")
        if sys.stdin.isatty() and not options["json"]:
            self._ask(options)
        try:
            with transaction.atomic():
                done = self._carry_out(options)
        except InvalidInput as refusal:
            lines = [f"{place_of(error.pointer)}: {error.detail}" for error in refusal.errors]
            raise CommandError("Nothing was changed.\n" + "\n".join(lines)) from None
        except Refusal as refusal:
            raise CommandError(f"Nothing was changed. {refusal.detail}") from None
        if options["json"]:
            self.stdout.write(json.dumps(done))
            return
        for line in done["lines"]:
            self.stderr.write(line)
        if done["link"]:
            self.stderr.write("The administrator chooses a password here, within 7 days:")
            self.stdout.write(done["link"])

    def _ask(self, options: dict[str, Any]) -> None:
        active = active_standard_or_none()
        if options["standard"] is None and active is None:
            self.stderr.write(f"Standards: {', '.join(shipped_names())}")
            options["standard"] = input(f"Which one is to be in force? [{DEFAULT_STANDARD}] ").strip() or None
        if options["administrator"] is None and not _somebody_administers():
            options["administrator"] = input("Address of the first administrator: ").strip() or None
            options["name"] = options["name"] or input("Their full name: ").strip()
            options["password"] = getpass.getpass("Their password (empty: print a link to choose one): ")
        if options["environment"] is None and not Environment.objects.exists():
            asked = f"Environments to deploy to, SLUG or SLUG=KIND [{' '.join(USUAL_ENVIRONMENTS)}]: "
            options["environment"] = input(asked).replace(",", " ").split() or None
        for name, words in (("people", "people"), ("services", "services")):
            if options[name] is None and (given := input(f"CSV file with {words} (empty: none): ").strip()):
                options[name] = Path(given)

    def _carry_out(self, options: dict[str, Any]) -> dict[str, Any]:
        now = edge_now()
        lines: list[str] = []
        active = active_standard_or_none()
        if active is None:
            standard_bootstrap(actor=ACTOR, now=now, name=options["standard"] or DEFAULT_STANDARD)
            active = active_standard_or_none()
            lines.append(f"{active and active.title} is in force.")
        elif options["standard"] not in (None, active.name):
            raise CommandError(
                f"{active.name} is in force. Another standard comes by an approved change that names it."
            )
        link = self._administrator(options, lines)
        self._environments(options["environment"], lines)
        faults = Faults()
        people = _rows_of(options["people"], people_rows, faults)
        services = _rows_of(options["services"], read, faults)
        faults.refuse()  # without one of the files nothing can be said of the other
        made = people_import(actor=ACTOR, now=now, rows=people, faults=faults)
        plan = catalog_import(actor=ACTOR, now=now, rows=services, faults=faults) if services else None
        seats = [*people, *_members(options["board"])]
        granted = roles_import(actor=ACTOR, now=now, rows=seats, faults=faults)
        faults.refuse()
        if people:
            lines.append(f"People: {len(made)} are new and get a mail, {len(people) - len(made)} were there.")
        if plan:
            lines.append(f"Services: {plan.count(NEW)} are new, {plan.count(CHANGED)} were changed.")
        lines.append(f"Roles: {granted} are new." if granted else "Roles: none is new.")
        keeper = User.objects.filter(is_staff=True, is_active=True).order_by("created_at", "id").first()
        if keeper is not None:
            portal_register(actor=ACTOR, now=now, owner=keeper)
        lines += [
            f"Nobody holds {roles} yet: what they decide cannot be submitted."
            f" Give --board {roles.split()[0]}=EMAIL,EMAIL."
            for roles in vacant_seats(now.astimezone(UTC).date())
        ]
        lines.append("Next: manage.py preflight")
        return {"standard": active and active.name, "lines": lines, "link": link}

    def _environments(self, given: list[str] | None, lines: list[str]) -> None:
        """Make those that are not there yet: each names its kind, or is called so."""
        there = set(Environment.objects.values_list("slug", flat=True))
        wanted = given if given is not None else [] if there else list(USUAL_ENVIRONMENTS)
        made = []
        for place, one in enumerate(wanted if wanted != [NONE] else [], start=1):
            slug, sign, kind = (part.strip().lower() for part in one.partition("="))
            if not sign and slug not in Environment.Kind.values:
                raise CommandError(
                    f"--environment takes SLUG=KIND, not '{one}'; the kind is one of: "
                    f"{', '.join(Environment.Kind.values)}."
                )
            if slug not in there:
                environment_create(
                    actor=ACTOR,
                    now=edge_now(),
                    slug=slug,
                    name=slug.replace("-", " ").capitalize(),
                    kind=kind or slug,
                    rank=place * 10,
                )
                made.append(slug)
        if made:
            lines.append(f"Environments: {', '.join(made)} are new; change them at /environments/.")

    def _administrator(self, options: dict[str, Any], lines: list[str]) -> str:
        email = (options["administrator"] or "").strip().lower()
        if not email:
            if not _somebody_administers():
                raise CommandError(
                    "There is no administrator yet: give --administrator EMAIL and --name NAME."
                )
            return ""
        user = User.objects.filter(email=email).first()
        if user is not None:
            lines.append(f"{email} is there already.")
            return first_password_link(user_id=user.pk)
        if options["time_zone"] not in time_zones():
            raise CommandError(f"There is no time zone {options['time_zone']}; e.g. Europe/Berlin.")
        given = options["password_file"]
        password = _content(given).decode().partition("\n")[0] if given else options.get("password") or None
        user = user_create(
            actor=ACTOR,
            now=edge_now(),
            email=email,
            full_name=options["name"],
            time_zone=options["time_zone"],
            password=password,
            is_staff=True,
        )
        lines.append(f"{email} is the administrator.")
        return first_password_link(user_id=user.pk)


def _rows_of(path: Path | None, read_rows: Callable[[bytes], list[Row]], faults: Faults) -> list[Row]:
    """Return the rows of a file, none without one; what is wrong with it itself is noted by its name."""
    if path is None:
        return []
    try:
        return read_rows(_content(path))
    except InvalidInput as refusal:
        faults.errors += [
            FieldError(error.pointer if error.pointer.strip("/") else path.name, error.code, error.detail)
            for error in refusal.errors
        ]
        return []


def _somebody_administers() -> bool:
    return User.objects.filter(is_staff=True, is_active=True).exists()


def _members(boards: list[str]) -> list[PersonRow]:
    """Return who sits on the boards, as rows that name a role each."""
    rows = []
    for given in boards:
        role, sign, people = given.partition("=")
        if not sign or not people.strip():
            raise CommandError(f"--board takes ROLE=EMAIL,EMAIL, not '{given}'.")
        row = PersonRow("", "", "", "UTC", (), (role.strip(),), administrator=False)
        emails = [email.strip().lower() for email in people.split(",") if email.strip()]
        rows += [replace(row, pointer=f"/board/{role}/{email}", email=email) for email in emails]
    return rows


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}.") from None
