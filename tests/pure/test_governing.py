"""The deciding parts of governance: periods, checklists, scans, readiness, declarations."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.governing.declarations import EVERY, due_of, next_due
from compliance.governing.findings import Found, compare, counted, read_results
from compliance.governing.kinds import READINESS
from compliance.governing.lists import Item, clean_items, read_definition, unanswered
from compliance.governing.periods import before, month_later, period_of
from compliance.governing.readiness import Sign, all_standings, item_of_link, standing_of, summed
from compliance.services.governance.checklists import shipped
from opsportal.core.errors import InvalidInput

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
DAY = timedelta(days=1)
days = st.dates(date(2001, 1, 1), date(2199, 12, 31))
kinds = st.sampled_from(["day", "week", "month", "quarter", "year"])


@pytest.mark.parametrize(
    ("kind", "day", "name", "first", "last"),
    [
        ("day", date(2026, 3, 2), "2026-03-02", date(2026, 3, 2), date(2026, 3, 2)),
        ("week", date(2026, 1, 1), "2026-W01", date(2025, 12, 29), date(2026, 1, 4)),
        ("month", date(2024, 2, 29), "2024-02", date(2024, 2, 1), date(2024, 2, 29)),
        ("quarter", date(2026, 11, 21), "2026-Q4", date(2026, 10, 1), date(2026, 12, 31)),
        ("year", date(2026, 1, 1), "2026", date(2026, 1, 1), date(2026, 12, 31)),
    ],
)
def test_a_period_has_a_name_and_two_ends(kind: str, day: date, name: str, first: date, last: date) -> None:
    period = period_of(kind, day)
    assert (period.name, period.first, period.last) == (name, first, last)


@given(kinds, days)
def test_periods_of_a_kind_leave_no_gap_and_do_not_overlap(kind: str, day: date) -> None:
    period = period_of(kind, day)
    assert period.first <= day <= period.last
    assert period_of(kind, period.first) == period == period_of(kind, period.last)
    assert before(period).last == period.first - DAY


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2024, 1, 31), 1, date(2024, 2, 29)),
        (date(2026, 12, 15), 1, date(2027, 1, 15)),
        (date(2026, 11, 30), 3, date(2027, 2, 28)),
    ],
)
def test_a_month_later_ends_at_the_months_end(day: date, months: int, later: date) -> None:
    assert month_later(day, months) == later


@given(st.sampled_from(EVERY), days)
def test_the_next_time_is_ahead(every: str, day: date) -> None:
    at = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    assert timedelta() < next_due(at, every) - at <= timedelta(days=366)


def test_a_declaration_is_late_only_after_its_first_period() -> None:
    asked: dict[str, Any] = {"every": "quarter", "since": NOW, "deliverer": "The board", "valid_until": None}
    assert due_of(**asked, declared_at=None, now=NOW + 30 * DAY).status == "no_data"
    assert "The board" in due_of(**asked, declared_at=None, now=NOW).because
    assert due_of(**asked, declared_at=None, now=NOW + 100 * DAY).status == "breached"
    assert due_of(**asked, declared_at=NOW + DAY, now=NOW + 30 * DAY).status == "met"
    assert due_of(**asked, declared_at=NOW, now=NOW + 93 * DAY).status == "breached"
    short = {**asked, "valid_until": NOW + 2 * DAY}
    assert due_of(**short, declared_at=NOW, now=NOW + DAY).status == "met"
    assert due_of(**short, declared_at=NOW, now=NOW + 2 * DAY).status == "breached"


def test_shipped_checklists_can_be_read_and_quote_their_document() -> None:
    found = {one.slug: one for one in shipped()}
    assert {"daily-operations", "weekly-operations", "monthly-operations", "weekly-maintenance"} <= set(found)
    assert [item.text for item in found["daily-operations"].items][3] == "Verify backup completion"
    assert all(one.document and one.section for one in found.values())


@pytest.mark.parametrize(
    ("items", "pointer"),
    [
        ([], "/items"),
        ("Check the logs", "/items"),
        ([{"id": "a", "text": "One"}, {"id": "a", "text": "Two"}], "/items"),
        (["Fine", {"text": ""}], "/items/1/text"),
        ([{"text": "One", "hint": "weather"}], "/items/0/hint"),
        ([{"text": "One", "colour": "red"}], "/items/0/colour"),
        ([3], "/items/0"),
    ],
)
def test_items_that_are_none_are_refused_by_place(items: object, pointer: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        clean_items(items)
    assert [error.pointer for error in refusal.value.errors] == [pointer]


def test_a_checklist_that_is_no_toml_is_refused() -> None:
    with pytest.raises(InvalidInput):
        read_definition("slug = ")


def test_what_nobody_answered_is_left() -> None:
    items = (Item("a", "A"), Item("b", "B"), Item("c", "C"))
    assert [item.id for item in unanswered(items, ["b", "z"])] == ["a", "c"]


SARIF = {
    "version": "2.1.0",
    "runs": [
        {
            "tool": {
                "driver": {
                    "name": "Scanner",
                    "rules": [
                        {
                            "id": "R1",
                            "shortDescription": {"text": "Old library"},
                            "properties": {"security-severity": "9.8"},
                        }
                    ],
                }
            },
            "results": [
                {
                    "ruleId": "R1",
                    "message": {"text": "Upgrade it"},
                    "locations": [{"physicalLocation": {"artifactLocation": {"uri": "poetry.lock"}}}],
                },
                {"ruleId": "R2", "level": "note", "message": {"text": "Small thing"}},
                {"ruleId": "R3", "suppressions": [{}], "message": {"text": "Known"}},
                {"ruleId": "R4", "kind": "pass", "message": {"text": "Good"}},
            ],
        }
    ],
}
CYCLONEDX = {
    "vulnerabilities": [
        {
            "id": "CVE-2026-1",
            "ratings": [{"severity": "medium"}, {"severity": "high"}],
            "affects": [{"ref": "pkg:pypi/a@1"}, {"ref": "pkg:pypi/b@2"}],
            "description": "It breaks.\nBadly.",
        },
        {"id": "CVE-2026-2", "analysis": {"state": "not_affected"}},
    ]
}


@pytest.mark.parametrize(
    ("form", "report", "expected"),
    [
        (
            "own",
            [{"id": "CVE-1", "severity": "low", "title": "A"}, {"id": "CVE-1", "severity": "high"}],
            [("CVE-1", "", "high")],
        ),
        ("sarif", SARIF, [("R1", "poetry.lock", "critical"), ("R2", "", "low")]),
        (
            "cyclonedx",
            CYCLONEDX,
            [("CVE-2026-1", "pkg:pypi/a@1", "high"), ("CVE-2026-1", "pkg:pypi/b@2", "high")],
        ),
    ],
)
def test_reports_are_read(form: str, report: object, expected: list[tuple[str, str, str]]) -> None:
    found = read_results(form, report)
    assert [(one.reference, one.component, one.severity) for one in found] == expected


@pytest.mark.parametrize(
    ("form", "report", "pointer"),
    [
        ("nessus", [], "/format"),
        ("own", {"results": []}, "/results"),
        ("own", [{"id": "A", "severity": "dire", "title": "A"}], "/results/0/severity"),
        ("own", [{"severity": "low", "title": "A"}], "/results/0/id"),
        ("own", [{"id": "A", "severity": "low", "colour": "red"}], "/results/0/colour"),
        ("sarif", {"runs": [{"results": [{"message": {"text": "x"}}]}]}, "/results/runs/0/results/0/id"),
        ("sarif", [], "/results"),
        ("cyclonedx", {"vulnerabilities": [7]}, "/results/vulnerabilities/0"),
    ],
)
def test_reports_that_cannot_be_read_are_refused_by_place(form: str, report: object, pointer: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        read_results(form, report)
    assert refusal.value.errors[0].pointer == pointer


def test_a_scan_is_compared_with_what_was_known() -> None:
    new, again, kept = (Found(name, "", name, "high") for name in ("new", "again", "kept"))
    standing = {
        again.fingerprint: "verified",
        kept.fingerprint: "accepted",
        "gone": "open",
        "mended": "fixed",
        "no-concern": "false_positive",
    }
    part = compare([new, again, kept], standing, whole=False)
    assert (part.new, part.back, part.gone) == ((new,), (again.fingerprint,), ())
    assert compare([new, again, kept], standing, whole=True).gone == ("gone", "mended")
    assert counted([new, again])["high"] == 2


states = st.sampled_from(["open", "fixed", "verified", "accepted", "false_positive"])


@given(
    st.dictionaries(st.text("abc", min_size=1, max_size=3), states),
    st.lists(st.text("abc", min_size=1, max_size=3)),
)
def test_nothing_is_both_gone_and_back(names: dict[str, str], seen: list[str]) -> None:
    found = [Found(name, "", name, "low") for name in sorted(set(seen))]
    standing = {Found(name, "", name, "low").fingerprint: state for name, state in names.items()}
    outcome = compare(found, standing, whole=True)
    here = {one.fingerprint for one in found}
    assert not set(outcome.back) & set(outcome.gone)
    assert {one.fingerprint for one in outcome.new} == here - set(standing)
    assert set(outcome.gone) <= set(standing) - here


def sign(item: str = "logs", *, met: bool = True, at: datetime = NOW, **more: Any) -> Sign:
    return Sign(item, met, "Because.", at, ("service", "pay"), **more)


@pytest.mark.parametrize(
    ("signs", "status", "stated"),
    [
        ([], "no_data", False),
        ([sign()], "met", False),
        ([sign(met=False)], "not_met", False),
        ([sign(valid_until=NOW)], "no_data", False),
        ([sign(stated=True, valid_until=NOW + DAY)], "met", True),
        ([sign(met=False), sign(stated=True)], "not_met", False),
        ([sign(), sign(met=False, stated=True, at=NOW + DAY)], "not_met", True),
        ([sign(at=NOW + DAY), sign(met=False, stated=True)], "met", False),
        ([sign(met=False, at=NOW + DAY), sign()], "met", False),
        ([sign("traces")], "no_data", False),
    ],
)
def test_readiness_by_what_is_seen_and_stated(signs: list[Sign], status: str, stated: bool) -> None:
    standing = standing_of("logs", signs, NOW)
    assert (standing.status, standing.stated) == (status, stated)


def test_what_nobody_knows_is_never_met() -> None:
    found = all_standings([], NOW)
    assert summed(found) == (0, 0, len(READINESS))
    assert all(one.because for one in found.values())


@pytest.mark.parametrize(
    ("title", "item"),
    [
        ("Health check", "health_check"),
        ("Dashboard", "metrics"),
        ("Logs/search", "logs"),
        ("Jaeger traces", "traces"),
        ("Source code", ""),
        ("Blog", ""),
    ],
)
def test_a_link_of_the_catalogue_shows_an_item(title: str, item: str) -> None:
    assert item_of_link(title) == item
