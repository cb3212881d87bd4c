"""Whom the portal tells of comments, and of what happens to a change that they watch."""

from __future__ import annotations

from datetime import UTC, datetime

from changes.mentions import groups_mentioned, mentioned, spoken
from changes.models import Change, ChangeComment
from changes.selectors import muted_by, watchers_of
from changes.selectors.mentioning import members_mentioned
from changes.services.events import topic
from changes.telling import change_of, tell, workers_of
from opsportal.notify.topics import Topic, topics
from opsportal.outbox.topics import Message, on

QUOTED = 600


def on_comment(message: Message) -> None:
    """Tell whoever is mentioned, works on the change or watches it what was asked or remarked."""
    comment = ChangeComment.objects.filter(pk=message.payload["comment"]).first()
    if comment is None:
        return
    asked = comment.kind == ChangeComment.Kind.QUESTION
    change, mentions = change_of(message), _mentioned(message, comment)
    said = spoken(comment.text, _nobody)[:QUOTED]
    _tell_mentioned(message, change, comment, mentions, said)
    if message.topic == topic("comment_edited"):
        return
    workers = [person for person in workers_of(change) if asked or person not in muted_by(change)]
    subject = "A question was asked" if asked else "A comment was made"
    tell(
        message,
        change,
        [person for person in workers if person not in mentions],
        key=f"comment:{comment.pk}",
        subject=subject,
        lines=[said, "", "Answer with a comment on the change." if asked else ""],
    )
    tell(
        message,
        change,
        [person for person in _followers(message, change) if person not in mentions],
        key=f"comment:{comment.pk}",
        subject=subject,
        lines=[said],
        urgency="low",
        news="changes.watched",
    )


def _mentioned(message: Message, comment: ChangeComment) -> list[str]:
    """Return the ids of the people whom a comment mentions, each once: by name, or as one of a group then."""
    day = datetime.fromisoformat(message.payload["at"]).astimezone(UTC).date()
    members = members_mentioned(groups_mentioned(comment.text), day)
    return list(dict.fromkeys([*mentioned(comment.text), *members]))


def _tell_mentioned(
    message: Message, change: Change, comment: ChangeComment, mentions: list[str], said: str
) -> None:
    tell(
        message,
        change,
        mentions,
        key=f"mention:{comment.pk}",
        subject="You are mentioned",
        lines=[said, "", "Answer with a comment on the change."],
        news="changes.mention",
    )


def _nobody(identifier: str) -> str:
    """What was told to somebody is kept: it names nobody who may be erased."""
    return "…"


def on_moved(message: Message) -> None:
    """Tell those who watch the change, and do not work on it, that it has moved on."""
    event = message.topic.rpartition(".")[2]
    change = change_of(message)
    subject, line = _MOVES[event]
    tell(
        message,
        change,
        _followers(message, change),
        key=f"moved:{event}:{message.payload['version']}",
        subject=subject,
        lines=[line],
        urgency="low",
        news="changes.watched",
    )


_MOVES = {
    "submitted": ("Submitted", "This change was submitted for approval."),
    "withdrawn": ("Taken back", "This change was taken back; it is a draft again."),
    "revised": ("Revised", "What this change says is different now; it is a draft again."),
    "approved": ("Approved", "This change is approved."),
    "rejected": ("Rejected", "This change was rejected."),
    "scheduled": ("Scheduled", "This change is fixed to its window."),
    "started": ("Started", "This change is being carried out."),
    "implemented": ("Done", "This change is carried out."),
    "failed": ("Failed", "This change failed."),
    "rolled_back": ("Rolled back", "This change was rolled back."),
    "closed": ("Closed", "This change is closed."),
    "cancelled": ("Cancelled", "This change was cancelled."),
    "retrospective_approved": ("Approved in retrospect", "It was started ahead of this approval."),
    "retrospective_rejected": ("Rejected in retrospect", "It was started ahead of its approval."),
    "held": ("On hold", "This change cannot start until it is released."),
    "released": ("Released", "This change is held no more and may go on."),
}


def _followers(message: Message, change: Change) -> list[str]:
    """Return the ids of those who watched a change when it happened, and do not work on it."""
    workers = set(workers_of(change))
    watchers = watchers_of(change, before=datetime.fromisoformat(message.payload["at"]))
    return [person for person in watchers if person not in workers]


def register() -> None:
    """Listen to comments and steps, and say what kinds of news there are."""
    topics.add("changes.mention", Topic("Mentions", "Comments that mention me, a team or a board of mine."))
    topics.add("changes.watched", Topic("Changes that I watch", "Steps, comments and holds."))
    for event in ("commented", "asked", "comment_edited"):
        on(topic(event), "changes.comment", on_comment)
    for event in _MOVES:
        on(topic(event), "changes.watchers", on_moved)
