"""What a standard says about obligations takes effect without a line of code about it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from opsportal.obligations.models import Obligation
from opsportal.obligations.services import obligations_follow
from opsportal.obligations.terms import Owner, Subject
from opsportal.standards.packs import load
from opsportal.standards.rules import Standard
from opsportal.standards.vocabulary import Vocabulary
from tests.makers import NOW
from tests.owing import HOUR, PORTAL
from tests.untouched import nothing_written
from tests.vocabulary import DECLARATIONS

pytestmark = pytest.mark.django_db

PACK = """
[standard]
name = "house"
title = "House Rules"
version = "1"
document = "house.md"
document_sha256 = "3d7a5645d4986f49a2de9827860bef40cd157967598422e6abdcf2cbd3cce071"
status = "Active"
updated = 2026-01-01
next_review = 2027-01-01

[[role]]
id = "harbour-master"
title = "Harbour Master"
kind = "job"

[[rule]]
id = "decide-in-time"
kind = "obligation"
title = "A stage is decided in 6 hours"
applies_to = "change.stage_opened"
source = { section = "1", line = 1, quote = "Decide in six hours." }
[rule.demand.owe]
what = "Decide on the change"
owner = "stage"
within = "6h"
met_by = ["change.stage_decided"]
void_by = ["change.withdrawn", "change.cancelled"]
remind = ["2h"]
climb = [{ after = "1h", role = "harbour-master" }]

[[rule]]
id = "review-in-time"
kind = "obligation"
title = "A high-risk change is reviewed in 3 days"
applies_to = "change.implemented"
when = 'change.risk == "high"'
source = { section = "2", line = 2, quote = "Review what was risky." }
[rule.demand.owe]
what = "Write the review"
owner = "implementer"
within = "3d"
met_by = ["change.reviewed"]
blocks = ["change.close"]

[[rule]]
id = "log-it"
kind = "obligation"
title = "The harbour master logs it"
applies_to = "change.implemented"
source = { section = "3", line = 3, quote = "The harbour master logs every change." }
[rule.demand.owe]
what = "Log the change"
owner = "role:harbour-master"
within = "1h"
met_by = ["change.closed"]
"""
SUBJECT = Subject("change", "CHG-7", "Upgrade", services=("payments-api",), teams=("platform",))
PEOPLE = {
    "requester": Owner.user("ada"),
    "implementer": Owner.user("bob"),
    "stage": Owner.role("cab", "security-board"),
}


@pytest.fixture(scope="module")
def house() -> Standard:
    return load(PACK, parents={}, vocabulary=Vocabulary.of(DECLARATIONS))


def follow(standard: Standard, event: str, **more: Any) -> list[Obligation]:
    values: dict[str, Any] = {
        "actor": PORTAL,
        "now": NOW,
        "facts": {"change.risk": "high", "stage.id": "cab"},
        "subject": SUBJECT,
        "people": PEOPLE,
        "occurrence": "r1",
        **more,
    }
    return obligations_follow(standard=standard, event=event, **values)


def states() -> dict[tuple[str, str], str]:
    rows = Obligation.objects.order_by("id").values_list("rule_id", "occurrence", "state")
    return {(rule, occurrence): state for rule, occurrence, state in rows}


def test_an_event_opens_what_the_standard_says_with_all_that_it_runs_under(house: Standard) -> None:
    (row,) = follow(house, "change.stage_opened", occurrence="r1:cab")
    assert (row.rule_id, row.what, row.occurrence) == ("decide-in-time", "Decide on the change", "r1:cab")
    assert row.owner == Owner.role("cab", "security-board", services=("payments-api",), teams=("platform",))
    assert (row.due_at, row.standard_hash) == (NOW + 6 * HOUR, house.content_hash)
    assert [(step["kind"], step["role"]) for step in row.steps] == [
        ("remind", ""),
        ("breach", ""),
        ("climb", "harbour-master"),
    ]
    assert row.source == {"document": "house.md", "section": "1", "line": 1, "quote": "Decide in six hours."}


def test_an_event_of_which_the_standard_says_nothing_writes_nothing(house: Standard) -> None:
    with nothing_written():
        assert follow(house, "change.submitted") == []


def test_a_condition_that_does_not_hold_opens_nothing_and_one_that_is_not_known_does(house: Standard) -> None:
    assert [row.rule_id for row in follow(house, "change.implemented", facts={"change.risk": "low"})] == [
        "log-it"
    ]
    rows = follow(house, "change.implemented", facts={}, occurrence="r2")
    assert [row.rule_id for row in rows] == ["review-in-time", "log-it"]


def test_a_role_of_the_standard_owes_also_where_it_is_held_for_the_subject_only(house: Standard) -> None:
    row = follow(house, "change.implemented")[1]
    assert row.owner == Owner.role("harbour-master", services=("payments-api",), teams=("platform",))
    assert (row.due_at, row.blocks) == (NOW + HOUR, [])


def test_the_same_event_twice_in_a_round_opens_nothing_new(house: Standard) -> None:
    follow(house, "change.implemented")
    with nothing_written():
        assert follow(house, "change.implemented") == []


def test_an_event_meets_or_voids_what_names_it(house: Standard) -> None:
    follow(house, "change.stage_opened", occurrence="r1:cab")
    follow(house, "change.stage_decided", occurrence="r1:cab", now=NOW + HOUR)
    follow(house, "change.stage_opened", occurrence="r2:cab")
    follow(house, "change.withdrawn", occurrence="r2")
    assert states() == {("decide-in-time", "r1:cab"): "met", ("decide-in-time", "r2:cab"): "void"}


def test_what_happens_to_one_part_ends_nothing_about_another(house: Standard) -> None:
    follow(house, "change.stage_opened", occurrence="r1:cab")
    follow(house, "change.stage_opened", occurrence="r1:security")
    follow(house, "change.stage_decided", occurrence="r1:security")
    assert states() == {("decide-in-time", "r1:cab"): "open", ("decide-in-time", "r1:security"): "met"}
    follow(house, "change.cancelled", occurrence="r1")
    assert states()["decide-in-time", "r1:cab"] == "void"


def test_another_subject_is_left_alone(house: Standard) -> None:
    follow(house, "change.implemented")
    with nothing_written():
        follow(house, "change.reviewed", subject=Subject("change", "CHG-8"))


def test_a_standard_that_was_changed_meanwhile_ends_what_is_in_flight_as_it_was_opened(
    house: Standard,
) -> None:
    follow(house, "change.implemented")
    other = load(
        PACK.replace('met_by = ["change.reviewed"]', 'met_by = ["change.closed"]'),
        parents={},
        vocabulary=Vocabulary.of(DECLARATIONS),
    )
    follow(other, "change.reviewed", now=NOW + timedelta(days=1))
    assert states()["review-in-time", "r1"] == "met"


def test_a_word_with_nobody_behind_it_goes_to_otherwise_or_is_a_programming_error(house: Standard) -> None:
    people = {"otherwise": Owner.role("operations")}
    row = follow(house, "change.implemented", people=people)[0]
    assert row.owner.keys == ("operations",)
    with nothing_written(), pytest.raises(ValueError, match="'implementer' means nobody here"):
        follow(house, "change.implemented", people={}, occurrence="r2")
