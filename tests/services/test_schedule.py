"""On-call schedules: written, revised, retired; and what is asked of them. The engine has its own tests."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from incidents.models import Schedule, ScheduleVersion
from incidents.selectors.oncall import final_schedule_of, on_call_at, on_call_now, shifts_of
from incidents.services.escalation.policies import escalation_policy_retire
from incidents.services.oncall import override_cancel, schedule_retire, schedule_revise
from opsportal.accounts.models import User
from opsportal.accounts.services import user_deactivate
from opsportal.audit.selectors import entries_about
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, Forbidden, IllegalMove, InvalidInput, NotFound, Stale
from tests.escalating import make_policy, step
from tests.makers import NOW, ROOT, make_team, make_user
from tests.rostering import make_override, make_schedule, settings_data
from tests.untouched import refused

pytestmark = pytest.mark.django_db

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def names(slug: str, at: datetime, role: str | None = None) -> list[str]:
    people = {str(one.pk): one.full_name for one in User.objects.all()}
    return [people[one.user_id] for one in on_call_at(slug, at, role)]


def test_a_schedule_says_who_is_on_call_since_and_until_when() -> None:
    ada, ben = make_user(name="Ada"), make_user(name="Ben")
    schedule = make_schedule(ada, ben)
    [one] = on_call_at(schedule.slug, NOW)
    assert (one.user_id, one.role, one.layer) == (str(ada.pk), "primary", "Days")
    assert (one.start, one.until) == (NOW, NOW + 23.5 * HOUR)  # handed over at 09:00, written at 09:30
    assert names(schedule.slug, NOW + DAY) == ["Ben"]
    assert names(schedule.slug, NOW, "secondary") == []
    assert on_call_at("nothing", NOW) == []
    [now] = on_call_now([schedule], NOW)[schedule.pk]
    assert now.user_id == str(ada.pk)


def test_people_may_be_named_by_address_and_are_kept_by_id() -> None:
    ada = make_user("ada@example.org")
    data = settings_data(ada)
    data["layers"][0]["rotation"]["groups"] = [["Ada@example.org"]]
    schedule = make_schedule(settings=data)
    stored = ScheduleVersion.objects.get(schedule=schedule).settings
    assert stored["layers"][0]["rotation"]["groups"] == [[str(ada.pk)]]


def test_the_past_stays_as_it_was_when_a_schedule_is_revised_and_retired() -> None:
    ada, ben = make_user(name="Ada"), make_user(name="Ben")
    schedule = make_schedule(ada)
    schedule_revise(actor=ROOT, now=NOW + DAY, slug=schedule.slug, version=1, settings=settings_data(ben))
    schedule_revise(actor=ROOT, now=NOW + DAY, slug=schedule.slug, name="Nights")
    schedule_retire(actor=ROOT, now=NOW + 2 * DAY, slug=schedule.slug, version=3)
    assert names(schedule.slug, NOW) == ["Ada"]
    assert names(schedule.slug, NOW + 1.5 * DAY) == ["Ben"]
    assert names(schedule.slug, NOW + 2 * DAY) == []
    assert names(schedule.slug, NOW - HOUR) == []
    segments = final_schedule_of(schedule, NOW - DAY, NOW + 3 * DAY)
    assert [(one.start, [duty.user_id for duty in one.duties]) for one in segments] == [
        (NOW - DAY, []),
        (NOW, [str(ada.pk)]),
        (NOW + DAY, [str(ben.pk)]),
        (NOW + 2 * DAY, []),
    ]
    assert [entry.action for entry in entries_about("schedule", schedule.slug)] == [
        "schedule.created", "schedule.revised", "schedule.revised", "schedule.retired",
    ]  # fmt: skip


def test_a_revision_under_a_clock_that_was_set_back_follows_the_version_before() -> None:
    ada, ben = make_user(name="Ada"), make_user(name="Ben")
    schedule = make_schedule(ada)
    schedule_revise(actor=ROOT, now=NOW - HOUR, slug=schedule.slug, settings=settings_data(ben))
    assert names(schedule.slug, NOW) == ["Ben"]
    assert names(schedule.slug, NOW - HOUR) == []


def test_the_same_again_changes_nothing() -> None:
    schedule = make_schedule(ada := make_user())
    again = schedule_revise(
        actor=ROOT, now=NOW, slug=schedule.slug, settings=settings_data(ada), name=schedule.name
    )
    assert (again.version, again.latest) == (1, 1)


def test_an_exception_acts_from_now_on_until_it_is_cancelled() -> None:
    ada, ben, cem = (make_user(name=name) for name in ("Ada", "Ben", "Cem"))
    schedule = make_schedule(ada, ben)
    override = make_override(schedule, "instead", cem, instead_of=ada, start=NOW - HOUR, hours=5)
    assert override.starts_at == NOW  # the past stays
    assert names(schedule.slug, NOW) == ["Cem"]
    override_cancel(actor=ROOT, now=NOW + HOUR, pk=override.pk)
    assert names(schedule.slug, NOW + 0.5 * HOUR) == ["Cem"]
    assert names(schedule.slug, NOW + HOUR) == ["Ada"]
    with refused(IllegalMove):
        override_cancel(actor=ROOT, now=NOW + HOUR, pk=override.pk)


def test_a_schedule_that_escalation_policies_use_is_not_retired() -> None:
    schedule = make_schedule(make_user(name="Ada"))
    target = {"kind": "schedule", "key": schedule.slug, "role": "primary"}
    make_policy(step(0, target))
    with refused(Conflict, "in_use") as caught:
        schedule_retire(actor=ROOT, now=NOW, slug=schedule.slug)
    assert "by it: ours." in caught.value.detail
    escalation_policy_retire(actor=ROOT, now=NOW, slug="ours")
    assert schedule_retire(actor=ROOT, now=NOW, slug=schedule.slug).state == "retired"


def test_a_retired_schedule_takes_its_exceptions_along() -> None:
    ada, ben = make_user(), make_user()
    schedule = make_schedule(ada)
    override = make_override(schedule, "also", ben, hours=48)
    schedule_retire(actor=ROOT, now=NOW + HOUR, slug=schedule.slug)
    override.refresh_from_db()
    assert (override.state, override.cancelled_at) == ("cancelled", NOW + HOUR)
    with refused(Conflict):
        make_override(schedule, "also", ben)
    with refused(Conflict):
        schedule_revise(actor=ROOT, now=NOW, slug=schedule.slug, name="Again")


def test_the_shifts_of_a_person_over_all_schedules() -> None:
    ada, ben = make_user(), make_user()
    first, second = make_schedule(ada, ben), make_schedule(ben)
    make_override(second, "also", ada, start=NOW + HOUR)
    shifts = shifts_of(ada.pk, NOW, NOW + 3 * DAY)
    assert [(one.schedule, one.stint.start, one.stint.end) for one in shifts] == [
        (first, NOW, NOW + 23.5 * HOUR),
        (second, NOW + HOUR, NOW + 3 * HOUR),
        (first, NOW + 47.5 * HOUR, NOW + 71.5 * HOUR),
    ]


def test_who_may_write() -> None:
    member, other, stranger = make_user(), make_user(), make_user()
    team = make_team("nights", member)
    schedule = make_schedule(other, actor=member.actor, team="nights")
    assert schedule.team == team
    schedule_revise(actor=member.actor, now=NOW, slug=schedule.slug, name="Nights")
    make_override(schedule, "also", member, actor=other.actor)  # takes part in it
    machine = Actor.service_account("ci", frozenset({"oncall:write"}))
    make_schedule(member, actor=machine)
    with refused(Forbidden):
        schedule_revise(actor=other.actor, now=NOW, slug=schedule.slug, name="Mine")
    with refused(Forbidden):
        make_schedule(other, actor=other.actor)
    with refused(Forbidden):
        make_override(schedule, "also", member, actor=stranger.actor)
    with refused(Forbidden):
        make_schedule(member, actor=Actor.service_account("ci", frozenset({"oncall:read"})))


@pytest.mark.parametrize(
    ("fields", "pointer", "code"),
    [
        ({"slug": "No Slug"}, "/slug", "not_a_slug"),
        ({"team": "nobody"}, "/team", "unknown"),
        ({"gap_policy": "hope"}, "/gap_policy", "unknown"),
    ],
)
def test_what_is_wrong_with_a_schedule_is_refused_at_its_field(
    fields: dict[str, Any], pointer: str, code: str
) -> None:
    person = make_user()
    with refused(InvalidInput) as caught:
        make_schedule(person, **fields)
    assert [(error.pointer, error.code) for error in caught.value.errors] == [(pointer, code)]


def test_nobody_unreachable_enters_a_schedule(settings: Any) -> None:
    ada, ben = make_user(name="Ada"), make_user(name="Ben")
    schedule = make_schedule(ada)
    settings.OPSPORTAL_ONCALL_BY_MAIL = False
    with refused(InvalidInput) as caught:
        schedule_revise(actor=ROOT, now=NOW, slug=schedule.slug, settings=settings_data(ada, ben))
    [error] = caught.value.errors
    assert (error.pointer, error.code) == ("/layers/0/rotation/groups/1/0", "unreachable")
    assert "No page can reach Ben" in error.detail
    with refused(InvalidInput):
        make_override(schedule, "also", ben)
    schedule_revise(actor=ROOT, now=NOW, slug=schedule.slug, settings=settings_data(ada, every=2))


def test_unknown_people_roles_and_zones_are_all_told_at_once() -> None:
    gone = make_user()
    user_deactivate(actor=ROOT, now=NOW, user_id=gone.pk)
    data = settings_data(gone, make_user(), zone="Mars/Olympus")
    data["layers"][0]["rotation"]["groups"].append(["nobody@example.org"])
    data["layers"][0]["role"] = "king"
    with refused(InvalidInput) as caught:
        make_schedule(settings=data)
    assert {(error.pointer, error.code) for error in caught.value.errors} == {
        ("/time_zone", "unknown"),
        ("/layers/0/role", "unknown"),
        ("/layers/0/rotation/groups/0/0", "unknown"),
        ("/layers/0/rotation/groups/2/0", "unknown"),
    }


@pytest.mark.parametrize(
    ("values", "pointer"),
    [
        ({"kind": "swap"}, "/kind"),
        ({"role": "king"}, "/role"),
        ({"hours": 0}, "/end"),
        ({"start": NOW - DAY}, "/end"),
        ({"hours": 24 * 367}, "/end"),
        ({"kind": "also", "people": []}, "/people"),
        ({"kind": "instead"}, "/instead_of"),
        ({"kind": "instead", "instead_of": 0}, "/people"),
        ({"kind": "also", "instead_of": 1}, "/instead_of"),
    ],
)
def test_what_is_wrong_with_an_exception_is_refused_at_its_field(
    values: dict[str, Any], pointer: str
) -> None:
    people = [make_user(), make_user()]
    schedule = make_schedule(people[0])
    given: dict[str, Any] = {"kind": "replace", "people": people[:1], **values}
    if "instead_of" in given:
        given["instead_of"] = people[given["instead_of"]]
    with refused(InvalidInput) as caught:
        make_override(schedule, given.pop("kind"), *given.pop("people"), **given)
    assert [error.pointer for error in caught.value.errors] == [pointer]


def test_a_write_that_rests_on_an_old_reading_is_refused() -> None:
    schedule = make_schedule(ada := make_user())
    schedule_revise(actor=ROOT, now=NOW, slug=schedule.slug, name="Nights", version=1)
    with refused(Stale):
        schedule_revise(actor=ROOT, now=NOW, slug=schedule.slug, name="Days", version=1)
    with refused(NotFound):
        schedule_revise(actor=ROOT, now=NOW, slug="nothing", name="Days")
    with refused(Conflict):
        make_schedule(ada, slug=schedule.slug)
    assert Schedule.objects.count() == 1
