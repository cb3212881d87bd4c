"""The programme, and audits from plan to their end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from compliance.auditing.opinions import against
from compliance.auditing.states import AUDIT, PROGRAMME, TAKEN_IN
from compliance.auditing.tables import EVERY, GRAVE, OPINIONS
from compliance.models import Audit, AuditMember, AuditorAccess, AuditProgramme
from compliance.selectors.audits.standing import standing_of
from compliance.services.audits import cleaning
from compliance.services.audits.cleaning import cleaned
from compliance.services.audits.scene import (
    audit_locked,
    case_of,
    follow,
    meet,
    record,
    require_under_way,
    step,
)
from compliance.services.core.happened import happened
from compliance.subjects import ORGANISATION
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, InvalidInput, NotFound
from opsportal.core.text import clean_text
from opsportal.core.versions import require_version
from opsportal.core.writes import write
from opsportal.obligations.terms import Owner, Subject, parted
from opsportal.standards.vocabulary import Value

REPORT_WITHIN = timedelta(days=30)
"""When the report is due after the end of the period, where nobody says."""

_PROGRAMME: dict[str, cleaning.Cleaner] = {
    "title": cleaning.line("title", required=True),
    "kind": cleaning.slug("kind"),
    "every": cleaning.word("every", EVERY),
    "framework": cleaning.line("framework", 60),
    "objective": cleaning.text("objective"),
    "criteria": cleaning.text("criteria"),
    "lead": cleaning.nobody_or(cleaning.person("lead", auditor=True)),
}
PROGRAMME_FIELDS = tuple(_PROGRAMME)
_AUDIT: dict[str, cleaning.Cleaner] = {
    "title": cleaning.line("title", required=True),
    "kind": cleaning.slug("kind"),
    "objective": cleaning.text("objective"),
    "criteria": cleaning.text("criteria"),
    "framework": cleaning.line("framework", 60),
    "frameworks": cleaning.frameworks("frameworks"),
    "controls": cleaning.control_keys("controls"),
    "services": cleaning.services("services"),
    "period_from": cleaning.day("period_from"),
    "period_until": cleaning.day("period_until"),
    "lead": cleaning.person("lead", auditor=True),
    "due_at": cleaning.moment("due_at"),
    "conclusion": cleaning.text("conclusion"),
    "opinion": cleaning.word("opinion", OPINIONS, empty=True),
    "opinion_reason": cleaning.text("opinion_reason", 2_000),
}
AUDIT_FIELDS = tuple(_AUDIT)


def programme_save(
    *,
    actor: Actor,
    now: datetime,
    fields: Mapping[str, Any],
    pk: int | None = None,
    version: int | None = None,
) -> AuditProgramme:
    """Add an entry to the programme, or change the one of `pk`, and return it.

    Raises `InvalidInput` (also for a title that stands already), `Forbidden`, `NotFound` and `Stale`.
    """
    values = cleaned(fields, _PROGRAMME, ("title", "kind", "every") if pk is None else ())
    with write(actor=actor, now=now):
        require(actor, "audit.plan")
        if pk is None:
            row = AuditProgramme(created_at=now, updated_at=now)
        else:
            row = _programme_locked(pk)
            require_version(row, version)
            row.state = PROGRAMME.move(row.state, "edit")
        title = values.get("title", row.title)
        if AuditProgramme.objects.filter(title=title).exclude(pk=row.pk).exists():
            raise InvalidInput.of("title", "taken", "Another entry of the programme has this title.")
        for name, value in values.items():
            setattr(row, name, value)
        if pk is None:
            row.save(force_insert=True)
        else:
            step(row, now)
        _programme_record(row, "planned" if pk is None else "edited", actor=actor, now=now)
        return row


def programme_move(
    *, actor: Actor, now: datetime, pk: int, verb: str, version: int | None = None
) -> AuditProgramme:
    """Take an entry out of the programme (`retire`) or back into it (`resume`), and return it."""
    with write(actor=actor, now=now):
        require(actor, "audit.plan")
        row = _programme_locked(pk)
        require_version(row, version)
        row.state = PROGRAMME.move(row.state, verb)
        step(row, now)
        _programme_record(row, "retired" if verb == "retire" else "resumed", actor=actor, now=now)
        return row


def audit_plan(
    *, actor: Actor, now: datetime, fields: Mapping[str, Any], programme: int | None = None
) -> Audit:
    """Plan an audit and return it. `fields` are those of `AUDIT_FIELDS`.

    Needed are `title`, `kind`, `period_from`, `period_until`; what is missing comes from the entry of the
    programme. The lead is the planner where nobody is named; `due_at` 30 days after the period. Raises
    `InvalidInput` and `Forbidden`.
    """
    entry = AuditProgramme.objects.filter(pk=programme, state="active").first() if programme else None
    if programme and entry is None:
        raise InvalidInput.of("programme", "unknown", "There is no such entry in the programme.")
    given = dict(fields)
    if entry is not None:
        filled = {
            name: getattr(entry, name) for name in ("title", "kind", "framework", "objective", "criteria")
        }
        given = {**filled, **{name: value for name, value in given.items() if value not in ("", None)}}
        if entry.lead_id and not given.get("lead"):
            given["lead"] = entry.lead_id
    if not given.get("lead") and actor.is_user:
        given["lead"] = actor.id
    values = cleaned(given, _AUDIT, ("title", "kind", "period_from", "period_until", "lead"))
    _require_forward(values["period_from"], values["period_until"])
    if not values.get("framework"):
        # The word that rules ask for (`audit.framework`).
        values["framework"] = next(iter(parted(values.get("frameworks", ""))), "")
    with write(actor=actor, now=now):
        require(actor, "audit.plan")
        row = Audit(programme=entry, created_at=now, updated_at=now)
        for name, value in values.items():
            setattr(row, name, value)
        row.due_at = values.get("due_at") or row.ends + REPORT_WITHIN
        row.save(force_insert=True)
        _happened(row, "planned", actor=actor, now=now)
        return row


def audit_edit(
    *, actor: Actor, now: datetime, pk: int, fields: Mapping[str, Any], version: int | None = None
) -> Audit:
    """Change an audit and return it. From fieldwork on, its kind, scope and period stand.

    An opinion against which something speaks (`auditing.opinions`) needs `opinion_reason`. Raises
    `InvalidInput`, `NotFound`, `Forbidden`, `Stale`, `IllegalMove`, and `Conflict` (`scope_stands`).
    """
    values = cleaned(fields, _AUDIT)
    with write(actor=actor, now=now):
        row = audit_locked(pk, actor=actor)
        require(actor, "audit.lead", case_of(row))
        require_version(row, version)
        row.state = AUDIT.move(row.state, "edit")
        changed = {name: value for name, value in values.items() if getattr(row, name) != value}
        if row.state != "planned" and (stands := _SCOPE & set(changed)):
            raise Conflict(
                f"What is audited stands since fieldwork began: {', '.join(sorted(stands))}.",
                code="scope_stands",
            )
        _require_forward(
            values.get("period_from", row.period_from), values.get("period_until", row.period_until)
        )
        if not changed:
            return row
        for name, value in changed.items():
            setattr(row, name, value)
        if {"opinion", "opinion_reason"} & set(changed):
            require_reason(row)
        step(row, now)
        _happened(row, "edited", actor=actor, now=now, data={"fields": sorted(changed)})
        return row


def audit_team_set(
    *, actor: Actor, now: datetime, pk: int, team: Iterable[object], version: int | None = None
) -> Audit:
    """Let just these people (ids) work on an audit beside its lead, and return it.

    Raises `InvalidInput` for somebody who is neither auditor nor administrator, `NotFound`, `Forbidden`,
    `Stale` and `Conflict` once it is over.
    """
    check = cleaning.person("team", auditor=True)
    wanted = {person.pk: person for person in (check(one) for one in team)}
    with write(actor=actor, now=now):
        row = audit_locked(pk, actor=actor)
        require(actor, "audit.lead", case_of(row))
        require_version(row, version)
        require_under_way(row, *TAKEN_IN["team"])
        wanted.pop(row.lead_id, None)
        standing = {member.person_id: member for member in row.members.all()}
        for pk_of, member in standing.items():
            if pk_of not in wanted:
                member.delete()
        for pk_of, person in wanted.items():
            if pk_of not in standing:
                AuditMember(audit=row, person=person, added_at=now).save(force_insert=True)
        step(row, now)
        _happened(row, "team_set", actor=actor, now=now, data={"team": sorted(map(str, wanted))})
        return row


def audit_move(
    *, actor: Actor, now: datetime, pk: int, verb: str, reason: object = "", version: int | None = None
) -> Audit:
    """Take a step (`begin`, `report`, `resume`, `cancel`, `close`) and return the audit.

    `cancel` needs a reason. `report` needs a result of every test and no finding left in draft; `close` needs
    an issued report. Raises `InvalidInput`, `NotFound`, `Forbidden`, `Stale`, `IllegalMove` and `Conflict`
    (`tests_open`, `drafts_open`, `requests_open`, `no_report`).
    """
    if verb not in _EVENTS:
        raise InvalidInput.of("verb", "unknown", f"Must be one of: {', '.join(_EVENTS)}.")
    said = clean_text(reason, field="reason", max_length=2_000, required=verb == "cancel")
    with write(actor=actor, now=now, reason=said[:500]):
        row = audit_locked(pk, actor=actor)
        require(actor, "audit.issue" if verb == "close" else "audit.lead", case_of(row))
        require_version(row, version)
        row.state = AUDIT.move(row.state, verb)
        if verb == "begin":
            row.begun_at = now
        elif verb == "report":
            _require_fieldwork_done(row)
        elif verb == "close":
            _require_report(row)
            row.closed_at = now
        elif verb == "cancel":
            row.cancelled_reason = said
        if verb in {"close", "cancel"}:
            _end_accesses(row, now)
        step(row, now)
        _happened(row, _EVENTS[verb], actor=actor, now=now)
        return row


_SHOWN = 5
_SCOPE = {"kind", "framework", "frameworks", "controls", "services", "period_from", "period_until"}
_EVENTS = {
    "begin": "begun",
    "report": "reporting",
    "resume": "resumed",
    "close": "completed",
    "cancel": "cancelled",
}
MOVES = tuple(_EVENTS)


def audit_facts(row: Audit) -> dict[str, Value]:
    """Return what rules may ask of an audit."""
    told = list(row.findings.exclude(state__in=["draft", "withdrawn"]).values_list("severity", flat=True))
    tested = list(row.tests.exclude(result="").values_list("result", flat=True))
    return {
        "audit.kind": row.kind,
        "audit.framework": row.framework,
        "audit.findings": len(told),
        "audit.findings_grave": sum(severity in GRAVE for severity in told),
        "audit.controls_tested": len(tested),
        "audit.controls_not_met": sum(result == "not_met" for result in tested),
        "audit.external": AuditorAccess.objects.filter(audit=row).exists(),
    }


def audit_subject(row: Audit) -> Subject:
    """Return what an obligation about this audit is about."""
    return Subject("audit", row.key, row.title, services=row.service_slugs)


def require_reason(row: Audit) -> None:
    """Raise `InvalidInput` where something speaks against the opinion of an audit, and no reason is given."""
    if row.opinion_reason.strip():
        return
    if found := against(row.opinion, standing_of(row)):
        shown = " ".join(found[:_SHOWN])
        more = f" And {len(found) - _SHOWN} more." if len(found) > _SHOWN else ""
        raise InvalidInput.of(
            "opinion_reason",
            "required",
            f"This speaks against “{row.get_opinion_display()}”: {shown}{more}"
            " Finish it, or say why the opinion stands all the same; the report will show it.",
        )


def _require_forward(begins: date, ends: date) -> None:
    if ends < begins:
        raise InvalidInput.of("period_until", "before_start", "The last day must not lie before the first.")
    if (ends - begins).days > 3 * 366:
        raise InvalidInput.of("period_until", "too_long", "A period is three years at most.")


def _require_fieldwork_done(row: Audit) -> None:
    untested = row.tests.filter(result="").count()
    if untested:
        raise Conflict(f"{untested} tests of controls have no result yet.", code="tests_open")
    drafts = row.findings.filter(state="draft").count()
    if drafts:
        raise Conflict(f"{drafts} findings are drafts: report or withdraw them.", code="drafts_open")
    asked = row.requests.filter(state__in=["open", "answered"]).count()
    if asked:
        raise Conflict(
            f"{asked} evidence requests are not settled: accept or cancel them.", code="requests_open"
        )


def _require_report(row: Audit) -> None:
    if not row.reports.exists():
        raise Conflict("Issue the report first.", code="no_report")
    if row.findings.filter(state="draft").exists():
        raise Conflict("A finding is a draft still: report or withdraw it.", code="drafts_open")


def _end_accesses(row: Audit, now: datetime) -> None:
    """End what was opened to guests: there is nothing to audit any more."""
    for access in AuditorAccess.objects.select_for_update().filter(audit=row, revoked_at__isnull=True):
        access.revoked_at = now
        access.version += 1
        access.save()


def _programme_locked(pk: int) -> AuditProgramme:
    row = AuditProgramme.objects.select_for_update(of=("self",)).filter(pk=pk).first()
    if row is None:
        raise NotFound("There is no such entry in the programme.")
    return row


def _programme_record(row: AuditProgramme, event: str, *, actor: Actor, now: datetime) -> None:
    data = {"kind": row.kind, "every": row.every, "state": row.state}
    record("audit_programme", str(row.pk), event, actor=actor, now=now, data=data)


def _happened(
    row: Audit, event: str, *, actor: Actor, now: datetime, data: Mapping[str, Any] | None = None
) -> None:
    about = {"audit": row.pk, "kind": row.kind, "state": row.state, **(data or {})}
    record("audit", row.key, event, actor=actor, now=now, data=about)
    if event in {"edited", "team_set", "reporting", "resumed"}:
        return
    lead = Owner.user(row.lead_id)
    if event == "completed":
        # What recurs is owed by the organisation, and met there; what was owed about this audit is met too.
        happened(
            actor=actor,
            now=now,
            event="audit.completed",
            subject=Subject(ORGANISATION, ORGANISATION, "The organisation"),
            record=("audit", row.key),
            at=now,
            facts=audit_facts(row),
            owner=lead,
            summary=row.title,
            digest=row.reports.latest("number").content_hash,
        )
        meet("audit.completed", actor=actor, now=now, subject=audit_subject(row))
        return
    follow(
        f"audit.{event}",
        actor=actor,
        now=now,
        subject=audit_subject(row),
        facts=audit_facts(row),
        people={"lead_auditor": lead, "otherwise": lead},
        occurrence=f"v{row.version}",
    )
