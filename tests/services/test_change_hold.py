"""Holding a change and releasing it; comments and questions."""

from __future__ import annotations

from typing import Any

import pytest

from changes.models import ChangeComment
from changes.services.comments import change_comment
from changes.services.holding import change_hold, change_release
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, Forbidden, IllegalMove, InvalidInput, NotFound, Stale
from tests.changing import (
    approved,
    draft,
    fresh,
    implemented,
    implementing,
    make_cast,
    scheduled,
    submitted,
    told,
)
from tests.makers import NOW, make_user
from tests.untouched import refused

pytestmark = pytest.mark.django_db
MACHINE = Actor.service_account("0b6f3c1e-0000-4000-8000-000000000001", frozenset({"changes:write"}))


def hold(change: Any, person: Any, **more: Any) -> Any:
    return change_hold(
        actor=person.actor, now=NOW, pk=change.pk, reason=more.pop("reason", "Wait for the audit."), **more
    )


@pytest.mark.parametrize("make", [submitted, approved, scheduled, implementing])
def test_a_board_member_stops_it_and_lets_it_go_on(make: Any) -> None:
    cast = make_cast()
    change = make(cast)
    state = change.state
    hold(change, cast.board[0])
    held = fresh(change)
    assert (held.state, held.held_by, held.held_at, held.held_reason) == (
        state,
        cast.board[0],
        NOW,
        "Wait for the audit.",
    )
    assert told(change)[-1] == "change.held"
    change_release(actor=cast.board[1].actor, now=NOW, pk=change.pk, reason="It is over.")
    free = fresh(change)
    assert (free.state, free.held_by, free.held_at, free.held_reason) == (state, None, None, "")
    assert told(change)[-1] == "change.released"


@pytest.mark.parametrize("make", [draft, implemented])
def test_there_is_nothing_to_stop_before_and_after(make: Any) -> None:
    cast = make_cast()
    change = make(cast)
    with refused(IllegalMove):
        hold(change, cast.board[0])


def test_holding_takes_a_reason() -> None:
    cast = make_cast()
    change = submitted(cast)
    for reason in ("", "   ", 7, "x" * 501, "nul\x00"):
        with refused(InvalidInput):
            hold(change, cast.board[0], reason=reason)


def test_twice_is_a_conflict_and_so_is_releasing_what_is_free() -> None:
    cast = make_cast()
    change = submitted(cast)
    with refused(Conflict, "not_held"):
        change_release(actor=cast.board[0].actor, now=NOW, pk=change.pk)
    hold(change, cast.board[0])
    with refused(Conflict, "held"):
        hold(change, cast.board[1])


def test_who_may_hold_and_who_may_release() -> None:
    cast = make_cast()
    change = submitted(cast)
    for person in (cast.bystander, cast.lead):
        with refused(Forbidden):
            hold(change, person)
    with refused(Forbidden):
        change_hold(actor=MACHINE, now=NOW, pk=change.pk, reason="No.")
    with refused(Stale):
        hold(change, cast.requester, version=9)
    hold(change, cast.board[0])
    with refused(Forbidden):
        change_release(actor=cast.requester.actor, now=NOW, pk=change.pk)
    change_release(actor=make_user(staff=True).actor, now=NOW, pk=change.pk)
    hold(change, cast.requester)
    change_release(actor=cast.requester.actor, now=NOW, pk=change.pk)


@pytest.mark.parametrize(("kind", "action"), [("remark", "change.commented"), ("question", "change.asked")])
def test_anybody_remarks_and_asks_in_any_state(kind: str, action: str) -> None:
    cast = make_cast()
    change = implemented(cast)
    before = fresh(change)
    comment = change_comment(
        actor=cast.bystander.actor, now=NOW, pk=change.pk, text=" <b>Why?</b> \r\nNow? ", kind=kind
    )
    assert ChangeComment.objects.get().text == "<b>Why?</b> \nNow?"
    assert (comment.author, comment.kind) == (cast.bystander, kind)
    assert told(change)[-1] == action
    assert fresh(change).version == before.version


def test_empty_long_and_hostile_comments_are_refused() -> None:
    cast = make_cast()
    change = draft(cast)
    actor = cast.bystander.actor
    for text in ("", " ", "x" * 4_001, "\x00", None, ["a"]):
        with refused(InvalidInput):
            change_comment(actor=actor, now=NOW, pk=change.pk, text=text)
    with refused(InvalidInput):
        change_comment(actor=actor, now=NOW, pk=change.pk, text="Well.", kind="shout")
    with refused(NotFound):
        change_comment(actor=actor, now=NOW, pk=change.pk + 1, text="Well.")
    with refused(Forbidden):
        change_comment(actor=MACHINE, now=NOW, pk=change.pk, text="Well.")
