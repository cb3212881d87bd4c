"""A standard is put in force by carrying out an approved change that names it, and in no other way."""

from __future__ import annotations

import pytest

from changes.models import Change
from changes.services.activation import change_activate_standard
from changes.services.drafts import change_create, change_revise
from changes.services.holding import change_hold
from changes.services.implementation import change_complete, change_fail, change_start
from changes.services.submission import change_submit
from opsportal.accounts.models import Role
from opsportal.audit.models import AuditEntry
from opsportal.audit.selectors import entry_data
from opsportal.core.errors import Conflict, Forbidden, IllegalMove, InvalidInput, NotFound, RuleRefused, Stale
from opsportal.core.ports import activate_by_change
from opsportal.standards.models import Activation, StandardVersion
from opsportal.standards.selectors import active_standard
from opsportal.standards.services import standard_store
from tests.changing import (
    DESCRIBED,
    HEAD,
    IN_STATE,
    ROLES,
    Cast,
    activate,
    approved,
    draft,
    fresh,
    implementing,
    make_cast,
    refused_as,
    running_ahead,
    stage,
    submitted,
    vote,
)
from tests.makers import NOW, ROOT, away, join, make_user
from tests.untouched import nothing_written, refused

pytestmark = pytest.mark.django_db

NEW_ROLE = """
[[role]]
id = "guild"
title = "Guild"
kind = "board"
"""


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def proposed(version: str = "2") -> str:
    """Store another version of the test standard, with a board of its own, and return its hash."""
    text = HEAD.format(name="change-test", version=version) + ROLES + NEW_ROLE + DESCRIBED
    return standard_store(actor=make_user(staff=True).actor, now=NOW, source=text.encode()).content_hash


def put(change: Change, cast: Cast, **more: object) -> Change:
    return change_activate_standard(actor=cast.requester.actor, now=NOW, pk=change.pk, **more)  # type: ignore[arg-type]


def test_carrying_it_out_puts_the_standard_in_force_with_its_roles(cast: Cast) -> None:
    wanted, before = proposed(), active_standard()
    change = implementing(cast, activates=wanted)
    assert active_standard() == before
    put(change, cast)
    assert active_standard().content_hash == wanted
    activation = Activation.objects.order_by("-id")[0]
    assert (activation.change, activation.activated_by_id) == (change.key, str(cast.requester.pk))
    assert Role.objects.filter(slug="guild").exists()
    assert fresh(change).standard_hash == before.content_hash
    told = AuditEntry.objects.filter(action="standard.activated").latest("id")
    assert entry_data(told) == {
        "version": "2",
        "hash": wanted,
        "previous": before.content_hash,
        "change": change.key,
    }
    assert AuditEntry.objects.filter(action="change.standard_activated", object_key=change.key).count() == 1
    assert change_complete(actor=cast.requester.actor, now=NOW, pk=change.pk).state == "implemented"


def test_twice_is_once_also_when_it_is_over(cast: Cast) -> None:
    change = implementing(cast, activates=proposed())
    version = change.version
    put(change, cast)
    activate(version="1")  # somebody else's, meanwhile
    with nothing_written():
        put(change, cast, version=version)
    change_complete(actor=cast.requester.actor, now=NOW, pk=change.pk)
    with nothing_written():
        put(change, cast)
    assert active_standard().version == "1"


@pytest.mark.parametrize("state", ["draft", "in_review", "approved", "scheduled", "failed"])
def test_in_no_other_state(cast: Cast, state: str) -> None:
    change = IN_STATE[state](cast, activates=proposed())
    with refused(IllegalMove):
        put(change, cast)


def test_not_ahead_of_the_votes_though_the_change_itself_runs(cast: Cast) -> None:
    change = running_ahead(cast, activates=proposed())
    with refused_as(RuleRefused, "approval_missing"):
        put(change, cast)


def test_not_while_it_is_held_nor_by_who_has_read_an_older_one(cast: Cast) -> None:
    change = implementing(cast, activates=proposed())
    with refused(Stale):
        put(change, cast, version=change.version - 1)
    change_hold(actor=cast.board[0].actor, now=NOW, pk=change.pk, reason="Wait")
    with refused(Conflict, "held"):
        put(change, cast)


