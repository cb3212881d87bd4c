"""Telling the standard of a completed exercise: of the organisation, and of each service that took part."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from compliance.facts.recovery import exercise_facts
from compliance.models import Exercise
from compliance.services.core import happened
from compliance.services.recovery.telling import ORGANISATION, service_subject
from opsportal.accounts.selectors import longest_member
from opsportal.accounts.services.periods import utc_day
from opsportal.core.actor import Actor
from opsportal.files.selectors import attachments_of
from opsportal.obligations.terms import Owner

KIND = "exercise"


def tell_completed(exercise: Exercise, states: Sequence[str], *, actor: Actor, now: datetime) -> None:
    """Tell of an exercise that ended, with the `states` of its steps, inside the write that is under way."""
    assert exercise.ended_at is not None  # noqa: S101 - it has ended
    evidenced = attachments_of(KIND, exercise.key).filter(state="attached").exists()
    facts = exercise_facts(exercise, states, evidenced=evidenced)
    summary = f"{exercise.get_kind_display()}: {exercise.get_outcome_display().lower()}"
    leader = Owner.user(exercise.led_by_id) if exercise.led_by_id else None
    happened(
        actor=actor,
        now=now,
        event="exercise.completed",
        subject=ORGANISATION,
        record=(KIND, exercise.key),
        at=exercise.ended_at,
        facts=facts,
        owner=leader,
        summary=summary,
    )
    for concerned in exercise.concerned.select_related("service", "service__owner_team").order_by("id"):
        service = concerned.service
        member = longest_member(service.owner_team.slug, utc_day(now))
        happened(
            actor=actor,
            now=now,
            event="exercise.completed_for_service",
            subject=service_subject(service),
            record=(KIND, exercise.key),
            at=exercise.ended_at,
            facts={
                **facts,
                "service.slug": service.slug,
                "service.tier": service.tier,
                "service.data_classification": service.data_classification,
            },
            owner=Owner.user(member.pk) if member else leader,
            summary=summary,
        )
