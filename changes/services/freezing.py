"""Freezes on the way of a change: they refuse a step, or somebody who may lets it pass."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from changes.facts import place_of
from changes.services.scene import KIND, Scene
from opsportal.accounts.selectors import roles_of
from opsportal.approvals.models import ApprovalStage
from opsportal.audit.services import audit_record
from opsportal.calendar.almanac import FreezeSpan
from opsportal.core.actor import Actor
from opsportal.core.errors import Reason
from opsportal.standards import engine

APPROVAL, PERSON, STANDARD = "approval", "person", "standard"


@dataclass(frozen=True, slots=True)
class FreezesMet:
    """The freezes over a period: which refuse, and which were let pass, each with by what."""

    refusing: tuple[FreezeSpan, ...] = ()
    passed: tuple[tuple[FreezeSpan, str], ...] = ()

    @property
    def reasons(self) -> list[Reason]:
        return [freeze.refusal for freeze in self.refusing]


def freezes_met(
    scene: Scene,
    *,
    actor: Actor,
    now: datetime,
    period: tuple[datetime, datetime],
    at: tuple[str, str] | None = None,
) -> FreezesMet:
    """Return the freezes that hold for the change in `period`, and what lets them pass today.

    That is: a stage of its approval that only roles could decide which may pass; a role that `actor` holds
    today (a machine holds none); or the standard it runs under, for this kind of change. One query for the
    almanac, two more where a freeze holds. `at` is the one place (slugs of service and environment) that
    it is about, where it is not about all that the change names.
    """
    places = [place_of(target) for target in scene.targets]
    places = [place for place in places if at is None or at == (place.service, place.environment)]
    freezes = scene.almanac(now).freezes_over(places, *period)
    if not freezes:
        return FreezesMet()
    permits = engine.permits(scene.standard, "change.start", scene.facts(now))
    permitted = any(one.demand.permit == "start_in_freeze" for one in permits)
    stages = _approved_stages(scene)
    roles = _roles_of(scene, actor, now)
    refusing: list[FreezeSpan] = []
    passed: list[tuple[FreezeSpan, str]] = []
    for freeze in freezes:
        if freeze.passed_by_approval(stages):
            passed.append((freeze, APPROVAL))
        elif freeze.passed_by(roles):
            passed.append((freeze, PERSON))
        elif permitted:
            passed.append((freeze, STANDARD))
        else:
            refusing.append(freeze)
    return FreezesMet(tuple(refusing), tuple(passed))


def record_passed(scene: Scene, met: FreezesMet, *, actor: Actor, now: datetime, step: str) -> None:
    """Write an audit entry for each freeze that was let pass at this step."""
    for freeze, by in met.passed:
        audit_record(
            actor=actor,
            now=now,
            action=f"{KIND}.freeze_passed",
            object_kind=KIND,
            object_key=scene.key,
            data={"freeze": freeze.key, "step": step, "passed_by": by},
        )


def _approved_stages(scene: Scene) -> list[tuple[str, ...]]:
    stages = ApprovalStage.objects.filter(
        request__subject_kind=KIND,
        request__subject_key=scene.key,
        request__revision=scene.change.revision,
        request__state__in=["open", "approved"],
        state="approved",
    )
    return [stage.role_slugs for stage in stages]


def _roles_of(scene: Scene, actor: Actor, now: datetime) -> set[str]:
    if not actor.is_user:
        return set()
    subject = scene.subject
    return roles_of(actor.id, now.astimezone(UTC).date(), services=subject.services, teams=subject.teams)
