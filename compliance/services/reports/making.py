"""The report on a month is made once, with a mail for each who wants it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime

from django.db import IntegrityError

from compliance.measuring.months import is_weekday, month_to_report, name_of
from compliance.models import MonthlyReport, ReportMail, ReportRecipient
from compliance.selectors.reports.monthly import content_of, month_blocks
from opsportal.accounts.models import User
from opsportal.accounts.selectors import colleagues, holders_of
from opsportal.audit.canonical import canonical_bytes
from opsportal.audit.services import audit_record
from opsportal.calendar.selectors import almanac_at
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.faultpoints import reached
from opsportal.core.writes import write

ACTOR = Actor.system("compliance.monthly_report")


def monthly_report_make(*, clock: Callable[[], datetime]) -> MonthlyReport | None:
    """Make the report on the month before, from the first working day on; return it where it is new.

    `clock` is the database's (aware UTC). Of a month there is one report, whoever races and however the
    clock moves: once there is one of a later month, none is made of an earlier one.
    """
    now = clock()
    working = almanac_at(now).working_time
    month = month_to_report(now, working.is_working_day if working else is_weekday)
    if month is None or MonthlyReport.objects.filter(month__gte=name_of(month)).exists():
        return None
    content = content_of(month_blocks(month, now))
    try:
        with write(actor=ACTOR, now=now):
            require(ACTOR, "report.make")
            row = MonthlyReport(
                month=name_of(month),
                content=content,
                content_hash=hashlib.sha256(canonical_bytes(content)).hexdigest(),
                made_at=now,
            )
            row.save(force_insert=True)
            mails = [
                ReportMail(report=row, person=person, created_at=now, due_at=now) for person in _people(now)
            ]
            ReportMail.objects.bulk_create(mails)
            audit_record(
                actor=ACTOR,
                now=now,
                action="monthly_report.made",
                object_kind="monthly_report",
                object_key=row.month,
                data={"content_hash": row.content_hash, "mails": len(mails)},
            )
            reached("report.before_commit")
    except IntegrityError:
        return None  # somebody else made it meanwhile
    return row


def _people(now: datetime) -> list[User]:
    today = now.astimezone(UTC).date()
    found: dict[object, User] = {}
    for one in ReportRecipient.objects.order_by("kind", "key"):
        rows = (
            holders_of(one.key, today)
            if one.kind == ReportRecipient.Kind.ROLE
            else colleagues().filter(pk=one.key)
        )
        found.update({person.pk: person for person in rows})
    return list(found.values())
