"""Whom the portal tells of what happens to a change.

Who is told is found when it is handled: the holders of that day. Nobody is told of what they did
themselves, nor asked for a vote that is no longer needed.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC

from changes.models import Change, ChangeTemplate, Deployment
from changes.models.break_glass import PREFIX as GLASS_PREFIX
from changes.models.deployments import PREFIX as DEPLOYMENT_PREFIX
from changes.selectors.break_glass import glasses_loaded
from changes.selectors.meetings import agenda_of, expected_at, invited_to, meeting_path, meetings_loaded
from changes.services.condition_duties import DONE, SET, SETTLED
from changes.services.events import STAGE_OPENED, topic
from changes.services.recounting import RECOUNT, RECUSED, recount, recounts_ask
from changes.telling import change_of as _change
from changes.telling import tell as _tell
from changes.telling import workers_of as _workers
from opsportal.accounts.selectors import ADMINISTRATORS, board_members, holders_of, members_of
from opsportal.approvals.models import ApprovalStage, Condition
from opsportal.approvals.selectors import eligible, people_asked
from opsportal.core.actor import Actor
from opsportal.core.registry import key_urls
from opsportal.notify.services import notify
from opsportal.notify.topics import Topic, topics
from opsportal.outbox.topics import Message, on


def on_stage_opened(message: Message) -> None:
    """Ask those who may vote in the stage that has opened."""
    stage = ApprovalStage.objects.select_related("request").filter(pk=message.payload["stage"]).first()
    if stage is None or stage.state != "open":
        return
    change = _change(message)
    in_retrospect = " in retrospect" if change.retrospective_state == "open" else ""
    _tell(
        message,
        change,
        _voters(stage, message),
        key=f"stage:{stage.pk}:opened",
        subject=f"Your vote is needed{in_retrospect}",
        lines=[f"The stage “{stage.title}” is open, and you may vote in it."],
        urgency="high" if change.type == Change.Type.EMERGENCY else "normal",
        news="changes.vote",
    )


def on_started(message: Message) -> None:
    """Tell those who still have to vote that the change runs ahead of its approval."""
    change = _change(message)
    if message.payload.get("retrospective") != "open" or change.retrospective_state != "open":
        return
    stages = ApprovalStage.objects.select_related("request").filter(
        request__subject_kind="change", request__subject_key=change.key, state="open"
    )
    for stage in stages:
        _tell(
            message,
            change,
            _voters(stage, message),
            key=f"stage:{stage.pk}:retrospective",
            subject="Started ahead of its approval: decide in retrospect",
            lines=[
                "This change was started before it was approved, as the standard permits.",
                f"The stage “{stage.title}” still has to decide it, and it cannot be closed before.",
            ],
            urgency="high",
            news="changes.vote",
        )


def on_decided(message: Message) -> None:
    """Tell requester and implementer how it was decided."""
    change = _change(message)
    event = message.topic.rpartition(".")[2]
    subject, line = _DECISIONS[event]
    _tell(
        message,
        change,
        _workers(change),
        key=f"round:{change.revision}.{change.submissions}:{event}",
        subject=subject,
        lines=[line],
        urgency="high" if "rejected" in event else "normal",
    )


_DECISIONS = {
    "approved": ("Approved", "This change is approved. Schedule it, or start it in its window."),
    "rejected": (
        "Rejected",
        "This change was rejected. Read why, edit it to answer the objections, and submit it again.",
    ),
    "retrospective_approved": (
        "Approved in retrospect",
        "What was started ahead of its approval is approved.",
    ),
    "retrospective_rejected": (
        "Rejected in retrospect",
        "What was started ahead of its approval was rejected. See what you owe now.",
    ),
}


def on_held(message: Message) -> None:
    """Tell requester and implementer that it may not go on, or may again."""
    change, held = _change(message), message.topic == topic("held")
    _tell(
        message,
        change,
        _workers(change),
        key=f"{'held' if held else 'released'}:{message.payload['version']}",
        subject="On hold" if held else "Released",
        lines=[
            "This change is held: it cannot start, and nothing of it is deployed, until it is released."
            if held
            else "This change is held no more and may go on."
        ],
        urgency="high" if held else "normal",
    )


def on_recused(message: Message) -> None:
    """Tell the others who decide it that one of them does not any more."""
    stages = ApprovalStage.objects.select_related("request").filter(request=message.payload["request"])
    _tell(
        message,
        _change(message),
        {str(person.pk): None for stage in stages for person in eligible(stage, message.now.date())},
        key=f"recused:{message.payload['request']}:{message.payload['actor']}",
        subject="A conflict of interest was stated",
        lines=["One of those who decide this has stated a conflict of interest, and votes no more on it."],
        news="changes.vote",
    )


def on_condition(message: Message) -> None:
    """Tell who carries it out of what is asked of them, and who decided of what they are to confirm."""
    change, state = _change(message), str(message.payload["state"])
    condition = Condition.objects.select_related("stage__request", "vote").get(
        pk=message.payload["condition"]
    )
    people = _workers(change)
    if state == "done":
        deciders = eligible(condition.stage, message.now.astimezone(UTC).date())
        people = list(dict.fromkeys(str(pk) for pk in (condition.vote.voter_id, *(d.pk for d in deciders))))
    _tell(
        message,
        change,
        people,
        key=f"condition:{condition.pk}:{message.payload['tries']}:{state}",
        subject=_CONDITIONS[state][0],
        lines=[_CONDITIONS[state][1], "", f"Condition: {condition.text}"],
        news="changes.vote" if state == "done" else "changes.mine",
    )


_CONDITIONS = {
    "open": ("A condition to meet", "Something is to be done first. Meet it, and say what shows that."),
    "done": ("A condition to confirm", "They say that it is met. Confirm it, or send it back."),
    "confirmed": ("A condition is confirmed", "When all are confirmed, the change may start."),
    "withdrawn": ("A condition was withdrawn", "It stands in the way of the change no more."),
}


def on_membership(message: Message) -> None:
    """Count anew where somebody has left a board."""
    recounts_ask(now=message.now)


def on_recount(message: Message) -> None:
    """Count the votes on one thing anew."""
    recount(now=message.now, kind=message.payload["kind"], key=message.payload["key"])


def on_template_submitted(message: Message) -> None:
    """Ask those who may vote on the template."""
    template = ChangeTemplate.objects.get(slug=message.payload["key"])
    stages = ApprovalStage.objects.select_related("request").filter(
        request__subject_kind="template", request__subject_key=template.slug, state="open"
    )
    for stage in stages:
        _tell_of_template(
            message,
            template,
            _voters(stage, message),
            key=f"stage:{stage.pk}:opened",
            subject="Your vote is needed",
            line=f"The stage “{stage.title}” is open, and you may vote in it.",
        )


def on_template_decided(message: Message) -> None:
    """Tell the author how it was decided."""
    template, event = ChangeTemplate.objects.get(slug=message.payload["key"]), message.payload["state"]
    line = (
        "Changes may be opened from this template now."
        if event == "approved"
        else "This template was rejected. Read why, edit it, and submit it again."
    )
    _tell_of_template(
        message,
        template,
        [str(template.author_id)],
        key=f"version:{message.payload['version']}:{event}",
        subject="Approved" if event == "approved" else "Rejected",
        line=line,
    )


def on_deployment_trouble(message: Message) -> None:
    """Tell those who work on the change that a deployment went wrong, or goes on though it is not allowed."""
    deployment = (
        Deployment.objects.select_related("change__template", "service", "environment")
        .filter(pk=message.payload["deployment"])
        .first()
    )
    if deployment is None or deployment.change is None:
        return
    event = message.topic.rpartition(".")[2]
    subject, line = _TROUBLES[event]
    where = f"{deployment.service.name} {deployment.release} in {deployment.environment.name}"
    notify(
        now=message.now,
        message_key=f"deployment:{deployment.pk}:{event}",
        recipients=_workers(deployment.change),
        subject=f"{subject}: {deployment.key} {where}",
        body=f"{line}\n\nDeployment: {deployment.key}, {where}\nChange: {deployment.change.key}",
        url=key_urls[DEPLOYMENT_PREFIX](deployment.pk),
        urgency="high",
        topic="changes.deployment",
        about=deployment.change.key,
    )


_TROUBLES = {
    "flagged": (
        "A report was refused",
        "The pipeline reported something that is not allowed, and was told to hold or to roll back.",
    ),
    "failed": ("A deployment failed", "The pipeline reported that the deployment failed."),
    "rolled_back": ("A deployment was rolled back", "The pipeline took the deployment back."),
}


def on_break_glass(message: Message) -> None:
    """Tell boards, administrators and the teams that own the services: loudly, at each of its steps."""
    glass = glasses_loaded().get(pk=message.payload["break_glass"])
    event = message.topic.rpartition(".")[2]
    subject, line = _GLASS[event]
    services = [row.service for row in glass.named.all()]
    where = f"{', '.join(service.name for service in services)} in {glass.environment.name}"
    deployment = message.payload.get("deployment", "")
    body = [line, "", f"Where: {where}", f"Why: {glass.reason}"]
    body += [f"Deployment: {deployment}"] if deployment else []
    today = message.now.astimezone(UTC).date()
    teams = {service.owner_team.slug for service in services}
    told = {str(person.pk) for person in [*board_members(today), *holders_of(ADMINISTRATORS, today)]}
    told |= {str(person.pk) for team in teams for person in members_of(team, today)}
    told |= {str(person) for person in (glass.asked_by_id, glass.confirmed_by_id) if person}
    notify(
        now=message.now,
        message_key=f"break_glass:{glass.pk}:{event}:{deployment}",
        recipients=[person for person in sorted(told) if str(Actor.user(person)) != message.payload["actor"]],
        subject=f"{subject}: {glass.key} {where}",
        body="\n".join(body),
        url=key_urls[GLASS_PREFIX](glass.pk),
        urgency="high",
    )


_GLASS = {
    "asked": (
        "Break-glass: a second person is needed",
        "Somebody asks that deployments pass whatever the rules say. Confirm or refuse it within the hour.",
    ),
    "confirmed": (
        "The glass is broken",
        "Two people agreed: deployments pass there now, whatever the rules say. Any of you can end it.",
    ),
    "refused": ("Break-glass refused", "A second person refused it. Nothing passes."),
    "expired": ("Break-glass expired", "Nobody confirmed it within the hour. Nothing passes."),
    "used": ("The broken glass was used", "A deployment passed that the rules would have stopped."),
    "ended": (
        "Break-glass is over",
        "Its time is up, and the rules hold again. Its emergency change is to be reviewed and decided on.",
    ),
    "revoked": (
        "Break-glass was ended",
        "Somebody ended it ahead of its time. What happened meanwhile is to be reviewed and decided on.",
    ),
}


def on_meeting(message: Message) -> None:
    """Tell the members of the board of a meeting: called, another, tomorrow, off, or held."""
    meeting = meetings_loaded().get(pk=message.payload["meeting"])
    event = message.topic.rpartition(".")[2]
    if event == "edited" and not _WHEN_AND_WHERE & {*message.payload["fields"]}:
        return
    if event in {"called", "edited", "reminded"} and meeting.state != "planned":
        return
    if event == "reminded" and message.payload["starts_at"] != meeting.starts_at.isoformat():
        return
    subject, line = _MEETINGS[event]
    body = [line, "", f"When: {meeting.starts_at:%A %d %B %Y, %H:%M} UTC"]
    body += [f"Where: {meeting.place}"] if meeting.place else []
    waiting = len(agenda_of(meeting))
    body += [f"On the agenda: {waiting}"] if waiting else []
    people = (expected_at if event == "reminded" else invited_to)(meeting, message.now)
    notify(
        now=message.now,
        message_key=f"meeting:{meeting.pk}:{event}:{message.payload['version']}",
        recipients=[one for one in people if str(Actor.user(one)) != message.payload["actor"]],
        subject=f"{subject}: {meeting.key} {meeting.board.title}",
        body="\n".join(body),
        url=meeting_path(meeting.pk),
        urgency="normal" if event != "held" else "low",
        topic="changes.meeting",
        about=meeting.key,
    )


_WHEN_AND_WHERE = {"starts_at", "ends_at", "place"}
_MEETINGS = {
    "called": (
        "A meeting is called",
        "You are invited. Its agenda fills by itself with what waits for this board; add what is missing.",
    ),
    "edited": ("A meeting is moved", "Its time or its place is another now."),
    "reminded": ("A meeting is near", "It begins within a day."),
    "cancelled": ("A meeting is cancelled", "It does not take place. What waits for your vote still waits."),
    "held": ("The minutes are closed", "Read what was decided, by whom, and on what."),
}


def _tell_of_template(
    message: Message, template: ChangeTemplate, people: Iterable[str], *, key: str, subject: str, line: str
) -> None:
    doer = message.payload.get("actor", "")
    notify(
        now=message.now,
        message_key=f"template:{template.pk}:{key}",
        recipients=[person for person in people if str(Actor.user(person)) != doer],
        subject=f"{subject}: template {template.title}",
        body=f"{line}\n\nTemplate: {template.title}",
        url=f"/templates/{template.slug}/",
        urgency="normal",
        topic="changes.vote" if key.startswith("stage:") else "changes.mine",
        about=template.title,
    )


def _voters(stage: ApprovalStage, message: Message) -> list[str]:
    return [str(person.pk) for person in people_asked(stage, message.now)]


def register() -> None:
    """Listen to the topics of this app, and say what kinds of news people may choose from."""
    topics.add("changes.vote", Topic("Votes that wait for me", "A stage opened in which I may vote."))
    topics.add("changes.mine", Topic("My changes", "Decisions, questions and holds on what I work on."))
    topics.add(
        "changes.meeting", Topic("Meetings of my boards", "Invitations, other times, reminders, minutes.")
    )
    topics.add("changes.deployment", Topic("Deployments that go wrong", "Of changes that I work on."))
    on(topic(STAGE_OPENED), "changes.vote_needed", on_stage_opened)
    on(topic("started"), "changes.retrospective_due", on_started)
    for event in _DECISIONS:
        on(topic(event), "changes.decided", on_decided)
    for event in ("held", "released"):
        on(topic(event), "changes.held", on_held)
    on(topic(RECUSED), "changes.recused", on_recused)
    for event in (SET, DONE, SETTLED):
        on(topic(event), "changes.condition", on_condition)
    for event in ("role.ended", "user.deactivated", "user.erased"):
        on(f"accounts.{event}", "changes.membership", on_membership)
    on(RECOUNT, "changes.recount", on_recount)
    on("changes.template.submitted", "changes.template_vote_needed", on_template_submitted)
    for event in ("approved", "rejected"):
        on(f"changes.template.{event}", "changes.template_decided", on_template_decided)
    for event in _GLASS:
        on(f"changes.break_glass.{event}", "changes.break_glass", on_break_glass)
    for event in _MEETINGS:
        on(f"changes.meeting.{event}", "changes.meeting", on_meeting)
    for event in _TROUBLES:
        on(f"changes.deployment.{event}", "changes.deployment_trouble", on_deployment_trouble)
