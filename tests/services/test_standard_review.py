"""The review of the standard in force is owed: from the first day, until somebody does it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from opsportal.accounts.selectors import ADMINISTRATORS
from opsportal.audit.models import AuditEntry
from opsportal.audit.selectors import entry_data
from opsportal.core.actor import Actor
from opsportal.core.errors import Forbidden, InvalidInput, Unavailable
from opsportal.notify.models import Notification
from opsportal.obligations.models import Obligation
from opsportal.obligations.selectors import owed_by
from opsportal.obligations.services import standard_review_follow
from opsportal.standards.selectors import in_force
from opsportal.standards.services import standard_install, standard_review
from tests.makers import NOW, ROOT, TODAY, grant, make_user
from tests.owing import tick
from tests.packs import install, own_pack
from tests.untouched import nothing_written, refused

pytestmark = pytest.mark.django_db

OWNER = '[[role]]\nid = "standards-owner"\ntitle = "Owner of the standards"\nkind = "job"\n'
HEAD = """
next_review = {day}
review_by = "standards-owner"
review_source = {{ section = "Head", line = 4, quote = "Next Review: soon" }}
"""
PAST, FUTURE = date(2026, 2, 12), date(2026, 6, 30)


def reviewed_by_role(day: date, *, version: str = "1", name: str = "own") -> None:
    """Put a standard in force whose review a role of its own owes by `day`."""
    text = own_pack(OWNER, version=version).replace(
        'document = "own.md"', 'document = "own.md"' + HEAD.format(day=day)
    )
    standard_install(actor=ROOT, now=NOW, source=text.replace('"own"', f'"{name}"').encode())


def owed() -> list[tuple[str, str, datetime, str]]:
    """Return what there is of reviews: of what, in which state, due when, ended or not."""
    return [
        (row.subject_key, row.standing, row.due_at, "over" if row.ended_at else "owed")
        for row in Obligation.objects.filter(rule_id="portal.standard-review").order_by("id")
    ]


def end_of(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)


def test_from_activation_on_the_review_is_owed_by_the_role_that_the_standard_names() -> None:
    owner = make_user()
    reviewed_by_role(FUTURE)
    grant("standards-owner", owner)
    (row,) = owed_by(owner.pk, NOW)
    assert (row.what, row.subject_key, row.due_at) == ("Review the standard in force", "own", end_of(FUTURE))
    assert row.source["quote"] == "Next Review: soon"
    assert row.source["document"] == "own.md"


def test_without_a_role_the_administrators_owe_it() -> None:
    admin, other = make_user(staff=True), make_user()
    install(next_review="2026-06-30")
    (row,) = owed_by(admin.pk, NOW)
    assert row.owner.keys == (ADMINISTRATORS,)
    assert not owed_by(other.pk, NOW)


def test_a_day_that_has_passed_is_breached_from_the_first_day_and_told() -> None:
    admin = make_user(staff=True)
    install(next_review="2026-02-12")
    assert Obligation.objects.get().is_overdue(NOW)
    tick(NOW)
    assert owed() == [("own", "Overdue", end_of(PAST), "owed")]
    note = Notification.objects.get()
    assert str(note.recipient_id) == str(admin.pk)
    assert note.subject.startswith("Overdue: Review the standard in force")


def test_without_a_day_nothing_is_owed() -> None:
    install()
    assert owed() == []


def test_a_later_day_meets_it_and_another_standard_makes_it_pointless() -> None:
    install(next_review="2026-02-12")
    tick(NOW)
    install(version="2", next_review="2026-06-30")
    assert owed() == [
        ("own", "Met late", end_of(PAST), "over"),
        ("own", "Open", end_of(FUTURE), "owed"),
    ]
    reviewed_by_role(FUTURE, name="other")
    assert owed()[1:] == [
        ("own", "No longer needed", end_of(FUTURE), "over"),
        ("other", "Open", end_of(FUTURE), "owed"),
    ]


def test_an_earlier_day_of_a_new_version_does_not_count_as_a_review() -> None:
    install(next_review="2026-02-12")
    install(version="2", next_review="2026-02-01")
    assert [line[1] for line in owed()] == ["No longer needed", "Open"]


def test_what_comes_back_into_force_is_owed_again() -> None:
    install(next_review="2026-02-12")
    reviewed_by_role(FUTURE, name="other")
    install(next_review="2026-02-12")
    assert owed()[-1] == ("own", "Open", end_of(PAST), "owed")


def test_a_review_that_is_recorded_meets_it_and_opens_the_next_one() -> None:
    admin = make_user(staff=True)
    install(next_review="2026-02-12")
    tick(NOW)
    review = standard_review(actor=admin.actor, now=NOW, next_review=FUTURE, note="Read by the board.")
    assert owed() == [
        ("own", "Met late", end_of(PAST), "over"),
        ("own", "Open", end_of(FUTURE), "owed"),
    ]
    assert in_force().review_due == FUTURE
    entry = AuditEntry.objects.get(action="standard.reviewed")
    assert (entry.actor_id, entry.object_key) == (str(admin.pk), "own")
    assert entry_data(entry)["next_review"] == "2026-06-30"
    with nothing_written():
        again = standard_review(actor=admin.actor, now=NOW, next_review=FUTURE, note="Read by the board.")
    assert again == review


def test_only_administrators_and_the_role_record_it() -> None:
    owner, other = make_user(), make_user()
    reviewed_by_role(PAST)
    grant("standards-owner", owner)
    machine = Actor.service_account("1", frozenset({"standards:write"}))
    for actor in (other.actor, machine, ROOT):
        with refused(Forbidden):
            standard_review(actor=actor, now=NOW, next_review=FUTURE)
    standard_review(actor=owner.actor, now=NOW, next_review=FUTURE)


@pytest.mark.parametrize("day", [None, TODAY, TODAY - timedelta(days=1), TODAY + timedelta(days=3000)])
def test_the_next_review_is_a_day_to_come(day: date | None) -> None:
    install(next_review="2026-02-12")
    admin = make_user(staff=True)
    with refused(InvalidInput):
        standard_review(actor=admin.actor, now=NOW, next_review=day)


def test_without_a_standard_there_is_nothing_to_review() -> None:
    admin = make_user(staff=True)
    with refused(Unavailable):
        standard_review(actor=admin.actor, now=NOW, next_review=FUTURE)


def test_following_again_changes_nothing_and_makes_good_what_an_older_portal_left_out() -> None:
    install(next_review="2026-06-30")
    with nothing_written():
        standard_review_follow(actor=ROOT, now=NOW + timedelta(days=1))
    Obligation.objects.update(occurrence="of an older portal", rule_id="other")
    standard_review_follow(actor=ROOT, now=NOW + timedelta(days=1))
    assert owed() == [("own", "Open", end_of(FUTURE), "owed")]
