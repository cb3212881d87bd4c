"""Deployments registered after the fact: never counted as allowed ahead, and not left without a change."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

from django.db import transaction

from changes.gate import Decision, GateAnswer
from changes.models import Deployment
from changes.services.deployment_fields import Late, Registration
from changes.services.emergencies import Unplanned, change_open_in_retrospect
from opsportal.accounts.models import ServiceAccount, User
from opsportal.accounts.selectors import ADMINISTRATORS, holders_of, longest_member
from opsportal.core.actor import Actor
from opsportal.core.errors import Reason, RuleRefused

LATE_RULE = "portal.late_registration"
_OUTCOMES = {"succeeded": "implemented", "failed": "failed", "rolled_back": "rolled_back"}


def told_before(registration: Registration, *, actor: Actor) -> Deployment | None:
    """Return the deployment that the same pipeline registered after the fact in the same words; else None.

    What happened is the same where place, release and times are, and how it ended: a tool that got no
    answer says it again. What it names besides (a change, checks, its run) makes no other deployment of
    it. Compared is what was told first, whatever was reported since. Twins of one pipeline wait here for
    each other; the caller is in a transaction.
    """
    late, asked = registration.late, registration.asked
    if late is None:
        return None
    account = ServiceAccount.objects.select_for_update(no_key=True).get(pk=UUID(actor.id))
    rows = Deployment.objects.select_related("service", "environment").filter(
        registered_by=account,
        registration=Deployment.Registration.LATE,
        service__slug=asked.service,
        environment__slug=asked.environment,
        release=asked.release.version,
        commit=asked.release.commit,
        artifact_digest=asked.release.artifact_digest,
        started_at=late.started_at,
    )
    told = (late.finished_at, late.outcome or "deploying")
    return next((row for row in rows.order_by("id") if _first_told(row) == told), None)


def _first_told(deployment: Deployment) -> tuple[datetime | None, str]:
    first = deployment.history.order_by("history_id").values_list("finished_at", "state").first()
    return first or (None, "")


def after_the_fact(answer: GateAnswer, late: Late) -> GateAnswer:
    """Return what the gate says of what has happened already: it never waits, and says that it came late."""
    words = (
        f"It was registered after it had started ({late.started_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC):"
        " the gate was not asked ahead."
    )
    decision = Decision.BLOCKED if answer.decision is Decision.PENDING else answer.decision
    reasons = (Reason("late_registration", LATE_RULE, words), *answer.reasons)
    return replace(answer, decision=decision, reasons=reasons, retry_at=None)


def not_after_all(answer: GateAnswer, refused: tuple[Reason, ...]) -> GateAnswer:
    """Return the answer where the change that fitted could not be started."""
    return replace(answer, decision=Decision.BLOCKED, reasons=(*answer.reasons, *refused), change=None)


def emergency_opened(deployment: Deployment, late: Late, *, actor: Actor, now: datetime) -> None:
    """Open the emergency change of a late deployment that the gate would have stopped, and bind it.

    The one who has been longest in the owning team answers for it; else of the team of the pipeline's
    account; else an administrator. Where there is nobody, or nobody could decide on it, the deployment
    stays without a change, and its reasons say so. The caller saves it.
    """
    service, environment = deployment.service, deployment.environment
    requester = _responsible(deployment, now.astimezone(UTC).date())
    if requester is None:
        _not_opened(deployment, "nobody answers for the service")
        return
    unplanned = Unplanned(
        requester=requester,
        title=f"After the fact: {service.name} {deployment.release} in {environment.name}",
        description=f"{deployment.key} was registered after the fact, without a change that allowed it.",
        justification="Say in the review why it was deployed without asking the gate.",
        because=deployment.key,
        targets=((service, environment),),
        began=late.started_at,
        outcome=_OUTCOMES.get(late.outcome, ""),
        ended=late.finished_at,
    )
    try:
        with transaction.atomic():
            deployment.change = change_open_in_retrospect(actor=actor, now=now, unplanned=unplanned)
    except RuleRefused as refusal:
        _not_opened(deployment, refusal.detail)


def _not_opened(deployment: Deployment, why: str) -> None:
    words = f"No emergency change was opened for it: {why}. Raise one by hand."
    deployment.reasons = [*deployment.reasons, Reason("no_change_opened", LATE_RULE, words).as_dict()]


def _responsible(deployment: Deployment, on: date) -> User | None:
    account = deployment.registered_by
    teams = [deployment.service.owner_team.slug]
    teams += [account.team.slug] if account is not None and account.team is not None else []
    for team in teams:
        member = longest_member(team, on)
        if member is not None:
            return member
    return holders_of(ADMINISTRATORS, on).order_by("created_at", "id").first()
