"""What waits for a board, a card for each change or template, gathered for all cards at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Prefetch

from changes.facts import template_facts
from changes.models import Change, ChangeComment, ChangeTarget, ChangeTemplate, TemplateTarget
from changes.selectors import Conflict, changes_loaded, conflicts_of_all
from changes.services.rule_lines import Line, rule_lines
from changes.services.seen_facts import FactsAt
from changes.web.approvals import Round, round_of
from changes.web.places import Place, places_of
from opsportal.accounts.models import Role
from opsportal.approvals.models import ApprovalStage
from opsportal.approvals.selectors import (
    live_requests,
    open_stages_for,
    open_stages_of,
    progress_of_all,
)
from opsportal.calendar.almanac import FreezeSpan
from opsportal.core.actor import Actor
from opsportal.core.errors import NotFound
from opsportal.core.keys import number_of
from opsportal.core.registry import SearchHit, rounds_elsewhere, subject_urls
from opsportal.obligations.models import Obligation
from opsportal.obligations.terms import parted
from opsportal.standards.selectors import standard_by_hash
from opsportal.web.looks import words_of

SHOWN = 30
LATELY = 4
KINDS = ("change", "template")
_ABOUT = ("request__subject_kind", "request__subject_key")


@dataclass(frozen=True, slots=True)
class Card:
    """One thing to decide, with all that one needs to decide it."""

    kind: str
    key: str
    subject: Change | ChangeTemplate
    round: Round
    places: list[Place]
    lines: list[Line]
    due_at: datetime | None = None
    is_late: bool = False
    freezes: tuple[FreezeSpan, ...] = ()
    conflicts: list[Conflict] = field(default_factory=list)
    lately: list[Change] = field(default_factory=list)
    comments: list[ChangeComment] = field(default_factory=list)

    @property
    def is_change(self) -> bool:
        return self.kind == "change"

    @property
    def element_id(self) -> str:
        return f"card-{self.kind}-{self.key}"


@dataclass(frozen=True, slots=True)
class Tab:
    """One agenda: of a board, of another role, or (slug "") of the reader."""

    slug: str
    title: str
    count: int
    current: bool


def tabs_for(current: str, actor: Actor, now: datetime) -> list[Tab]:
    """Return the agendas to choose from: the reader's own, every board's, and every role's that is asked."""
    waiting: Counter[str] = Counter()
    open_now = ApprovalStage.objects.filter(state="open").values_list("roles", *_ABOUT)[:1000]
    # Two stages of one thing that wait for one board are one card of its agenda.
    waiting.update(
        slug for _, _, slug in {(kind, key, slug) for roles, kind, key in open_now for slug in parted(roles)}
    )
    mine = set(open_stages_for(UUID(actor.id), now).values_list(*_ABOUT)[:100]) if actor.is_user else ()
    tabs = [Tab("", "For you", len(mine), current == "")]
    for role in Role.objects.order_by("kind", "title"):
        if role.kind == "board" or waiting[role.slug] or role.slug == current:
            tabs.append(Tab(role.slug, role.title, waiting[role.slug], role.slug == current))
    return [tabs[0], *sorted(tabs[1:], key=lambda tab: tab.count == 0)]


def waiting_for(board: str, actor: Actor, now: datetime) -> tuple[list[Card], list[SearchHit]]:
    """Return what is on an agenda, the longest waiting first: cards, and what has a page of its own.

    At most `SHOWN` cards. `board` is the slug of a role; for "" it is what waits for the reader, whatever
    hat they wear.
    """
    stages = open_stages_of(board) if board else open_stages_for(UUID(actor.id), now)
    abouts = [(stage.request.subject_kind, stage.request.subject_key) for stage in stages[: SHOWN * 2]]
    wanted = list(dict.fromkeys(about for about in abouts if about[0] in KINDS))[:SHOWN]
    keys: dict[str, list[str]] = {}
    for kind, key in dict.fromkeys(about for about in abouts if about[0] not in KINDS):
        keys.setdefault(kind, []).append(key)
    elsewhere = [hit for kind, listed in keys.items() for hit in _shown_elsewhere(kind, listed)]
    return cards_of(wanted, actor, now), elsewhere


def _shown_elsewhere(kind: str, keys: list[str]) -> Iterable[SearchHit]:
    show, path = rounds_elsewhere.get(kind), subject_urls.get(kind)
    known = show(keys) if show else {}
    for key in keys:
        yield known.get(key) or SearchHit(key, "", words_of(kind), path(key) if path else "")


def card_of(kind: str, key: str, actor: Actor, now: datetime) -> Card:
    """Return one card, also of what was decided just now. Raises `NotFound`."""
    cards = cards_of([(kind, key)], actor, now)
    if not cards:
        raise NotFound("There is nothing to decide here.")
    return cards[0]


