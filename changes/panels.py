"""What other pages show of changes, and what any face says of the next step."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from changes.facts import change_facts
from changes.models import Change, ChangeTarget, ChangeTemplate, Deployment
from changes.models.break_glass import PREFIX as GLASS_PREFIX
from changes.models.changes import PREFIX
from changes.models.deployments import PREFIX as DEPLOYMENT_PREFIX
from changes.models.meetings import PREFIX as MEETING_PREFIX
from changes.next_step import STEPS, NextStep, Situation, next_step
from changes.permissions import case_of
from changes.selectors import changes_loaded, deployments_loaded, deployments_undone, waiting_for
from changes.selectors.break_glass import glasses_in_force
from changes.selectors.emergencies import review_overdue, tally
from changes.selectors.lately import quiet_spells_of, recent_changes_of, work_announced
from changes.selectors.meetings import meeting_entries, meeting_path, search_meetings
from changes.selectors.searching import changes_found
from changes.services.objections import judges
from changes.states import HOLDABLE, OVER
from opsportal.approvals.selectors import (
    Progress,
    live_requests,
    open_stages_for,
    progress_of,
    unmet_conditions,
)
from opsportal.core.access import may
from opsportal.core.actor import Actor
from opsportal.core.keys import format_key
from opsportal.core.registry import (
    CalendarEntry,
    Panel,
    SearchHit,
    announced_work,
    calendar_sources,
    key_urls,
    panels,
    quiet_spells,
    recent_changes,
    search_sources,
    under_other_standards,
)
from opsportal.standards import engine
from opsportal.standards.selectors import activation_by, standard_by_hash

KIND = "change"
SHOWN = 6
COUNT_CAP = 100
_MAY_START = frozenset({"in_review", "approved", "scheduled"})
SOON = timedelta(days=7)
LONGEST_WINDOW = timedelta(days=366)
MOST_ENTRIES = 2_000


def change_path(number: int) -> str:
    """Return the path of the page of a change."""
    return f"/changes/{format_key(PREFIX, number)}/"


def next_step_of(change: Change, targets: Iterable[ChangeTarget], *, actor: Actor, now: datetime) -> NextStep:
    """Return what is next with a change, as `actor` sees it. Seven queries at most; see `next_step_seen`."""
    request = live_requests(KIND, [change.key]).get(change.key)
    progress = progress_of(request, now) if request else []
    return next_step_seen(change, list(targets), progress, actor=actor, now=now)


def next_step_seen(
    change: Change,
    targets: list[ChangeTarget],
    progress: Iterable[Progress],
    *,
    actor: Actor,
    now: datetime,
) -> NextStep:
    """Return what is next where the progress of its live approval is known. Two queries for a person."""
    case = case_of(actor, change, targets, now.astimezone(UTC).date())
    held = {verb for verb in set(STEPS.values()) if may(actor, f"change.{verb}", case)}
    stages = [one for one in progress if one.stage.state == "open"]
    situation = Situation(
        state=change.state,
        now=now,
        held=change.held_at is not None,
        retrospective=change.retrospective_state,
        window_start=change.window_start,
        window_end=change.window_end,
        waits_for=tuple(one.stage.title for one in stages),
        votes_in=any(one.seats_of(actor.id) for one in stages),
        judges=change.retrospective_state == "answered" and judges(actor, change, now),
        rolled_back_later=change.rolled_back_later_at is not None,
        may_run_ahead=_may_run_ahead(change, targets, now),
        has_standard_to_activate=bool(change.activates) and activation_by(change.key) is None,
        taken_back=_taken_back(change),
        conditions=len(unmet_conditions(KIND, change.key)) if change.state in _MAY_START else 0,
    )
    return next_step(situation, frozenset(held))


def _taken_back(change: Change) -> tuple[str, str] | None:
    """Return key and state of its newest deployment that did not last. One query while it is carried out."""
    if change.state != "implementing":
        return None
    undone = deployments_undone().filter(change=change).order_by("-id").first()
    return (undone.key, undone.state) if undone else None


def _may_run_ahead(change: Change, targets: list[ChangeTarget], now: datetime) -> bool:
    if change.state != "in_review":
        return False
    standard = standard_by_hash(change.standard_hash)
    permitted = engine.permits(standard, "change.start", change_facts(change, targets, now=now))
    return any(one.demand.permit == "start_before_approval" for one in permitted)


def waiting(actor: Actor, now: datetime, subject: Any) -> dict[str, Any] | None:
    """Return what waits for the reader: votes, and steps of their own changes; None where nothing does."""
    if not actor.is_user:
        return None
    items = waiting_for(UUID(actor.id), now)
    if not items:
        return None
    lines = [{"item": item, "url": _WAITS_AT[item.kind].format(item.key)} for item in items]
    return {"lines": lines[:SHOWN], "count": len(lines), "more": max(0, len(lines) - SHOWN)}


_WAITS_AT = {"change": "/changes/{}/", "template": "/templates/{}/"}


def going_on(actor: Actor, now: datetime, subject: Any) -> dict[str, Any] | None:
    """Return what is being carried out, and what is approved for the next seven days."""
    changes = changes_loaded().filter(
        Q(state="implementing")
        | Q(state__in=["approved", "scheduled"], window_start__lte=now + SOON, window_end__gt=now)
    )
    return _lines(list(changes.order_by("window_start", "id")[: SHOWN + 1]))


def broken(actor: Actor, now: datetime, subject: Any) -> dict[str, Any] | None:
    """Return the changes that failed and are not closed, those held, and those rejected in retrospect.

    And those being carried out of which a deployment failed or was rolled back.
    """
    undone = deployments_undone().filter(change=OuterRef("pk"))
    changes = changes_loaded().filter(
        Q(state="failed")
        | Q(Exists(undone), state="implementing")
        | Q(held_at__isnull=False, state__in=["in_review", "approved", "scheduled", "implementing"])
        | Q(retrospective_state="rejected", state__in=["implementing", "implemented", "failed"])
    )
    found = list(changes.order_by("-updated_at", "-id")[: SHOWN + 1])
    rows = deployments_undone().filter(change__in=found, change__state="implementing").order_by("id")
    shown, undone_of = _lines(found), {row.change_id: row for row in rows}
    for line in shown["lines"] if shown else ():
        line["undone"] = undone_of.get(line["change"].pk)
    return shown


def votes_open(actor: Actor, now: datetime, subject: Any) -> dict[str, Any] | None:
    """Return how many votes the navigation says that the reader still has to cast."""
    if not actor.is_user:
        return None
    stages = open_stages_for(UUID(actor.id), now)
    return {"count": len(stages.values_list("pk", flat=True)[:COUNT_CAP]), "words": "to vote on"}


def emergencies_counted(actor: Actor, now: datetime, subject: Any) -> dict[str, Any] | None:
    """Return what is counted of emergencies, and those whose review is overdue; None where there are none."""
    counted = tally(now)
    if not counted.is_any:
        return None
    overdue = (
        Change.objects.filter(review_overdue(now)).order_by("finished_at", "id") if counted.overdue else ()
    )
    return {"tally": counted, "overdue": list(overdue[:SHOWN])}


def glass_path(number: int) -> str:
    """Return the path of the page of a break-glass request."""
    return f"/break-glass/{format_key(GLASS_PREFIX, number)}/"


def glass_in_force(actor: Actor, now: datetime, subject: Any) -> dict[str, Any] | None:
    """Return what every page says while the glass is broken somewhere; None while it is whole."""
    if not actor.is_user:
        return None
    glasses = list(glasses_in_force(now)[:SHOWN])
    return {"glasses": glasses} if glasses else None


def search(actor: Actor, text: str, limit: int) -> list[SearchHit]:
    """Return the changes whose texts or comments hold what is looked for, the best first."""
    return [
        SearchHit(one.change.key, one.change.title, "Change", change_path(one.change.pk), one.snippet)
        for one in changes_found(text, limit)
    ]


def deployment_path(number: int) -> str:
    """Return the path of the page of a deployment."""
    return f"/deployments/{format_key(DEPLOYMENT_PREFIX, number)}/"


def search_deployments(actor: Actor, text: str, limit: int) -> list[SearchHit]:
    """Return the deployments of this version, newest first."""
    found = deployments_loaded().filter(release=text).order_by("-id")[:limit]
    return [
        SearchHit(
            row.key,
            f"{row.service.name} {row.release} in {row.environment.name}",
            "Deployment",
            deployment_path(row.pk),
        )
        for row in found
    ]


def search_templates(actor: Actor, text: str, limit: int) -> list[SearchHit]:
    """Return the templates whose short name or title contains the text, by title."""
    found = ChangeTemplate.objects.filter(Q(slug__icontains=text) | Q(title__icontains=text))
    return [
        SearchHit(row.slug, row.title, "Template", f"/templates/{row.slug}/")
        for row in found.order_by("title", "id")[:limit]
    ]


def deployments_running(actor: Actor, now: datetime, subject: Any) -> dict[str, Any] | None:
    """Return the deployments that are under way; None where there is none."""
    running = deployments_loaded().filter(state__in=["deploying", "verified"])
    return _deployment_lines(running, now)


def deployments_broken(actor: Actor, now: datetime, subject: Any) -> dict[str, Any] | None:
    """Return the deployments of the last days that failed, and after which none has succeeded there."""
    mended = Deployment.objects.filter(
        service=OuterRef("service"),
        environment=OuterRef("environment"),
        pk__gt=OuterRef("pk"),
        state="succeeded",
    )
    return _deployment_lines(deployments_loaded().filter(~Exists(mended), state="failed"), now)


def of_service(actor: Actor, now: datetime, subject: Any) -> dict[str, Any] | None:
    """Return the newest changes and deployments of a service (`subject`)."""
    named = ChangeTarget.objects.filter(change=OuterRef("pk"), service=subject)
    changes = changes_loaded().filter(Exists(named)).order_by("-updated_at", "-id")
    deployments = deployments_loaded().filter(service=subject).order_by("-registered_at", "-id")
    return {
        "service": subject,
        "lines": [{"change": change, "url": change_path(change.pk)} for change in changes[:SHOWN]],
        "deployments": list(deployments[:SHOWN]),
    }


def _deployment_lines(deployments: QuerySet[Deployment], now: datetime) -> dict[str, Any] | None:
    lately = deployments.filter(registered_at__gte=now - SOON).order_by("-registered_at", "-id")
    rows = list(lately[: SHOWN + 1])
    return {"deployments": rows[:SHOWN], "more": len(rows) > SHOWN} if rows else None


def _lines(changes: list[Change]) -> dict[str, Any] | None:
    if not changes:
        return None
    lines = [{"change": change, "url": change_path(change.pk)} for change in changes[:SHOWN]]
    return {"lines": lines, "more": len(changes) > SHOWN}


def in_flight_under_others(content_hash: str, most: int) -> int:
    """Return how many changes are under way under another standard than this one, up to `most`."""
    rows = Change.objects.filter(state__in=[*HOLDABLE, *OVER]).exclude(standard_hash__in=["", content_hash])
    return len(rows.values_list("pk", flat=True)[:most])


def calendar_entries(actor: Actor, start: datetime, end: datetime) -> list[CalendarEntry]:
    """Return the changes whose window lies there; those that will not take place as cancelled.

    A draft that was never submitted is nobody else's plan yet. Two queries.
    """
    rows = (
        changes_loaded()
        .filter(window_start__lt=end, window_end__gt=start, window_start__gte=start - LONGEST_WINDOW)
        .exclude(state="draft", submissions=0)
        .order_by("window_start", "id")[:MOST_ENTRIES]
    )
    return [_entry(change, change.window_start, change.window_end) for change in rows]


def _entry(change: Change, start: datetime | None, end: datetime | None) -> CalendarEntry:
    if start is None or end is None:
        raise ValueError(f"{change.key} has no window")
    targets = list(change.targets.all())
    return CalendarEntry(
        key=change.key,
        title=f"{change.key} {change.title}",
        kind="change",
        start=start,
        end=end,
        url=change_path(change.pk),
        state=change.state,
        cancelled=change.state in ("draft", "rejected", "cancelled"),
        version=change.version,
        services=tuple(sorted({target.service.slug for target in targets})),
        environments=tuple(sorted({target.environment.slug for target in targets})),
    )


def register() -> None:
    """Put this app's panels, calendar and search source and key resolver where they belong."""
    panels.add("changes.waiting", Panel("home.waiting", 10, "changes/panel_waiting.html", waiting))
    panels.add("changes.on", Panel("home.on", 10, "changes/panel_on.html", going_on))
    panels.add("changes.broken", Panel("home.broken", 5, "changes/panel_broken.html", broken))
    panels.add("changes.votes", Panel("nav.cab", 10, "", votes_open))
    panels.add("deployments.on", Panel("home.on", 20, "changes/panel_running.html", deployments_running))
    panels.add("deployments.broken", Panel("home.broken", 6, "changes/panel_failed.html", deployments_broken))
    panels.add("changes.service", Panel("service.main", 10, "changes/panel_service.html", of_service))
    calendar_sources.add("changes", calendar_entries)
    recent_changes.add("changes", recent_changes_of)
    quiet_spells.add("changes", quiet_spells_of)
    announced_work.add("changes", work_announced)
    search_sources.add("templates", search_templates)
    search_sources.add("changes", search)
    key_urls.add(PREFIX, change_path)
    panels.add(
        "changes.emergencies", Panel("home.broken", 8, "changes/panel_emergencies.html", emergencies_counted)
    )
    panels.add("changes.glass", Panel("page.banner", 10, "changes/panel_glass.html", glass_in_force))
    key_urls.add(GLASS_PREFIX, glass_path)
    under_other_standards.add("changes", in_flight_under_others)
    search_sources.add("deployments", search_deployments)
    key_urls.add(DEPLOYMENT_PREFIX, deployment_path)
    calendar_sources.add("meetings", meeting_entries)
    search_sources.add("meetings", search_meetings)
    key_urls.add(MEETING_PREFIX, meeting_path)
