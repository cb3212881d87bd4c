"""One change under lock, with all that a step on it needs: loaded once, in few queries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

from changes.facts import asks_calendar, calendar_facts, change_facts
from changes.models import Change, ChangeTarget
from changes.permissions import Case, case_of
from changes.services.content import ChangeContent, content_of
from opsportal.approvals.models import ApprovalStage
from opsportal.calendar.almanac import Almanac
from opsportal.calendar.selectors import almanac_at
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import NotFound
from opsportal.core.statements import Objects
from opsportal.core.storing import update
from opsportal.obligations.terms import Owner, Subject
from opsportal.standards.rules import Standard
from opsportal.standards.selectors import active_standard, standard_by_hash
from opsportal.standards.vocabulary import Value

KIND = "change"


@dataclass
class Scene:
    """A locked change, what it names, and who is who."""

    change: Change
    targets: tuple[ChangeTarget, ...]
    _almanac: Almanac | None = None

    @property
    def key(self) -> str:
        return self.change.key

    @property
    def content(self) -> ChangeContent:
        return content_of(self.change, self.targets)

    @property
    def subject(self) -> Subject:
        """How lower rooms name it."""
        return Subject(
            KIND,
            self.key,
            self.change.title,
            services=tuple(sorted({target.service.slug for target in self.targets})),
            teams=tuple(sorted({target.service.owner_team.slug for target in self.targets})),
        )

    @cached_property
    def standard(self) -> Standard:
        """What it runs under: what was copied at submission, before that the active one.

        Stays what it was when first asked for, so that a change which becomes a draft again is still
        told of to the standard that it ran under.
        """
        copied = self.change.standard_hash
        return standard_by_hash(copied) if copied else active_standard()

    @property
    def round(self) -> str:
        """Which round of approval it is in, for what is owed once in each: `r2.1`."""
        return f"r{self.change.revision}.{self.change.submissions}"

    @property
    def separated(self) -> frozenset[str]:
        """The ids of those who may not approve it: who requested, wrote or carries it out."""
        people = (self.change.requester_id, self.change.implementer_id, self.change.started_by_id)
        return frozenset({*(str(person) for person in people if person), *self.change.author_ids})

    def almanac(self, now: datetime) -> Almanac:
        """Return what the calendar says from `now` on; read once."""
        if self._almanac is None:
            self._almanac = almanac_at(now)
        return self._almanac

    def facts(self, now: datetime, stage: ApprovalStage | None = None) -> dict[str, Value]:
        """Return the facts of the change, and of one stage of its approval where it is about that."""
        facts = change_facts(self.change, self.targets, now=now)
        if asks_calendar([self.standard]):
            facts |= calendar_facts(self.change, self.targets, self.almanac(now), now=now)
        if stage is not None:
            facts |= {"stage.id": stage.stage_id, "stage.role": stage.role_slugs[0]}
        return facts

    def people(self, stage: ApprovalStage | None = None) -> Mapping[str, Owner]:
        """Return whom the standard's words mean here."""
        change = self.change
        answers_for_it = change.requester_id or change.started_by_id or self._template_author()
        people = {
            "requester": Owner.user(answers_for_it),
            "implementer": Owner.user(change.implementer_id or change.started_by_id or answers_for_it),
        }
        if stage is not None:
            services, teams = stage.services_and_teams
            people["stage"] = Owner.role(*stage.role_slugs, services=services, teams=teams)
        return people

    def _template_author(self) -> object:
        if self.change.template is None:
            raise ValueError(f"nobody answers for {self.key}")
        return self.change.template.author_id

    def require(self, actor: Actor, verb: str, now: datetime) -> Case:
        """Raise `Forbidden` unless `actor` may do `verb` to it; return what they are to it."""
        case = case_of(actor, self.change, self.targets, now.astimezone(UTC).date())
        require(actor, f"change.{verb}", case)
        return case

    def save(self, now: datetime) -> None:
        """Save the change as its next version."""
        self.change.version += 1
        self.change.updated_at = now
        update(self.change)


_LOCKED = Objects(
    lambda marks: (
        Change.objects.select_for_update(of=("self",))
        .select_related("template")
        .filter(pk=marks.number("pk"))
    )
)
_TARGETS = Objects(
    lambda marks: (
        ChangeTarget.objects.filter(change=marks.number("change"))
        .select_related("service__owner_team", "environment")
        .order_by("environment__rank", "environment__slug", "service__slug")
    )
)


def scene_locked(pk: int) -> Scene:
    """Lock a change and return it with what it names. Two queries. Raises `NotFound`."""
    change = _LOCKED.first(pk=pk)
    if change is None:
        raise NotFound("There is no such change.")
    return Scene(change, targets_of(change))


def targets_of(change: Change) -> tuple[ChangeTarget, ...]:
    """Return what a change names, with service, owner team and environment, in order. One query."""
    targets = tuple(_TARGETS.all(change=change.pk))
    for target in targets:
        target.change = change
    return targets
