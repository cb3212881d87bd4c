"""Personal feeds. A feed's address exists once: in the answer to the call that made it."""

from __future__ import annotations

import hashlib
import re
import secrets
from datetime import datetime
from uuid import UUID

from opsportal.calendar.models import CalendarFeed
from opsportal.calendar.services.records import record
from opsportal.calendar.states import FEED
from opsportal.core import secrecy
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, InvalidInput, NotFound
from opsportal.core.registry import feed_sources
from opsportal.core.writes import write

PREFIX = secrecy.FEED
MOST_FEEDS = 20
_SECRET_BYTES = 32
_SHOWN = 12
_FORM = re.compile(re.escape(PREFIX) + r"[A-Za-z0-9_-]{43}")


def feed_create(*, actor: Actor, now: datetime, kind: str, scope: str = "") -> tuple[CalendarFeed, str]:
    """Store a feed of the person who asks and return it with its secret, which cannot be had again.

    `kind` is a registered one, `scope` what of it is shown, where there is a choice.
    Raises `Forbidden`, `InvalidInput`, and `Conflict` ("too_many").
    """
    with write(actor=actor, now=now):
        require(actor, "feed.create")
        source = feed_sources.get(kind)
        if source is None:
            raise InvalidInput.of("kind", "unknown", f"Must be one of: {', '.join(feed_sources)}.")
        if scope not in ({key for key, _ in source.scopes(actor)} if source.scopes else {""}):
            raise InvalidInput.of("scope", "unknown", "There is nothing of this name to show.")
        own = CalendarFeed.objects.filter(user_id=UUID(actor.id), state=FEED.initial)
        if own.count() >= MOST_FEEDS:
            raise Conflict(f"You have {MOST_FEEDS} feeds already. Revoke one first.", code="too_many")
        secret = PREFIX + secrets.token_urlsafe(_SECRET_BYTES)
        feed = CalendarFeed.objects.create(
            user_id=UUID(actor.id),
            kind=kind,
            scope=scope,
            prefix=secret[:_SHOWN],
            digest=_digest(secret),
            created_at=now,
        )
        _record(actor, now, "feed.created", feed)
        return feed, secret


def feed_revoke(*, actor: Actor, now: datetime, pk: int) -> CalendarFeed:
    """Let a feed's address never work again and return the feed; done already, nothing is written.

    Raises `NotFound` (also for somebody else's feed), `Forbidden`.
    """
    with write(actor=actor, now=now):
        feed = CalendarFeed.objects.select_for_update().filter(pk=pk).first()
        if feed is None:
            raise NotFound("There is no such feed.")
        require(actor, "feed.revoke", feed)
        if feed.state == FEED.initial:
            feed.state = FEED.move(feed.state, "revoke")
            feed.revoked_at = now
            feed.save()
            _record(actor, now, "feed.revoked", feed)
        return feed


def feed_of(secret: str) -> CalendarFeed:
    """Return the feed with this secret and its person, by one indexed query.

    Raises `NotFound` where there is none, it was revoked, or the person may not sign in any more: the
    answer does not tell a guesser which addresses ever existed.
    """
    found = (
        CalendarFeed.objects.select_related("user")
        .filter(digest=_digest(secret), state=FEED.initial, user__is_active=True)
        .first()
        if _FORM.fullmatch(secret)
        else None
    )
    if found is None:
        raise NotFound("There is no such feed. Make a new address on the page of your feeds.")
    return found


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("ascii")).hexdigest()


def _record(actor: Actor, now: datetime, action: str, feed: CalendarFeed) -> None:
    record(
        actor=actor,
        now=now,
        action=action,
        kind="feed",
        key=str(feed.pk),
        data={"kind": str(feed.kind), "scope": feed.scope, "user": str(feed.user_id)},
    )
