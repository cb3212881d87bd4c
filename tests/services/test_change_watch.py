"""Comments that mention and are edited, and who is told of what happens."""

from __future__ import annotations

from datetime import timedelta

import pytest

from changes.mentions import token
from changes.models import ChangeComment, ChangeWatch
from changes.selectors import watchers_of
from changes.services.comments import change_comment, change_comment_edit
from changes.services.submission import change_submit, change_withdraw
from changes.services.watching import change_unwatch, change_watch
from opsportal.accounts.models import User
from opsportal.accounts.selectors import holders_of, members_of
from opsportal.core.actor import Actor
from opsportal.core.errors import Forbidden, InvalidInput, NotFound, Stale
from opsportal.notify.models import Notification
from opsportal.outbox.services import messages_handle
from tests.changing import Cast, draft, fresh, make_cast, submitted, vote
from tests.makers import NOW, TODAY, join, make_user
from tests.untouched import nothing_written, refused

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> Cast:
    return make_cast()


LATER = NOW + timedelta(hours=1)


def told() -> list[tuple[str, str]]:
    """Handle what waits, and return who was told what since the last time."""
    messages_handle(clock=lambda: LATER)
    rows = [(row.recipient.full_name, row.subject.partition(":")[0]) for row in Notification.objects.all()]
    Notification.objects.all().delete()
    return sorted(rows)


def names(change_watchers: list[str]) -> list[str]:
    return sorted(User.objects.get(pk=person).full_name for person in change_watchers)


def test_a_mention_is_kept_by_id_and_told(cast: Cast) -> None:
    change = draft(cast)
    told()
    comment = change_comment(
        actor=cast.lead.actor, now=NOW, pk=change.pk, text=f"@bob and @{cast.manager.email}, look. @Nobody"
    )
    assert comment.text == (
        f"{token(str(cast.bystander.pk))} and {token(str(cast.manager.pk))}, look. @Nobody"
    )
    assert told() == [
        ("Bob", "You are mentioned"),
        ("Mia", "You are mentioned"),
        ("Rita", "A comment was made"),
    ]
    assert "Bob" not in " ".join(comment.history.values_list("text", flat=True))


def test_a_team_and_a_board_are_mentioned_and_each_member_is_told_once(cast: Cast) -> None:
    change = draft(cast)
    told()
    left = make_user(name="Left")
    join(cast.team, left, until=TODAY - timedelta(days=1))
    slug, ada = cast.team.slug, token(str(cast.board[0].pk))
    text = f"@{slug} and @board, @Ada, look."
    comment = change_comment(actor=cast.lead.actor, now=NOW, pk=change.pk, text=text)
    assert comment.text == f"@{{team:{slug}}} and @{{board:board}}, {ada}, look."
    members = {*members_of(slug, TODAY), *holders_of("board", TODAY)}
    messages_handle(clock=lambda: LATER)
    joined = make_user(name="Joined")
    join(cast.team, joined)
    change_comment_edit(
        actor=cast.lead.actor, now=LATER, pk=change.pk, comment=comment.pk, text=f"@{slug} look."
    )
    expected = {one.full_name for one in members} - {cast.lead.full_name} | {"Joined"}
    found = told()
    assert sorted(name for name, words in found if words == "You are mentioned") == sorted(expected)
    assert len({name for name, _ in found}) == len(found)


def test_a_mention_of_namesakes_or_of_nobody_is_refused(cast: Cast) -> None:
    change = draft(cast)
    make_user(name="Bob")
    for text, code in (
        ("@Bob", "ambiguous"),
        (token("00000000-0000-4000-8000-000000000000"), "unknown"),
        ("@{team:nobody}", "unknown"),
        ("@Mia " * 21 + " ".join(f"@{make_user().email}" for _ in range(21)), "too_many"),
    ):
        with refused(InvalidInput, code):
            change_comment(actor=cast.lead.actor, now=NOW, pk=change.pk, text=text)