def cards_of(wanted: Collection[tuple[str, str]], actor: Actor, now: datetime) -> list[Card]:
    """Return the cards of these (kind, key), in their order, of what was ever submitted."""
    made: dict[tuple[str, str], Card] = {}
    for kind in KINDS:
        keys = [key for one, key in wanted if one == kind]
        requests = live_requests(kind, keys)
        progress = progress_of_all(list(requests.values()), now)
        rounds = {key: round_of(request, progress[request.pk], actor) for key, request in requests.items()}
        due = _due(kind, keys)
        cards = _of_changes(rounds, due, now) if kind == "change" else _of_templates(rounds, due, now)
        made.update({(kind, card.key): card for card in cards})
    return [made[one] for one in wanted if one in made]


def _of_changes(rounds: dict[str, Round], due: dict[str, datetime], now: datetime) -> Iterable[Card]:
    numbers = [number for key in rounds if (number := number_of(key, "CHG"))]
    comments = Prefetch("comments", ChangeComment.objects.order_by("id"))
    rows = list(changes_loaded().filter(pk__in=numbers).prefetch_related(comments))
    before = _carried_out({target.service_id for change in rows for target in change.targets.all()})
    conflicts = conflicts_of_all(rows)
    facts_at = FactsAt(now)
    for change in rows:
        targets = list(change.targets.all())
        yield Card(
            kind="change",
            key=change.key,
            subject=change,
            round=rounds[change.key],
            places=places_of(targets),
            lines=_change_lines(change, targets, facts_at),
            due_at=due.get(change.key),
            is_late=change.key in due and due[change.key] <= now,
            freezes=facts_at.freezes(change, targets),
            conflicts=conflicts[change.pk],
            lately=_lately(before, {target.service_id for target in targets}, change),
            comments=list(change.comments.all()),
        )


def _of_templates(rounds: dict[str, Round], due: dict[str, datetime], now: datetime) -> Iterable[Card]:
    templates = ChangeTemplate.objects.filter(slug__in=list(rounds)).prefetch_related(
        Prefetch("targets", TemplateTarget.objects.select_related("service__owner_team", "environment"))
    )
    for template in templates:
        yield Card(
            kind="template",
            key=template.slug,
            subject=template,
            round=rounds[template.slug],
            places=places_of(template.targets.all()),
            lines=_template_lines(template),
            due_at=due.get(template.slug),
            is_late=template.slug in due and due[template.slug] <= now,
        )


def _change_lines(change: Change, targets: list[ChangeTarget], facts_at: FactsAt) -> list[Line]:
    if not change.standard_hash:
        return []
    standard = standard_by_hash(change.standard_hash)
    return rule_lines(standard, "change.submit", facts_at.of(change, targets, standard))


def _template_lines(template: ChangeTemplate) -> list[Line]:
    if not template.standard_hash:
        return []
    return rule_lines(standard_by_hash(template.standard_hash), "template.submit", template_facts(template))


def _carried_out(services: Collection[int]) -> list[ChangeTarget]:
    """Return what was carried out on these services lately, newest first, as targets with their change."""
    rows = ChangeTarget.objects.filter(service__in=services).exclude(change__outcome="")
    return list(rows.select_related("change").order_by("-change__finished_at", "-change_id")[: SHOWN * 10])


def _lately(targets: Iterable[ChangeTarget], services: set[int], present: Change) -> list[Change]:
    changes = (one.change for one in targets if one.service_id in services and one.change_id != present.pk)
    return list(dict.fromkeys(changes))[:LATELY]


def _due(kind: str, keys: Collection[str]) -> dict[str, datetime]:
    """Return by when the earliest decision is owed on each of these."""
    owed = Obligation.objects.filter(
        subject_kind=kind, subject_key__in=list(keys), ended_at__isnull=True, owner_kind="role"
    )
    due: dict[str, datetime] = {}
    for key, moment in owed.order_by("-due_at").values_list("subject_key", "due_at"):
        due[key] = moment
    return due


def people_of(cards: Iterable[Card]) -> Iterable[tuple[str, str]]:
    """Return whom the cards name, for one query of all names."""
    for card in cards:
        subject: Any = card.subject
        for name in ("requester_id", "implementer_id", "author_id"):
            yield "user", str(getattr(subject, name, None) or "")
        yield from (("user", str(recusal.person_id)) for recusal in card.round.recusals)
        for progress in card.round.stages:
            yield from (
                ("user", str(one)) for vote in progress.votes for one in (vote.voter_id, vote.seat_id)
            )
            yield from (("user", str(person.pk)) for person in progress.asked)
            yield from (("role", role) for role in progress.stage.role_slugs)
        yield from (("user", str(comment.author_id)) for comment in card.comments)