def test_not_by_a_bystander_a_board_or_an_administrator_who_does_not_carry_it_out(cast: Cast) -> None:
    change = implementing(cast, activates=proposed())
    for person in (cast.bystander, cast.board[2], make_user(staff=True)):
        with refused(Forbidden):
            change_activate_standard(actor=person.actor, now=NOW, pk=change.pk)


def test_s4_not_by_its_only_approver_nor_by_whom_a_deputy_voted_for(cast: Cast) -> None:
    activate(stage("board", "board"), version="3")
    ada, dan = cast.board[0], make_user(name="Dan")
    away(ada, dan)
    join(cast.team, ada)
    change = submitted(cast, activates=proposed())
    vote(change, dan)
    change_start(actor=cast.requester.actor, now=NOW, pk=change.pk)
    with refused(Forbidden):
        change_activate_standard(actor=ada.actor, now=NOW, pk=change.pk)
    put(change, cast)


def test_a_change_that_names_none_puts_none_in_force(cast: Cast) -> None:
    change = implementing(cast)
    with refused(Conflict, "names_no_standard"):
        put(change, cast)


def test_it_is_not_done_before_that_but_it_may_have_failed(cast: Cast) -> None:
    change = implementing(cast, activates=proposed())
    with refused_as(RuleRefused, "standard_not_in_force"):
        change_complete(actor=cast.requester.actor, now=NOW, pk=change.pk)
    assert change_fail(actor=cast.requester.actor, now=NOW, pk=change.pk).state == "failed"


def test_only_a_stored_standard_can_be_named_and_no_template_stands_for_one(cast: Cast) -> None:
    with refused(InvalidInput, "unknown") as caught:
        draft(cast, activates="0" * 64)
    assert caught.value.errors[0].pointer == "/activates"


def test_which_standard_it_is_is_material(cast: Cast) -> None:
    first, second = proposed("2"), proposed("3")
    change = approved(cast, activates=first)
    revised = change_revise(actor=cast.requester.actor, now=NOW, pk=change.pk, fields={"activates": second})
    assert (revised.state, revised.revision) == ("draft", 2)
    assert revised.content_hash != change.content_hash
    assert draft(cast).content_hash != draft(cast, activates=first).content_hash


def test_what_was_slipped_in_behind_the_approval_is_not_put_in_force(cast: Cast) -> None:
    change = implementing(cast, activates=proposed("2"))
    Change.objects.filter(pk=change.pk).update(activates=proposed("3"))
    with refused_as(RuleRefused, "content_changed"):
        put(change, cast)


def test_where_nobody_is_asked_an_administrator_has_to_do_it(cast: Cast) -> None:
    activate(DESCRIBED, version="open")
    admin = make_user(staff=True)
    changes = [
        change_create(
            actor=person.actor,
            now=NOW,
            fields={"type": "normal", "title": "Ours", "description": "x", "activates": proposed(version)},
        )
        for person, version in ((cast.requester, "7"), (admin, "8"))
    ]
    for person, change in zip((cast.requester, admin), changes, strict=True):
        change_submit(actor=person.actor, now=NOW, pk=change.pk)
        change_start(actor=person.actor, now=NOW, pk=change.pk)
    with refused(Forbidden):
        put(changes[0], cast)
    change_activate_standard(actor=admin.actor, now=NOW, pk=changes[1].pk)
    assert active_standard().content_hash == fresh(changes[1]).activates


def test_the_command_puts_it_in_force_for_the_change_that_names_it(cast: Cast) -> None:
    change = implementing(cast, activates=proposed())
    with refused(Conflict, "other_standard"):
        activate_by_change(ROOT, NOW, change.key, "baseline")
    with refused(NotFound):
        activate_by_change(ROOT, NOW, "INC-1", "change-test")
    activate_by_change(ROOT, NOW, change.key.lower(), "change-test")
    assert active_standard().content_hash == change.activates


def test_submitted_changes_go_on_under_the_old_one(cast: Cast) -> None:
    other = submitted(cast)
    put(implementing(cast, activates=proposed()), cast)
    assert fresh(other).standard_hash != active_standard().content_hash
    assert StandardVersion.objects.count() == 2
