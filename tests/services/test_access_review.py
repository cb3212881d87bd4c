"""Access reviews: a frozen list, each line decided by somebody else than its holder, really taken away."""

from __future__ import annotations

from datetime import timedelta

import pytest

from compliance.models import AccessHolding, AccessReview
from compliance.services.governance.access import (
    access_holding_assign,
    access_holding_decide,
    access_review_end,
    access_review_open,
    access_reviewers_assign,
)
from opsportal.accounts.models import ApiToken, RoleHolding, TeamMembership, User
from opsportal.accounts.services import role_end, user_deactivate
from opsportal.audit.models import AuditEntry
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, Forbidden, IllegalMove, InvalidInput, Stale
from tests.governing import Organisation, make_organisation
from tests.makers import NOW, ROOT, TODAY, grant, make_user
from tests.untouched import refused

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def cast() -> Organisation:
    return make_organisation()


@pytest.fixture
def review(cast: Organisation) -> AccessReview:
    return access_review_open(actor=cast.chief.actor, now=NOW)


def line(review: AccessReview, kind: str, person: User | None = None) -> AccessHolding:
    rows = review.holdings.filter(kind=kind)
    return rows.get(person=person) if person else rows.get()


def decide(
    actor: Actor, holding: AccessHolding, verdict: str = "confirm", reason: str = "Still needed"
) -> None:
    access_holding_decide(
        actor=actor, now=NOW, review=holding.review_id, number=holding.number, verdict=verdict, reason=reason
    )


def test_the_list_has_every_holding_and_a_reviewer_who_is_not_the_holder(
    cast: Organisation, review: AccessReview
) -> None:
    kinds = list(review.holdings.order_by("number").values_list("kind", flat=True))
    assert sorted(kinds) == ["administrator", "administrator", "board", "role", "team", "team", "token"]
    assert all(row.reviewer_id is not None for row in review.holdings.all())
    assert all(row.reviewer_id != row.person_id for row in review.holdings.all())
    # In a team the other one reviews; what the opener holds falls to another administrator.
    assert line(review, "team", cast.engineer).reviewer == cast.newcomer
    assert line(review, "administrator", cast.chief).reviewer == cast.deputy
    # Who opened the review decides no line while another administrator can.
    assert line(review, "board").reviewer == cast.deputy
    assert not review.holdings.filter(reviewer=cast.chief).exclude(person=cast.deputy).exists()
    assert len(review.list_hash) == 64


def test_who_came_moved_and_left_is_listed(cast: Organisation, review: AccessReview) -> None:
    assert {move.person for move in review.moves.filter(kind="joiner")} >= {cast.chief, cast.member}
    access_review_end(actor=cast.chief.actor, now=NOW, pk=review.pk, verb="cancel", reason="Once more")
    first = access_review_open(actor=cast.chief.actor, now=NOW + DAY)
    for holding in first.holdings.all():
        decider = cast.deputy if holding.person_id == cast.chief.pk else cast.chief
        decide_at = NOW + DAY
        access_holding_decide(
            actor=decider.actor, now=decide_at, review=first.pk, number=holding.number, verdict="confirm"
        )
    access_review_end(actor=cast.chief.actor, now=NOW + DAY, pk=first.pk, verb="complete")
    held = RoleHolding.objects.get(user=cast.member)
    role_end(actor=ROOT, now=NOW + 2 * DAY, holding_id=held.pk, last_day=TODAY + DAY)
    user_deactivate(actor=ROOT, now=NOW + 2 * DAY, user_id=cast.newcomer.pk)
    second = access_review_open(actor=cast.chief.actor, now=NOW + 3 * DAY)
    moves = {(move.kind, move.person) for move in second.moves.all()}
    assert moves == {("mover", cast.member), ("leaver", cast.newcomer)}


@pytest.mark.parametrize("kind", ["board", "role", "team", "token", "administrator"])
def test_what_is_revoked_is_really_taken_away(cast: Organisation, review: AccessReview, kind: str) -> None:
    person = {"team": cast.newcomer, "administrator": cast.deputy}.get(kind)
    holding = line(review, kind, person)
    decide(cast.chief.actor, holding, "revoke", "Not needed any more")
    holding.refresh_from_db()
    assert (holding.state, holding.decided_by, holding.reason) == (
        "revoked",
        cast.chief,
        "Not needed any more",
    )
    gone = {
        "board": lambda: RoleHolding.objects.get(pk=holding.row_key).valid_until == TODAY - DAY,
        "role": lambda: RoleHolding.objects.get(pk=holding.row_key).valid_until == TODAY - DAY,
        "team": lambda: TeamMembership.objects.get(pk=holding.row_key).valid_until == TODAY - DAY,
        "token": lambda: ApiToken.objects.get(pk=holding.row_key).revoked_at == NOW,
        "administrator": lambda: not User.objects.get(pk=holding.row_key).is_staff,
    }
    assert gone[kind]()


