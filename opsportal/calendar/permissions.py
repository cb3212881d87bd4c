"""Who may: maintenance windows, freezes, working time, feeds."""

from __future__ import annotations

from datetime import date

from rules.predicates import predicate

from opsportal.accounts.permissions import administration
from opsportal.accounts.selectors import sits_on_a_board
from opsportal.calendar.models import CalendarFeed
from opsportal.core.access import allow
from opsportal.core.actor import Actor


@predicate
def sits_on_board(actor: Actor, on: date | None = None) -> bool:
    """A member of any board on that day (of UTC)."""
    return on is not None and sits_on_a_board(actor, on)


@predicate
def owns_feed(actor: Actor, feed: CalendarFeed | None = None) -> bool:
    """The person whose feed it is."""
    return actor.is_user and feed is not None and actor.id == str(feed.user_id)


@predicate
def is_person(actor: Actor, _subject: object | None = None) -> bool:
    return actor.is_user


def register() -> None:
    """Register this app's permissions; called once, by its AppConfig."""
    for name, what in (("window.write", "maintenance windows"), ("freeze.write", "freezes")):
        allow(
            name,
            administration | sits_on_board,
            otherwise=f"Only members of a board and administrators write {what}.",
        )
    allow(
        "working_time.write", administration, otherwise="Only administrators say when the organisation works."
    )
    allow("feed.create", is_person, otherwise="Only people have feeds.")
    allow(
        "feed.revoke", owns_feed | administration, otherwise="Only the person whose feed it is may revoke it."
    )
