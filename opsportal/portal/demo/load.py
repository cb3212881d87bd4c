"""Loading the demo organisation: all of it or nothing, into an empty database, with a clock set back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from changes.models import Change
from changes.services.closing import change_cancel, change_close
from changes.services.comments import change_comment
from changes.services.deployment_events import deployment_report
from changes.services.deployments import deployment_register
from changes.services.drafts import change_create
from changes.services.implementation import change_complete, change_fail, change_roll_back, change_start
from changes.services.schedule import change_schedule
from changes.services.submission import change_submit
from changes.services.templates import template_create, template_submit, template_vote
from changes.services.votes import change_vote
from opsportal.accounts.models import User
from opsportal.accounts.services import service_account_create
from opsportal.approvals.outcome import Decision
from opsportal.core.actor import Actor
from opsportal.outbox.services import messages_settle
from opsportal.portal.demo.catalog import load_catalog
from opsportal.portal.demo.people import grant_roles, load_people
from opsportal.portal.demo.stories_open import OPEN
from opsportal.portal.demo.stories_over import OVER
from opsportal.portal.demo.story import Step, Story
from opsportal.standards.services import standard_activate

STANDARD = "baseline"
SYSTEM = Actor.system("demo")
SCOPES = frozenset({"deployments:write", "gate:read", "catalog:read", "changes:read"})


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing that somebody does in the demo's past."""

    at: datetime
    act: Callable[[datetime], None]


def is_empty() -> bool:
    """Return whether nobody uses this database yet."""
    return not User.objects.exists() and not Change.objects.exists()


def demo_load(*, now: datetime) -> None:
    """Load the demo organisation as of `now` (aware UTC), in one transaction.

    Everything goes through the portal's own services, each with the time at which it happened. What
    happened long ago has been told long ago: only messages of the last hours are still to be sent.
    """
    founded = now - timedelta(days=90)
    with transaction.atomic():
        standard_activate(actor=SYSTEM, now=founded, name=STANDARD)
        users = load_people(actor=SYSTEM, now=founded)
        load_catalog(actor=SYSTEM, now=founded)
        grant_roles(users, actor=SYSTEM, now=founded)
        account = service_account_create(
            actor=SYSTEM, now=founded, slug="ci", description="Build and deployment pipelines"
        )
        stage = Stage(users, Actor.service_account(account.pk, SCOPES), now)
        stage.approve_template(now - timedelta(days=60))
        for moment in sorted(stage.moments(), key=lambda one: one.at):
            moment.act(moment.at)
        messages_settle(now=now, before=now - timedelta(hours=1))


class Stage:
    """The people and changes of the demo while its past is played."""

    def __init__(self, users: Mapping[str, User], pipeline: Actor, now: datetime) -> None:
        self._users = users
        self._pipeline = pipeline
        self._now = now
        self._changes: dict[str, int] = {}

    def moments(self) -> Iterator[Moment]:
        """Return everything that happens, in no order."""
        for story in (*OPEN, *OVER):
            yield Moment(self._before(story.ago), lambda at, story=story: self._raise(story, at))  # type: ignore[misc]
            for step in story.steps:
                yield Moment(
                    self._before(step.ago),
                    lambda at, story=story, step=step: self._do(story, step, at),  # type: ignore[misc]
                )

    def approve_template(self, at: datetime) -> None:
        """Have the board approve the one standard-change template."""
        template = template_create(
            actor=self._person("priya"),
            now=at,
            slug="certificate-renewal",
            fields={
                "title": "Renew a TLS certificate",
                "description": "Replace a certificate that ends within 30 days by one of the same names.",
                "risk": "low",
                "plan": "1. Order it.\n2. Install it on one instance.\n3. Install it on the rest.",
                "rollback_plan": "Install the former certificate again; it is valid for some days yet.",
                "targets": [("notifications", "production"), ("checkout-web", "production")],
            },
        )
        submitted = at + timedelta(hours=1)
        template = template_submit(actor=self._person("priya"), now=submitted, slug=template.slug)
        for hours, handle in ((2, "tomas"), (3, "ingrid")):
            template = template_vote(
                actor=self._person(handle),
                now=at + timedelta(hours=hours),
                slug=template.slug,
                decision=Decision.APPROVE,
                content_hash=template.content_hash,
            )

    def _before(self, hours: float) -> datetime:
        return self._now - timedelta(hours=hours)

    def _person(self, handle: str) -> Actor:
        return Actor.user(self._users[handle].pk, is_staff=self._users[handle].is_staff)

    def _raise(self, story: Story, at: datetime) -> None:
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
                "window_start": self._before(story.window[0]),
                "window_end": self._before(story.window[1]),
            }
        change = change_create(actor=self._person(story.who), now=at, fields=fields)
        self._changes[story.title] = change.pk

    def _do(self, story: Story, step: Step, at: datetime) -> None:
        pk = self._changes[story.title]
        if step.verb == "deploy":
            self._deploy(story, step, at, pk)
            return
        actor = self._person(step.who or story.who)
        if step.verb in {"approve", "reject"}:
            change_vote(
                actor=actor,
                now=at,
                pk=pk,
                decision=Decision(step.verb),
                content_hash=Change.objects.get(pk=pk).content_hash,
                **step.with_,  # type: ignore[arg-type]
            )
        elif step.verb == "ask":
            change_comment(actor=actor, now=at, pk=pk, kind="question", **step.with_)
        elif step.verb == "close":
            stated = {"documentation": "The service's page is updated."}
            change_close(actor=actor, now=at, pk=pk, attestations=stated, **step.with_)  # type: ignore[arg-type]
        else:
            _VERBS[step.verb](actor=actor, now=at, pk=pk, **step.with_)

    def _deploy(self, story: Story, step: Step, at: datetime, pk: int) -> None:
        version = str(step.with_["version"])
        service = story.services[0]
        body = {
            "service": service,
            "environment": "production",
            "version": version,
            "commit": "9fceb02d0ae598e95dc970b74767f19372d61af8",
            "change": f"CHG-{pk}",
            "pipeline": {
                "provider": "gitlab",
                "run_url": f"https://git.demo.example/{service}/-/pipelines/{pk}",
            },
            "checks": {"code_review": "passed", "tests": "passed"},
        }
        deployment = deployment_register(actor=self._pipeline, now=at, body=body).deployment
        error_rate = step.with_.get("error_rate", 0.002)
        reports: Any = step.with_["reports"]
        for number, (event, percent) in enumerate(reports, start=1):
            report: dict[str, Any] = {"event": event}
            if percent is not None:
                report |= {"percent": percent, "metrics": {"error_rate": error_rate}}
            deployment_report(
                actor=self._pipeline,
                now=at + timedelta(minutes=5 * number),
                number=deployment.pk,
                body=report,
            )


_VERBS: Mapping[str, Callable[..., Any]] = {
    "submit": change_submit,
    "schedule": change_schedule,
    "start": change_start,
    "complete": change_complete,
    "fail": change_fail,
    "roll_back": change_roll_back,
    "cancel": change_cancel,
    "comment": change_comment,
}
