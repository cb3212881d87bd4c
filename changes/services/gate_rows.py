"""The two statements that the gate reads: names with the active standard, and changes."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import Any

from django.db.models import (
    Aggregate,
    CharField,
    Exists,
    F,
    JSONField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    TextField,
    Value,
)
from django.db.models.functions import Cast, Concat, JSONArray

from changes.gate import FIT
from changes.models import BreakGlassService, Change, ChangeTarget, ChangeTemplate, Deployment, TemplateTarget
from changes.models.changes import PREFIX
from changes.services.deployment_fields import Asked
from opsportal.approvals.models import ApprovalRequest, ApprovalStage, Condition
from opsportal.calendar.selectors import almanac_parts
from opsportal.catalog.models import Environment, Service
from opsportal.core.statements import Marks, Statement
from opsportal.obligations.terms import parted
from opsportal.standards.selectors import active_hash_subquery

MAX_CANDIDATES = 50
_COLUMNS = ("kind", "number", "a", "b", "c", "d", "e", "f", "g", "h")
_TEMPLATE_COLUMNS = tuple(
    F(name) for name in ("slug", "title", "description", "plan", "rollback_plan", "risk", "content_hash")
)
_CHANGE_COLUMNS = tuple(field.attname for field in Change._meta.concrete_fields)
_ITS_TEMPLATE = ("slug", "state", "content_hash", "valid_until")
_BESIDE = ("places", "approved_hash", "done_here", "approved_stages", "open_conditions", "version_seen")


def context_rows(asked: Asked, now: datetime, *, with_templates: bool) -> dict[str, list[tuple[Any, ...]]]:
    """Return what the names stand for, by kind: `service` and `environment` (id, slug, …; the service
    ends with the hash of the active standard), `succeeded`, `template`, `glass` (id, change, end), and what
    the calendar says (`freeze`, `window`, `working_time`). One statement."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    for kind, *row in _context(bool(asked.release.version), with_templates).rows(
        service=asked.service,
        environment=asked.environment,
        version=asked.release.version,
        today=now.astimezone(UTC).date(),
        now=now,
    ):
        found.setdefault(kind, []).append(tuple(row))
    return found


def change_rows(asked: Asked, number: int | None, *, lock: bool) -> list[Change]:
    """Return the change of that number, or those that may fit, newest first; with its template loaded,
    and `places`, `approved_hash`, `done_here` and `approved_stages` (the roles of each) beside. One
    statement; with `lock` they stay locked."""
    version = asked.release.version
    while True:
        rows = _changes(number is not None, bool(version), lock).rows(
            service=asked.service, environment=asked.environment, number=number, version=version
        )
        found: list[Any] = [_change(row) for row in rows]
        # PostgreSQL gives the present row of a change for whose lock it had to wait, and beside it what its
        # approval was before: an approved change without an approval. It is ours by now, so look again.
        if all(change.version == change.version_seen for change in found):
            return found


@cache
def _context(with_version: bool, with_templates: bool) -> Statement:
    def build(mark: Marks) -> QuerySet[Any, Any]:
        active = active_hash_subquery()
        environments = Environment.objects.filter(slug=mark.text("environment"))
        parts = [_part(environments, "environment", F("pk"), F("slug"), F("kind"))]
        if with_version:
            succeeded = Deployment.objects.filter(
                service__slug=mark.text("service"),
                release=mark.text("version"),
                state="succeeded",
                decision=Deployment.Decision.ALLOWED,
                # What was registered after the fact shows nothing that was asked ahead.
                registration=Deployment.Registration.AHEAD,
            )
            parts.append(_part(succeeded, "succeeded", Value(0), F("environment__kind")).distinct())
        if with_templates:
            parts.append(_part(_templates(mark), "template", F("pk"), *_TEMPLATE_COLUMNS))
        parts += [
            _part(rows, kind, number, *columns)
            for rows, kind, number, columns in almanac_parts(mark.moment("now"))
        ]
        columns = [F(name) for name in ("slug", "tier", "data_classification", "state")]
        parts.append(
            _part(
                _glasses(mark),
                "glass",
                F("break_glass_id"),
                F("break_glass__change_id"),
                F("break_glass__ends_at"),
            )
        )
        services = _part(
            Service.objects.filter(slug=mark.text("service")), "service", F("pk"), *columns, active
        )
        return services.union(*parts, all=True)

    return Statement(build)


@cache
def _changes(named: bool, with_version: bool, lock: bool) -> Statement:
    def build(mark: Marks) -> QuerySet[Any, Any]:
        found = Change.objects.filter(pk=mark.number("number")) if named else _candidates(mark, with_version)
        return _change_query(mark, found, lock=lock)

    return Statement(build, lock_table=Change._meta.db_table if lock else "")


def _candidates(mark: Marks, with_version: bool) -> QuerySet[Change]:
    here = Q(service__slug=mark.text("service"), environment__slug=mark.text("environment"))
    found = Change.objects.filter(
        Q(state__in=FIT) | Q(state="in_review", template__isnull=False),
        pk__in=ChangeTarget.objects.filter(here).values("change"),
    )
    if not with_version:
        return found
    # What a registration has opened is for its release: the next one opens a change of its own.
    other = Deployment.objects.filter(
        ~Q(release=mark.text("version")),
        change=OuterRef("pk"),
        decision__in=[Deployment.Decision.ALLOWED, Deployment.Decision.PENDING],
    )
    return found.filter(Q(requester__isnull=False) | Q(template__isnull=True) | ~Exists(other))


