"""`manage.py purge`: deletes what need not be kept any more; run as the owner of the database's tables."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from compliance.services.recovery.purging import Plan, purge_bite, purge_plan
from compliance.services.recovery.record_classes import BY_SLUG
from opsportal.core.actor import Actor
from opsportal.core.clock import database_now
from opsportal.core.errors import Refusal, RuleRefused
from opsportal.core.faultpoints import reached

ACTOR = Actor.system("command.purge")


class Command(BaseCommand):
    """Deletes records made before a day, in bites, each with a tombstone."""

    help = "Delete records that no rule and no legal hold keeps any more; a tombstone stays for each bite."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare what goes."""
        parser.add_argument("--records", metavar="CLASS", help=f"one of: {', '.join(BY_SLUG)}")
        parser.add_argument("--all", action="store_true", help="every class of which something may go")
        parser.add_argument(
            "--before",
            metavar="DATE",
            help="only what was made before this day (UTC); without it, all that may go",
        )
        parser.add_argument("--reason", default="", help="why; it stands in the tombstone")
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="say by class what would go, or why not, and delete nothing",
        )
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Delete, or say what would go; a refusal goes to standard error, with exit code 1."""
        records = options["records"]
        if bool(records) == bool(options["all"]) and not (options["dry_run"] and not records):
            raise CommandError("Name one class by --records, or say --all.")
        before = _day(options["before"])
        try:
            told = [
                self._one(slug, before, options, is_alone=bool(records))
                for slug in ([records] if records else BY_SLUG)
            ]
        except RuleRefused as refusal:
            raise CommandError(" ".join(reason.detail for reason in refusal.reasons)) from None
        except Refusal as refusal:
            raise CommandError(refusal.detail) from None
        self.stdout.write(
            json.dumps(told[0] if records else told)
            if options["json"]
            else "\n".join(one["words"] for one in told)
        )

    def _one(
        self, records: str, before: datetime | None, options: dict[str, Any], *, is_alone: bool
    ) -> dict[str, Any]:
        plan = purge_plan(now=database_now(), records=records, before=before)
        if options["dry_run"] or (plan.reasons and not is_alone):
            return _planned(plan)
        if plan.reasons:
            raise CommandError(" ".join(reason.detail for reason in plan.reasons))
        return self._delete(plan, options["reason"])

    def _delete(self, plan: Plan, reason: str) -> dict[str, Any]:
        records, rows, tombstones = plan.records.slug, 0, []
        while True:
            tombstone = purge_bite(
                actor=ACTOR, now=database_now(), records=records, before=plan.before, reason=reason
            )
            if tombstone is None:
                break
            reached("purge.bitten")
            rows += tombstone.rows
            tombstones.append(tombstone.pk)
        return {
            "records": records,
            "before": plan.before.isoformat(),
            "rows": rows,
            "tombstones": tombstones,
            "words": f"{records}: {rows} records made before {plan.before:%Y-%m-%d %H:%M} UTC are deleted.",
        }


def _day(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise CommandError("--before must be a day such as 2025-11-21.") from None
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _planned(plan: Plan) -> dict[str, Any]:
    before = f"{plan.before:%Y-%m-%d %H:%M} UTC"
    if plan.reasons:
        words = f"Nothing goes. {' '.join(reason.detail for reason in plan.reasons)}"
    elif plan.rows:
        words = f"{plan.rows} records go: those made before {before}."
    else:
        words = f"Nothing goes: there is none that was made before {before} and that nothing points to."
    return {
        "records": plan.records.slug,
        "before": plan.before.isoformat(),
        "rows": plan.rows,
        "oldest": plan.oldest.isoformat() if plan.oldest else None,
        "refused": [reason.as_dict() for reason in plan.reasons],
        "words": f"{plan.records.slug}: {words}",
    }
