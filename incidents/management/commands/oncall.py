"""On-call from the command line: `oncall import FILE --format F` shows what it makes, `--apply` makes it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from incidents.services.roster.importing import FORMATS, ImportPlan, oncall_import, oncall_import_preview
from opsportal.core.actor import Actor
from opsportal.core.clock import edge_now
from opsportal.core.errors import Refusal

ACTOR = Actor.system("command.oncall")


class Command(BaseCommand):
    """Takes over schedules and escalations of another system."""

    help = "Take over on-call schedules and escalations of Grafana OnCall, Opsgenie or a calendar file."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the one verb."""
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="import")
        verb = verbs.add_parser("import", help="show what a file would make; make it with --apply")
        verb.add_argument("file", type=Path)
        verb.add_argument("--format", required=True, choices=sorted(FORMATS))
        verb.add_argument(
            "--person",
            action="append",
            default=[],
            metavar="REF=ADDRESS",
            help="who is meant by a name or id of the file; may be given again",
        )
        verb.add_argument("--name", default="", help="name of the schedule that a calendar file makes")
        verb.add_argument("--zone", default="", help="its time zone, where the file names none")
        verb.add_argument("--apply", action="store_true", help="make it")
        verb.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Show or make it; a refusal goes to standard error, with exit code 1."""
        try:
            content = options["file"].read_bytes()
        except OSError as error:
            raise CommandError(f"{options['file']}: {error.strerror}") from None
        given = dict(pair.partition("=")[::2] for pair in options["person"])
        service = oncall_import if options["apply"] else oncall_import_preview
        try:
            plan = service(
                actor=ACTOR,
                now=edge_now(),
                content=content,
                format=options["format"],
                given=given,
                name=options["name"],
                zone=options["zone"],
            )
        except Refusal as refusal:
            raise CommandError(refusal.detail) from None
        if options["json"]:
            self.stdout.write(json.dumps(as_data(plan)))
        else:
            self._tell(plan, made=options["apply"])

    def _tell(self, plan: ImportPlan, *, made: bool) -> None:
        verb = "made" if made else "would make"
        for schedule in plan.schedules:
            layers, overrides = len(schedule.settings["layers"]), len(schedule.overrides)
            self.stdout.write(f"{verb} schedule {schedule.slug}: {layers} layers, {overrides} exceptions")
        for policy in plan.policies:
            self.stdout.write(f"{verb} escalation policy {policy.slug}: {len(policy.plan['steps'])} steps")
        for route in plan.routes:
            self.stdout.write(f"{verb} alert route {route.slug} to {route.policy}")
        for match in plan.unknown:
            name = match.person.name or match.person.email
            self.stdout.write(f"unknown person {match.person.ref} {name}".rstrip())
        for one in plan.unmapped:
            self.stdout.write(f"not taken over: {one.where}: {one.why}")
        if not made:
            self.stderr.write(
                "Nothing was made. Add --apply to make it; --person REF=ADDRESS says who is meant."
            )


def as_data(plan: ImportPlan) -> dict[str, Any]:
    """Return a plan as plain JSON."""
    return {
        "schedules": [
            {
                "slug": one.slug,
                "name": one.name,
                "team": one.team,
                "settings": dict(one.settings),
                "exceptions": len(one.overrides),
            }
            for one in plan.schedules
        ],
        "policies": [{"slug": one.slug, "name": one.name, "plan": dict(one.plan)} for one in plan.policies],
        "routes": [
            {
                "slug": one.slug,
                "name": one.name,
                "matchers": [dict(two) for two in one.matchers],
                "policy": one.policy,
            }
            for one in plan.routes
        ],
        "people": [
            {"ref": one.person.ref, "name": one.person.name, "user": one.user, "by": one.by}
            for one in plan.matches
        ],
        "unmapped": [{"where": one.where, "why": one.why} for one in plan.unmapped],
    }