def test_a_reviewer_who_is_no_administrator_takes_away_too(cast: Organisation, review: AccessReview) -> None:
    holding = line(review, "team", cast.newcomer)
    assert holding.reviewer == cast.engineer
    decide(cast.engineer.actor, holding, "revoke", "Went to another team")
    membership = TeamMembership.objects.get(pk=holding.row_key)
    assert membership.valid_until == TODAY - DAY
    assert membership.history.first().history_change_reason.startswith(f"{review.key}, line")
    assert AuditEntry.objects.filter(
        action="access_holding.revoked", actor_id=str(cast.engineer.pk), object_key=review.key
    ).exists()


def test_the_holder_never_decides_nor_does_a_stranger(cast: Organisation, review: AccessReview) -> None:
    own = line(review, "administrator", cast.chief)
    with refused(Forbidden):
        decide(cast.chief.actor, own)
    with refused(Forbidden):
        decide(cast.member.actor, line(review, "team", cast.newcomer))
    with refused(InvalidInput, "holder"):
        access_holding_assign(
            actor=cast.chief.actor, now=NOW, review=review.pk, number=own.number, reviewer=cast.chief
        )


def test_reviewers_are_named_by_mail_address_or_id_all_or_nothing(
    cast: Organisation, review: AccessReview
) -> None:
    board, own = line(review, "board"), line(review, "administrator", cast.chief)
    wanted = {board.number: "Engineer@Example.org ", own.number: str(cast.engineer.pk)}
    changed = access_reviewers_assign(actor=cast.chief.actor, now=NOW, review=review.pk, wanted=wanted)
    assert {one.reviewer for one in changed} == {cast.engineer}
    assert access_reviewers_assign(actor=cast.chief.actor, now=NOW, review=review.pk, wanted=wanted) == []
    wrong = {board.number: cast.deputy.email, own.number: cast.chief.email, 999: cast.deputy.email}
    with refused(InvalidInput) as caught:
        access_reviewers_assign(actor=cast.chief.actor, now=NOW, review=review.pk, wanted=wrong)
    assert {error.code for error in caught.value.errors} == {"holder", "unknown"}
    assert "Line 999: there is no such line" in caught.value.detail
    with refused(InvalidInput, "unknown"):
        access_reviewers_assign(
            actor=cast.chief.actor, now=NOW, review=review.pk, wanted={board.number: "nobody@example.org"}
        )
    with refused(Forbidden):
        access_reviewers_assign(actor=cast.engineer.actor, now=NOW, review=review.pk, wanted=wanted)


def test_to_revoke_needs_a_reason_and_the_version_seen(cast: Organisation, review: AccessReview) -> None:
    holding = line(review, "token")
    with refused(InvalidInput, "required"):
        decide(cast.chief.actor, holding, "revoke", " ")
    with refused(Stale):
        access_holding_decide(
            actor=cast.chief.actor,
            now=NOW,
            review=review.pk,
            number=holding.number,
            verdict="confirm",
            version=9,
        )
    decide(cast.chief.actor, holding, "revoke", "Gone")
    with refused(Conflict, "over"):
        decide(cast.chief.actor, holding)


def test_the_last_administrator_stays_and_the_line_undecided(
    cast: Organisation, review: AccessReview
) -> None:
    decide(cast.deputy.actor, line(review, "administrator", cast.chief), "revoke", "Too many")
    # The first one still reviews the other one's line, without being an administrator any more.
    other = line(review, "administrator", cast.deputy)
    with refused(Conflict, "last_administrator"):
        decide(User.objects.get(pk=cast.chief.pk).actor, other, "revoke", "Too many")


def test_it_is_completed_only_when_everything_is_decided(cast: Organisation, review: AccessReview) -> None:
    with refused(Conflict, "undecided"):
        access_review_end(actor=cast.chief.actor, now=NOW, pk=review.pk, verb="complete")
    held = line(review, "board")
    role_end(actor=ROOT, now=NOW, holding_id=int(held.row_key), last_day=TODAY - DAY)
    with refused(Conflict, "over"):
        decide(cast.chief.actor, held)
    for holding in review.holdings.exclude(pk=held.pk):
        decide((cast.deputy if holding.person_id == cast.chief.pk else cast.chief).actor, holding)
    done = access_review_end(actor=cast.chief.actor, now=NOW, pk=review.pk, verb="complete")
    held.refresh_from_db()
    assert (done.state, held.state) == ("completed", "ended")
    with refused(IllegalMove):
        decide(cast.chief.actor, line(review, "token"))


def test_the_list_is_frozen_and_there_is_one_at_a_time(cast: Organisation, review: AccessReview) -> None:
    grant("lead", make_user())
    assert review.holdings.count() == 7
    with refused(Conflict, "open_already"):
        access_review_open(actor=cast.deputy.actor, now=NOW)
    with refused(Forbidden):
        access_review_end(actor=cast.member.actor, now=NOW, pk=review.pk, verb="cancel", reason="No")
