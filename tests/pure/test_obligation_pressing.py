"""What presses: the overdue, and what is due within 14 days."""

from __future__ import annotations

from datetime import timedelta

import pytest

from opsportal.obligations.pressing import presses
from tests.makers import NOW


@pytest.mark.parametrize(
    ("due", "pressing"),
    [
        (timedelta(days=-400), True),
        (timedelta(), True),
        (timedelta(days=14), True),
        (timedelta(days=14, microseconds=1), False),
        (timedelta(days=365), False),
    ],
)
def test_what_is_overdue_or_due_within_14_days_presses(due: timedelta, pressing: bool) -> None:
    assert presses(NOW + due, NOW) is pressing
