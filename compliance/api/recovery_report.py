"""The report on backups by API."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from compliance.recovery.ladder import LADDER
from compliance.recovery.words import TIERS
from compliance.selectors.reports.report import seconds
from compliance.services.recovery.backup_report import COLUMNS, STATUSES, backup_stands, cells_of
from compliance.services.recovery.fields import MAX_NAME, MAX_WORD
from compliance.services.recovery.standing import WINDOW, Stand
from opsportal.api.query import Query
from opsportal.api.serializers import Body, Moment, Text, WholeNumber, utc
from opsportal.api.views import ApiView
from opsportal.core.clock import edge_now
from opsportal.core.errors import InvalidInput
from opsportal.web.tables import table_response

LONGEST = timedelta(days=400)
FORMS = ("json", "csv")


class AssetStandOut(Body):
    """How one asset stood. Spans are whole seconds, null where nothing is known."""

    key = Text(max_length=30)
    asset = Text(max_length=MAX_WORD)
    name = Text(max_length=MAX_NAME)
    tier = serializers.ChoiceField(TIERS)
    status = serializers.ChoiceField(list(STATUSES.items()))
    since = Moment(help_text="From when it is looked at: `from`, or its first backup, or when one was due.")
    succeeded = WholeNumber(help_text="Backups in the window.")
    failed = WholeNumber()
    newest_at = Moment(allow_null=True, help_text="When the newest good backup finished, ever.")
    rpo_seconds = WholeNumber(allow_null=True, help_text="Realised: the most that could have been lost.")
    rpo_at = Moment(allow_null=True, help_text="When that was.")
    rpo_target_seconds = WholeNumber(allow_null=True)
    rpo_rule = Text(max_length=120)
    uncovered_seconds = WholeNumber(help_text="For how long nothing could have been restored.")
    gaps = WholeNumber(help_text="Spells in which more than the target could have been lost.")
    restore_test = Text(max_length=30, allow_null=True, help_text="The newest in which data was restored.")
    restore_level = serializers.ChoiceField(LADDER, allow_null=True)
    restored_at = Moment(allow_null=True)
    rto_seconds = WholeNumber(allow_null=True)
    rto_target_seconds = WholeNumber(allow_null=True)
    rto_rule = Text(max_length=120)


# Reserved words cannot be attributes of a class.
BackupReportOut = type(
    "BackupReportOut",
    (Body,),
    {
        "__doc__": "How assets in use stood in a window.",
        "from": Moment(),
        "to": Moment(),
        "assets": AssetStandOut(many=True),
    },
)


class BackupReport(ApiView):
    """The report on backups."""

    area = "compliance"
    gives = ("text/csv",)

    @extend_schema(
        operation_id="reports_backups",
        parameters=[
            OpenApiParameter("from", str, description="Default: 30 days before `to`."),
            OpenApiParameter("to", str, description="Default: now."),
            OpenApiParameter("format", str, enum=list(FORMS), description="csv: a row for each asset."),
        ],
        responses=BackupReportOut,
    )
    def get(self, request: Request) -> Any:
        """Report by asset what could have been lost, what was restored, and each against its target."""
        query = Query(request, {"from", "to", "format"}, paged=False)
        form = query.choice("format", FORMS)
        now = edge_now()
        ends = min(query.moment("to") or now, now)
        begins = query.moment("from") or ends - WINDOW
        if begins >= ends:
            raise InvalidInput.of("from", "after_end", "The window ends before it begins.")
        if ends - begins > LONGEST:
            raise InvalidInput.of("from", "too_long", f"At most {LONGEST.days} days.")
        found = backup_stands(begins, ends)
        if form == "csv":
            return table_response("report-backups", COLUMNS, (cells_of(one) for one in found), form="csv")
        return Response({"from": utc(begins), "to": utc(ends), "assets": [stand_out(one) for one in found]})


def stand_out(stand: Stand) -> dict[str, Any]:
    """Return what the API says of how an asset stood."""
    targets, window, test = stand.targets, stand.realised, stand.test
    return {
        "key": stand.asset.key,
        "asset": stand.asset.slug,
        "name": stand.asset.name,
        "tier": stand.asset.tier,
        "status": stand.status,
        "since": utc(stand.since),
        "succeeded": stand.succeeded,
        "failed": stand.failed,
        "newest_at": utc(stand.newest),
        "rpo_seconds": seconds(window.worst),
        "rpo_at": utc(window.worst_at),
        "rpo_target_seconds": seconds(targets.rpo.limit) if targets.rpo else None,
        "rpo_rule": targets.rpo.rule if targets.rpo else "",
        "uncovered_seconds": seconds(window.uncovered),
        "gaps": len(window.gaps),
        "restore_test": test.key if test else None,
        "restore_level": test.level if test else None,
        "restored_at": utc(test.ended_at) if test else None,
        "rto_seconds": seconds(test.rto) if test else None,
        "rto_target_seconds": seconds(targets.rto.limit) if targets.rto else None,
        "rto_rule": targets.rto.rule if targets.rto else "",
    }