def test_a_comment_is_edited_by_its_author_and_what_it_said_stays(cast: Cast) -> None:
    change = draft(cast)
    comment = change_comment(actor=cast.lead.actor, now=NOW, pk=change.pk, text="First.")
    told()
    with refused(Forbidden):
        change_comment_edit(
            actor=cast.requester.actor, now=NOW, pk=change.pk, comment=comment.pk, text="Mine."
        )
    with refused(Stale):
        change_comment_edit(
            actor=cast.lead.actor, now=NOW, pk=change.pk, comment=comment.pk, text="Second.", version=7
        )
    other = draft(cast)
    with refused(NotFound):
        change_comment_edit(actor=cast.lead.actor, now=NOW, pk=other.pk, comment=comment.pk, text="Second.")
    edited = change_comment_edit(
        actor=cast.lead.actor, now=NOW, pk=change.pk, comment=comment.pk, text="@Bob look.", version=1
    )
    assert (edited.version, edited.edited_at) == (2, NOW)
    assert [row.text for row in edited.history.all()] == [edited.text, "First."]
    assert told() == [("Bob", "You are mentioned")]
    with nothing_written():
        change_comment_edit(
            actor=cast.lead.actor, now=NOW, pk=change.pk, comment=comment.pk, text="@Bob look."
        )


def test_who_has_a_part_in_a_change_watches_it_unless_they_mute_it(cast: Cast) -> None:
    change = submitted(cast, implementer=str(cast.manager.pk))
    change_comment(actor=cast.bystander.actor, now=NOW, pk=change.pk, text="Seen.")
    vote(change, cast.lead)
    change_watch(actor=cast.security.actor, now=NOW, pk=change.pk)
    assert names(watchers_of(fresh(change))) == ["Bob", "Leo", "Mia", "Rita", "Sam"]
    change_unwatch(actor=cast.bystander.actor, now=NOW, pk=change.pk)
    change_unwatch(actor=cast.security.actor, now=NOW, pk=change.pk)
    assert names(watchers_of(fresh(change))) == ["Leo", "Mia", "Rita"]
    with nothing_written():
        change_unwatch(actor=cast.security.actor, now=NOW, pk=change.pk)
    assert [row.state for row in ChangeWatch.objects.get(person=cast.security).history.all()] == [
        "muted",
        "watching",
    ]


def test_watchers_are_told_of_steps_comments_and_holds_but_not_of_their_own(cast: Cast) -> None:
    change = draft(cast)
    change_watch(actor=cast.bystander.actor, now=NOW, pk=change.pk)
    told()
    change_submit(actor=cast.requester.actor, now=NOW, pk=change.pk)
    assert ("Bob", "Submitted") in told()
    change_comment(actor=cast.bystander.actor, now=NOW, pk=change.pk, text="Mine.")
    assert told() == [("Rita", "A comment was made")]
    change_comment(actor=cast.lead.actor, now=NOW, pk=change.pk, text="Theirs.")
    assert told() == [("Bob", "A comment was made"), ("Rita", "A comment was made")]
    change_unwatch(actor=cast.bystander.actor, now=NOW, pk=change.pk)
    change_unwatch(actor=cast.requester.actor, now=NOW, pk=change.pk)
    change_comment(actor=cast.lead.actor, now=NOW, pk=change.pk, text="Again.")
    assert told() == []
    change_comment(
        actor=cast.security.actor, now=NOW, pk=change.pk, text="And?", kind=ChangeComment.Kind.QUESTION
    )
    assert ("Rita", "A question was asked") in told()
    change_withdraw(actor=cast.requester.actor, now=LATER, pk=change.pk)
    assert {name for name, subject in told() if subject == "Taken back"} == {"Leo", "Sam"}


def test_machines_watch_nothing(cast: Cast) -> None:
    change = draft(cast)
    with refused(Forbidden):
        change_watch(actor=Actor.service_account("x", frozenset({"changes:write"})), now=NOW, pk=change.pk)
