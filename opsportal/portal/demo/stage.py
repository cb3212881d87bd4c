"""Plays stories: each step through the portal's own services, by its person, at its time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from changes.models import Change, Deployment
from changes.services.attachments import change_attach
from changes.services.closing import change_cancel, change_close
from changes.services.comments import change_comment
from changes.services.conditions import change_condition_confirm, change_condition_do
from changes.services.deployment_events import deployment_report
from changes.services.deployments import deployment_register
from changes.services.drafts import change_create
from changes.services.implementation import change_complete, change_fail, change_roll_back, change_start
from changes.services.meeting_decisions import meeting_decide
from changes.services.schedule import change_schedule
from changes.services.submission import change_submit
from changes.services.votes import change_vote
from opsportal.accounts.models import User
from opsportal.approvals.models import ApprovalStage, Vote
from opsportal.approvals.outcome import Decision
from opsportal.approvals.selectors import eligible_ids, live_request
from opsportal.core.actor import Actor
from opsportal.portal.demo.routine import Run
from opsportal.portal.demo.story import Step, Story

GIT = "https://git.demo.example"
MINUTES_APART = 5
"""Between one report of a pipeline and the next."""
COMMITS = 0x9FCEB02D0AE598E95DC970B74767F19372D61AF8
_MASK = (1 << 160) - 1


class Stage:
    """The people and changes of the demo while its past is played."""

    def __init__(self, users: Mapping[str, User], pipeline: Actor, now: datetime) -> None:
        self._users = users
        self._pipeline = pipeline
        self._now = now
        self._changes: dict[str, int] = {}
        self.meeting: int | None = None
        """The meeting of the board that is under way: what the board decides meanwhile is decided in it."""

    def person(self, handle: str) -> Actor:
        """Return one of the demo's people as an actor."""
        return self._users[handle].actor

    def before(self, hours: float) -> datetime:
        """Return the instant so many hours before the load."""
        return self._now - timedelta(hours=hours)

    def raise_change(self, story: Story, at: datetime) -> None:
        """Draft the change of a story."""
        fields: dict[str, Any] = {
            "type": story.type,
            "title": story.title,
            "services": list(story.services),
            "environments": list(story.environments),
            "justification": story.why,
            "impact": story.impact,
        }
        if story.template:
            fields |= {"template": story.template, "description": "Renewal by the approved procedure."}
        else:
            fields |= {
                "risk": story.risk,
                "description": story.what,
                "risk_assessment": story.risk_text,
                "plan": story.plan,
                "rollback_plan": story.rollback,
                "test_evidence": story.evidence,
            }
        if story.window is not None:
            fields |= {
                "window_start": self.before(story.window[0]),
                "window_end": self.before(story.window[1]),
            }
        change = change_create(actor=self.person(story.who), now=at, fields=fields)
        self._changes[story.title] = change.pk

    def do(self, story: Story, step: Step, at: datetime) -> None:
        """Do one step of a story."""
        pk = self._changes[story.title]
        if step.verb in _PLAYED:
            _PLAYED[step.verb](self, story, step, at, pk)
        else:
            actor = self.person(step.who or story.who)
            _VERBS[step.verb](actor=actor, now=at, pk=pk, **step.with_)

    def run(self, run: Run, at: datetime) -> None:
        """Do one run of a pipeline that names no change; close what it opened an hour later."""
        body = self._body(run.service, run.environment, run.version) | {"checks": run.checks}
        deployment = deployment_register(actor=self._pipeline, now=at, body=body).deployment
        self._report(deployment, run.reports, at, error_rate=0.001)
        if run.closes and deployment.change_id is not None:
            over = at + timedelta(hours=1)
            change_close(actor=self.person(run.closes), now=over, pk=deployment.change_id)

    def pass_gate(self, service: str, version: str, at: datetime) -> None:
        """Deploy to production without a word of a change, from start to success."""
        body = self._body(service, "production", version)
        deployment = deployment_register(actor=self._pipeline, now=at, body=body).deployment
        self._report(deployment, (("started", None), ("succeeded", None)), at, error_rate=0.001)

    def vote(self, at: datetime, pk: int, decision: Decision, comment: str = "") -> None:
        """Have the next person who may vote on a change decide it; nothing where nobody is asked any more."""
        found = self._next_voter(at, pk)
        if found is None:
            return
        stage, voter = found
        change_vote(
            actor=Actor.user(voter.pk, is_staff=voter.is_staff),
            now=at,
            pk=pk,
            decision=decision,
            content_hash=Change.objects.values_list("content_hash", flat=True).get(pk=pk),
            stage=stage.stage_id,
            comment=comment,
        )

    def _next_voter(self, at: datetime, pk: int) -> tuple[ApprovalStage, User] | None:
        request = live_request("change", f"CHG-{pk}")
        if request is None or request.state != "open":
            return None
        stage = request.stages.filter(state="open").order_by("position").first()
        if stage is None:
            return None
        used = Vote.objects.filter(request=request, hat=stage.hat).values_list("voter_id", flat=True)
        free = {*eligible_ids(stage, at.date())}.difference(used)
        voters = [user for user in self._users.values() if user.pk in free]
        return (stage, max(voters, key=lambda user: user.email)) if voters else None

    def _cast(self, story: Story, step: Step, at: datetime, pk: int) -> None:
        """A vote of the named person, as the story tells it; in the meeting that is under way."""
        given: dict[str, Any] = {
            "actor": self.person(step.who),
            "now": at,
            "decision": Decision(step.verb),
            "content_hash": Change.objects.values_list("content_hash", flat=True).get(pk=pk),
            **step.with_,
        }
        if self.meeting is not None and step.with_.get("stage") == "cab":
            meeting_decide(pk=self.meeting, key=f"CHG-{pk}", **given)
        else:
            change_vote(pk=pk, **given)

    def _vote(self, story: Story, step: Step, at: datetime, pk: int) -> None:
        self.vote(at, pk, Decision.APPROVE)

    def _refuse(self, story: Story, step: Step, at: datetime, pk: int) -> None:
        self.vote(at, pk, Decision.REJECT, str(step.with_["reason"]))

    def _attach(self, story: Story, step: Step, at: datetime, pk: int) -> None:
        text = str(step.with_["text"]).encode()
        change_attach(
            actor=self.person(step.who or story.who),
            now=at,
            pk=pk,
            name=str(step.with_["name"]),
            chunks=[text],
            note=step.with_["note"],
        )

    def _ask(self, story: Story, step: Step, at: datetime, pk: int) -> None:
        change_comment(actor=self.person(step.who), now=at, pk=pk, kind="question", **step.with_)

    def _close(self, story: Story, step: Step, at: datetime, pk: int) -> None:
        outcome = Change.objects.values_list("outcome", flat=True).get(pk=pk)
        stated = {"documentation": "The service's page is updated."} if outcome == "implemented" else {}
        actor = self.person(step.who or story.who)
        change_close(actor=actor, now=at, pk=pk, attestations=stated, **step.with_)  # type: ignore[arg-type]

    def _deploy(self, story: Story, step: Step, at: datetime, pk: int) -> None:
        environment = str(step.with_.get("environment", "production"))
        body = self._body(story.services[0], environment, str(step.with_["version"]))
        if environment == "production":
            body["change"] = f"CHG-{pk}"
        deployment = deployment_register(actor=self._pipeline, now=at, body=body).deployment
        rate: Any = step.with_.get("error_rate", 0.002)
        reports: Any = step.with_["reports"]
        self._report(deployment, reports, at, error_rate=rate)

    def _body(self, service: str, environment: str, version: str) -> dict[str, Any]:
        number = sum(map(ord, f"{service} {version}"))
        return {
            "service": service,
            "environment": environment,
            "version": version,
            "commit": f"{COMMITS * (2 * number + 1) & _MASK:040x}",
            "pipeline": {"provider": "gitlab", "run_url": f"{GIT}/{service}/-/pipelines/{number}"},
            "checks": {"code_review": "passed", "tests": "passed"},
        }

    def _report(
        self,
        deployment: Deployment,
        reports: tuple[tuple[str, int | None], ...],
        at: datetime,
        *,
        error_rate: float,
    ) -> None:
        for number, (event, percent) in enumerate(reports, start=1):
            report: dict[str, Any] = {"event": event}
            if percent is not None:
                report |= {"percent": percent, "metrics": {"error_rate": error_rate}}
            reported = at + timedelta(minutes=MINUTES_APART * number)
            deployment_report(actor=self._pipeline, now=reported, number=deployment.pk, body=report)


_PLAYED: Mapping[str, Callable[[Stage, Story, Step, datetime, int], None]] = {
    "approve": Stage._cast,
    "reject": Stage._cast,
    "vote": Stage._vote,
    "refuse": Stage._refuse,
    "ask": Stage._ask,
    "attach": Stage._attach,
    "close": Stage._close,
    "deploy": Stage._deploy,
}
_VERBS: Mapping[str, Callable[..., Any]] = {
    "submit": change_submit,
    "schedule": change_schedule,
    "start": change_start,
    "complete": change_complete,
    "fail": change_fail,
    "roll_back": change_roll_back,
    "cancel": change_cancel,
    "comment": change_comment,
    "do_condition": change_condition_do,
    "confirm_condition": change_condition_confirm,
}
