"""All of one change, gathered for its page in few queries."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from changes.models import Attestation
from changes.panels import next_step_seen
from changes.selectors import Place, conflicts_of, watchers_of
from changes.selectors.emergencies import is_review_overdue
from changes.services.scene import Scene
from changes.web.approvals import Round, rounds_of
from changes.web.conditions import condition_lines
from changes.web.loading import Seen
from changes.web.past import Revision, revisions_of
from changes.web.places import places_of
from changes.web.standing import standing_of
from changes.web.steps import steps_for
from changes.web.timeline import Moment, moments_of
from opsportal.approvals.selectors import conditions_about, requests_about
from opsportal.core.access import may
from opsportal.files.kinds import ENDINGS
from opsportal.files.models import Attachment
from opsportal.files.selectors import attachments_of
from opsportal.standards import engine
from opsportal.standards.selectors import activation_by, versions
from opsportal.web.people import Pair, remember_people

TEXTS = (
    ("description", "What is done"),
    ("justification", "Why it is needed"),
    ("risk_assessment", "What may go wrong"),
    ("impact", "Whom and what it touches"),
    ("plan", "The steps"),
    ("test_evidence", "How it was tested"),
    ("rollback_plan", "The way back"),
    ("review", "Review"),
    ("lessons_learned", "What was learned"),
)


@dataclass(frozen=True, slots=True)
class Duty:
    """What the standard wants attested before closing, and by whom it was."""

    id: str
    title: str
    rule: str
    attestation: Attestation | None


def page_context(request: HttpRequest, seen: Seen) -> dict[str, Any]:
    """Return all that the page of a change shows to its reader. `?before=` goes back in its timeline."""
    change = seen.change
    cursor = request.GET.get("before", "")
    before = Place.of_cursor(cursor) if cursor else None
    rounds = rounds_of(requests_about("change", seen.key), seen.actor, seen.now)
    current = next((one for one in rounds if one.request.state != "void"), None)
    deployments = list(
        change.deployments.select_related("service", "environment").order_by("-registered_at", "-id")[:100]
    )
    attestations = list(change.attestations.order_by("id"))
    revisions = revisions_of(change)
    next_step = next_step_seen(
        change, list(seen.targets), current.stages if current else (), actor=seen.actor, now=seen.now
    )
    timeline, further = moments_of(change, _titles(rounds), seen.actor, before)
    attachments = list(attachments_of("change", seen.key))
    conditions = list(conditions_about("change", seen.key))
    people = Scene(change, seen.targets).people() if conditions else {}
    lines = condition_lines(conditions, people, seen.actor, seen.now)
    watchers = watchers_of(change)
    # All names of the page by one call, which asks once for each kind of actor.
    remember_people(
        request,
        [
            *_people(seen, rounds, attestations, revisions),
            *(
                ("user", str(who or ""))
                for one in conditions
                for who in (one.vote.voter_id, one.done_by_id, one.settled_by_id)
            ),
            *((row.added_by_kind, row.added_by_id) for row in attachments),
            *((row.removed_by_kind, row.removed_by_id) for row in attachments),
            *_in_timeline(timeline),
            *(("user", one) for one in watchers),
        ],
    )
    return {
        "seen": seen,
        "change": change,
        "review_overdue": is_review_overdue(change, seen.now),
        "key": seen.key,
        "clone_url": reverse("changes:clone", args=[seen.key]),
        "places": places_of(seen.targets),
        "texts": [(label, getattr(change, name)) for name, label in TEXTS if getattr(change, name)],
        "steps": steps_for(
            seen, next_step.allowed, is_conditional=any(one.state in ("open", "done") for one in conditions)
        ),
        "next_words": next_step.sentence,
        "outlook": seen.outlook,
        "names_standard": _named_standard(seen),
        "standing": standing_of(seen, [one.duty for one in attestations]),
        "current_round": current,
        "earlier_rounds": [one for one in rounds if one is not current],
        "conditions": lines,
        "duties": _duties(seen, attestations),
        "deployments": deployments,
        "timeline": timeline,
        "further": further.as_cursor() if further else "",
        "revisions": revisions,
        "conflicts": conflicts_of(change),
        "watchers": watchers,
        "watches": seen.actor.id in watchers,
        "may_watch": may(seen.actor, "change.watch", seen.case),
        "may_comment": may(seen.actor, "change.comment", seen.case),
        "may_ask": not seen.actor.is_user or seen.actor.id != str(change.requester_id),
        **_files(seen, attachments),
        "may_attest": may(seen.actor, "change.attest", seen.case),
    }


def _files(seen: Seen, attachments: list[Attachment]) -> dict[str, Any]:
    """Return what is and was attached, and which of it the reader may remove."""
    works_on_it = may(seen.actor, "change.detach", seen.case)
    ours = (seen.actor.kind.value, seen.actor.id)
    return {
        "attached": [
            (
                row,
                seen.change.state != "closed"
                and (works_on_it or (row.added_by_kind, row.added_by_id) == ours),
            )
            for row in attachments
            if row.state == "attached"
        ],
        "removed_files": [row for row in attachments if row.state == "removed"],
        "may_attach": may(seen.actor, "change.attach", seen.case),
        "file_endings": ", ".join(ENDINGS),
        "file_accept": ",".join(f".{ending}" for ending in ENDINGS),
        "file_megabytes": settings.FILE_MAX_BYTES // 1_000_000,
    }


def _named_standard(seen: Seen) -> dict[str, Any] | None:
    """Return the standard that carrying out the change puts in force, and when it did."""
    if not seen.change.activates:
        return None
    row = versions().get(content_hash=seen.change.activates)
    return {"row": row, "activation": activation_by(seen.key)}


def _titles(rounds: list[Round]) -> dict[str, str]:
    """Return the titles of all stages by id, those of the newest round first in effect."""
    stages = [progress.stage for one in reversed(rounds) for progress in one.stages]
    return {stage.stage_id: stage.title for stage in stages}


def _duties(seen: Seen, attestations: list[Attestation]) -> list[Duty]:
    if seen.change.state not in {"implementing", "implemented", "failed", "rolled_back", "closed"}:
        return []
    made = {one.duty: one for one in attestations}
    demanded = engine.attestations(seen.standard, "change.close", seen.facts)
    return [Duty(one.demand.id, one.demand.title, one.rule_id, made.get(one.demand.id)) for one in demanded]


def _in_timeline(moments: list[Moment]) -> Iterator[Pair]:
    for moment in moments:
        yield moment.actor_kind, moment.actor_id
        yield "user", moment.beside_id
        if moment.comment:
            yield from moment.comment.mentions


def _people(
    seen: Seen,
    rounds: list[Round],
    attestations: list[Attestation],
    revisions: list[Revision],
) -> Iterator[Pair]:
    change = seen.change
    for person in (change.requester_id, change.implementer_id, change.started_by_id, change.held_by_id):
        yield "user", str(person or "")
    for one in rounds:
        yield from (("user", str(recusal.person_id)) for recusal in one.recusals)
        for progress in one.stages:
            yield from (
                ("user", str(one)) for vote in progress.votes for one in (vote.voter_id, vote.seat_id)
            )
            yield from (("user", str(person.pk)) for person in progress.asked)
            yield from (("role", role) for role in progress.stage.role_slugs)
    yield from (("user", str(attestation.person_id)) for attestation in attestations)
    for revision in revisions:
        yield revision.actor_kind, revision.actor_id
        for edit in revision.edits:
            if edit.kind == "person":
                yield from (("user", str(value or "")) for value in (edit.before, edit.after))
