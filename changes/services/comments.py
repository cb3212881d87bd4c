"""Remarks and questions. They are not part of what is approved."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from changes.mentions import ADDRESS, TOKEN, Ambiguous, group_names, groups_mentioned, kept, mentioned
from changes.models import ChangeComment
from changes.selectors.mentioning import group_slugs
from changes.services.events import record
from changes.services.scene import scene_locked
from opsportal.accounts.models import User
from opsportal.accounts.selectors import colleagues
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import InvalidInput, NotFound
from opsportal.core.text import clean_text
from opsportal.core.versions import require_version
from opsportal.core.writes import write

MAX_COMMENT = 4_000
MAX_MENTIONS = 20
_ACTIONS = {ChangeComment.Kind.REMARK: "commented", ChangeComment.Kind.QUESTION: "asked"}


def change_comment(
    *, actor: Actor, now: datetime, pk: int, text: object, kind: str = ChangeComment.Kind.REMARK
) -> ChangeComment:
    """Add a remark, or a question of which the requester is told, and return it. In any state.

    `@Full Name` or `@address` of an active person mentions them: they are told, and the text keeps their id.
    `@slug` of a team or a board mentions all who belong to it then.
    Raises `InvalidInput`, `NotFound` and `Forbidden`.
    """
    words = _clean(text)
    if kind not in ChangeComment.Kind.values:
        raise InvalidInput.of("kind", "unknown", f"Must be one of: {', '.join(ChangeComment.Kind.values)}.")
    with write(actor=actor, now=now):
        scene = scene_locked(pk)
        scene.require(actor, "comment", now)
        comment = ChangeComment.objects.create(
            change=scene.change, author_id=UUID(actor.id), kind=kind, text=words, created_at=now
        )
        record(
            scene,
            actor=actor,
            now=now,
            action=_ACTIONS[ChangeComment.Kind(kind)],
            data={"comment": comment.pk},
        )
        return comment


def change_comment_edit(
    *, actor: Actor, now: datetime, pk: int, comment: int, text: object, version: int | None = None
) -> ChangeComment:
    """Write a comment of one's own anew and return it; what it said before stays with its history.

    Whoever is mentioned now and was not before is told. The same text changes nothing. Raises
    `InvalidInput`, `NotFound`, `Forbidden` for that of somebody else, and `Stale`.
    """
    words = _clean(text)
    with write(actor=actor, now=now):
        scene = scene_locked(pk)
        row = ChangeComment.objects.select_for_update().filter(change=scene.change, pk=comment).first()
        if row is None:
            raise NotFound("There is no such comment.")
        require(actor, "change.comment_edit", row)
        require_version(row, version)
        if words == row.text:
            return row
        row.text, row.edited_at = words, now
        row.version += 1
        row.save()
        record(scene, actor=actor, now=now, action="comment_edited", data={"comment": row.pk})
        return row


def _clean(text: object) -> str:
    words = clean_text(text, field="text", max_length=MAX_COMMENT, required=True)
    if "@" not in words:
        return words
    wanted = {found.lower() for found in ADDRESS.findall(words)}
    people = colleagues()
    names = [(str(pk), name) for pk, name in people.values_list("pk", "full_name")]
    groups = group_slugs()
    try:
        words = kept(
            words,
            names=[*names, *group_names(groups, [name for _, name in names])],
            addresses={
                email: str(pk) for email, pk in people.filter(email__in=wanted).values_list("email", "pk")
            },
        )
    except Ambiguous as ambiguous:
        raise InvalidInput.of(
            "text",
            "ambiguous",
            f"Several are called {ambiguous.name}: choose one of the list, or write @ and an e-mail address.",
        ) from None
    who, which = mentioned(words), groups_mentioned(words)
    if len(who) + len(which) > MAX_MENTIONS:
        raise InvalidInput.of("text", "too_many", f"A comment mentions {MAX_MENTIONS} at most.")
    known = {str(pk) for pk in User.objects.filter(pk__in=who, is_guest=False).values_list("pk", flat=True)}
    if any(found not in known for found in TOKEN.findall(words)) or set(which) - set(groups):
        raise InvalidInput.of("text", "unknown", "It mentions somebody who does not exist.")
    return words
