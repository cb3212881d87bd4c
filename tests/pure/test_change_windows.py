"""What a window says to scheduling and starting."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from changes.services.windows import schedule_reasons, start_reasons

AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("start", "end", "schedule", "begin"),
    [
        (None, None, ["window_missing"], []),
        (AT - MINUTE, AT + MINUTE, [], []),
        (AT, AT + MINUTE, [], []),
        (AT + MINUTE, AT + 2 * MINUTE, [], ["window_not_open"]),
        (AT - MINUTE, AT, ["window_over"], ["window_over"]),
        (AT - 2 * MINUTE, AT - MINUTE, ["window_over"], ["window_over"]),
    ],
)
def test_each_side_of_a_window(
    start: datetime | None, end: datetime | None, schedule: list[str], begin: list[str]
) -> None:
    assert [reason.code for reason in schedule_reasons(start, end, AT)] == schedule
    assert [reason.code for reason in start_reasons(start, end, AT)] == begin


def test_the_words_name_the_instant_in_utc() -> None:
    (reason,) = start_reasons(AT + MINUTE, AT + 2 * MINUTE, AT)
    assert (reason.rule, reason.detail) == (
        "portal.change_window",
        "Its window opens at 2026-03-02 09:31 UTC. Start it then.",
    )
