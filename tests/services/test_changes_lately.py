"""What incidents ask of changes: what was done here of late, and what is announced."""

from __future__ import annotations

from datetime import timedelta

import pytest

from changes.selectors.lately import quiet_spells_of, recent_changes_of
from tests.changing import HOUR, approved, implementing, make_cast, scheduled, submitted, window
from tests.makers import NOW

pytestmark = pytest.mark.django_db


def test_changes_count_from_their_start_for_the_services_that_they_name() -> None:
    cast = make_cast()
    change = implementing(cast)
    approved(cast)
    actor = cast.bystander.actor
    (found,) = recent_changes_of(actor, ["payments-api"], NOW - HOUR, NOW + HOUR)
    assert (found.key, found.kind, found.state, found.at) == (change.key, "change", "implementing", NOW)
    assert recent_changes_of(actor, ["ledger"], NOW - HOUR, NOW + HOUR) == []
    assert recent_changes_of(actor, ["payments-api"], NOW - HOUR, NOW) == []


def test_only_approved_work_makes_a_service_quiet_and_only_in_its_window() -> None:
    cast = make_cast()
    change = scheduled(cast)
    (spell,) = quiet_spells_of(["payments-api"], NOW, NOW + timedelta(minutes=1))
    assert (spell.key, spell.start, spell.end) == (change.key, NOW - HOUR, NOW + HOUR)
    assert quiet_spells_of(["payments-api"], NOW + HOUR, NOW + 2 * HOUR) == []
    assert quiet_spells_of(["ledger"], NOW, NOW + HOUR) == []


def test_a_draft_makes_nothing_quiet() -> None:
    cast = make_cast()
    submitted(cast, **window())
    assert quiet_spells_of(["payments-api"], NOW, NOW + HOUR) == []
