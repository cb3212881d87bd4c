"""Teams: made, changed, joined and left, by days of UTC."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from opsportal.accounts import selectors
from opsportal.accounts.models import Team, TeamMembership, User
from opsportal.accounts.services import team_create, team_join, team_leave, team_update, user_deactivate
from opsportal.audit.models import AuditEntry
from opsportal.audit.selectors import entry_data
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, Forbidden, InvalidInput, NotFound, Stale
from tests.makers import LONG_AGO, NOW, ROOT, TODAY, join, make_team, make_user
from tests.untouched import nothing_written, refused

pytestmark = pytest.mark.django_db
YESTERDAY = TODAY - timedelta(days=1)


@pytest.fixture
def team() -> Team:
    return make_team("payments")


@pytest.fixture
def person() -> User:
    return make_user()


def test_an_administrator_makes_a_team() -> None:
    admin = make_user(staff=True)
    team_create(actor=admin.actor, now=NOW, slug="payments", name=" Payments ", description="They pay.")
    team = Team.objects.get()
    assert (team.slug, team.name, team.description, team.version) == ("payments", "Payments", "They pay.", 1)
    assert AuditEntry.objects.get(action="team.created").actor_id == str(admin.pk)


@pytest.mark.parametrize(
    "slug", ["", "Payments", "pay ments", "-pay", "pay--ments", "x" * 61, "pa\x00y", "zählung"]
)
def test_a_slug_that_is_none_is_refused(slug: str) -> None:
    with refused(InvalidInput) as caught:
        team_create(actor=ROOT, now=NOW, slug=slug, name="X")
    assert caught.value.errors[0].pointer == "/slug"


def test_a_slug_is_taken_once(team: Team) -> None:
    with refused(InvalidInput, "taken"):
        team_create(actor=ROOT, now=NOW, slug="payments", name="X")


def test_only_administrators_write_teams(team: Team, person: User) -> None:
    join(team, person)
    machine = Actor.service_account("1", frozenset({"catalog:write"}))
    for actor in (person.actor, machine, Actor.anonymous()):
        with refused(Forbidden):
            team_create(actor=actor, now=NOW, slug="other", name="X")
        with refused(Forbidden):
            team_update(actor=actor, now=NOW, slug="payments", name="X")
        with refused(Forbidden):
            team_join(actor=actor, now=NOW, team="payments", user_id=person.pk, valid_from=TODAY)
        with refused(Forbidden):
            team_leave(
                actor=actor, now=NOW, membership_id=TeamMembership.objects.get().pk, last_day=YESTERDAY
            )


def test_a_team_changes_its_name(team: Team) -> None:
    team_update(actor=ROOT, now=NOW, slug="payments", version=1, name="Paying")
    team.refresh_from_db()
    assert (team.name, team.version) == ("Paying", 2)
    with nothing_written():
        team_update(actor=ROOT, now=NOW, slug="payments", name="Paying")
    with refused(Stale):
        team_update(actor=ROOT, now=NOW, slug="payments", version=1, name="X")
    with refused(NotFound):
        team_update(actor=ROOT, now=NOW, slug="nobody", name="X")


def test_somebody_belongs_to_a_team_from_a_day_to_a_day(team: Team, person: User) -> None:
    team_join(
        actor=ROOT,
        now=NOW,
        team="payments",
        user_id=person.pk,
        valid_from=date(2026, 3, 1),
        valid_until=date(2026, 3, 31),
    )
    days = [date(2026, 2, 28), date(2026, 3, 1), date(2026, 3, 31), date(2026, 4, 1)]
    assert [selectors.teams_of(person.pk, day) for day in days] == [set(), {"payments"}, {"payments"}, set()]
    assert [list(selectors.members_of("payments", day)) for day in days] == [[], [person], [person], []]
    assert entry_data(AuditEntry.objects.get(action="team.joined")) == {
        "user": str(person.pk),
        "from": "2026-03-01",
        "until": "2026-03-31",
    }


def test_a_membership_that_ends_before_it_starts_is_refused(team: Team, person: User) -> None:
    with refused(InvalidInput, "ends_before_start"):
        team_join(
            actor=ROOT, now=NOW, team="payments", user_id=person.pk, valid_from=TODAY, valid_until=YESTERDAY
        )


def test_nobody_belongs_twice_on_one_day(team: Team, person: User) -> None:
    join(team, person, LONG_AGO, TODAY)
    with refused(Conflict, "already_member"):
        join(team, person, TODAY)
    join(team, person, TODAY + timedelta(days=1))
    with refused(Conflict, "already_member"):
        join(team, person, LONG_AGO - timedelta(days=9), LONG_AGO)


def test_somebody_barred_cannot_join(team: Team, person: User) -> None:
    user_deactivate(actor=ROOT, now=NOW, user_id=person.pk)
    with refused(Conflict, "inactive"):
        join(team, person)


def test_leaving_ends_with_the_last_day(team: Team, person: User) -> None:
    membership = join(team, person)
    team_leave(actor=ROOT, now=NOW, membership_id=membership.pk, last_day=TODAY)
    assert selectors.teams_of(person.pk, TODAY) == {"payments"}
    assert selectors.teams_of(person.pk, TODAY + timedelta(days=1)) == set()


def test_leaving_at_once_ends_yesterday_and_leaves_history(team: Team, person: User) -> None:
    membership = join(team, person, TODAY)
    team_leave(actor=ROOT, now=NOW, membership_id=membership.pk, last_day=YESTERDAY)
    assert selectors.teams_of(person.pk, TODAY) == set()
    assert [row.history_type for row in TeamMembership.history.all()] == ["-", "+"]


def test_the_past_of_a_membership_cannot_be_changed(team: Team, person: User) -> None:
    membership = join(team, person)
    with refused(InvalidInput, "in_the_past"):
        team_leave(actor=ROOT, now=NOW, membership_id=membership.pk, last_day=YESTERDAY - timedelta(days=1))
    with refused(NotFound):
        team_leave(actor=ROOT, now=NOW, membership_id=0, last_day=TODAY)
