"""Opening, ending and excusing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from opsportal.audit.models import AuditEntry
from opsportal.audit.selectors import entry_data
from opsportal.obligations.models import Excuse, Obligation
from opsportal.obligations.selectors import about, blocking
from opsportal.obligations.services import obligation_excuse, obligations_end
from opsportal.obligations.terms import Owner, Subject
from tests.makers import NOW
from tests.owing import CHANGE, HOUR, PORTAL, climbs, owe
from tests.untouched import nothing_written

pytestmark = pytest.mark.django_db
ADA = Owner.user("ada")


def end(outcome: str = "met", **more: object) -> list[Obligation]:
    values: dict[str, object] = {
        "actor": PORTAL,
        "now": NOW + HOUR,
        "subject_kind": "change",
        "subject_key": "CHG-7",
        "rule_ids": ["acgs.review"],
        "outcome": outcome,
    }
    return obligations_end(**{**values, **more})  # type: ignore[arg-type]


def test_what_is_opened_carries_all_that_it_runs_under() -> None:
    row = owe(
        Owner.role("cab", "security-board", services=("auth",)),
        subject=Subject("change", "CHG-7", "Upgrade", services=("payments-api",), teams=("platform",)),
        remind=[24 * HOUR],
        climb=climbs((0, "cto")),
        met_by=["change.reviewed"],
        void_by=["change.cancelled"],
        blocks=["change.close"],
    )
    row = Obligation.objects.get(pk=row.pk)
    assert (row.state, row.is_owed, row.version) == ("open", True, 1)
    assert row.owner == Owner.role(
        "cab", "security-board", services=("auth", "payments-api"), teams=("platform",)
    )
    assert (row.opened_at, row.due_at, row.next_at) == (NOW, NOW + 48 * HOUR, NOW + 24 * HOUR)
    assert [step["kind"] for step in row.steps] == ["remind", "breach", "climb"]
    assert (row.met_by, row.void_by, row.blocks) == (
        ["change.reviewed"],
        ["change.cancelled"],
        ["change.close"],
    )
    assert row.source["quote"] == "Every change is reviewed."
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.object_kind, entry.object_key) == ("obligation.opened", "change", "CHG-7")
    assert entry_data(entry) == {
        "obligation": row.pk,
        "rule": "acgs.review",
        "occurrence": "r1",
        "due_at": "2026-03-04T09:30:00+00:00",
    }
    assert row.history.count() == 1


def test_the_same_again_is_the_one_that_stands_and_writes_nothing() -> None:
    row = owe(ADA)
    with nothing_written():
        assert owe(Owner.user("bob"), due=HOUR) == row


def test_what_is_over_is_not_opened_again_in_the_same_round() -> None:
    row = owe(ADA)
    end()
    with nothing_written():
        assert owe(ADA) == row


@pytest.mark.parametrize(
    "other", [{"occurrence": "r2"}, {"rule": "acgs.other"}, {"subject": Subject("change", "CHG-8")}], ids=str
)
def test_another_round_rule_or_subject_is_another_obligation(other: dict[str, object]) -> None:
    assert owe(ADA).pk != owe(ADA, **other).pk  # type: ignore[arg-type]


def test_a_negative_reminder_is_refused_and_writes_nothing() -> None:
    with nothing_written(), pytest.raises(ValueError, match="not negative"):
        owe(ADA, remind=[-HOUR])


def test_what_is_met_in_time_is_met_and_has_no_next_step() -> None:
    row = owe(ADA)
    assert end() == [row]
    row.refresh_from_db()
    assert (row.state, row.met_at, row.ended_at, row.next_at) == ("met", NOW + HOUR, NOW + HOUR, None)
    assert (row.version, row.updated_at, row.standing) == (2, NOW + HOUR, "Met")
    assert AuditEntry.objects.latest("id").action == "obligation.met"


@pytest.mark.parametrize("hours", [47, 48])
def test_what_is_void_after_its_time_was_breached_also_where_no_tick_noted_it(hours: int) -> None:
    row = owe(ADA)
    at = NOW + hours * HOUR
    end("void", now=at)
    row.refresh_from_db()
    assert (row.state, row.ended_at, row.breached_at) == ("void", at, at if hours == 48 else None)


def test_what_is_met_late_stays_breached_on_record_but_is_owed_no_more() -> None:
    row = owe(ADA)
    Obligation.objects.update(state="breached", breached_at=NOW)
    end()
    row.refresh_from_db()
    assert (row.state, row.met_at, row.is_owed, row.standing) == ("breached", NOW + HOUR, False, "Met late")
    assert AuditEntry.objects.latest("id").action == "obligation.met_late"


def test_what_is_met_after_its_time_is_met_late_whether_or_not_the_tick_has_come_by() -> None:
    row = owe(ADA, due=HOUR)
    end()
    row.refresh_from_db()
    assert (row.state, row.breached_at, row.met_at) == ("breached", NOW + HOUR, NOW + HOUR)
    assert (row.is_owed, row.next_at, row.standing) == (False, None, "Met late")
    assert AuditEntry.objects.latest("id").action == "obligation.met_late"


def test_what_is_no_longer_needed_ends_without_being_met() -> None:
    row = owe(ADA)
    end("void")
    row.refresh_from_db()
    assert (row.state, row.met_at, row.ended_at) == ("void", None, NOW + HOUR)
    assert AuditEntry.objects.latest("id").action == "obligation.voided"


def test_ending_again_changes_nothing() -> None:
    owe(ADA)
    end()
    with nothing_written():
        assert end() == []
        assert end("void") == []


def test_ending_touches_only_the_rules_the_subject_and_the_round_that_are_named() -> None:
    owe(ADA, rule="acgs.other")
    owe(ADA, subject=Subject("change", "CHG-8"))
    owe(ADA, occurrence="r2")
    with nothing_written():
        assert end(occurrence="r1") == []


def test_blocking_gives_what_is_owed_and_blocks_that_point() -> None:
    first = owe(ADA, due=2 * HOUR, blocks=["change.close"])
    late = owe(ADA, due=HOUR, rule="late", blocks=["change.close", "change.start"])
    owe(ADA, rule="other", blocks=["change.start"])
    over = owe(ADA, rule="over", blocks=["change.close"])
    end("void", rule_ids=["over"])
    Obligation.objects.filter(pk=late.pk).update(state="breached", breached_at=NOW)
    assert blocking("change", "CHG-7", "change.close") == [late, first]
    assert blocking("change", "CHG-8", "change.close") == []
    assert over in about("change", "CHG-7")


def test_an_excuse_counts_once_for_what_roles_owe_about_the_subject() -> None:
    shared = owe(Owner.role("cab"))
    owe(ADA, rule="own")
    owe(Owner.role("cab"), subject=Subject("change", "CHG-8"))

    def excuse(**more: object) -> int:
        return obligation_excuse(
            actor=PORTAL,
            now=NOW,
            subject_kind=CHANGE.kind,
            subject_key=CHANGE.key,
            person="ada",
            **more,  # type: ignore[arg-type]
        )

    assert excuse(rule_ids=["another"]) == 0
    assert excuse(occurrence="r2") == 0
    assert excuse(rule_ids=["acgs.review"], occurrence="r1") == 1
    with nothing_written():
        assert excuse() == 0
    assert list(Excuse.objects.values_list("obligation_id", "person")) == [(shared.pk, "ada")]


def test_what_is_over_needs_no_excuse() -> None:
    owe(Owner.role("cab"))
    end()
    with nothing_written():
        assert (
            obligation_excuse(actor=PORTAL, now=NOW, subject_kind="change", subject_key="CHG-7", person="ada")
            == 0
        )


def test_a_due_time_in_the_past_is_breached_by_the_next_tick() -> None:
    row = owe(ADA, due=timedelta(0), remind=[HOUR])
    assert (row.next_at, [step["kind"] for step in row.steps]) == (NOW, ["breach"])