def _templates(mark: Marks) -> QuerySet[ChangeTemplate]:
    here = TemplateTarget.objects.filter(
        template=OuterRef("pk"),
        service__slug=mark.text("service"),
        environment__slug=mark.text("environment"),
    )
    approved = ApprovalRequest.objects.filter(
        subject_kind="template",
        subject_key=OuterRef("slug"),
        content_hash=OuterRef("content_hash"),
        state="approved",
    )
    valid = Q(valid_until__isnull=True) | Q(valid_until__gte=mark.day("today"))
    return ChangeTemplate.objects.filter(
        valid, Exists(here), Exists(approved), state="approved", pipelines=True
    )


def _glasses(mark: Marks) -> QuerySet[BreakGlassService]:
    return BreakGlassService.objects.filter(
        service__slug=mark.text("service"),
        break_glass__environment__slug=mark.text("environment"),
        break_glass__state="in_force",
    )


def _part(rows: QuerySet[Any, Any], kind: str, number: Any, *columns: Any) -> QuerySet[Any, Any]:
    """Return one branch of the union. All have the same columns; what a branch lacks is empty text."""
    texts: list[Any] = [Cast(column, TextField()) for column in columns]
    texts += [Value("", output_field=TextField())] * (len(_COLUMNS) - 2 - len(texts))
    named = dict(zip(_COLUMNS, [Value(kind, output_field=TextField()), number, *texts], strict=True))
    filled = rows.order_by().annotate(**{f"_{name}": value for name, value in named.items()})
    branch: QuerySet[Any, Any] = filled.values_list(*(f"_{name}" for name in _COLUMNS))
    return branch


class _Rows(Aggregate):
    """All rows of a group as one JSON array."""

    function = "JSON_GROUP_ARRAY"
    output_field = JSONField()

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, function="JSONB_AGG", **context)


def _change_query(mark: Marks, found: QuerySet[Change], *, lock: bool) -> QuerySet[Any, Any]:
    here = Q(service__slug=mark.text("service"), environment__slug=mark.text("environment"))
    places = (
        ChangeTarget.objects.filter(change=OuterRef("pk"))
        .order_by()
        .values("change")
        .annotate(
            rows=_Rows(
                JSONArray(
                    "service__slug",
                    "service__tier",
                    "service__data_classification",
                    "environment__slug",
                    "environment__kind",
                )
            )
        )
        .values("rows")
    )
    approved = ApprovalRequest.objects.filter(
        subject_kind="change",
        subject_key=Concat(Value(f"{PREFIX}-"), Cast(OuterRef("pk"), CharField())),
        revision=OuterRef("revision"),
        state="approved",
    )
    stages = (
        ApprovalStage.objects.filter(
            request__subject_kind="change",
            request__subject_key=Concat(Value(f"{PREFIX}-"), Cast(OuterRef("pk"), CharField())),
            request__revision=OuterRef("revision"),
            request__state__in=["open", "approved"],
            state="approved",
        )
        .order_by()
        .values("request__subject_kind")
        .annotate(rows=_Rows(JSONArray("roles")))
        .values("rows")
    )
    conditions = (
        Condition.objects.filter(
            request__subject_kind="change",
            request__subject_key=Concat(Value(f"{PREFIX}-"), Cast(OuterRef("pk"), CharField())),
            state__in=["open", "done"],
        )
        .order_by()
        .values("request__subject_kind")
        .annotate(rows=_Rows("text"))
        .values("rows")
    )
    done = Deployment.objects.filter(
        here, change=OuterRef("pk"), state="succeeded", decision=Deployment.Decision.ALLOWED
    )
    present = Change.objects.filter(pk=OuterRef("pk"))
    shown = found.annotate(
        places=Subquery(places, output_field=JSONField()),
        approved_hash=Subquery(approved.order_by("-id").values("content_hash")[:1]),
        done_here=Exists(done),
        approved_stages=Subquery(stages, output_field=JSONField()),
        open_conditions=Subquery(conditions, output_field=JSONField()),
        # Only who waits for a lock can find the row newer than what is beside it.
        version_seen=Subquery(present.values("version")) if lock else F("version"),
    )
    columns = (*_CHANGE_COLUMNS, *(f"template__{name}" for name in _ITS_TEMPLATE))
    return shown.order_by("-pk").values_list(*columns, *_BESIDE)[:MAX_CANDIDATES]


def _change(row: tuple[Any, ...]) -> Change:
    own = len(_CHANGE_COLUMNS)
    change: Any = Change.from_db("default", _CHANGE_COLUMNS, row[:own])
    *of_template, change.places, change.approved_hash, change.done_here, stages, conditions, seen = row[own:]
    change.version_seen = seen
    change.open_conditions = tuple(conditions or ())
    change.approved_stages = tuple(parted(roles) for (roles,) in stages or ())
    if change.template_id is not None:
        named = dict(zip(_ITS_TEMPLATE, of_template, strict=True))
        change.template = ChangeTemplate(pk=change.template_id, **named)
    loaded: Change = change
    return loaded
