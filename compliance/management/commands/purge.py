"""`manage.py purge`: deletes what need not be kept any more; run as the owner of the database's tables."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from compliance.services.recovery.purging import may_go, purge_bite, purge_plan
from compliance.services.recovery.record_classes import BY_SLUG
from opsportal.core.actor import Actor
from opsportal.core.clock import database_now
from opsportal.core.errors import Refusal, RuleRefused

ACTOR = Actor.system("command.purge")


class Command(BaseCommand):
    """Deletes records of one class made before a day, in bites, each with a tombstone."""

    help = "Delete records that no rule and no legal hold keeps any more; a tombstone stays for each bite."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare what goes."""
        parser.add_argument("--records", required=True, metavar="CLASS", help=f"one of: {', '.join(BY_SLUG)}")
        parser.add_argument(
            "--before",
            metavar="DATE",
            help="only what was made before this day (UTC); without it, all that may go",
        )
        parser.add_argument("--reason", default="", help="why; it stands in the tombstone")
        parser.add_argument("--dry-run", action="store_true", help="say what would go, and delete nothing")
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Delete, or say what would go; a refusal goes to standard error, with exit code 1."""
        try:
            now = database_now()
            before = self._before(options, now)
            told = (
                self._plan(options["records"], before, now)
                if options["dry_run"]
                else self._delete(options["records"], before, options["reason"])
            )
        except RuleRefused as refusal:
            raise CommandError(" ".join(reason.detail for reason in refusal.reasons)) from None
        except Refusal as refusal:
            raise CommandError(refusal.detail) from None
        self.stdout.write(json.dumps(told) if options["json"] else told["words"])

    def _before(self, options: dict[str, Any], now: datetime) -> datetime:
        if options["before"]:
            try:
                day = date.fromisoformat(options["before"])
            except ValueError:
                raise CommandError("--before must be a day such as 2025-11-21.") from None
            return datetime(day.year, day.month, day.day, tzinfo=UTC)
        limit = may_go(options["records"], now)
        if limit is None:
            raise CommandError(
                "Nothing of this class may go: a rule or a hold keeps it, or no rule allows it."
            )
        return limit

    def _plan(self, records: str, before: datetime, now: datetime) -> dict[str, Any]:
        plan = purge_plan(now=now, records=records, before=before)
        words = f"{plan.rows} records made before {before:%Y-%m-%d %H:%M} UTC would go."
        for reason in plan.reasons:
            words += f"\nRefused: {reason.detail}"
        return {
            "records": records,
            "before": before.isoformat(),
            "rows": plan.rows,
            "oldest": plan.oldest.isoformat() if plan.oldest else None,
            "refused": [reason.as_dict() for reason in plan.reasons],
            "words": words,
        }

    def _delete(self, records: str, before: datetime, reason: str) -> dict[str, Any]:
        rows, tombstones = 0, []
        while True:
            tombstone = purge_bite(
                actor=ACTOR, now=database_now(), records=records, before=before, reason=reason
            )
            if tombstone is None:
                break
            rows += tombstone.rows
            tombstones.append(tombstone.pk)
        return {
            "records": records,
            "before": before.isoformat(),
            "rows": rows,
            "tombstones": tombstones,
            "words": f"{rows} records made before {before:%Y-%m-%d %H:%M} UTC are deleted.",
        }
